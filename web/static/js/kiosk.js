/** The kiosk's turn: joins touches, devices, the room and the voice to the turn's value. */
import { Call } from './call.js';
import { closeDevices, measure, openDevices, SPEECH } from './devices.js';
import { client } from './http.js';
import { Door } from './kiosk-door.js';
import {
  CODE_LENGTH, codeComplete, idleLimit, initial, isLive, isOver, reduce, screenOf, waiting,
} from './kiosk-state.js';
import { COUNTDOWN_SECONDS, KioskView, spelled } from './kiosk-view.js';
import { Awake, by, onPress, show } from './page.js';
import { Refused } from './protocol.js';
import { SignaturePad } from './signature.js';
import { Speaker } from './speak.js';
import { Stage } from './stage.js';
import { dataBlock, translator } from './strings.js';
import { ServerClock } from './when.js';

const TODAY_EVERY_MS = 20_000;
/** While somebody waits with a number, so that a call is not late. */
const QUEUE_EVERY_MS = 4_000;
const QUIET_AFTER_MS = 8000;
/** After a word of the talk itself the voice stays silent: it would speak into the microphone. */
const SILENT_SCREENS = new Set(['talk']);

/** @typedef {import('./kiosk-state.js').TurnEvent} TurnEvent */

const data = dataBlock('kiosk-data');
/** @type {'zh'|'en'} */
const language = data.language;
const say = translator(dataBlock('strings'));
const door = new Door(data.csrf, stoppedMachine);
const http = client({
  kiosk: true,
  csrf: async () => {
    await door.settled;
    return door.csrf;
  },
});
const serverClock = new ServerClock();
const speaker = new Speaker(language, data.audio);
const view = new KioskView({ say, language, phone: data.phone });
const awake = new Awake();
const self = /** @type {HTMLVideoElement} */ (by('self'));
const preview = /** @type {HTMLVideoElement} */ (by('preview'));
const pad = new SignaturePad(/** @type {HTMLCanvasElement} */ (by('sheet')), () => {
  /** @type {HTMLButtonElement} */ (by('sign')).disabled = !pad.isSigned;
});
const stage = new Stage(by('stage'), {
  mainRole: 'leader',
  label: (person) => person.name,
  silent: () => document.addEventListener('pointerdown', () => stage.resume(), { once: true }),
});

let turn = initial(data.turn);
/** @type {import('./kiosk-state.js').Screen|null} */
let screen = null;
let screenSince = 0;
let touchedAt = performance.now();
/** @type {MediaStream|null} */
let media = null;
/** @type {Call|null} */
let call = null;
let stopMeasuring = () => {};
let toldLate = false;
let lookedAt = -Infinity;
/** @type {import('./types.js').Queue} */
let queue = data.today.queue;
/** Calls that were said aloud, as number and how often. */
let said = callsOf(queue);
let toldLeaving = false;

/** @param {TurnEvent} event */
function dispatch(event) {
  turn = reduce(turn, event);
  view.render(turn, serverClock.now());
  // The camera is live only in a talk, also while its outcome is still being read.
  if (media && turn.phase === 'room' && isOver(turn)) switchOffCamera();
  const now = screenOf(turn);
  if (now !== screen) {
    screen = now;
    screenSince = performance.now();
    touchedAt = screenSince;
    entered(now);
  }
  tick();
}

/** @param {import('./kiosk-state.js').Screen} now */
function entered(now) {
  awake.keep(now !== 'idle');
  if (now !== 'devices') stopMeasuring();
  if (SILENT_SCREENS.has(now)) speaker.silence();
  else if (now !== 'devices') prompt();
  if (now === 'rights') speaker.chime();
  if (now === 'idle') loadToday();
  if (now === 'devices') tryDevices();
  if (now === 'joining') join();
  if (now === 'readback' || now === 'sign') pad.clear();
  if (now === 'receipt') fetchReceipt();
}

