// Keeps a growing list at its newest entry while the reader is there, and leaves a reader of older ones in peace.

const BOTTOM_SLACK_PX = 32;

export class StickyScroll {
  /** onMove() is called whenever `sticks` may have changed. */
  constructor(scroller, onMove = () => {}) {
    Object.assign(this, { scroller, onMove });
    this.sticks = true;
    this.isDue = false;
    scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    // The keyboard of a phone, or a longer text box, must not push the newest entry out of sight.
    new ResizeObserver(() => this.follow()).observe(scroller);
  }

  /** To be called after an addition. Once per frame: each look at the height costs a layout. */
  follow() {
    if (!this.sticks || this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (this.sticks) this.toBottom();
    });
  }

  toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.sticks = true;
    this.onMove();
  }

  scrolled() {
    // With additions not yet followed, being above the end is not the reader's doing.
    if (this.isDue) return;
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.sticks = scrollHeight - scrollTop - clientHeight < BOTTOM_SLACK_PX;
    this.onMove();
  }
}
