/** The room on an official's desk: pictures, next step, record and outcome around one seat. */
import { Call } from './call.js';
import { closeDevices, listDevices, openDevices } from './devices.js';
import { client } from './http.js';
import { OutcomeForm } from './outcome-form.js';
import { Awake, by, onPress, setText, show } from './page.js';
import { Refused } from './protocol.js';
import { RecordBox } from './record-box.js';
import { isClosedToWriting, isLive, isOver, mayWrite, nextStep, otherMoves, slotLeft } from './room-state.js';
import { Stage } from './stage.js';
import { dataBlock, translator } from './strings.js';
import { Tabs } from './tabs.js';
import { elapsed, ServerClock } from './when.js';

/** @typedef {import('./types.js').Snapshot} Snapshot */

/** Moves that end the talk at once are asked about before. */
const ASKED = new Set(['adjourn', 'stop']);
const REASONS = /** @type {Record<string, string>} */ ({ stop: 'danger' });

const data = dataBlock('room-data');
/** @type {'zh'|'en'} */
const language = data.language;
const say = translator(dataBlock('strings'));
const http = client({ csrf: data.csrf });
const serverClock = new ServerClock();
const awake = new Awake();
const tabs = new Tabs(document.querySelector('[role="tablist"]'));
const self = /** @type {HTMLVideoElement} */ (by('self'));
const nextButton = /** @type {HTMLButtonElement} */ (by('next'));
const askDialog = /** @type {HTMLDialogElement} */ (by('ask'));
const stage = new Stage(by('stage'), {
  mainRole: 'petitioner',
  label: (person) => (person.online ? nameOf(person) : say('away', { name: nameOf(person) })),
  silent: () => show(by('sound'), true),
});
const record = new RecordBox({ say, save: (text) => call.request('record', { text }) });
const outcome = document.getElementById('outcome')
  ? new OutcomeForm({
      say,
      language,
      kinds: data.kinds,
      today: data.today,
      restDays: data.rest_days,
      save: (draft) => call.request('outcome', draft),
    })
  : null;

/** @type {Snapshot|null} */
let snapshot = null;
/** @type {import('./types.js').Line} */
let line = 'connecting';
/** @type {MediaStream|null} */
let media = null;
let busy = false;
/** @type {string|null} */
let asking = null;

const call = new Call({
  socketUrl: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  getTicket: async () => (await http.post(`/room/${data.session}/ticket`)).ticket,
  media: null,
  resumeKey: `seat:${data.session}`,
});

/** The kiosk's seat is the petitioner's, whatever the machine is called. @param {import('./types.js').Person} person */
function nameOf(person) {
  return person.role === 'petitioner' ? (snapshot?.petitioner.name ?? '') : person.name;
}

// -- showing ------------------------------------------------------------------------------------

function render() {
  if (!snapshot) return;
  by('room').dataset['state'] = snapshot.state;
  setText(by('state-words'), say(`state_${snapshot.state}`));
  by('recording').dataset['recording'] = snapshot.recording;
  setText(by('recording-words'), say(`recording_${snapshot.recording}`));
  const names = snapshot.people.filter((one) => one.id !== snapshot?.me.id && one.online);
  const joined = names.map(nameOf).join(language === 'zh' ? '、' : ', ');
  setText(by('people'), joined ? say('in_room', { names: joined }) : '');
  stage.update(snapshot.people);
  record.receive(snapshot.record, mayWrite(snapshot));
  record.lock(isClosedToWriting(snapshot));
  outcome?.receive(snapshot.outcome);
  show(by('line'), snapshot.media);
  awake.keep(isLive(snapshot));
  renderCover(snapshot);
  renderSteps(snapshot);
  renderOver(snapshot);
}

/** @param {Snapshot} now */
function renderCover(now) {
  const petitioner = now.people.find((one) => one.role === 'petitioner');
  let key = '';
  if (!now.media) key = 'cover_lobby';
  else if (now.state === 'consult') key = 'cover_consult';
  else if (!petitioner?.online) key = 'cover_away';
  else if (!petitioner.media) key = 'cover_waiting';
  show(by('cover'), key !== '');
  if (key) setText(by('cover-words'), say(key));
}