/** Say what this screen is about. */
function prompt() {
  const { snapshot, booking } = turn;
  if (!screen) return;
  if (screen === 'rights') speaker.say('rights', data.rights.join('\n'));
  else if (screen === 'consent') speaker.say('consent', data.consent.join('\n'));
  else if (screen === 'readback') {
    const record = snapshot?.record?.text || say('no_record');
    speaker.say('readback', [say('say_readback'), record, say('say_readback_end')].join('\n'));
  } else if (screen === 'ticket' && turn.ticket) {
    const { number, before } = turn.ticket;
    const words = [say('say_ticket', { number: spelled(number) }), view.waitWords(turn.ticket)];
    if (before) words.splice(1, 0, say('ticket_before', { before }));
    speaker.say('ticket', [...words, say('say_ticket_then')].join('\n'));
  } else if (screen === 'greet' && booking) {
    const leader = view.leader(booking.leader_name, booking.leader_title);
    const time = view.span(booking.starts_at, booking.ends_at, serverClock.now());
    speaker.say('greet', say('say_greet', { leader, time }));
  } else if (screen === 'outcome' && snapshot?.outcome) {
    const { type, due } = view.outcomeWords(snapshot);
    const organ = snapshot.outcome.owner_organ;
    const words = [say('say_outcome', { type, text: snapshot.outcome.text })];
    if (organ && due) words.push(say('say_outcome_due', { organ, due }));
    speaker.say('outcome', words.join('\n'));
  } else if (screen !== 'talk') speaker.say(screen, say(`say_${screen}`));
}

/** Once a second: clocks, the countdown, the lonely machine. */
function tick() {
  const now = performance.now();
  const idleSeconds = (now - touchedAt) / 1000;
  view.tick(turn, { now: serverClock.now(), sinceScreenMs: now - screenSince, idleSeconds });
  const limit = idleLimit(turn);
  const leaving = limit !== null && idleSeconds >= limit - COUNTDOWN_SECONDS;
  if (leaving && !toldLeaving) speaker.say('still_here', say('say_still_here', { seconds: COUNTDOWN_SECONDS }));
  toldLeaving = leaving;
  if (limit !== null && idleSeconds >= limit) goHome();
  if (turn.snapshot && screen === 'lobby' && !toldLate) {
    toldLate = waiting(turn.snapshot, serverClock.now()).kind === 'late';
    if (toldLate) speaker.say('late', say('say_late'));
  }
}

/** The sentence of a refusal, in the person's language. @param {unknown} error */
function sentenceOf(error) {
  if (!(error instanceof Refused)) throw error;
  return error.refusal[language] || say('offline');
}

/** @param {unknown} error */
function refused(error) {
  dispatch({ type: 'refused', sentence: sentenceOf(error) });
}

/** @param {Refused} refusal @returns {boolean} whether the machine has to prove anew who it is */
function isShutOut(refusal) {
  return refusal.code === 'not_logged_in' || refusal.code.startsWith('kiosk_');
}

/** The machine may not go on; nobody is taken out of a talk for it here, the server ends that. */
function stoppedMachine() {
  if (!isLive(turn)) location.replace('/kiosk');
}

// -- idle and check-in --------------------------------------------------------------------------

async function loadToday() {
  if (turn.phase !== 'idle') return;
  const isBusy = queue.waiting > 0 || queue.called.length > 0;
  if (performance.now() - lookedAt < (isBusy ? QUEUE_EVERY_MS : TODAY_EVERY_MS)) return;
  lookedAt = performance.now();
  try {
    const today = await http.get('/kiosk/today');
    serverClock.set(today.now);
    view.showToday(today);
    show(by('idle-offline'), false);
    queue = today.queue;
    if (turn.phase === 'idle') sayCalls();
  } catch (error) {
    if (error instanceof Refused && isShutOut(error)) location.reload();
    show(by('idle-offline'), true);
  }
}

/** @param {import('./types.js').Queue} now @returns {Set<string>} */
function callsOf(now) {
  return new Set(now.called.map(({ number, calls }) => `${number} ${calls}`));
}

/** Say aloud who is called, each call once. */
function sayCalls() {
  const calls = callsOf(queue);
  const fresh = queue.called.filter(({ number, calls: times }) => !said.has(`${number} ${times}`));
  said = calls;
  if (!fresh.length) return;
  speaker.chime();
  speaker.say('called', fresh.map(({ number }) => say('say_called', { number: spelled(number) })).join('\n'));
}

async function takeNumber() {
  if (turn.busy) return;
  dispatch({ type: 'sent' });
  try {
    dispatch({ type: 'ticket', ticket: await http.post('/kiosk/queue') });
  } catch (error) {
    refused(error);
    speaker.say('refused', turn.refusal);
  }
}

