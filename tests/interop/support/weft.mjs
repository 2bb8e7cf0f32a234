// Starts the program under test and knows its promises: the first line of `weft serve`, the exit status.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { isSecure, scheme, serveOptions } from './secure.mjs';

const STOP_TIMEOUT_MS = 10000;

const running = new Set();

/** A line that the program prints first: "listening on http[s]://127.0.0.1:PORT". */
async function firstLine(child, lines) {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the program ended with ${code} before it was ready`);
  });
  ended.catch(() => {});
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  return line;
}

export class Serve {
  /** port 0: any. options: further words of the command line. tls: what makes it speak TLS, if it shall. */
  static async start(program, { port = 0, options = [], tls = isSecure ? serveOptions() : [] } = {}) {
    const child = spawn(program, ['serve', '--listen', `127.0.0.1:${port}`, '--quiet', ...tls, ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const lines = createInterface({ input: child.stdout });
    try {
      const line = await firstLine(child, lines);
      const match = /^listening on (https?:\/\/127\.0\.0\.1:(\d+))\/?$/.exec(line);
      if (!match) throw new Error(`the first line is not the address: ${JSON.stringify(line)}`);
      return new Serve(child, match[1], Number(match[2]));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  constructor(child, url, port) {
    Object.assign(this, { child, url, port });
  }

  /** The WebSocket URL of a path, here or at another port. */
  ws(path, port = this.port) {
    return `${scheme}://127.0.0.1:${port}${path}`;
  }

  /** Ends every one that runs, also those that are only starting. */
  static async stopAll() {
    await Promise.all([...running].map((child) => endChild(child, 'SIGTERM')));
  }

  /** Asks the program to end and answers its exit status; a program that does not end is killed. */
  async stop() {
    return endChild(this.child, 'SIGTERM');
  }
}

/** Ends a child process and answers its exit status; null when it had to be killed. */
export async function endChild(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  const [code] = await exit;
  clearTimeout(killer);
  return code;
}
