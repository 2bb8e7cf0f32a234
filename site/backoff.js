// Exponential backoff with full jitter: a server that restarts meets its clients spread over the whole
// delay, not all at once.

export class Backoff {
  constructor({ firstMs = 1000, longestMs = 30000, random = Math.random } = {}) {
    this.firstMs = firstMs;
    this.longestMs = longestMs;
    this.random = random;
    this.attempts = 0;
  }

  /** The milliseconds to wait before the next attempt. */
  next() {
    const ceiling = Math.min(this.longestMs, this.firstMs * 2 ** this.attempts);
    this.attempts = Math.min(this.attempts + 1, 30);
    return this.random() * ceiling;
  }

  reset() {
    this.attempts = 0;
  }
}
