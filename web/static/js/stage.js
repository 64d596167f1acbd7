/**
 * The pictures of a room: one tile for each seat, made once and kept. Nothing here is ever rendered
 * anew, because a <video> that leaves the page stops.
 */

/** @typedef {import('./types.js').Person} Person */

export class Stage {
  /** @type {Map<number, {tile: HTMLElement, video: HTMLVideoElement, name: HTMLElement}>} */
  #tiles = new Map();

  /**
   * @param {HTMLElement} root
   * @param {{mainRole: string, label: (person: Person) => string, silent: () => void}} options
   *   whoever has `mainRole` is shown large; `silent` is called when the browser wants a touch before
   *   it plays sound
   */
  constructor(root, options) {
    this.root = root;
    this.options = options;
  }

  /** @param {number} seat @param {MediaStream} stream one for the life of the seat */
  show(seat, stream) {
    const { video } = this.#tile(seat);
    if (video.srcObject === stream) return;
    video.srcObject = stream;
    this.#play(video);
  }

  /** Play what the browser held back; call it from a touch. */
  resume() {
    for (const { video } of this.#tiles.values()) this.#play(video);
  }

  /**
   * Names and presence, by the snapshot.
   *
   * @param {Person[]} people
   */
  update(people) {
    for (const [seat, { tile, name }] of this.#tiles) {
      const person = people.find((one) => one.seat === seat);
      const isMain = person?.role === this.options.mainRole;
      tile.hidden = !person || (!isMain && !person.online);
      tile.dataset['role'] = person?.role ?? '';
      tile.classList.toggle('tile--main', isMain);
      tile.classList.toggle('tile--away', !person?.online);
      const text = person ? this.options.label(person) : '';
      if (name.textContent !== text) name.textContent = text;
    }
  }

  /** @param {HTMLVideoElement} video */
  #play(video) {
    video.play().catch((error) => {
      if (error instanceof Error && error.name === 'NotAllowedError') this.options.silent();
    });
  }

  /** @param {number} seat */
  #tile(seat) {
    const known = this.#tiles.get(seat);
    if (known) return known;
    const tile = document.createElement('figure');
    tile.className = 'tile';
    tile.hidden = true;
    tile.dataset['seat'] = String(seat);
    const video = document.createElement('video');
    video.autoplay = true;
    video.playsInline = true;
    const name = document.createElement('figcaption');
    tile.append(video, name);
    this.root.append(tile);
    const made = { tile, video, name };
    this.#tiles.set(seat, made);
    return made;
  }
}
