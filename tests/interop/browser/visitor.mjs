// One tab: what a visitor does and sees. Everything waits for a condition in the page, never for a time.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const WAIT_MS = 20000;
const LOOK_AGAIN_MS = 50;

export class Visitor {
  /** context: { browser, kind, serve, output }. before: runs in the page ahead of the page's own scripts. */
  static async open(context, path, before) {
    const visitor = new Visitor(context, await context.browser.newPage());
    await visitor.prepare();
    if (before) await visitor.page.evaluateOnNewDocument(before);
    await visitor.page.goto(context.serve.url + path, { waitUntil: 'load' });
    return visitor;
  }

  constructor(context, page) {
    Object.assign(this, { context, page });
    this.complaints = [];
    this.allowed = [];
  }

  async prepare() {
    this.page.setDefaultTimeout(WAIT_MS);
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    this.page.on('pageerror', (error) => this.complaints.push(String(error)));
    await this.page.evaluateOnNewDocument(() => {
      window.policyViolations = [];
      document.addEventListener('securitypolicyviolation', (event) => {
        window.policyViolations.push(`${event.violatedDirective}: ${event.blockedURI}`);
      });
    });
  }

  /** From now on the console may complain about this. */
  allow(pattern) {
    this.allowed.push(pattern);
  }

  /** Ends the visit. Whatever the console or the content policy complained about is a failure. */
  async close() {
    const violations = await this.page.evaluate(() => window.policyViolations);
    await this.page.close();
    assert.deepEqual(violations, [], 'violations of the content policy');
    const complaints = this.complaints.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
    assert.deepEqual(complaints, [], 'errors in the console');
  }

  /**
   * Waits until test(...args), run in the page, is true. Asked from here again and again: a test that waits inside
   * the page is built from text there, which the page's content policy forbids in some versions of Firefox.
   */
  async until(what, test, ...args) {
    const end = Date.now() + WAIT_MS;
    let failure;
    do {
      try {
        if (await this.page.evaluate(test, ...args)) return;
      } catch (error) {
        failure = error; // While a page gives way to the next, nobody answers.
      }
      await pause(LOOK_AGAIN_MS);
    } while (Date.now() < end);
    const text = await this.page.evaluate(() => document.body.innerText).catch(() => '');
    throw new Error(`waited in vain: ${what}\n${text}\n${this.complaints.join('\n')}`, { cause: failure });
  }

  /** Waits until the text of an element matches. */
  async sees(selector, pattern) {
    await this.until(`${selector} matches ${pattern}`, (where, source, flags) => {
      const element = document.querySelector(where);
      return element !== null && new RegExp(source, flags).test(element.textContent);
    }, selector, pattern.source, pattern.flags);
  }

  async seesExactly(selector, text) {
    await this.until(`${selector} is ${JSON.stringify(text)}`, (where, wanted) => (
      document.querySelector(where)?.textContent === wanted), selector, text);
  }

  async text(selector) {
    return this.page.$eval(selector, (element) => element.textContent);
  }

  async isHidden(selector) {
    return this.page.$eval(selector, (element) => element.offsetParent === null);
  }

  async click(selector) {
    await this.until(`${selector} can be clicked`, (where) => {
      const element = document.querySelector(where);
      return element !== null && !element.disabled && element.checkVisibility();
    }, selector);
    await this.page.click(selector);
  }

  /** Puts a text into a field as a paste would: at once, with its event. */
  async fill(selector, text) {
    await this.page.$eval(selector, (element, value) => {
      element.focus();
      element.value = value;
      element.dispatchEvent(new Event('input', { bubbles: true }));
    }, text);
  }

  /** Makes the window's inside that large. Older versions of Firefox lack the orientation that goes with it. */
  async resize(width, height) {
    await this.page.setViewport({ width, height }).catch((error) => {
      if (!/unknown command/.test(error.message)) throw error;
    });
    await this.until(`the window is ${width} wide`, (wanted) => window.innerWidth === wanted, width);
  }

  async press(key) {
    await this.page.keyboard.press(key);
  }

  async screenshot(name) {
    const { output, kind } = this.context;
    await this.page.screenshot({ path: join(output, `${kind}-${name}.png`) });
  }

  /** The page as tall as its content. */
  async tallScreenshot(name) {
    const { output, kind } = this.context;
    await this.page.screenshot({ path: join(output, `${kind}-${name}.png`), fullPage: true });
  }

  async fitsWidth() {
    const [content, view] = await this.page.evaluate(() => (
      [document.documentElement.scrollWidth, document.documentElement.clientWidth]));
    assert.ok(content <= view, `the content is ${content} wide in a view of ${view}`);
  }
}
