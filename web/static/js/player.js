// Plays the recordings of all participants of a talk in step: one clock, many pictures.
// All files have the same zero (the start of the recording), so one position fits every one.

const APART_SECONDS = 0.15;
const CHECK_MS = 500;

/** @param {number} ms @returns {string} `12:05` */
export function clockWords(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * Which of the players must be put right, given where the first one is.
 *
 * @param {{at: number, length: number}[]} players seconds; `length` is NaN before it is known
 * @param {number} position seconds
 * @returns {number[]} indexes
 */
export function outOfStep(players, position) {
  return players.flatMap(({ at, length }, index) => {
    const wanted = Number.isNaN(length) ? position : Math.min(position, length);
    return Math.abs(at - wanted) > APART_SECONDS ? [index] : [];
  });
}

class Player {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.videos = [...root.querySelectorAll('video')];
    this.durationMs = Number(root.dataset.durationMs);
    this.seek = /** @type {HTMLInputElement} */ (root.querySelector('[data-seek]'));
    this.time = /** @type {HTMLElement} */ (root.querySelector('[data-time]'));
    this.button = /** @type {HTMLElement} */ (root.querySelector('[data-play]'));
    this.playing = false;
    this.button.addEventListener('click', () => (this.playing ? this.pause() : this.play()));
    this.seek.addEventListener('input', () => this.jump(Number(this.seek.value)));
    for (const video of this.videos) {
      video.addEventListener('error', () => this.showFailure());
      // While one waits for data all wait: words and faces stay together.
      video.addEventListener('waiting', () => this.hold());
      video.addEventListener('canplay', () => this.resume());
    }
    window.setInterval(() => this.tick(), CHECK_MS);
  }

  /** @returns {number} seconds */
  now() {
    const first = this.leading();
    return first ? first.currentTime : 0;
  }

  /** The one that leads: the longest, so that it still runs when others have ended. */
  leading() {
    return this.videos.reduce(
      (best, video) => ((video.duration || 0) > (best?.duration || 0) ? video : best),
      this.videos[0],
    );
  }

  play() {
    if (this.now() * 1000 >= this.durationMs - 100) this.jump(0);
    this.playing = true;
    this.show();
    this.resume();
  }

  pause() {
    this.playing = false;
    this.show();
    for (const video of this.videos) video.pause();
  }

  hold() {
    for (const video of this.videos) video.pause();
  }

  resume() {
    if (!this.playing || this.videos.some((video) => !this.isReady(video))) return;
    for (const video of this.videos) {
      if (!this.hasEnded(video)) video.play().catch(() => this.pause());
    }
  }

  /** @param {HTMLVideoElement} video */
  isReady(video) {
    return this.hasEnded(video) || video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  /** @param {HTMLVideoElement} video */
  hasEnded(video) {
    return video.ended || video.currentTime >= (video.duration || Infinity) - 0.05;
  }

  /** @param {number} ms */
  jump(ms) {
    for (const video of this.videos) {
      video.currentTime = Math.min(ms / 1000, video.duration || ms / 1000);
    }
    this.show(ms);
  }

  tick() {
    const first = this.leading();
    if (!first) return;
    if (this.playing) {
      if (this.videos.every((video) => this.hasEnded(video))) this.pause();
      const states = this.videos.map((video) => ({ at: video.currentTime, length: video.duration }));
      for (const index of outOfStep(states, first.currentTime)) {
        this.videos[index].currentTime = first.currentTime;
      }
      this.resume();
    }
    this.show();
  }

  /** @param {number} [ms] */
  show(ms = this.now() * 1000) {
    this.seek.value = String(Math.round(ms));
    this.seek.setAttribute('aria-valuetext', clockWords(ms));
    this.time.textContent = `${clockWords(ms)} / ${clockWords(this.durationMs)}`;
    this.button.setAttribute('aria-pressed', String(this.playing));
    toggle(this.root, '[data-when-playing]', this.playing);
    toggle(this.root, '[data-when-paused]', !this.playing);
  }

  showFailure() {
    this.pause();
    toggle(this.root, '[data-failed]', true);
  }
}

/** @param {HTMLElement} root @param {string} selector @param {boolean} visible */
function toggle(root, selector, visible) {
  const element = root.querySelector(selector);
  if (element instanceof HTMLElement) element.hidden = !visible;
}

if (typeof document !== 'undefined') {
  for (const root of document.querySelectorAll('[data-player]')) {
    if (!(root instanceof HTMLElement)) continue;
    const player = new Player(root);
    const jumps = root.parentElement?.querySelectorAll('[data-jump]') ?? [];
    for (const button of jumps) {
      if (!(button instanceof HTMLElement)) continue;
      button.addEventListener('click', () => player.jump(Number(button.dataset.jump)));
    }
  }
}
