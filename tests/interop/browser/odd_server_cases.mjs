// The chat page with a server that is odd: slow, wrong, or gone at the worst moment. A WebSocket made by
// the test stands in for the browser's, so that each of its moments can be chosen.
import assert from 'node:assert/strict';
import { Visitor } from './visitor.mjs';

/** Runs in the page, before its scripts. */
function replaceWebSocket() {
  class OddSocket {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;
    static all = [];

    constructor(url) {
      this.url = url;
      this.readyState = OddSocket.CONNECTING;
      this.sent = [];
      OddSocket.all.push(this);
    }

    send(data) { this.sent.push(JSON.parse(data)); }

    close() { this.readyState = OddSocket.CLOSED; }

    receives(...messages) {
      this.readyState = OddSocket.OPEN;
      for (const message of messages) {
        this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
      }
    }

    breaks() {
      this.readyState = OddSocket.CLOSED;
      this.onclose?.({ code: 1006, reason: '', wasClean: false });
    }
  }
  window.WebSocket = OddSocket;
  window.sockets = OddSocket.all;
  window.newest = () => OddSocket.all.at(-1);
  window.accept = (name = 'Anna') => window.newest().receives(
    { type: 'id', id: 7 }, { type: 'username', id: 7, name }, { type: 'userlist', users: [name] });
  window.type = (text) => {
    document.getElementById('text').value = text;
    document.getElementById('composer').requestSubmit();
  };
  Math.random = () => 0.9999; // The longest delay that the jitter may choose.
}

const WRONG = ['', 'no JSON', 'null', '[]', '7', '"message"', '{}', '{"type":7}',
  '{"type":"message","name":{},"text":"x"}', '{"type":"message","name":"x"}',
  '{"type":"userlist","users":"x"}', '{"type":"userlist","users":[1]}', '{"type":"id"}'];
const UNKNOWN = ['{"type":"toString"}', '{"type":"__proto__"}', '{"type":"later-invention","users":[]}'];

export function oddServerCases(context) {
  let visitor;
  const inPage = (run, ...args) => visitor.page.evaluate(run, ...args);
  const state = () => inPage(() => document.getElementById('bar').dataset.state);
  const box = () => inPage(() => document.getElementById('text').value);
  const alertText = () => visitor.text('#alert-text');
  const signIn = async () => {
    await visitor.fill('#name', 'Anna');
    await visitor.press('Enter');
    await inPage(() => window.accept());
    assert.equal(await state(), 'online');
  };

  return [
    { name: 'odd server: an error instead of a name leads back to the form', run: async () => {
      visitor = await Visitor.open(context, '/chat.html', replaceWebSocket);
      await visitor.fill('#name', 'Anna');
      await visitor.press('Enter');
      await inPage(() => window.newest().receives({ type: 'id', id: 1 }, { type: 'error', text: 'not <b>today</b>' }));
      assert.equal(await visitor.text('#sign-in-error'), 'not <b>today</b>');
      assert.equal(await visitor.isHidden('#sign-in'), false);
      assert.equal(await inPage(() => window.newest().readyState), 3);
    } },
    { name: 'odd server: what is not a chat message changes nothing and is told', run: async () => {
      await signIn();
      const before = await visitor.text('#entries');
      for (const wrong of WRONG) {
        await visitor.press('Escape');
        assert.equal(await visitor.isHidden('#alert'), true);
        await inPage((data) => window.newest().receives(data), wrong);
        assert.match(await alertText(), /not a chat message/, wrong);
      }
      await visitor.press('Escape');
      for (const unknown of UNKNOWN) await inPage((data) => window.newest().receives(data), unknown);
      assert.equal(await visitor.isHidden('#alert'), true);
      assert.equal(await visitor.text('#entries'), before);
      assert.equal(await visitor.text('#people-count'), '1');
    } },
    { name: 'odd server: the log keeps the newest 500 entries', run: async () => {
      await inPage(() => {
        for (let index = 0; index < 700; index += 1) {
          window.newest().receives({ type: 'message', id: 8, name: 'Ben', text: `message ${index}`, date: 'no date' });
        }
      });
      const texts = await inPage(() => [...document.querySelectorAll('#entries > li')]
        .map((entry) => entry.querySelector('.text')?.textContent));
      assert.equal(texts.length, 500);
      assert.equal(texts.at(-1), 'message 699');
      assert.equal(await visitor.page.$eval('#entries > li', (entry) => entry.classList.contains('follows')), false);
      await visitor.until('the newest entry in sight', () => {
        const log = document.getElementById('log');
        return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
      });
      await visitor.fitsWidth();
      assert.ok(await inPage(() => document.documentElement.scrollHeight <= innerHeight), 'the page itself scrolls');
    } },
    { name: 'odd server: a text that the server dropped returns to the box', run: async () => {
      await inPage(() => {
        window.type('first');
        window.type('second');
        window.newest().receives({ type: 'message', id: 7, name: 'Anna', text: 'second', date: 0 });
      });
      assert.equal(await box(), 'first');
      assert.match(await alertText(), /not confirmed/);
      await inPage(() => {
        window.type('alone');
        window.newest().receives({ type: 'error', text: 'slow down' });
      });
      assert.equal(await box(), 'alone');
      assert.equal(await alertText(), 'slow down');
    } },
    { name: 'odd server: a text without an answer at the end returns to the box and is not sent again', run: async () => {
      await inPage(() => {
        window.type('on its way');
        document.getElementById('text').value = 'half a thought';
        window.newest().breaks();
      });
      assert.equal(await state(), 'waiting');
      assert.equal(await box(), 'on its way\nhalf a thought');
      await inPage(() => {
        document.getElementById('retry').click();
        window.accept();
      });
      assert.equal(await state(), 'online');
      assert.deepEqual(await inPage(() => window.newest().sent), [{ type: 'username', id: 7, name: 'Anna' }]);
    } },
    { name: 'odd server: the delay doubles up to 30 seconds', run: async () => {
      const delays = await inPage(() => Array.from({ length: 8 }, () => {
        window.newest().breaks();
        const text = document.getElementById('countdown').textContent;
        document.getElementById('retry').click();
        return text;
      }));
      // The loss before this case took the delay of one second.
      assert.deepEqual(delays, [2, 4, 8, 16, 30, 30, 30, 30].map((seconds) => `Reconnecting in ${seconds} s`));
    } },
    { name: 'odd server: without a network the page waits for its return', run: async () => {
      const count = await inPage(() => {
        window.newest().breaks();
        dispatchEvent(new Event('offline'));
        return window.sockets.length;
      });
      assert.equal(await state(), 'offline');
      await visitor.sees('#status', /No network/);
      await inPage(() => dispatchEvent(new Event('online')));
      assert.equal(await state(), 'connecting');
      assert.equal(await inPage(() => window.sockets.length), count + 1);
      await inPage(() => window.accept());
      await inPage(() => dispatchEvent(new Event('offline')));
      await visitor.sees('#status', /Online, but your device reports no network/);
      await inPage(() => dispatchEvent(new Event('online')));
      await visitor.seesExactly('#status', 'Online');
    } },
    { name: 'odd server: a socket that was given up is not heard', run: async () => {
      const before = await visitor.text('#entries');
      await inPage(() => {
        window.sockets[1].receives({ type: 'message', id: 8, name: 'Ben', text: 'from the past', date: 0 });
        window.sockets[1].breaks();
      });
      assert.equal(await visitor.text('#entries'), before);
      assert.equal(await state(), 'online');
      await visitor.close();
    } },
  ];
}
