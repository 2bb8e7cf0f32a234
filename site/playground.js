// The playground: one WebSocket object, its attributes, handlers and methods, live.
import { byId, replay, socketUrl } from './dom.js';
import { hexPreview, isPng, sizeText, textPreview, utf8Length } from './bytes.js';
import { Drawing, drawImage } from './drawing.js';
import { Heartbeat } from './heartbeat.js';
import { Journal } from './journal.js';

const REFRESH_MS = 100;
const FLOOD_BYTES_MAX = 64 * 1024 * 1024;
const states = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];
const codeNames = new Map([
  [1000, 'normal'], [1001, 'going away'], [1002, 'protocol error'], [1003, 'unsupported data'],
  [1005, 'no code came'], [1006, 'no Close came'], [1007, 'invalid data'], [1008, 'policy'],
  [1009, 'too big'], [1010, 'extension missing'], [1011, 'internal error'], [1012, 'restart'], [1013, 'try later'],
]);

const journal = new Journal(byId('journal-scroller'), byId('journal'));
const heartbeat = new Heartbeat({ onBeat: showBeat, onEnd: showNoBeat });
const drawing = new Drawing(byId('drawing'), byId('pen'), {
  colour: checkedValue('colour'),
  onEnter: sendDrawing,
});

let socket = null;
let fired = {};
let bufferedPeak = 0;

