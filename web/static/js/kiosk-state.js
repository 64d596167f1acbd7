/**
 * One turn at the kiosk as a value: every screen is a function of it, every touch an event on it.
 * Pure: knows no page, no camera, no network and no clock.
 *
 * @typedef {import('./types.js').Snapshot} Snapshot
 * @typedef {import('./types.js').KioskBooking} KioskBooking
 * @typedef {import('./types.js').Receipt} Receipt
 * @typedef {import('./types.js').Ticket} Ticket
 * @typedef {import('./types.js').Line} Line
 *
 * @typedef {'waiting'|'ok'|'missing'|'refused'|'busy'} Camera
 * @typedef {'waiting'|'ok'|'quiet'|'missing'} Microphone
 * @typedef {'asking'|'ok'|'bad'} Speaker
 *
 * @typedef {object} Turn
 * @property {'idle'|'ticket'|'code'|'greet'|'devices'|'room'|'receipt'|'elsewhere'} phase `receipt` only when
 *   the page was loaded anew after the end of the talk
 * @property {string} digits of the check-in code so far
 * @property {boolean} busy a request is on its way; buttons wait
 * @property {string} refusal the sentence to show, '' when all is well
 * @property {KioskBooking|null} booking
 * @property {Camera} camera
 * @property {Microphone} microphone
 * @property {Speaker} speaker
 * @property {Snapshot|null} snapshot
 * @property {Line} line
 * @property {boolean} rightsUnderstood
 * @property {boolean} signing the signature pad is open
 * @property {boolean} askingToStop
 * @property {'outcome'|'rating'|'receipt'} afterwards how far the person is after the close
 * @property {Record<string, number>} rated level by target, chosen and not yet sent
 * @property {Receipt|null} receipt
 * @property {Ticket|null} ticket the number that was just taken
 *
 * @typedef {'idle'|'ticket'|'code'|'greet'|'devices'|'joining'|'lobby'|'rights'|'consent'|'ready'|'talk'
 *   |'consult'|'reconnecting'|'readback'|'sign'|'await_outcome'|'outcome'|'rating'|'receipt'
 *   |'adjourned'|'stopped'|'broken_off'|'elsewhere'} Screen
 *
 * @typedef {{type: 'begin'} | {type: 'ticket', ticket: Ticket} | {type: 'digit', digit: string} | {type: 'erase'} | {type: 'sent'}
 *   | {type: 'checked_in', booking: KioskBooking} | {type: 'refused', sentence: string}
 *   | {type: 'confirmed_identity'} | {type: 'camera', camera: Camera}
 *   | {type: 'microphone', microphone: Microphone} | {type: 'speaker', speaker: Speaker}
 *   | {type: 'devices_done'} | {type: 'snapshot', snapshot: Snapshot} | {type: 'line', line: Line}
 *   | {type: 'rights_understood'} | {type: 'ask_stop'} | {type: 'keep_talking'}
 *   | {type: 'open_pad'} | {type: 'close_pad'} | {type: 'next'}
 *   | {type: 'rated', target: string, level: number} | {type: 'receipt', receipt: Receipt}
 *   | {type: 'answered'} | {type: 'moved'} | {type: 'home'}} TurnEvent
 */

export const CODE_LENGTH = 6;
/** A machine left alone shows the next person nothing: seconds without a touch. */
export const IDLE_SECONDS = 60;
/** Minutes after the slot's start until the person is told whom to ask. */
export const LATE_MINUTES = 10;

const LIVE = new Set(['notice', 'active', 'consult', 'reconnecting', 'readback', 'signed', 'sign_refused']);
const OVER = new Set(['closed', 'adjourned', 'stopped', 'broken_off']);
/** Screens that never time out: someone is in a talk, or waits for one. */
const HELD = new Set([
  'idle', 'joining', 'lobby', 'rights', 'consent', 'ready', 'talk', 'consult', 'reconnecting',
  'readback', 'sign', 'await_outcome',
]);

/**
 * @param {KioskBooking|null} [booking] a turn that was going on before the page was loaded anew
 * @returns {Turn}
 */
export function initial(booking = null) {
  return {
    phase: firstPhase(booking),
    digits: '',
    busy: false,
    refusal: '',
    booking,
    camera: 'waiting',
    microphone: 'waiting',
    speaker: 'asking',
    snapshot: null,
    line: 'connecting',
    rightsUnderstood: false,
    signing: false,
    askingToStop: false,
    afterwards: 'outcome',
    rated: {},
    receipt: null,
    ticket: null,
  };
}

/** @param {KioskBooking|null} booking @returns {Turn['phase']} */
function firstPhase(booking) {
  if (!booking) return 'idle';
  return booking.session_state === 'closed' ? 'receipt' : 'room';
}

