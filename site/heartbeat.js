// Browsers answer pings without a word to the page. So the server tells on a second connection when a
// pong of this browser arrived, and how long it took.
import { socketUrl } from './dom.js';

const HISTORY_MAX = 40;

const isCount = (value) => Number.isFinite(value) && value >= 0;

export class Heartbeat {
  /** onBeat({ pings, pongs, roundTripMs, history }), onEnd() */
  constructor({ onBeat, onEnd }) {
    Object.assign(this, { onBeat, onEnd });
    this.socket = null;
  }

  start() {
    this.stop();
    const history = [];
    const socket = new WebSocket(socketUrl('/heartbeat'));
    this.socket = socket;
    socket.onmessage = (event) => {
      const beat = parse(event.data);
      if (!beat || this.socket !== socket) return;
      history.push(beat.roundTripMs);
      if (history.length > HISTORY_MAX) history.shift();
      this.onBeat({ ...beat, history });
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.onEnd();
    };
  }

  stop() {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.close();
    this.onEnd();
  }
}

function parse(data) {
  try {
    const { type, pings, pongs, rtt_ms: roundTripMs } = JSON.parse(data);
    const fits = type === 'heartbeat' && [pings, pongs, roundTripMs].every(isCount);
    return fits ? { pings, pongs, roundTripMs } : null;
  } catch {
    return null;
  }
}