/** @param {string} digit */
function press(digit) {
  dispatch({ type: 'digit', digit });
  speaker.murmur(`digit-${digit}`, digit);
  if (codeComplete(turn)) checkIn(turn.digits);
}

/** @param {string} code of `CODE_LENGTH` digits */
async function checkIn(code) {
  dispatch({ type: 'sent' });
  try {
    dispatch({ type: 'checked_in', booking: await http.post('/kiosk/check-in', { code }) });
  } catch (error) {
    refused(error);
    speaker.say('refused', turn.refusal);
  }
}

// -- devices ------------------------------------------------------------------------------------

async function tryDevices() {
  await openMedia();
  if (screen !== 'devices') return;
  const quiet = setTimeout(() => dispatch({ type: 'microphone', microphone: 'quiet' }), QUIET_AFTER_MS);
  const stop = media ? measure(media, hear) : () => {};
  stopMeasuring = () => {
    stop();
    clearTimeout(quiet);
    stopMeasuring = () => {};
  };
  if (!media?.getAudioTracks().length) clearTimeout(quiet);
  await speaker.testTone();
  prompt();
}

/** @param {number} level */
function hear(level) {
  by('level').style.width = `${Math.round(level * 100)}%`;
  if (level > SPEECH && turn.microphone !== 'ok') dispatch({ type: 'microphone', microphone: 'ok' });
}

async function openMedia() {
  const opened = await openDevices();
  closeDevices(media);
  media = opened.stream;
  self.srcObject = preview.srcObject = media;
  dispatch({ type: 'camera', camera: opened.camera ?? 'ok' });
  if (opened.microphone) dispatch({ type: 'microphone', microphone: 'missing' });
}

function switchOffCamera() {
  closeDevices(media);
  media = null;
  self.srcObject = preview.srcObject = null;
}

async function notHeard() {
  if (turn.speaker === 'bad') {
    dispatch({ type: 'devices_done' });
    return;
  }
  dispatch({ type: 'speaker', speaker: 'bad' });
  await speaker.testTone();
}

// -- the room -----------------------------------------------------------------------------------

async function join() {
  const session = turn.booking?.session_id;
  if (!session || call) return;
  if (!media) await openMedia();
  call = new Call({
    socketUrl: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
    getTicket: async () => {
      await door.fresh();
      return (await http.post(`/room/${session}/ticket`)).ticket;
    },
    media,
    resumeKey: `seat:${session}`,
  });
  listen(call);
  await call.start();
}

/** @param {Call} seat */
function listen(seat) {
  /** @param {string} type @param {(detail: any) => void} act */
  const on = (type, act) =>
    seat.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
  on('snapshot', (snapshot) => {
    serverClock.set(snapshot.server_now);
    const recordGrew = screen === 'readback' && turn.snapshot?.record?.version !== snapshot.record?.version;
    dispatch({ type: 'snapshot', snapshot });
    stage.update(snapshot.people);
    if (recordGrew) prompt();
  });
  on('view', ({ seat: place, stream }) => {
    stage.show(place, stream);
    if (turn.snapshot) stage.update(turn.snapshot.people);
  });
  on('line', (line) => dispatch({ type: 'line', line }));
  on('refused', (refusal) => {
    dispatch({ type: 'refused', sentence: refusal[language] });
    if (!turn.snapshot) setTimeout(goHome, 8000);
  });
  on('moved', () => dispatch({ type: 'moved' }));
}

/**
 * Ask the room for something; a refusal is shown, the buttons work again.
 *
 * @param {string} type
 * @param {object} wish
 * @returns {Promise<boolean>} whether it was done
 */
async function ask(type, wish) {
  if (turn.busy || !call) return false;
  dispatch({ type: 'sent' });
  try {
    await call.request(type, wish);
    dispatch({ type: 'answered' });
    return true;
  } catch (error) {
    refused(error);
    return false;
  }
}

/** @param {boolean} answer */
const consent = (answer) => ask('consent', { answer, text_version: data.consent_version, how: 'button' });

async function stop() {
  if (await ask('move', { move: 'stop', reason: 'petitioner_wish' })) dispatch({ type: 'keep_talking' });
}

async function sendRating() {
  for (const [target, level] of Object.entries(turn.rated)) {
    if (!(await ask('rate', { target, level }))) return;
  }
  dispatch({ type: 'next' });
}