function checkedValue(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

// ---- The constructor ----

function connect() {
  const url = byId('url').value.trim();
  const protocols = byId('protocols').value.split(/[\s,]+/).filter(Boolean);
  const call = protocols.length ? `new WebSocket(${quote(url)}, ${JSON.stringify(protocols)})`
    : `new WebSocket(${quote(url)})`;
  journal.add('call', call);
  const made = attempt('connect-error', () => new WebSocket(url, protocols));
  if (made) adopt(made);
}

const quote = (text) => JSON.stringify(textPreview(text));

/** Calls the API and shows what it throws, in the API's own words. */
function attempt(errorId, call) {
  byId(errorId).textContent = '';
  try {
    return call();
  } catch (error) {
    byId(errorId).textContent = `${error.name}: ${error.message}`;
    journal.add('error', `threw ${error.name}`, error.message);
    return undefined;
  }
}

/** The page shows one object; the one before is closed and no longer heard. */
function adopt(made) {
  if (socket && socket.readyState < WebSocket.CLOSING) {
    journal.add('note', 'The socket before this one is closed.');
    socket.close();
  }
  heartbeat.stop();
  socket = made;
  fired = { open: 0, message: 0, error: 0, close: 0 };
  bufferedPeak = 0;
  made.binaryType = checkedValue('binary-type');
  const whenShown = (handle) => (event) => {
    if (socket === made) handle(event);
  };
  made.onopen = whenShown(opened);
  made.onmessage = whenShown(received);
  made.onerror = whenShown(failed);
  made.onclose = whenShown(closed);
  Object.keys(fired).forEach(showFired);
  refresh();
}

// ---- The handlers ----

function fire(type) {
  fired[type] += 1;
  showFired(type);
  replay(byId(`fired-${type}`), 'flash');
  refresh();
}

function showFired(type) {
  byId(`fired-${type}`).querySelector('b').textContent = fired[type];
}

function opened() {
  fire('open');
  const detail = `protocol ${quote(socket.protocol)}, extensions ${quote(socket.extensions)}`;
  inTurn(() => journal.add('open', 'onopen', detail));
  if (new URL(socket.url).host === location.host) heartbeat.start();
}

function received({ data }) {
  fire('message');
  inTurn(() => (typeof data === 'string' ? showText(data) : showBinary(data)));
}

/** The bytes of a Blob come late; the journal keeps the order of the events all the same. */
let turn = Promise.resolve();
function inTurn(task) {
  turn = turn.then(task).catch((error) => journal.add('error', error.name, error.message));
}

function showText(text) {
  journal.add('in', 'onmessage', `text, ${sizeText(utf8Length(text))}`, textPreview(text));
}

async function showBinary(data) {
  const isBlob = data instanceof Blob;
  const kind = isBlob ? 'Blob' : 'ArrayBuffer';
  const bytes = new Uint8Array(isBlob ? await data.arrayBuffer() : data);
  journal.add('in', 'onmessage', `${kind}, ${sizeText(bytes.length)}`, hexPreview(bytes));
  if (!isPng(bytes)) return;
  try {
    await drawImage(byId('echoed'), new Blob([bytes], { type: 'image/png' }));
    byId('echoed-caption').textContent = `Came back as ${kind}, ${sizeText(bytes.length)}`;
    replay(byId('echoed'), 'flash');
  } catch (error) {
    journal.add('error', 'drawing', `The PNG could not be decoded: ${error.message}`);
  }
}

function failed() {
  fire('error');
  inTurn(() => journal.add('error', 'onerror', 'the event says no more; onclose follows'));
}

function closed({ wasClean, code, reason }) {
  fire('close');
  const name = codeNames.get(code);
  const detail = `wasClean ${wasClean}, code ${code}${name ? ` (${name})` : ''}, reason ${quote(reason)}`;
  inTurn(() => journal.add('close', 'onclose', detail));
  heartbeat.stop();
}

// ---- send ----

function send(data, description, body = '') {
  if (!socket) {
    journal.add('note', 'There is no socket yet: connect first.');
    return false;
  }
  const sent = attempt('send-error', () => {
    socket.send(data);
    return true;
  });
  if (!sent) return false;
  bufferedPeak = Math.max(bufferedPeak, socket.bufferedAmount);
  const dropped = socket.readyState === WebSocket.OPEN ? '' : '; dropped: the socket is not open';
  journal.add('call', 'send', description + dropped, body);
  refresh();
  return true;
}

function sendText() {
  const text = byId('text').value;
  send(text, `text, ${sizeText(utf8Length(text))}`, textPreview(text));
}

async function sendFile(asBlob) {
  const file = byId('file').files[0];
  if (!file) {
    journal.add('note', 'Choose a file first.');
    byId('file').focus();
    return;
  }
  try {
    const preview = hexPreview(new Uint8Array(await file.slice(0, 64).arrayBuffer()));
    if (asBlob) send(file, `Blob, ${sizeText(file.size)}`, preview);
    else send(await file.arrayBuffer(), `ArrayBuffer, ${sizeText(file.size)}`, preview);
  } catch (error) {
    journal.add('error', 'file', `The file could not be read: ${error.message}`);
  }
}

async function sendDrawing() {
  const blob = await drawing.toBlob();
  if (blob) send(blob, `Blob, ${sizeText(blob.size)}, ${blob.type}`);
}

function flood() {
  const count = Math.max(1, Math.trunc(byId('flood-count').valueAsNumber || 1));
  const size = Math.max(0, Math.trunc(byId('flood-size').valueAsNumber || 0));
  if (count > 10000 || count * size > FLOOD_BYTES_MAX) {
    journal.add('note', `That is too much for a page: up to 10,000 messages and ${sizeText(FLOOD_BYTES_MAX)}.`);
    return;
  }
  const text = 'weft'.repeat(Math.ceil(size / 4)).slice(0, size);
  for (let index = 0; index < count; index += 1) {
    if (!send(text, `text, ${sizeText(size)}`)) return;
  }
}

// ---- close ----

function close() {
  if (!socket) {
    journal.add('note', 'There is no socket yet: connect first.');
    return;
  }
  const code = byId('close-code').value.trim();
  const reason = byId('close-reason').value;
  const args = [];
  if (code !== '' || reason !== '') args.push(code === '' ? undefined : Number(code));
  if (reason !== '') args.push(reason);
  journal.add('call', 'close', args.map((arg) => JSON.stringify(arg) ?? 'undefined').join(', '));
  attempt('close-error', () => socket.close(...args));
  refresh();
}

// ---- The attributes ----

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

function refresh() {
  if (!socket) return;
  const name = states[socket.readyState];
  setText('attr-url', socket.url);
  setText('attr-ready-state', `${socket.readyState} ${name}`);
  setText('attr-protocol', quote(socket.protocol));
  setText('attr-extensions', quote(socket.extensions));
  setText('attr-buffered', socket.bufferedAmount.toLocaleString('en'));
  setText('attr-buffered-peak', bufferedPeak.toLocaleString('en'));
  byId('buffered-bar').max = Math.max(1, bufferedPeak);
  byId('buffered-bar').value = socket.bufferedAmount;
  setText('state-badge', name);
  byId('state-badge').dataset.state = name.toLowerCase();
}

// ---- The heartbeat ----

function showBeat({ pings, pongs, roundTripMs, history }) {
  byId('heartbeat').dataset.state = 'on';
  byId('heartbeat-text').textContent =
    `${pings} pings, ${pongs} pongs, ${roundTripMs.toFixed(roundTripMs < 10 ? 2 : 0)} ms`;
  const highest = Math.max(...history, 0.01);
  const points = history.map((value, index) => `${index * 3},${26 - (24 * value) / highest}`);
  byId('heartbeat-line').firstElementChild.setAttribute('points', points.join(' '));
  replay(byId('heart'), 'beat');
}

function showNoBeat() {
  byId('heartbeat').dataset.state = 'off';
  byId('heartbeat-text').textContent = 'stopped';
}

// ---- Wiring ----

function onSubmit(id, handle) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    handle();
  });
}

onSubmit('connect', connect);
onSubmit('send-text', sendText);
onSubmit('close', close);
byId('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  sendText();
});
byId('send-file-blob').addEventListener('click', () => sendFile(true));
byId('send-file-buffer').addEventListener('click', () => sendFile(false));
byId('flood').addEventListener('click', flood);
byId('send-drawing').addEventListener('click', sendDrawing);
byId('clear-drawing').addEventListener('click', () => drawing.clear());
byId('clear-journal').addEventListener('click', () => journal.clear());
for (const input of document.querySelectorAll('input[name="colour"]')) {
  input.addEventListener('change', () => { drawing.colour = input.value; });
}
for (const input of document.querySelectorAll('input[name="binary-type"]')) {
  input.addEventListener('change', () => {
    if (socket) socket.binaryType = input.value;
    journal.add('call', `binaryType = ${quote(input.value)}`);
  });
}

byId('url').value = socketUrl('/echo');
setInterval(refresh, REFRESH_MS);
