// The list of messages and notices: bounded, follows the newest entry only while the reader is there,
// and marks what has not been read.
import { make, makeTime } from './dom.js';
import { StickyScroll } from './sticky-scroll.js';

const ENTRIES_MAX = 500;
const GROUP_MS = 5 * 60 * 1000;
const COLOUR_COUNT = 8;

/** The same name has the same colour everywhere. */
export function colourClass(name) {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return `colour-${hash % COLOUR_COUNT}`;
}

export function makeAvatar(name) {
  const avatar = make('span', `avatar ${colourClass(name)}`, [...name][0]?.toUpperCase() ?? '?');
  avatar.setAttribute('aria-hidden', 'true');
  return avatar;
}

export class ChatLog {
  /** scroller scrolls, list gets the entries, jump is the button that leads to the newest. */
  constructor({ scroller, list, jump, onUnread }) {
    Object.assign(this, { list, jump, onUnread });
    this.unread = 0;
    this.marker = null;
    this.last = null;
    this.scroll = new StickyScroll(scroller, () => this.readIfSeen());
    jump.addEventListener('click', () => this.scroll.toBottom());
    document.addEventListener('visibilitychange', () => this.readIfSeen());
  }

  addMessage({ name, text, date, mine }) {
    if (mine) this.removeMarker();
    else this.countUnread();
    const time = Number.isFinite(date) ? date : Date.now();
    const follows = this.last?.name === name && time - this.last.time < GROUP_MS;
    const entry = make('li', `message${mine ? ' mine' : ''}${follows ? ' follows' : ''}`);
    const head = make('p', 'head');
    const author = make('bdi', 'name', name);
    head.append(author, mine ? make('span', 'you', ' (you)') : '', ' ', makeTime(time));
    const body = make('p', 'text', text);
    body.dir = 'auto';
    const bubble = make('div', 'bubble');
    bubble.append(head, body);
    entry.append(makeAvatar(name), bubble);
    this.append(entry);
    this.last = { name, time };
    if (mine) this.scroll.toBottom();
  }

  /** parts: texts, and { name } for a name. */
  addNotice(parts, { kind = '', date = Date.now() } = {}) {
    const entry = make('li', `notice ${kind}`);
    const text = make('span');
    for (const part of parts) text.append(part.name === undefined ? part : make('bdi', 'name', part.name));
    entry.append(text, ' ', makeTime(date));
    this.append(entry);
    this.last = null;
  }

  clear() {
    this.list.replaceChildren();
    this.marker = null;
    this.last = null;
    this.setUnread(0);
  }

  append(entry) {
    this.list.append(entry);
    while (this.list.childElementCount > ENTRIES_MAX) this.removeOldest();
    this.scroll.follow();
  }

  removeOldest() {
    const oldest = this.list.firstElementChild;
    if (oldest === this.marker) this.marker = null;
    oldest.remove();
    // The first of a group carries name and time: whoever becomes the first must show them.
    this.list.firstElementChild?.classList.remove('follows');
  }

  seen() {
    return this.scroll.sticks && document.visibilityState === 'visible';
  }

  countUnread() {
    if (this.seen()) return;
    if (this.unread === 0) this.placeMarker();
    this.setUnread(this.unread + 1);
  }

  placeMarker() {
    this.removeMarker();
    this.marker = make('li', 'marker');
    this.marker.append(make('span', '', 'New'));
    this.append(this.marker);
    this.last = null;
  }

  removeMarker() {
    this.marker?.remove();
    this.marker = null;
  }

  /** The marker stays until the reader answers: it shows where the reading had stopped. */
  readIfSeen() {
    if (this.seen()) this.setUnread(0);
    this.jump.hidden = this.scroll.sticks;
  }

  setUnread(count) {
    this.unread = count;
    this.jump.textContent = count ? `${count} new ↓` : 'Newest ↓';
    this.jump.hidden = this.scroll.sticks;
    this.onUnread(count);
  }
}
