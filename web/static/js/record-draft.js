/**
 * The record of the talk while it is being written: what stands in the box, what the server has, and
 * what another official has written meanwhile. Pure.
 *
 * @typedef {object} RecordDraft
 * @property {string} text what stands in the box
 * @property {string} saved the text the server has from here or from another desk
 * @property {number} version the server's number of `saved`, 0 before the first
 * @property {boolean} sending
 * @property {string|null} theirs a newer text from another desk that would overwrite ours
 */

/** @returns {RecordDraft} */
export function emptyRecord() {
  return { text: '', saved: '', version: 0, sending: false, theirs: null };
}

/** @param {RecordDraft} draft @param {string} text @returns {RecordDraft} */
export function typed(draft, text) {
  return { ...draft, text };
}

/** @param {RecordDraft} draft @returns {boolean} whether there is something to save */
export function isDirty(draft) {
  return draft.text !== draft.saved;
}

/** @param {RecordDraft} draft @returns {boolean} whether it may be saved without asking */
export function maySave(draft) {
  return isDirty(draft) && !draft.sending && draft.theirs === null;
}

/** @param {RecordDraft} draft @returns {RecordDraft} */
export function sending(draft) {
  return { ...draft, sending: true };
}

/** @param {RecordDraft} draft @param {string|null} text what was saved; null when it failed @returns {RecordDraft} */
export function answered(draft, text) {
  return { ...draft, sending: false, saved: text ?? draft.saved };
}

/**
 * Take in the server's record.
 *
 * @param {RecordDraft} draft
 * @param {{version: number, text: string}|null} record
 * @returns {RecordDraft}
 */
export function received(draft, record) {
  if (!record || record.version <= draft.version) return draft;
  const known = { ...draft, version: record.version };
  if (record.text === draft.text) return { ...known, saved: record.text, theirs: null };
  // What we are sending, or sent before typing on, comes back to us as an older text: not another's.
  if (record.text === draft.saved || draft.sending) return { ...known, saved: record.text };
  if (!isDirty(draft)) return { ...known, text: record.text, saved: record.text, theirs: null };
  return { ...known, theirs: record.text };
}

/** Put both texts into the box, theirs first, for a person to settle. @param {RecordDraft} draft @returns {RecordDraft} */
export function merged(draft) {
  if (draft.theirs === null) return draft;
  return { ...draft, text: `${draft.theirs}\n\n${draft.text}`, saved: draft.theirs, theirs: null };
}
