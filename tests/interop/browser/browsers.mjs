// Starts a browser with a home of its own, and leaves nothing of it behind.
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import puppeteer from 'puppeteer-core';
import { certificateFile, isSecure } from '../support/secure.mjs';

const LAUNCH_TIMEOUT_MS = 60000;
const CLOSE_TIMEOUT_MS = 10000;

const chromium = {
  browser: 'chrome',
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};

// BiDi cannot choose the colour scheme of a page: Firefox is dark from start to end.
const firefox = {
  browser: 'firefox',
  executablePath: '/usr/bin/firefox-esr',
  extraPrefsFirefox: {
    'layout.css.prefers-color-scheme.content-override': 0,
    'app.normandy.enabled': false,
    'app.update.enabled': false,
    'browser.newtabpage.enabled': false,
    'browser.safebrowsing.downloads.remote.enabled': false,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'browser.safebrowsing.update.enabled': false,
    'browser.search.update': false,
    'browser.topsites.contile.enabled': false,
    'datareporting.healthreport.uploadEnabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'dom.push.connection.enabled': false,
    'extensions.getAddons.cache.enabled': false,
    'extensions.systemAddon.update.enabled': false,
    'extensions.update.enabled': false,
    'geo.enabled': false,
    'media.gmp-manager.url': '',
    'media.gmp-manager.updateEnabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'network.dns.disablePrefetch': true,
    'network.prefetch-next': false,
    'network.trr.mode': 5,
    'services.settings.server': 'data:,',
    'toolkit.telemetry.enabled': false,
    'toolkit.telemetry.server': '',
  },
};

const kinds = { chromium, firefox };

// Where a browser keeps what it trusts, below its home.
const stores = { chromium: ['.pki', 'nssdb'], firefox: ['profile'] };

/** Makes the authority of the tests one that the browser trusts, as its user would. */
async function trust(kind, home) {
  const store = join(home, ...stores[kind]);
  const certutil = (...words) => promisify(execFile)('certutil', ['-d', `sql:${store}`, ...words]);
  await mkdir(store, { recursive: true });
  await certutil('-N', '--empty-password');
  await certutil('-A', '-n', 'weft test CA', '-t', 'C,,', '-i', certificateFile('ca.pem'));
}
export const browserKinds = Object.keys(kinds);

export class RunningBrowser {
  static async start(kind) {
    const home = await mkdtemp(join(tmpdir(), `weft-${kind}-`));
    try {
      const profile = join(home, 'profile');
      await mkdir(profile);
      if (isSecure) await trust(kind, home);
      const browser = await puppeteer.launch({
        ...kinds[kind],
        headless: true,
        handleSIGINT: false, // The run does, and also removes the folder.
        handleSIGTERM: false,
        handleSIGHUP: false,
        userDataDir: profile,
        env: {
          ...process.env,
          HOME: home,
          TMPDIR: home,
          XDG_CACHE_HOME: home,
          XDG_CONFIG_HOME: home,
          MOZ_CRASHREPORTER_DISABLE: '1', // Its helper lives in a session of its own and outlives the browser.
        },
        timeout: LAUNCH_TIMEOUT_MS,
        protocolTimeout: LAUNCH_TIMEOUT_MS,
      });
      return new RunningBrowser(browser, home);
    } catch (error) {
      await removeFolder(home);
      throw error;
    }
  }

  constructor(browser, home) {
    Object.assign(this, { browser, home });
  }

  /** Asks the browser to end; then ends what is left of its process group. */
  async stop() {
    const { pid } = this.browser.process();
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(resolve, CLOSE_TIMEOUT_MS); });
    await Promise.race([this.browser.close().catch(() => {}), late]);
    clearTimeout(timer);
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The whole group is gone already.
    }
    await removeFolder(this.home);
  }
}

/** Processes that are just ending may still write: the removal tries again. */
async function removeFolder(folder) {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
