/** A finger's signature: drawn on a canvas, kept as SVG path data on a sheet of fixed size. */

export const SHEET = { width: 1000, height: 400 };
/** Points closer than this to the line through their neighbours say nothing (sheet units). */
const TOLERANCE = 1.5;
/** Closer together than this, a finger only trembles. */
const APART = 3;
/** The server takes 32,000 characters; a point needs nine at most, a stroke begins with two points. */
const MAX_POINTS = 3500;

/** @typedef {{x: number, y: number}} Point */

/**
 * Leave out points that lie on the way (Ramer–Douglas–Peucker).
 *
 * @param {Point[]} points
 * @returns {Point[]}
 */
export function simplify(points) {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || points.length < 3) return points;
  let farthest = 0;
  let distance = 0;
  for (let place = 1; place < points.length - 1; place += 1) {
    const away = offLine(/** @type {Point} */ (points[place]), first, last);
    if (away > distance) [farthest, distance] = [place, away];
  }
  if (distance <= TOLERANCE) return [first, last];
  return [...simplify(points.slice(0, farthest + 1)).slice(0, -1), ...simplify(points.slice(farthest))];
}

/** @param {Point} point @param {Point} from @param {Point} to @returns {number} */
function offLine(point, from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return Math.hypot(point.x - from.x, point.y - from.y);
  return Math.abs((to.x - from.x) * (from.y - point.y) - (from.x - point.x) * (to.y - from.y)) / length;
}

/** Strokes on the sheet; knows no canvas. */
export class Strokes {
  /** @type {Point[][]} */
  #strokes = [];
  #count = 0;

  /** @param {Point} point */
  begin(point) {
    if (this.#count >= MAX_POINTS) return;
    this.#strokes.push([]);
    this.#count += 1;
    this.add(point);
  }

  /** @param {Point} point */
  add(point) {
    const stroke = this.#strokes.at(-1);
    if (!stroke || this.#count >= MAX_POINTS) return;
    const x = Math.min(SHEET.width, Math.max(0, Math.round(point.x)));
    const y = Math.min(SHEET.height, Math.max(0, Math.round(point.y)));
    const before = stroke.at(-1);
    if (before && Math.hypot(before.x - x, before.y - y) < APART) return;
    stroke.push({ x, y });
    this.#count += 1;
  }

  clear() {
    this.#strokes = [];
    this.#count = 0;
  }

  /** @returns {boolean} whether there is more than an accidental touch */
  get isSigned() {
    const ink = this.#strokes.reduce((sum, stroke) => sum + lengthOf(stroke), 0);
    return ink >= SHEET.width / 10;
  }

  /** @returns {string} SVG path data, `M12 34L56 78`; a dot is a stroke of one unit */
  toPath() {
    return this.#strokes.map((stroke) => pathOf(simplify(stroke))).join('');
  }
}

/** @param {Point[]} stroke @returns {number} */
function lengthOf(stroke) {
  let length = 0;
  stroke.forEach((point, place) => {
    const before = stroke[place - 1];
    if (before) length += Math.hypot(point.x - before.x, point.y - before.y);
  });
  return length;
}

/** @param {Point[]} stroke @returns {string} */
function pathOf(stroke) {
  const [first, ...rest] = stroke;
  if (!first) return '';
  const then = rest.length > 0 ? rest : [{ x: Math.min(SHEET.width, first.x + 1), y: first.y }];
  return `M${first.x} ${first.y}${then.map((point) => `L${point.x} ${point.y}`).join('')}`;
}

/** The pad a finger, a pen or a mouse writes on. */
export class SignaturePad {
  #strokes = new Strokes();
  #pen = -1;
  /** @type {Point|null} */
  #at = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed called after every stroke and when the pad is cleared
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    canvas.width = SHEET.width;
    canvas.height = SHEET.height;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(end, () => this.#up());
    }
  }

  get isSigned() {
    return this.#strokes.isSigned;
  }

  /** @returns {string} */
  toPath() {
    return this.#strokes.toPath();
  }

  clear() {
    this.#strokes.clear();
    this.#pen = -1;
    this.canvas.getContext('2d')?.clearRect(0, 0, SHEET.width, SHEET.height);
    this.changed();
  }

  /** @param {PointerEvent} event @returns {Point} */
  #sheet(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SHEET.width,
      y: ((event.clientY - box.top) / box.height) * SHEET.height,
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.#pen !== -1) return; // a palm resting beside the finger writes nothing
    this.#pen = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.#at = this.#sheet(event);
    this.#strokes.begin(this.#at);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerId !== this.#pen) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const point of between.length > 0 ? between : [event]) this.#draw(this.#sheet(point));
  }

  /** @param {Point} to */
  #draw(to) {
    const ink = this.canvas.getContext('2d');
    if (ink && this.#at) {
      ink.lineWidth = 6;
      ink.lineCap = 'round';
      ink.strokeStyle = '#12263a';
      ink.beginPath();
      ink.moveTo(this.#at.x, this.#at.y);
      ink.lineTo(to.x, to.y);
      ink.stroke();
    }
    this.#at = to;
    this.#strokes.add(to);
  }

  #up() {
    this.#pen = -1;
    this.changed();
  }
}
