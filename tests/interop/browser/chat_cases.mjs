// The chat with several visitors. The cases build on each other, in this order.
import assert from 'node:assert/strict';
import { Serve } from '../support/weft.mjs';
import { Visitor } from './visitor.mjs';

const MARKUP = '<b>&amp;</b><img src=x onerror=alert(1)> 👋🏽 שלום';

async function join(context, name) {
  const visitor = await Visitor.open(context, '/chat.html');
  await visitor.fill('#name', name);
  await visitor.press('Enter');
  await online(visitor);
  return visitor;
}

const online = (visitor) => visitor.until('online', () => document.getElementById('bar').dataset.state === 'online');

const seesUsers = (visitor, names) => visitor.until(`users ${names}`, (wanted) => {
  const shown = [...document.querySelectorAll('#users .name')].map((element) => element.textContent);
  return JSON.stringify(shown.sort()) === wanted;
}, JSON.stringify([...names].sort()));

const seesMessage = (visitor, text, kind = '') => visitor.until(`message ${text}`, (wanted, where) => (
  [...document.querySelectorAll(where)].some((element) => element.textContent === wanted)
), text, `#entries .message${kind} .text`);

async function say(visitor, text) {
  await visitor.fill('#text', text);
  await visitor.press('Enter');
}

const loses = (visitor) => visitor.until('a lost connection', () => (
  document.getElementById('bar').dataset.state === 'waiting'
  && /^Reconnecting in \d+ s$/.test(document.getElementById('countdown').textContent)));