/** @param {Snapshot} now */
function renderSteps(now) {
  const step = nextStep(now);
  setText(by('hint'), step.kind === 'over' ? '' : say(`hint_${step.key}`));
  const pressable = step.kind === 'move' || step.kind === 'outcome';
  show(nextButton, pressable);
  nextButton.disabled = busy;
  if (pressable) setText(nextButton, say(`next_${step.key}`));
  const others = otherMoves(now);
  const shown = [...by('others').children].map((one) => /** @type {HTMLElement} */ (one).dataset['move']);
  if (shown.join() !== others.join()) by('others').replaceChildren(...others.map(otherButton));
}

/** @param {string} move */
function otherButton(move) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = move === 'stop' ? 'button button--danger' : 'button button--quiet';
  button.dataset['move'] = move;
  button.textContent = say(`other_${move}`);
  button.addEventListener('click', () => (ASKED.has(move) ? ask(move) : go(move)));
  return button;
}

/** @param {Snapshot} now */
function renderOver(now) {
  const over = isOver(now);
  const section = by('over');
  if (!over || !section.hidden) return;
  closeDevices(media);
  refuse('');
  show(section, true);
  setText(by('over-title'), say(`over_${now.state}`));
  show(by('over-facts'), now.outcome !== null);
  if (now.outcome) {
    const english = language === 'en';
    setText(by('over-type'), english ? now.outcome.type_label_en : now.outcome.type_label);
    setText(by('over-text'), now.outcome.text);
    setText(by('over-organ'), now.outcome.owner_organ ?? '—');
    setText(by('over-due'), (english ? now.outcome.due_words_en : now.outcome.due_words) ?? '—');
  }
  by('over-title').focus();
}

function tick() {
  if (!snapshot) return;
  const now = serverClock.now();
  if (snapshot.started_at && !isOver(snapshot)) {
    setText(by('talk-clock'), elapsed(now - Date.parse(snapshot.started_at)));
  }
  const { kind, minutes } = slotLeft(snapshot, now);
  const told = (kind === 'ending' || kind === 'overrun') && !isOver(snapshot);
  show(by('slot-left'), told);
  by('slot-left').className = kind === 'overrun' ? 'badge badge--bad' : 'badge badge--warn';
  if (told) setText(by('slot-left'), say(`slot_${kind}`, { minutes }));
}

/** @param {string} sentence '' takes the last one away */
function refuse(sentence) {
  setText(by('refusal'), sentence);
  show(by('refusal'), sentence !== '');
}

/** @param {import('./types.js').Line} now */
function showLine(now) {
  line = now;
  by('line').dataset['line'] = line;
  setText(by('line-words'), say(`line_${line}`));
}

// -- acting -------------------------------------------------------------------------------------

/** @param {string} move */
async function go(move) {
  if (busy) return;
  busy = true;
  refuse('');
  render();
  try {
    // What is read back is what was written last, so it must have arrived before.
    if (move === 'read_back') await record.flush();
    await call.request('move', { move, reason: REASONS[move] ?? '' });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  } finally {
    busy = false;
    render();
  }
}

function goNext() {
  if (!snapshot) return;
  const step = nextStep(snapshot);
  if (step.move) {
    go(step.move);
    if (step.move === 'begin_notice' || step.move === 'read_back') tabs.open('record');
  } else if (step.kind === 'outcome') tabs.open('outcome', true);
}

/** @param {string} move */
function ask(move) {
  asking = move;
  setText(by('ask-title'), say(`ask_${move}`));
  setText(by('ask-words'), say(`ask_${move}_words`));
  askDialog.showModal();
}

// -- devices ------------------------------------------------------------------------------------

/** @param {{camera?: string, microphone?: string}} [wanted] */
async function open(wanted = {}) {
  const opened = await openDevices(wanted);
  const before = media;
  keepSwitches(before, opened.stream);
  media = opened.stream;
  self.srcObject = media;
  call.media = media;
  if (media && before) await call.replaceMedia(media);
  closeDevices(before);
  showSwitches();
  await fillPicker();
}

