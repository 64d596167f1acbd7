/** The box the record is written in: saves by itself, loses nothing, overwrites nobody. */
import { by, onPress, setText, show } from './page.js';
import { answered, emptyRecord, isDirty, maySave, merged, received, sending, typed } from './record-draft.js';

const SAVE_AFTER_MS = 2500;

export class RecordBox {
  #draft = emptyRecord();
  #mayWrite = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer = undefined;

  /**
   * @param {{say: (key: string) => string, save: (text: string) => Promise<unknown>}} options
   */
  constructor({ say, save }) {
    this.say = say;
    this.save = save;
    this.box = /** @type {HTMLTextAreaElement} */ (by('record'));
    this.box.addEventListener('input', () => {
      this.#set(typed(this.#draft, this.box.value));
      this.#later();
    });
    this.box.addEventListener('blur', () => this.flush());
    onPress('record-merge', () => {
      this.#set(merged(this.#draft));
      this.#later();
    });
  }

  /**
   * @param {{version: number, text: string}|null} record of a snapshot
   * @param {boolean} mayWrite whether the server takes a record from this person now
   */
  receive(record, mayWrite) {
    this.#mayWrite = mayWrite;
    this.#set(received(this.#draft, record));
    // A snapshot after a lost line is the moment to send what could not be sent.
    if (maySave(this.#draft)) this.#later();
  }

  /** @param {boolean} locked nothing more can be written */
  lock(locked) {
    this.box.readOnly = locked;
  }

  /** Save now what is not saved yet; does not reject. */
  async flush() {
    clearTimeout(this.#timer);
    if (!this.#mayWrite || !maySave(this.#draft)) return;
    const { text } = this.#draft;
    this.#set(sending(this.#draft));
    const done = await this.save(text).then(() => true, () => false);
    this.#set(answered(this.#draft, done ? text : null));
    // What was refused is sent again with the next word or snapshot, not over and over.
    if (done && maySave(this.#draft)) this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), SAVE_AFTER_MS);
  }

  /** @param {import('./record-draft.js').RecordDraft} draft */
  #set(draft) {
    this.#draft = draft;
    if (this.box.value !== draft.text) this.box.value = draft.text;
    show(by('record-theirs'), draft.theirs !== null);
    show(by('record-mark'), isDirty(draft));
    const state = draft.sending ? 'record_saving' : isDirty(draft) ? 'record_unsaved' : 'record_saved';
    setText(by('record-state'), draft.version === 0 && !isDirty(draft) ? '' : this.say(state));
  }
}