export function chatCases(context) {
  let anna;
  let ben;
  return [
    { name: 'chat: a name that is too long is refused', run: async () => {
      const visitor = await Visitor.open(context, '/chat.html');
      await visitor.press('Enter');
      await visitor.sees('#sign-in-error', /enter a name/);
      await visitor.fill('#name', 'x'.repeat(33));
      await visitor.press('Enter');
      await visitor.sees('#sign-in-error', /32 characters/);
      assert.equal(await visitor.isHidden('#room'), true);
      await visitor.close();
    } },
    { name: 'chat: two visitors see each other', run: async () => {
      anna = await join(context, 'Anna');
      await seesUsers(anna, ['Anna']);
      ben = await join(context, 'Ben');
      await seesUsers(ben, ['Anna', 'Ben']);
      await seesUsers(anna, ['Anna', 'Ben']);
      await anna.sees('#entries', /Ben joined\./);
    } },
    { name: 'chat: messages go both ways', run: async () => {
      await say(anna, 'Hello Ben');
      await seesMessage(ben, 'Hello Ben', ':not(.mine)');
      await seesMessage(anna, 'Hello Ben', '.mine');
      assert.equal(await anna.page.$eval('#text', (box) => box.value), '');
      await ben.fill('#text', 'Hello Anna,\nall is well');
      await ben.click('#send');
      await seesMessage(anna, 'Hello Anna,\nall is well', ':not(.mine)');
      await anna.sees('#entries .message .head', /Anna.*\d/);
    } },
    { name: 'chat: markup and emoji are text', run: async () => {
      await say(ben, MARKUP);
      await seesMessage(anna, MARKUP);
      assert.equal(await anna.page.$('#entries b, #entries img'), null);
    } },
    { name: 'chat: a name that is markup is text too', run: async () => {
      const visitor = await join(context, '<i>Eve</i>');
      await seesUsers(anna, ['Anna', 'Ben', '<i>Eve</i>']);
      assert.equal(await anna.page.$('#users i'), null);
      await visitor.close();
      await seesUsers(anna, ['Anna', 'Ben']);
    } },
    { name: 'chat: a name in use is replaced and the visitor is told', run: async () => {
      const visitor = await join(context, 'Anna');
      await visitor.sees('#entries .warn', /“Anna” is in use, so the server named you /);
      const given = await visitor.text('#entries .warn .name:last-of-type');
      assert.notEqual(given, 'Anna');
      await seesUsers(anna, ['Anna', 'Ben', given]);
      await visitor.click('#leave');
      await seesUsers(anna, ['Anna', 'Ben']);
      await anna.until('a notice of the leave', (name) => (
        [...document.querySelectorAll('#entries .notice')].some((e) => e.textContent.startsWith(`${name} left.`))
      ), given);
      assert.equal(await visitor.isHidden('#sign-in'), false);
      await visitor.close();
    } },
    { name: 'chat: a text that is too long stays in the box', run: async () => {
      const long = 'x'.repeat(2001);
      await say(anna, long);
      await anna.sees('#alert-text', /2000 characters/);
      assert.equal(await anna.page.$eval('#text', (box) => box.value), long);
      await anna.press('Escape');
      assert.equal(await anna.isHidden('#alert'), true);
      await anna.fill('#text', '');
    } },
    { name: 'chat: what was not seen is marked and counted', run: async () => {
      // Lines, not messages: the server slows down who sends many messages.
      await say(anna, Array.from({ length: 60 }, (_, index) => `line ${index}`).join('\n'));
      await ben.sees('#entries', /line 59/);
      // The page may still be on its way to the last line, and would go on: as a person, scroll again.
      await ben.until('the way down', () => {
        const jump = document.getElementById('jump');
        if (jump.hidden) document.getElementById('log').scrollTop = 0;
        return !jump.hidden;
      });
      await say(anna, 'below');
      await ben.seesExactly('#jump', '1 new ↓');
      assert.equal(await ben.page.title(), '(1) Chat · weft');
      assert.equal(await ben.page.$eval('#log', (log) => log.scrollTop), 0);
      assert.notEqual(await ben.page.$('#entries .marker'), null);
      await ben.page.bringToFront();
      await ben.click('#jump');
      await ben.until('all read', () => document.title === 'Chat · weft' && document.getElementById('jump').hidden);
    } },
    { name: 'chat: the page on a phone and by keyboard', run: async () => {
      await anna.page.bringToFront();
      await anna.resize(360, 740);
      await anna.fitsWidth();
      assert.equal(await anna.isHidden('#people'), true);
      await anna.page.focus('#people-toggle');
      await anna.press('Enter');
      assert.equal(await anna.isHidden('#people'), false);
      await anna.screenshot('chat-phone-people');
      await anna.press('Escape');
      assert.equal(await anna.isHidden('#people'), true);
      assert.equal(await anna.page.evaluate(() => document.activeElement.id), 'people-toggle');
    } },
    { name: 'chat: a reload keeps the name', run: async () => {
      await ben.page.reload();
      await online(ben);
      await seesUsers(ben, ['Anna', 'Ben']);
    } },
    { name: 'chat: the server restarts and the visitors come back', run: async () => {
      // Both browsers write a failed attempt to the console, whatever the page does.
      for (const visitor of [anna, ben]) visitor.allow(/WebSocket connection|connection to the server at wss?:|connection to wss?:/);
      await anna.fill('#text', 'not sent yet');
      assert.equal(await context.serve.stop(), 0, 'the exit status of the server');
      await loses(anna);
      await loses(ben);
      await anna.screenshot('chat-phone-lost');
      await anna.page.focus('#text');
      await anna.press('Enter');
      await anna.sees('#alert-text', /Not connected/);
      assert.equal(await anna.page.$eval('#text', (box) => box.value), 'not sent yet');
      context.serve = await Serve.start(context.program, { port: context.serve.port });
      await anna.until('the button or the comeback', () => {
        const { state } = document.getElementById('bar').dataset;
        if (state === 'waiting') document.getElementById('retry').click();
        return state === 'online';
      });
      await online(ben);
      await seesUsers(anna, ['Anna', 'Ben']);
      await anna.sees('#entries', /Back online as Anna/);
      assert.equal(await anna.page.$eval('#text', (box) => box.value), 'not sent yet');
      await anna.page.focus('#text');
      await anna.press('Enter');
      await seesMessage(ben, 'not sent yet');
    } },
    { name: 'chat: nothing complained', run: async () => {
      await ben.close();
      await seesUsers(anna, ['Anna']);
      await anna.close();
    } },
  ];
}
