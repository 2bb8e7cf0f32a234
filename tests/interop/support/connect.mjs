// Runs `weft connect` to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { endChild } from './weft.mjs';

const running = new Set();

/** A `weft connect` that runs. input: what it reads until the end of its input; null: it stays open. */
export class Connect {
  constructor(program, args, { input = '' } = {}) {
    this.child = spawn(program, ['connect', ...args], { stdio: 'pipe' });
    running.add(this.child);
    this.stdout = [];
    this.stderr = [];
    for (const name of ['stdout', 'stderr']) this.child[name].on('data', (data) => this[name].push(data));
    this.child.stdin.on('error', () => {}); // A program that has ended reads no more.
    if (input !== null) this.child.stdin.end(input);
    this.end = once(this.child, 'close').then(([status]) => {
      running.delete(this.child);
      return { status, stdout: Buffer.concat(this.stdout), stderr: Buffer.concat(this.stderr).toString() };
    });
  }

  static async killAll() {
    await Promise.all([...running].map((child) => endChild(child, 'SIGKILL')));
  }
}