/** @param {Turn} turn @param {TurnEvent} event @returns {Turn} */
export function reduce(turn, event) {
  switch (event.type) {
    case 'home':
      return initial();
    case 'begin':
      return { ...initial(), phase: 'code' };
    case 'ticket':
      return { ...initial(), phase: 'ticket', ticket: event.ticket };
    case 'digit':
      if (turn.phase !== 'code' || turn.busy || turn.digits.length >= CODE_LENGTH) return turn;
      return { ...turn, digits: turn.digits + event.digit, refusal: '' };
    case 'erase':
      if (turn.busy) return turn;
      return { ...turn, digits: turn.digits.slice(0, -1), refusal: '' };
    case 'sent':
      return { ...turn, busy: true, refusal: '' };
    case 'answered':
      return { ...turn, busy: false };
    case 'refused':
      return {
        ...turn,
        busy: false,
        refusal: event.sentence,
        digits: turn.phase === 'code' ? '' : turn.digits,
      };
    case 'checked_in':
      return { ...turn, busy: false, digits: '', refusal: '', phase: 'greet', booking: event.booking };
    case 'confirmed_identity':
      return { ...turn, phase: LIVE.has(turn.booking?.session_state ?? '') ? 'room' : 'devices' };
    case 'camera':
      return { ...turn, camera: event.camera };
    case 'microphone':
      // Once it was heard it works: silence afterwards is only silence.
      return turn.microphone === 'ok' ? turn : { ...turn, microphone: event.microphone };
    case 'speaker':
      return { ...turn, speaker: event.speaker };
    case 'devices_done':
      return { ...turn, phase: 'room' };
    case 'snapshot':
      return withSnapshot(turn, event.snapshot);
    case 'line':
      return { ...turn, line: event.line };
    case 'rights_understood':
      return { ...turn, rightsUnderstood: true };
    case 'ask_stop':
      return { ...turn, askingToStop: true };
    case 'keep_talking':
      return { ...turn, askingToStop: false };
    case 'open_pad':
      return { ...turn, signing: true, refusal: '' };
    case 'close_pad':
      return { ...turn, signing: false, refusal: '' };
    case 'rated':
      return { ...turn, rated: { ...turn.rated, [event.target]: event.level } };
    case 'receipt':
      return { ...turn, receipt: event.receipt };
    case 'next':
      return {
        ...turn,
        busy: false,
        refusal: '',
        afterwards: turn.afterwards === 'outcome' ? 'rating' : 'receipt',
      };
    case 'moved':
      return { ...turn, phase: 'elsewhere' };
  }
}

/** @param {Turn} turn @param {Snapshot} snapshot @returns {Turn} */
function withSnapshot(turn, snapshot) {
  const talking = snapshot.state === 'active' || snapshot.state === 'consult';
  return {
    ...turn,
    snapshot,
    refusal: turn.snapshot?.state === snapshot.state ? turn.refusal : '',
    askingToStop: turn.askingToStop && !OVER.has(snapshot.state),
    signing: turn.signing && snapshot.state === 'readback',
    // Whoever reloads in the middle of a talk has heard the rights before it began.
    rightsUnderstood: turn.rightsUnderstood || talking || snapshot.consent !== null,
  };
}

/** @param {Turn} turn @returns {Screen} */
export function screenOf(turn) {
  if (turn.phase !== 'room') return turn.phase;
  if (!turn.snapshot) return 'joining';
  return roomScreen(turn, turn.snapshot);
}

/** @param {Turn} turn @param {Snapshot} snapshot @returns {Screen} */
function roomScreen(turn, snapshot) {
  switch (snapshot.state) {
    case 'scheduled':
    case 'prepared':
    case 'lobby':
      return 'lobby';
    case 'notice':
      if (!turn.rightsUnderstood) return 'rights';
      return snapshot.consent ? 'ready' : 'consent';
    case 'active':
      return 'talk';
    case 'readback':
      return turn.signing ? 'sign' : 'readback';
    case 'signed':
    case 'sign_refused':
      return snapshot.outcome ? 'outcome' : 'await_outcome';
    case 'closed':
      return turn.afterwards;
    default:
      return snapshot.state;
  }
}

/** @param {Turn} turn @returns {boolean} whether the code is complete and may be sent */
export function codeComplete(turn) {
  return turn.digits.length === CODE_LENGTH && !turn.busy;
}

/** @param {Turn} turn @returns {boolean} whether the turn is a talk that must not be dropped */
export function isLive(turn) {
  return turn.phase === 'room' && LIVE.has(turn.snapshot?.state ?? '');
}

/** @param {Turn} turn @returns {boolean} whether the talk has ended, in whatever way */
export function isOver(turn) {
  return OVER.has(turn.snapshot?.state ?? '');
}

/**
 * @param {Turn} turn
 * @returns {number|null} seconds without a touch until the screen returns to idle; null: never
 */
export function idleLimit(turn) {
  const screen = screenOf(turn);
  if (screen === 'outcome') return isOver(turn) ? IDLE_SECONDS : null;
  return HELD.has(screen) ? null : IDLE_SECONDS;
}

/** @param {Snapshot} snapshot @param {string} role @returns {boolean} */
export function isPresent(snapshot, role) {
  return snapshot.people.some((person) => person.role === role && person.online);
}

/**
 * What the person in the lobby is told about the wait.
 *
 * @param {Snapshot} snapshot
 * @param {number} now Unix milliseconds by the server's clock
 * @returns {{kind: 'early'|'soon'|'present'|'late', minutes: number}} `minutes` to the slot's
 *   start, or since it when late
 */
export function waiting(snapshot, now) {
  const toStart = (Date.parse(snapshot.slot.starts_at) - now) / 60_000;
  if (isPresent(snapshot, 'leader')) return { kind: 'present', minutes: 0 };
  if (toStart > 0) return { kind: 'early', minutes: Math.ceil(toStart) };
  if (-toStart < LATE_MINUTES) return { kind: 'soon', minutes: 0 };
  return { kind: 'late', minutes: Math.floor(-toStart) };
}
