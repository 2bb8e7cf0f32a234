// The playground with one visitor. The cases build on each other, in this order.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Visitor } from './visitor.mjs';

const FILE_BYTES = 70000;

/** Clears the journal, acts, and waits until an entry matches each pattern. */
async function acts(visitor, act, ...patterns) {
  await visitor.page.$eval('#clear-journal', (button) => button.click()); // The focus stays where it is.
  await act();
  for (const pattern of patterns) await visitor.sees('#journal', pattern);
}

async function connects(visitor, { url, protocols = '' } = {}) {
  if (url) await visitor.fill('#url', url);
  await visitor.fill('#protocols', protocols);
  await acts(visitor, () => visitor.press('Enter'), /onopen/);
  await visitor.seesExactly('#attr-ready-state', '1 OPEN');
}

async function closes(visitor, code, reason) {
  await visitor.fill('#close-code', code);
  await visitor.fill('#close-reason', reason);
  await visitor.press('Enter');
}

const fired = (visitor) => visitor.page.$$eval('.handlers b', (all) => all.map((element) => Number(element.textContent)));

/** A port of this machine at which nobody listens. */
async function closedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function drawWithMouse(visitor) {
  const canvas = await visitor.page.$('#drawing');
  await canvas.scrollIntoView();
  const box = await canvas.boundingBox();
  const at = (x, y) => [box.x + box.width * x, box.y + box.height * y];
  await visitor.page.mouse.move(...at(0.1, 0.8));
  await visitor.page.mouse.down();
  for (const [x, y] of [[0.3, 0.2], [0.5, 0.8], [0.7, 0.2], [0.9, 0.8]]) {
    await visitor.page.mouse.move(...at(x, y), { steps: 8 });
  }
  await visitor.page.mouse.up();
}

async function drawWithKeys(visitor) {
  await visitor.page.click('input[name="colour"][value="#d0473b"]');
  await visitor.page.focus('#drawing');
  await visitor.page.keyboard.press(' ');
  await visitor.page.keyboard.down('Shift');
  for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowRight', 'ArrowDown']) {
    await visitor.page.keyboard.press(key);
  }
  await visitor.page.keyboard.up('Shift');
  await visitor.page.keyboard.press(' ');
}

/** How many pixels of the drawing are not paper, and how many differ in what came back. */
function comparePixels() {
  const pixels = (id) => {
    const canvas = document.getElementById(id);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Uint32Array(data.buffer);
  };
  const drawn = pixels('drawing');
  const echoed = pixels('echoed');
  return {
    inked: drawn.filter((pixel) => pixel !== 0xffffffff).length,
    different: drawn.filter((pixel, index) => pixel !== echoed[index]).length,
  };
}

