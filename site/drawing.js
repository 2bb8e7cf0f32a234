// A canvas to draw on with mouse, finger, pen or keyboard.

const PAPER = '#ffffff';
const LINE_WIDTH = 4;
const STEP = 4;
const LONG_STEP = 20;

const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Drawing {
  /** pen is the element that shows where the keyboard's pen is; onEnter is called for Enter. */
  constructor(canvas, pen, { colour, onEnter }) {
    Object.assign(this, { canvas, pen, onEnter });
    this.context = canvas.getContext('2d');
    this.colour = colour;
    this.at = { x: canvas.width / 2, y: canvas.height / 2 };
    this.penIsDown = false;
    this.clear();
    canvas.addEventListener('pointerdown', (event) => this.pointerDown(event));
    canvas.addEventListener('pointermove', (event) => this.pointerMove(event));
    canvas.addEventListener('keydown', (event) => this.keyDown(event));
    canvas.addEventListener('focus', () => this.showPen());
    canvas.addEventListener('blur', () => { pen.hidden = true; });
  }

  clear() {
    this.context.fillStyle = PAPER;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  toBlob() {
    return new Promise((resolve) => { this.canvas.toBlob(resolve, 'image/png'); });
  }

  line(from, to) {
    const { context } = this;
    context.strokeStyle = this.colour;
    context.lineWidth = LINE_WIDTH;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    this.at = to;
  }

  /** The place of a pointer in the canvas' own pixels. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * this.canvas.width) / box.width,
      y: ((event.clientY - box.top) * this.canvas.height) / box.height,
    };
  }

  pointerDown(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pen.hidden = true;
    const place = this.place(event);
    this.line(place, place);
  }

  pointerMove(event) {
    if (!(event.buttons & 1)) return;
    // A fast stroke has more points than the screen has frames.
    const points = event.getCoalescedEvents?.() ?? [];
    for (const point of points.length ? points : [event]) this.line(this.at, this.place(point));
  }

  keyDown(event) {
    const handled = this.handleKey(event.key, event.shiftKey ? LONG_STEP : STEP);
    if (handled) event.preventDefault();
  }

  handleKey(key, step) {
    if (moves[key]) this.movePen(moves[key], step);
    else if (key === ' ') this.togglePen();
    else if (key === 'Delete' || key === 'Backspace') this.clear();
    else if (key === 'Enter') this.onEnter();
    else return false;
    return true;
  }

  movePen([dx, dy], step) {
    const to = {
      x: Math.min(this.canvas.width, Math.max(0, this.at.x + dx * step)),
      y: Math.min(this.canvas.height, Math.max(0, this.at.y + dy * step)),
    };
    if (this.penIsDown) this.line(this.at, to);
    this.at = to;
    this.showPen();
  }

  togglePen() {
    this.penIsDown = !this.penIsDown;
    if (this.penIsDown) this.line(this.at, this.at);
    this.showPen();
  }

  showPen() {
    if (!this.canvas.matches(':focus-visible')) return;
    this.pen.hidden = false;
    this.pen.classList.toggle('down', this.penIsDown);
    this.pen.style.left = `${(100 * this.at.x) / this.canvas.width}%`;
    this.pen.style.top = `${(100 * this.at.y) / this.canvas.height}%`;
  }
}

/** Draws an image that arrived, scaled down only when it is larger than the canvas. */
export async function drawImage(canvas, blob) {
  const image = await createImageBitmap(blob);
  const scale = Math.min(1, canvas.width / image.width, canvas.height / image.height);
  const context = canvas.getContext('2d');
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, image.width * scale, image.height * scale);
  image.close();
}
