/** The form that drafts the promise: type, words, who does it, by when. */
import { by, setText, show } from './page.js';
import { Refused } from './protocol.js';
import { matches, missingIn } from './room-state.js';
import { dayWords, plusDays } from './when.js';

export class OutcomeForm {
  #saved = '';

  /**
   * @param {object} options
   * @param {(key: string, values?: Record<string, string|number>) => string} options.say
   * @param {'zh'|'en'} options.language
   * @param {Record<string, {label: string, needs: string[]}>} options.kinds
   * @param {string} options.today
   * @param {Record<string, string>} options.restDays
   * @param {(draft: object) => Promise<unknown>} options.save
   */
  constructor(options) {
    this.options = options;
    this.form = /** @type {HTMLFormElement} */ (by('outcome'));
    this.organ = /** @type {HTMLSelectElement} */ (by('organ'));
    this.due = /** @type {HTMLInputElement} */ (by('due'));
    this.organs = [...this.organ.options];
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#save();
    });
    this.form.addEventListener('input', () => this.#show());
    by('organ-search').addEventListener('input', () => this.#search());
    for (const button of this.form.querySelectorAll('[data-days]')) {
      const days = Number(/** @type {HTMLElement} */ (button).dataset['days']);
      button.addEventListener('click', () => {
        this.due.value = plusDays(options.today, days);
        this.#show();
      });
    }
    this.#show();
  }

  /** @returns {import('./room-state.js').OutcomeDraft} */
  get draft() {
    const fields = new FormData(this.form);
    const text = (/** @type {string} */ name) => String(fields.get(name) ?? '');
    const draft = { type: text('type'), text: text('text').trim(), owner_organ_id: '', due_on: '' };
    const needs = this.options.kinds[draft.type]?.needs ?? [];
    if (needs.includes('owner_organ_id')) draft.owner_organ_id = text('owner_organ_id');
    if (needs.includes('due_on')) draft.due_on = text('due_on');
    return draft;
  }

  /** @param {import('./types.js').Outcome|null} outcome of a snapshot; fills an untouched form after a reload */
  receive(outcome) {
    if (!outcome || this.#saved || this.draft.text || this.draft.type) return;
    const type = this.form.querySelector(`input[value="${outcome.type}"]`);
    if (type) /** @type {HTMLInputElement} */ (type).checked = true;
    /** @type {HTMLTextAreaElement} */ (by('outcome-text')).value = outcome.text;
    const organ = this.organs.find((option) => option.text === outcome.owner_organ);
    if (organ) this.organ.value = organ.value;
    this.due.value = outcome.due_on ?? '';
    this.#saved = JSON.stringify(this.draft);
    this.#show();
  }

  async #save() {
    const { say, kinds, today, save } = this.options;
    const draft = this.draft;
    const missing = missingIn(draft, kinds, today);
    show(by('outcome-missing'), missing.length > 0);
    setText(by('outcome-missing'), missing.map((field) => say(`missing_${field}`)).join(' '));
    if (missing.length > 0) return;
    const button = /** @type {HTMLButtonElement} */ (by('save-outcome'));
    button.disabled = true;
    try {
      await save({ ...draft, owner_organ_id: draft.owner_organ_id || null, due_on: draft.due_on || null });
      this.#saved = JSON.stringify(draft);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    } finally {
      button.disabled = false;
      this.#show();
    }
  }

  #search() {
    const typed = /** @type {HTMLInputElement} */ (by('organ-search')).value;
    const chosen = this.organ.value;
    this.organ.replaceChildren(...this.organs.filter((option) => matches(option.text, typed)));
    this.organ.value = chosen;
  }

  #show() {
    const { say, kinds, language, restDays } = this.options;
    const draft = this.draft;
    const needs = kinds[draft.type]?.needs ?? [];
    show(by('organ-field'), needs.includes('owner_organ_id'));
    show(by('due-field'), needs.includes('due_on'));
    const day = this.due.value;
    const rest = restDays[day];
    const words = day ? dayWords(day, language) : '';
    setText(by('due-words'), words && rest ? say('due_rest', { day: words, rest }) : words && say('due_day', { day: words }));
    by('due-words').classList.toggle('is-warning', rest !== undefined);
    const saved = this.#saved !== '' && this.#saved === JSON.stringify(draft);
    setText(by('outcome-state'), saved ? say('outcome_saved') : '');
  }
}