export function playgroundCases(context) {
  let visitor;
  const sendText = async (text) => {
    await visitor.fill('#text', text);
    await visitor.click('#send-text button[type="submit"]');
  };
  return [
    { name: 'playground: connects to the echo of this server', run: async () => {
      visitor = await Visitor.open(context, '/playground.html');
      await visitor.resize(1280, 900);
      assert.equal(await visitor.page.$eval('#url', (input) => input.value), context.serve.ws('/echo'));
      await visitor.click('#connect button[type="submit"]');
      await visitor.sees('#journal', /onopen/);
      await visitor.seesExactly('#attr-ready-state', '1 OPEN');
      await visitor.seesExactly('#attr-url', context.serve.ws('/echo'));
      await visitor.seesExactly('#attr-protocol', '""');
      assert.match(await visitor.text('#attr-extensions'), /^"permessage-deflate/);
      assert.deepEqual(await fired(visitor), [1, 0, 0, 0]);
    } },
    { name: 'playground: the heartbeat is visible', run: async () => {
      await visitor.sees('#heartbeat-text', /[1-9]\d* pings, [1-9]\d* pongs, [\d.]+ ms/);
      await visitor.sees('#heartbeat-text', /([2-9]|\d\d) pongs/);
    } },
    { name: 'playground: text, empty text and 1 MiB of text come back', run: async () => {
      await acts(visitor, () => sendText('Grüße <b>&amp;</b> 👋'), /onmessage text, 25 bytesGrüße <b>&amp;<\/b> 👋/u);
      await acts(visitor, () => sendText(''), /onmessage text, 0 bytes/);
      await acts(visitor, () => sendText('weft'.repeat(262144)), /onmessage text, 1,048,576 bytes/);
      await visitor.fill('#text', 'Hello');
      await visitor.press('Tab');
      assert.deepEqual(await fired(visitor), [1, 3, 0, 0]);
    } },
    { name: 'playground: a file, with both binary types', run: async () => {
      const path = join(context.output, `${context.kind}-bytes.bin`);
      await writeFile(path, Uint8Array.from({ length: FILE_BYTES }, (_, index) => index & 0xff));
      await (await visitor.page.$('#file')).uploadFile(path);
      await acts(visitor, () => visitor.click('#send-file-buffer'), /send ArrayBuffer, 70,000 bytes/,
        /onmessage Blob, 70,000 bytes.*00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f/);
      await visitor.click('input[name="binary-type"][value="arraybuffer"]');
      await acts(visitor, () => visitor.click('#send-file-blob'), /send Blob, 70,000 bytes/,
        /onmessage ArrayBuffer, 70,000 bytes.*10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f/s);
    } },
    { name: 'playground: a drawing comes back pixel by pixel, with both binary types', run: async () => {
      await drawWithMouse(visitor);
      await acts(visitor, () => visitor.click('#send-drawing'), /onmessage ArrayBuffer/);
      await visitor.sees('#echoed-caption', /Came back as ArrayBuffer/);
      const first = await visitor.page.evaluate(comparePixels);
      assert.ok(first.inked > 500, `only ${first.inked} pixels were drawn`);
      assert.equal(first.different, 0);
      await visitor.click('input[name="binary-type"][value="blob"]');
      await drawWithKeys(visitor);
      await acts(visitor, () => visitor.press('Enter'), /onmessage Blob/);
      await visitor.sees('#echoed-caption', /Came back as Blob/);
      const second = await visitor.page.evaluate(comparePixels);
      assert.ok(second.inked > first.inked, 'the keyboard drew nothing');
      assert.equal(second.different, 0);
    } },
    { name: 'playground: bufferedAmount rises and returns to 0', run: async () => {
      await acts(visitor, () => visitor.click('#flood'), /send text, 16,384 bytes.*×200/, /onmessage text, 16,384 bytes.*×200/);
      await visitor.seesExactly('#attr-buffered', '0');
      const peak = Number((await visitor.text('#attr-buffered-peak')).replaceAll(',', ''));
      assert.ok(peak >= 16384, `the peak was ${peak}`);
    } },
    { name: 'playground: screenshots', run: () => screenshots(visitor, 'playground') },
    { name: 'playground: close codes and reasons that are refused', run: async () => {
      await acts(visitor, () => closes(visitor, '1001', 'no'), /threw InvalidAccessError/);
      await visitor.sees('#close-error', /^InvalidAccessError: ./);
      await acts(visitor, () => closes(visitor, '3000', 'é'.repeat(62)), /threw SyntaxError/);
      await visitor.sees('#close-error', /^SyntaxError: ./);
      await visitor.seesExactly('#attr-ready-state', '1 OPEN');
    } },
    { name: 'playground: close with 1000 is clean', run: async () => {
      await acts(visitor, () => closes(visitor, '1000', ''), /onclose wasClean true, code 1000 \(normal\), reason ""/);
      await visitor.seesExactly('#attr-ready-state', '3 CLOSED');
      await visitor.sees('#heartbeat-text', /stopped/);
      assert.equal(await visitor.text('#close-error'), '');
      assert.deepEqual((await fired(visitor)).slice(2), [0, 1]);
    } },
    { name: 'playground: send after the close is dropped and still counted', run: async () => {
      visitor.allow(/already in CLOSING or CLOSED state/);
      await acts(visitor, () => sendText('late'), /send text, 4 bytes; dropped/);
      await visitor.seesExactly('#attr-buffered', '4');
    } },
    { name: 'playground: the server chooses the subprotocol', run: async () => {
      await connects(visitor, { protocols: 'other, json' });
      await visitor.seesExactly('#attr-protocol', '"json"');
    } },
    { name: 'playground: close with 3001 and a reason is clean', run: async () => {
      await acts(visitor, () => closes(visitor, '3001', 'tschüß 👋'),
        /onclose wasClean true, code 3001, reason "tschüß 👋"/u);
    } },
    { name: 'playground: close without a code', run: async () => {
      await connects(visitor);
      await acts(visitor, () => closes(visitor, '', ''), /onclose wasClean true, code 1005/);
    } },
    { name: 'playground: a bad URL or subprotocol is shown as the API throws it', run: async () => {
      for (const [url, protocols] of [['ftp://127.0.0.1/', ''], [context.serve.ws('/', 99999), ''],
        [context.serve.ws('/#part'), ''], [context.serve.ws('/echo'), 'echo, echo'], [context.serve.ws('/echo'), 'a;b']]) {
        await visitor.fill('#url', url);
        await visitor.fill('#protocols', protocols);
        await acts(visitor, () => visitor.press('Enter'), /threw SyntaxError/);
        await visitor.sees('#connect-error', /^SyntaxError: ./);
      }
    } },
    { name: 'playground: a refused connection fires onerror, then onclose 1006', run: async () => {
      visitor.allow(/WebSocket connection|connection to the server at wss?:/);
      await visitor.fill('#protocols', '');
      await visitor.fill('#url', context.serve.ws('/', await closedPort()));
      await acts(visitor, () => visitor.press('Enter'), /onerror.*onclose wasClean false, code 1006/s);
      assert.deepEqual(await fired(visitor), [0, 0, 1, 1]);
      await visitor.seesExactly('#attr-ready-state', '3 CLOSED');
    } },
    { name: 'playground: a path that is none fails in the same way', run: async () => {
      await visitor.fill('#url', context.serve.ws('/no-such-path'));
      await acts(visitor, () => visitor.press('Enter'), /onerror.*onclose wasClean false, code 1006/s);
    } },
    { name: 'playground: nothing complained', run: () => visitor.close() },
  ];
}

/** Wide and narrow, light and dark as far as the browser lets itself be told. */
export async function screenshots(visitor, name) {
  const { page, context } = visitor;
  const schemes = context.kind === 'chromium' ? ['light', 'dark'] : ['dark'];
  for (const scheme of schemes) {
    if (context.kind === 'chromium') {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    }
    assert.equal(await page.evaluate((value) => matchMedia(`(prefers-color-scheme: ${value})`).matches, scheme), true);
    for (const [size, width, height] of [['desktop', 1280, 900], ['phone', 360, 740]]) {
      await visitor.resize(width, height);
      await visitor.fitsWidth();
      await page.evaluate(() => scrollTo(0, 0));
      await visitor.tallScreenshot(`${name}-${size}-${scheme}`);
    }
  }
  await visitor.resize(1280, 900);
}
