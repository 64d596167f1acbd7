/** What staff do next in a room, and what an outcome still lacks. Pure. */

/** @typedef {import('./types.js').Snapshot} Snapshot */
/**
 * @typedef {object} Step The one thing to do now.
 * @property {'wait'|'move'|'outcome'|'over'} kind
 * @property {string} key names the words of the step
 * @property {string} [move] to ask for when `kind` is `move`
 */

const NEXT = ['begin_notice', 'step_back', 'read_back', 'close'];
const BESIDE = ['step_aside', 'adjourn', 'stop'];
const WRITERS = new Set(['leader', 'clerk']);
const WRITTEN = new Set(['notice', 'active', 'consult', 'reconnecting', 'readback']);
const OVER = new Set(['closed', 'adjourned', 'stopped', 'broken_off']);

/** @param {Snapshot} snapshot @returns {Step} */
export function nextStep(snapshot) {
  const { state } = snapshot;
  if (OVER.has(state)) return { kind: 'over', key: state };
  const move = NEXT.find((one) => snapshot.moves.includes(one));
  if (move === 'begin_notice' && !petitionerIsHere(snapshot)) return { kind: 'wait', key: 'absent' };
  if (move === 'close' && !snapshot.outcome) {
    // The promise is the leader's own; a clerk waits for it.
    return snapshot.me.role === 'leader' ? { kind: 'outcome', key: 'outcome' } : { kind: 'wait', key: state };
  }
  if (move) return { kind: 'move', key: move, move };
  return { kind: 'wait', key: state };
}

/** @param {Snapshot} snapshot @returns {string[]} moves that are possible and not the next step */
export function otherMoves(snapshot) {
  return BESIDE.filter((move) => snapshot.moves.includes(move));
}

/** @param {Snapshot} snapshot @returns {boolean} */
export function petitionerIsHere(snapshot) {
  return snapshot.people.some((person) => person.role === 'petitioner' && person.online);
}

/** @param {Snapshot} snapshot @returns {boolean} whether leaving the page would leave a talk */
export function isLive(snapshot) {
  return snapshot.media && !OVER.has(snapshot.state);
}

/** @param {Snapshot} snapshot @returns {boolean} */
export function isOver(snapshot) {
  return OVER.has(snapshot.state);
}

/**
 * Whether this person may write the record now: it begins with the notice and stays once signed.
 *
 * @param {Snapshot} snapshot
 * @returns {boolean}
 */
export function mayWrite(snapshot) {
  return WRITERS.has(snapshot.me.role) && WRITTEN.has(snapshot.state);
}

/** @param {Snapshot} snapshot @returns {boolean} whether this person can write no record any more, or never */
export function isClosedToWriting(snapshot) {
  const { state, me } = snapshot;
  return !WRITERS.has(me.role) || state === 'signed' || state === 'sign_refused' || OVER.has(state);
}

/**
 * How much of the slot is left.
 *
 * @param {Snapshot} snapshot
 * @param {number} now Unix milliseconds by the server's clock
 * @returns {{kind: 'before'|'running'|'ending'|'overrun', minutes: number}}
 */
export function slotLeft(snapshot, now) {
  if (now < Date.parse(snapshot.slot.starts_at)) return { kind: 'before', minutes: 0 };
  const left = (Date.parse(snapshot.slot.ends_at) - now) / 60_000;
  if (left <= 0) return { kind: 'overrun', minutes: Math.floor(-left) };
  return { kind: left <= 5 ? 'ending' : 'running', minutes: Math.ceil(left) };
}

/**
 * @typedef {{type: string, text: string, owner_organ_id: string, due_on: string}} OutcomeDraft
 */

/**
 * @param {OutcomeDraft} draft
 * @param {Record<string, {needs: string[]}>} kinds
 * @param {string} today `2026-11-22`
 * @returns {string[]} the fields that are missing or cannot be; empty when the outcome can be saved
 */
export function missingIn(draft, kinds, today) {
  const kind = kinds[draft.type];
  if (!kind) return ['type'];
  /** @type {Record<string, string>} */
  const given = { text: draft.text.trim(), owner_organ_id: draft.owner_organ_id, due_on: draft.due_on };
  const missing = kind.needs.filter((field) => !given[field]);
  if (draft.due_on && draft.due_on < today) missing.push('due_on');
  return missing;
}

/**
 * @param {string} name
 * @param {string} search
 * @returns {boolean} whether all typed characters are in the name, in their order: 交局 finds 交通运输局
 */
export function matches(name, search) {
  let from = 0;
  for (const character of search.trim().toLowerCase()) {
    const found = name.toLowerCase().indexOf(character, from);
    if (found < 0) return false;
    from = found + character.length;
  }
  return true;
}
