// Small helpers for the page. Whatever comes from a person or the network enters as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** The WebSocket URL of a path of this site's own server. */
export function socketUrl(path) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}${path}`;
}

const minutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});

/** A <time> element. A date that is none (the network's data) becomes the present. */
export function makeTime(milliseconds, withSeconds = false) {
  const given = new Date(milliseconds);
  const date = Number.isNaN(given.getTime()) ? new Date() : given;
  const element = make('time', '', (withSeconds ? seconds : minutes).format(date));
  element.dateTime = date.toISOString();
  return element;
}

/** The number of characters as people count them for the limits: code points, not UTF-16 units. */
export const countCharacters = (text) => [...text].length;

/** Plays a CSS animation again: two classes with the same animation take turns. */
export function replay(element, name) {
  const first = element.classList.contains(`${name}-a`);
  element.classList.toggle(`${name}-a`, !first);
  element.classList.toggle(`${name}-b`, first);
}