async function fetchReceipt() {
  try {
    const receipt = await http.post('/kiosk/receipt', { session_id: turn.booking?.session_id });
    dispatch({ type: 'receipt', receipt });
  } catch (error) {
    refused(error);
  }
}

/**
 * End the turn: nothing of the person stays in the page, the storage, the cache or behind “back”.
 * The machine's key is in IndexedDB, and it alone is left there.
 */
async function goHome() {
  if (turn.phase === 'idle') return;
  const hadPerson = turn.booking !== null;
  stopMeasuring();
  call?.close();
  switchOffCamera();
  speaker.silence();
  dispatch({ type: 'home' });
  sessionStorage.clear();
  localStorage.clear();
  if (!hadPerson) return;
  for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
  await http.post('/kiosk/end').catch(() => {});
  location.replace('/kiosk');
}

// A page that "back" brings out of the browser's memory still shows whom it served.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.replace('/kiosk');
});

// -- wiring -------------------------------------------------------------------------------------

for (const key of by('pad').querySelectorAll('[data-digit]')) {
  key.addEventListener('click', () => press(/** @type {HTMLElement} */ (key).dataset['digit'] ?? ''));
}
for (const face of document.querySelectorAll('.face')) {
  const { level } = /** @type {HTMLElement} */ (face).dataset;
  const target = /** @type {HTMLElement} */ (face.closest('.rating')).dataset['target'] ?? '';
  face.addEventListener('click', () => dispatch({ type: 'rated', target, level: Number(level) }));
}
for (const button of document.querySelectorAll('[data-go="home"]')) button.addEventListener('click', goHome);
onPress('begin', () => dispatch({ type: 'begin' }));
onPress('take-number', takeNumber);
onPress('print-ticket', () => window.print());
onPress('erase', () => dispatch({ type: 'erase' }));
onPress('home-code', goHome);
onPress('home', goHome);
onPress('is-me', () => dispatch({ type: 'confirmed_identity' }));
onPress('not-me', goHome);
onPress('heard', () => {
  dispatch({ type: 'speaker', speaker: 'ok' });
  dispatch({ type: 'devices_done' });
});
onPress('not-heard', notHeard);
onPress('leave', goHome);
onPress('understood', () => dispatch({ type: 'rights_understood' }));
onPress('consent-yes', () => consent(true));
onPress('consent-no', () => consent(false));
onPress('withdraw', () => consent(false));
onPress('confirm', () => ask('move', { move: 'confirm' }));
for (const id of ['stop', 'stop-consult', 'stop-reconnecting']) onPress(id, () => dispatch({ type: 'ask_stop' }));
onPress('keep-talking', () => dispatch({ type: 'keep_talking' }));
onPress('stop-now', stop);
onPress('open-pad', () => dispatch({ type: 'open_pad' }));
onPress('close-pad', () => dispatch({ type: 'close_pad' }));
onPress('clear', () => pad.clear());
onPress('sign', () => ask('sign', { strokes: pad.toPath() }));
onPress('refuse-sign', () => ask('move', { move: 'refuse_sign' }));
onPress('outcome-next', () => dispatch({ type: 'next' }));
onPress('send-rating', sendRating);
onPress('skip-rating', () => dispatch({ type: 'next' }));
onPress('print', () => window.print());
onPress('finish', goHome);
// The press itself is the sign of life; the button says so.
onPress('still-here', prompt);
onPress('again', () => (screen === 'devices' ? speaker.testTone().then(prompt) : prompt()));
by('ask-stop').addEventListener('cancel', () => dispatch({ type: 'keep_talking' }));
for (const type of ['pointerdown', 'keydown']) {
  document.addEventListener(type, (event) => {
    touchedAt = performance.now();
    typeDigit(event);
  });
}

/** A keyboard, where there is one, works as the pad does. @param {Event} event */
function typeDigit(event) {
  if (!(event instanceof KeyboardEvent) || screen !== 'code') return;
  if (/^\d$/.test(event.key) && turn.digits.length < CODE_LENGTH) press(event.key);
  if (event.key === 'Backspace') dispatch({ type: 'erase' });
}

serverClock.set(data.now);
door.start();
setInterval(tick, 1000);
setInterval(loadToday, QUEUE_EVERY_MS);
view.showToday(data.today);
view.render(turn, serverClock.now());
screen = screenOf(turn);
screenSince = performance.now();
if (screen === 'joining') join();
if (screen === 'receipt') fetchReceipt();
tick();
