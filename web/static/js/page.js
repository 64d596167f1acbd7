/** Small touches on the page that leave alone what has not changed. */

/**
 * @template {Element} [Kind=HTMLElement]
 * @param {string} id
 * @returns {Kind} the element, which the template must have
 */
export function by(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {Kind} */ (/** @type {unknown} */ (found));
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} element @param {boolean} visible */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** @param {string} id @param {() => void} act */
export function onPress(id, act) {
  by(id).addEventListener('click', act);
}

/**
 * Keep the screen from going dark while a person waits or talks; asked for anew whenever the page
 * comes back to the front, because the browser lets go of it then.
 */
export class Awake {
  /** @type {WakeLockSentinel|null} */
  #lock = null;
  #wanted = false;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#ask());
  }

  /** @param {boolean} wanted */
  keep(wanted) {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.#ask();
    else {
      this.#lock?.release();
      this.#lock = null;
    }
  }

  async #ask() {
    if (!this.#wanted || document.visibilityState !== 'visible' || !navigator.wakeLock) return;
    try {
      this.#lock = await navigator.wakeLock.request('screen');
    } catch {
      // Low battery or no permission: the screen may go dark, the talk goes on.
      this.#lock = null;
    }
  }
}
