/** Tabs by the ARIA pattern: arrows move, the panel of the chosen tab is shown. */

export class Tabs {
  /** @type {HTMLElement[]} */
  #tabs;

  /** @param {Element|null} list an element of role `tablist` */
  constructor(list) {
    this.#tabs = [...(list?.querySelectorAll('[role="tab"]') ?? [])].map((one) => /** @type {HTMLElement} */ (one));
    this.#tabs.forEach((tab, place) => {
      tab.addEventListener('click', () => this.#choose(place, false));
      tab.addEventListener('keydown', (event) => this.#key(event, place));
    });
  }

  /** @param {string} name the tab's id without `tab-` @param {boolean} [focus] */
  open(name, focus = false) {
    this.#choose(this.#tabs.findIndex((tab) => tab.id === `tab-${name}`), focus);
  }

  /** @param {KeyboardEvent} event @param {number} place */
  #key(event, place) {
    const last = this.#tabs.length - 1;
    /** @type {Record<string, number>} */
    const to = {
      ArrowRight: place === last ? 0 : place + 1,
      ArrowLeft: place === 0 ? last : place - 1,
      Home: 0,
      End: last,
    };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#choose(next, true);
  }

  /** @param {number} place @param {boolean} focus */
  #choose(place, focus) {
    this.#tabs.forEach((tab, one) => {
      tab.setAttribute('aria-selected', String(one === place));
      tab.tabIndex = one === place ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute('aria-controls') ?? '');
      if (panel) panel.hidden = one !== place;
    });
    if (focus) this.#tabs[place]?.focus();
  }
}
