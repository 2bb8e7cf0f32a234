// The start page: shows the address that this very server answers at.
import { byId, socketUrl } from './dom.js';

byId('echo-url').textContent = socketUrl('/echo');
