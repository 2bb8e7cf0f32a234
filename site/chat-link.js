// The chat's connection: signs in, comes back after a loss, and tells the page what happened.
// It knows nothing of the page: everything is handed to the functions in `events`.
import { Backoff } from './backoff.js';

const SIGN_IN_TIMEOUT_MS = 15000;
// A connection that lived this long was a good one: the next loss starts with a short delay again.
const GOOD_LIFE_MS = 10000;

/**
 * events: onState({ state, retryAt, networkGone }), onSignedIn({ name, date, wanted, rejected }),
 *         onMessage(message), onUsers(names), onError(text), onLost(unconfirmedTexts).
 * States: idle, connecting, online, waiting (retryAt says until when), offline (waits for the network).
 */
export class ChatLink {
  constructor(url, events) {
    this.url = url;
    this.events = events;
    this.backoff = new Backoff();
    this.state = 'idle';
    this.socket = null;
    this.id = null;
    this.wantedName = '';
    this.unconfirmed = [];
    this.timer = 0;
    this.networkGone = false;
    this.onlineSince = 0;
    addEventListener('offline', () => this.networkLeft());
    addEventListener('online', () => this.networkCame());
  }

  signIn(name) {
    this.wantedName = name;
    this.backoff.reset();
    this.connect();
  }

  leave() {
    this.wantedName = '';
    this.drop(1000, 'left');
    this.enter('idle');
  }

  retryNow() {
    if (this.state === 'waiting' || this.state === 'offline') this.connect();
  }

  /** Answers whether the text is on its way. It counts as arrived when the server sends it back. */
  sendText(text) {
    if (this.state !== 'online' || this.socket.readyState !== WebSocket.OPEN) return false;
    this.unconfirmed.push(text);
    this.send({ type: 'message', id: this.id, text, date: Date.now() });
    return true;
  }

  send(message) {
    this.socket.send(JSON.stringify(message));
  }

  enter(state, retryAt = 0) {
    this.state = state;
    this.events.onState({ state, retryAt, networkGone: this.networkGone });
  }

  connect() {
    this.drop();
    this.enter('connecting');
    const socket = new WebSocket(this.url);
    this.socket = socket;
    // A socket that was given up may still speak: it is not heard.
    const ifCurrent = (handle) => (event) => {
      if (this.socket === socket) handle(event);
    };
    socket.onmessage = ifCurrent((event) => this.receive(event.data));
    socket.onclose = ifCurrent(() => this.lost());
    this.timer = setTimeout(() => this.lost(), SIGN_IN_TIMEOUT_MS);
  }

  /** Gives up the socket in use, if any, and whatever waits. */
  drop(code, reason) {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.id = null;
    if (socket) socket.close(code, reason);
    const texts = this.unconfirmed;
    this.unconfirmed = [];
    if (texts.length) this.events.onLost(texts);
  }

  lost() {
    if (this.state === 'online' && Date.now() - this.onlineSince > GOOD_LIFE_MS) this.backoff.reset();
    this.drop();
    if (this.networkGone) {
      this.enter('offline');
      return;
    }
    const delay = this.backoff.next();
    this.timer = setTimeout(() => this.connect(), delay);
    this.enter('waiting', Date.now() + delay);
  }

  networkLeft() {
    this.networkGone = true;
    if (this.state === 'waiting') {
      clearTimeout(this.timer);
      this.enter('offline');
    } else {
      this.enter(this.state);
    }
  }

  networkCame() {
    this.networkGone = false;
    if (this.state === 'waiting' || this.state === 'offline') this.connect();
    else this.enter(this.state);
  }

  receive(data) {
    const message = parse(data);
    if (!message) {
      this.events.onError('The server sent something that is not a chat message.');
      return;
    }
    switch (message.type) {
      case 'id':
        this.id = message.id;
        this.send({ type: 'username', id: this.id, name: this.wantedName });
        break;
      case 'username':
        if (message.id === this.id && this.state === 'connecting') this.signedIn(message, false);
        break;
      case 'rejectusername':
        if (this.state === 'connecting') this.signedIn(message, true);
        break;
      case 'message':
        this.messageCame({ ...message, mine: message.id === this.id });
        break;
      case 'userlist':
        this.events.onUsers(message.users);
        break;
      case 'error':
        this.refused(message.text);
        break;
    }
  }

  signedIn({ name, date }, rejected) {
    clearTimeout(this.timer);
    this.onlineSince = Date.now();
    this.enter('online');
    this.events.onSignedIn({ name, date, wanted: this.wantedName, rejected });
  }

  messageCame(message) {
    if (message.mine) this.confirm(message.text);
    this.events.onMessage(message);
  }

  /** The server answers in order: what was sent before this text and has not come back was dropped. */
  confirm(text) {
    const index = Math.max(0, this.unconfirmed.indexOf(text));
    const dropped = this.unconfirmed.splice(0, index + 1).slice(0, index);
    if (dropped.length) this.events.onLost(dropped);
  }

  /** An error may speak of any text on its way; with only one it is clear which. */
  refused(text) {
    if (this.unconfirmed.length === 1) this.events.onLost(this.unconfirmed.splice(0));
    this.events.onError(text);
  }
}

const isText = (value) => typeof value === 'string';
const shapes = {
  id: (m) => Number.isInteger(m.id),
  username: (m) => Number.isInteger(m.id) && isText(m.name),
  rejectusername: (m) => isText(m.name),
  message: (m) => isText(m.name) && isText(m.text),
  userlist: (m) => Array.isArray(m.users) && m.users.every(isText),
  error: (m) => isText(m.text),
};

/** The message in a text of the server; null when it is none. A type that is not known passes. */
function parse(data) {
  if (!isText(data)) return null;
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return null;
  }
  if (message === null || typeof message !== 'object' || !isText(message.type)) return null;
  const fits = Object.hasOwn(shapes, message.type) ? shapes[message.type] : () => true;
  return fits(message) ? message : null;
}