/** Whoever was muted stays muted on the new devices. @param {MediaStream|null} before @param {MediaStream|null} after */
function keepSwitches(before, after) {
  for (const track of after?.getTracks() ?? []) {
    const old = before?.getTracks().find((one) => one.kind === track.kind);
    track.enabled = old?.enabled ?? true;
  }
}

/** @param {'microphone'|'camera'} device */
function trackOf(device) {
  const kind = device === 'camera' ? 'video' : 'audio';
  return media?.getTracks().find((track) => track.kind === kind) ?? null;
}

function showSwitches() {
  for (const device of /** @type {const} */ (['microphone', 'camera'])) {
    const track = trackOf(device);
    const button = /** @type {HTMLButtonElement} */ (by(device));
    const word = device === 'camera' ? 'camera' : 'mic';
    button.disabled = !track;
    button.setAttribute('aria-pressed', String(track?.enabled ?? false));
    setText(by(`${device}-words`), say(`${word}_${track ? (track.enabled ? 'on' : 'off') : 'none'}`));
    const picture = button.querySelector('use');
    const sprite = (picture?.getAttribute('href') ?? '').split('#')[0];
    picture?.setAttribute('href', `${sprite}#${device}${track?.enabled ? '' : '-off'}`);
  }
}

/** @param {'microphone'|'camera'} device */
function toggle(device) {
  const track = trackOf(device);
  if (track) track.enabled = !track.enabled;
  showSwitches();
}

async function fillPicker() {
  const { cameras, microphones } = await listDevices();
  fillSelect('cameras', cameras, trackOf('camera'));
  fillSelect('microphones', microphones, trackOf('microphone'));
}

/** @param {string} id @param {MediaDeviceInfo[]} devices @param {MediaStreamTrack|null} track */
function fillSelect(id, devices, track) {
  const options = devices.map((device, place) => new Option(device.label || `${place + 1}`, device.deviceId));
  const select = /** @type {HTMLSelectElement} */ (by(id));
  select.replaceChildren(...options);
  select.value = track?.getSettings().deviceId ?? '';
}

function pickDevices() {
  const chosen = (/** @type {string} */ id) => /** @type {HTMLSelectElement} */ (by(id)).value;
  open({ camera: chosen('cameras'), microphone: chosen('microphones') });
}

// -- wiring -------------------------------------------------------------------------------------

/** @param {string} type @param {(detail: any) => void} act */
function on(type, act) {
  call.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
}

on('snapshot', (/** @type {Snapshot} */ now) => {
  serverClock.set(now.server_now);
  snapshot = now;
  render();
  tick();
});
on('view', ({ seat, stream }) => {
  stage.show(seat, stream);
  if (snapshot) stage.update(snapshot.people);
});
on('line', showLine);
on('refused', (refusal) => {
  // The room closes behind its last request; what is over needs no line any more.
  if (!snapshot || !isOver(snapshot)) refuse(refusal[language] || say('offline'));
});
on('moved', () => {
  closeDevices(media);
  refuse(say('moved'));
});
onPress('next', goNext);
onPress('microphone', () => toggle('microphone'));
onPress('camera', () => toggle('camera'));
onPress('pick', () => {
  const opened = by('picker').hidden !== false;
  show(by('picker'), opened);
  by('pick').setAttribute('aria-expanded', String(opened));
});
onPress('sound', () => {
  stage.resume();
  show(by('sound'), false);
});
onPress('ask-no', () => askDialog.close());
onPress('ask-yes', () => {
  askDialog.close();
  if (asking) go(asking);
});
for (const id of ['cameras', 'microphones']) by(id).addEventListener('change', pickDevices);
navigator.mediaDevices?.addEventListener('devicechange', fillPicker);
addEventListener('beforeunload', (event) => {
  if (snapshot && isLive(snapshot)) event.preventDefault();
});

showLine('connecting');
showSwitches();
setInterval(tick, 1000);
// The seat is taken while the devices still warm up; they join the connection when they are there.
await Promise.all([open(), call.start()]);
