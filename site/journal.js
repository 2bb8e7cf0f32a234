// The playground's log: bounded, equal entries in a row become one with a count.
import { make, makeTime } from './dom.js';
import { StickyScroll } from './sticky-scroll.js';

const ENTRIES_MAX = 300;

export class Journal {
  constructor(scroller, list) {
    this.scroll = new StickyScroll(scroller);
    this.list = list;
    this.last = null;
  }

  /** kind: call, open, in, error, close or note; what: the handler or method; detail: one line; body: more. */
  add(kind, what, detail = '', body = '') {
    const key = JSON.stringify([kind, what, detail, body]);
    if (this.last?.key === key) {
      this.repeat();
      return;
    }
    const entry = make('li', kind);
    const count = make('span', 'count');
    const line = make('p', 'line');
    line.append(makeTime(Date.now(), true), ' ', make('b', 'what', what), ' ', make('span', 'detail', detail), count);
    entry.append(line);
    if (body) entry.append(make('pre', 'body', body));
    this.list.append(entry);
    this.last = { key, count, times: 1 };
    while (this.list.childElementCount > ENTRIES_MAX) this.list.firstElementChild.remove();
    this.scroll.follow();
  }

  repeat() {
    this.last.times += 1;
    this.last.count.textContent = ` ×${this.last.times}`;
  }

  clear() {
    this.list.replaceChildren();
    this.last = null;
  }
}
