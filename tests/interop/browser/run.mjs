// The site of `weft serve` in a real browser. For CTest, from this file's folder:
//
//   once:  npm ci --ignore-scripts      (in the folder above)
//   then:  node run.mjs <weft-program> chromium <output-folder>
//          node run.mjs <weft-program> firefox <output-folder>
//
// Over TLS: see support/secure.mjs. Then without the cases that need no server, and those of how it looks.
// One line per case on stdout; the screenshots go to the output folder; status 0 only if all passed. A run
// ends within two minutes. Runs may go on at the same time.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { runStory, within } from '../support/cases.mjs';
import { isSecure, serveOptions } from '../support/secure.mjs';
import { Serve } from '../support/weft.mjs';
import { browserKinds, RunningBrowser } from './browsers.mjs';
import { chatCases } from './chat_cases.mjs';
import { oddServerCases } from './odd_server_cases.mjs';
import { playgroundCases, screenshots } from './playground_cases.mjs';
import { Visitor } from './visitor.mjs';

const RUN_MAX_MS = 120000;

const startPageCases = (context) => [
  { name: 'start page: leads to both pages, by keyboard', run: async () => {
    const visitor = await Visitor.open(context, '/');
    await visitor.seesExactly('#echo-url', context.serve.ws('/echo'));
    await visitor.press('Tab');
    assert.equal(await visitor.page.evaluate(() => document.activeElement.className), 'skip');
    await screenshots(visitor, 'start');
    for (const title of ['Chat', 'Playground']) {
      await visitor.page.goto(context.serve.url, { waitUntil: 'load' });
      await Promise.all([visitor.page.waitForNavigation(), visitor.click(`.door[href="${title.toLowerCase()}.html"]`)]);
      assert.equal(await visitor.page.title(), `${title} · weft`);
    }
    await visitor.close();
  } },
  { name: 'chat: screenshots', run: async () => {
    const visitors = [];
    for (const name of ['Anna', 'Ben']) {
      const visitor = await Visitor.open(context, '/chat.html');
      if (name === 'Anna') await screenshots(visitor, 'sign-in');
      await visitor.fill('#name', name);
      await visitor.press('Enter');
      await visitor.sees('#entries', new RegExp(`You joined as ${name}`));
      visitors.push(visitor);
    }
    const [anna, ben] = visitors;
    const lines = [[anna, 'Good morning! Is the loom warped?'], [ben, 'Since seven. 240 threads, all in the reed.'],
      [ben, 'The blue one snapped twice, though.'], [anna, 'Then we tie it again. Coffee first ☕'],
      [ben, 'const warp = "<b>not bold</b>";\nconst weft = warp.length;'], [anna, '👍']];
    for (const [visitor, text] of lines) {
      await visitor.fill('#text', text);
      await visitor.press('Enter');
      await anna.until(text, (wanted) => [...document.querySelectorAll('#entries .text')]
        .some((element) => element.textContent === wanted), text);
    }
    await anna.page.bringToFront();
    await screenshots(anna, 'chat');
    for (const visitor of visitors) await visitor.close();
  } },
];

/** Nobody told the browser to ignore what is wrong with a certificate. */
const trustCases = (context) => [
  { name: 'trust: the page is a secure one, a stranger gets no page', run: async () => {
    const visitor = await Visitor.open(context, '/');
    assert.equal(await visitor.page.evaluate(() => `${location.protocol} ${isSecureContext}`), 'https: true');
    const stranger = await Serve.start(context.program, { tls: serveOptions('stranger') });
    await assert.rejects(visitor.page.goto(stranger.url), /ERR_CERT_AUTHORITY_INVALID|SEC_ERROR_UNKNOWN_ISSUER/);
    await stranger.stop();
    await visitor.page.close();
  } },
];

async function main([program, kind, output]) {
  if (!output || !browserKinds.includes(kind)) {
    console.error(`usage: node run.mjs <weft-program> <${browserKinds.join('|')}> <output-folder>`);
    return 2;
  }
  await mkdir(output, { recursive: true });
  const context = { program, kind, output, browser: null, serve: null };
  let starting = null;
  const cleanUp = async () => {
    // A browser that is still starting has a folder already: its start is waited for.
    const browser = await starting?.catch(() => null);
    await browser?.stop();
    await Serve.stopAll();
  };
  const failures = await within(RUN_MAX_MS, `the run with ${kind}`, cleanUp, async () => {
    context.serve = await Serve.start(program);
    starting = RunningBrowser.start(kind);
    context.browser = (await starting).browser;
    let failures = 0;
    const stories = isSecure ? [trustCases, playgroundCases, chatCases]
      : [startPageCases, playgroundCases, oddServerCases, chatCases];
    for (const story of stories) {
      failures += await runStory(story(context).filter(({ name }) => !isSecure || !name.endsWith('screenshots')));
    }
    return failures;
  });
  return failures ? 1 : 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error);
  process.exit(1);
}
