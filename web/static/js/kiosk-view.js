/** Puts a turn on the kiosk's screen. Only texts and visibility change; pictures are the stage's. */
import { by, setText, show } from './page.js';
import { IDLE_SECONDS, idleLimit, isOver, isPresent, screenOf, waiting } from './kiosk-state.js';
import { clock, dayOf, elapsed, isoDay } from './when.js';

/** @typedef {import('./kiosk-state.js').Turn} Turn */
/** @typedef {import('./kiosk-state.js').Screen} Screen */
/** @typedef {import('./types.js').Snapshot} Snapshot */
/** @typedef {import('./types.js').Receipt} Receipt */
/** @typedef {(key: string, values?: Record<string, string|number>) => string} Say */

/** Screens beside which the leader's picture is shown. */
const WITH_STAGE = new Set(['rights', 'consent', 'ready', 'talk', 'readback', 'sign', 'await_outcome', 'outcome']);
/** Screens on which the line and the recording are told. */
const WITH_STATE = new Set([...WITH_STAGE, 'consult', 'reconnecting']);
/** How long before a machine left alone forgets it says so, and asks. */
export const COUNTDOWN_SECONDS = 20;
const PHONE_AFTER_MS = 2 * 60_000;

export class KioskView {
  /**
   * @param {{say: Say, language: 'zh'|'en', phone: string}} options
   */
  constructor({ say, language, phone }) {
    this.say = say;
    this.language = language;
    this.phone = phone;
    this.root = by('turn');
    /** @type {HTMLElement[]} */
    this.screens = [...this.root.querySelectorAll('section.screen')].map((one) => /** @type {HTMLElement} */ (one));
    /** @type {Screen|null} */
    this.shown = null;
    for (const place of this.root.querySelectorAll('[data-phone]')) setText(place, phone);
  }

  /** @param {Turn} turn @param {number} now Unix milliseconds, the server's */
  render(turn, now) {
    const screen = screenOf(turn);
    if (screen !== this.shown) this.#open(screen);
    const { snapshot } = turn;
    this.#frame(turn, screen);
    this.#code(turn);
    if (turn.booking) this.#greet(turn.booking, now);
    this.#devices(turn);
    if (snapshot) {
      this.#talk(snapshot);
      this.#record(snapshot);
      this.#outcome(turn, snapshot);
    }
    this.#rating(turn);
    if (turn.receipt) this.#receipt(turn.receipt);
    if (turn.ticket) this.#ticket(turn.ticket);
  }

  /**
   * What changes by the second.
   *
   * @param {Turn} turn
   * @param {{now: number, sinceScreenMs: number, idleSeconds: number}} times
   */
  tick(turn, { now, sinceScreenMs, idleSeconds }) {
    setText(by('clock'), clock(new Date(now)));
    setText(by('today'), dayOf(new Date(now), this.language));
    const screen = screenOf(turn);
    if (turn.snapshot && screen === 'lobby') this.#wait(turn.snapshot, now);
    if (turn.snapshot?.started_at && screen === 'talk') {
      setText(by('talk-clock'), elapsed(now - Date.parse(turn.snapshot.started_at)));
    }
    if (screen === 'consult') setText(by('consult-clock'), elapsed(sinceScreenMs));
    if (screen === 'reconnecting') {
      setText(by('reconnecting-clock'), elapsed(sinceScreenMs));
      show(by('reconnecting-phone'), sinceScreenMs > PHONE_AFTER_MS);
    }
    const left = (idleLimit(turn) ?? Infinity) - idleSeconds;
    show(by('leaving'), left <= COUNTDOWN_SECONDS);
    if (left <= COUNTDOWN_SECONDS) {
      setText(by('countdown'), this.say('countdown', { seconds: Math.max(0, Math.ceil(left)) }));
    }
  }

  /**
   * The idle screen's lists.
   *
   * @param {{receptions: import('./types.js').Reception[], on_duty: import('./types.js').OnDuty[],
   *   queue: import('./types.js').Queue}} today
   */
  showToday({ receptions, on_duty: onDuty, queue }) {
    show(by('take-number'), queue.opens);
    show(by('called'), queue.called.length > 0 || queue.next !== null);
    const numbers = queue.called.map(({ number }) => number).join(this.language === 'zh' ? '、' : ', ');
    show(by('called-now'), numbers !== '');
    setText(by('called-now'), numbers && this.say('called', { numbers }));
    show(by('called-next'), queue.next !== null);
    setText(by('called-next'), queue.next === null ? '' : this.say('called_next', { number: queue.next }));
    const rows = receptions.map((one) => {
      const row = document.createElement('li');
      row.className = `reception reception--${one.tone}`;
      row.append(
        piece('time', 'reception__time', clock(one.starts_at)),
        piece('span', 'reception__who', this.leader(one.leader_name, one.leader_title)),
        piece('span', 'reception__state', one.status),
      );
      return row;
    });
    by('receptions').replaceChildren(...rows);
    show(by('no-receptions'), rows.length === 0);
    const duty = onDuty.map((one) => {
      const row = document.createElement('li');
      row.className = 'reception';
      row.append(
        piece('span', 'reception__who', this.leader(one.leader_name, one.leader_title)),
        piece('span', 'reception__time reception__time--span', one.hours),
      );
      return row;
    });
    by('duty').replaceChildren(...duty);
    show(by('no-duty'), duty.length === 0);
  }

  /** @param {{least: number, most: number}} wait @returns {string} */
  waitWords({ least, most }) {
    if (most === 0) return this.say('wait_none');
    return least === most ? this.say('wait_about', { most }) : this.say('wait_range', { least, most });
  }

  /** @param {string} name @param {string} title */
  leader(name, title) {
    return title ? this.say('leader', { name, title }) : name;
  }

  /** @param {string} startsAt @param {string} endsAt @param {number} now */
  span(startsAt, endsAt, now) {
    const [from, to] = [clock(startsAt), clock(endsAt)];
    const isToday = isoDay(startsAt) === isoDay(new Date(now));
    return isToday
      ? this.say('span', { from, to })
      : this.say('span_day', { day: dayOf(startsAt, this.language), from, to });
  }

  /** @param {Snapshot} snapshot @returns {{type: string, due: string}} */
  outcomeWords(snapshot) {
    const outcome = snapshot.outcome;
    const english = this.language === 'en';
    return {
      type: (english ? outcome?.type_label_en : outcome?.type_label) ?? '',
      due: (english ? outcome?.due_words_en : outcome?.due_words) ?? '',
    };
  }

  /** @param {Screen} screen */
  #open(screen) {
    this.shown = screen;
    this.root.dataset['screen'] = screen;
    for (const section of this.screens) show(section, section.dataset['screen'] === screen);
    show(by('stage'), WITH_STAGE.has(screen));
    show(by('room-state'), WITH_STATE.has(screen));
    const title = this.screens.find((one) => !one.hidden)?.querySelector('h1');
    title?.focus({ preventScroll: true });
  }

  /** @param {Turn} turn @param {Screen} screen */
  #frame(turn, screen) {
    const home = screen !== 'idle' && screen !== 'code' && idleLimit(turn) === IDLE_SECONDS;
    show(by('home'), home && screen !== 'receipt');
    show(by('language'), screen === 'idle');
    const refusal = by('refusal');
    show(refusal, turn.refusal !== '' && screen !== 'code');
    setText(refusal, screen === 'code' ? '' : turn.refusal);
    const line = by('line');
    line.dataset['line'] = turn.line;
    setText(by('line-words'), this.say(`line_${turn.line}`));
    const state = turn.snapshot?.recording ?? 'off';
    by('recording').dataset['recording'] = state;
    setText(by('recording-words'), this.say(`recording_${state}`));
    const asking = /** @type {HTMLDialogElement} */ (by('ask-stop'));
    if (turn.askingToStop && !asking.open) asking.showModal();
    if (!turn.askingToStop && asking.open) asking.close();
  }

  /** @param {Turn} turn */
  #code(turn) {
    [...by('code').children].forEach((place, index) => {
      setText(place, turn.digits[index] ?? '');
      place.classList.toggle('is-next', index === turn.digits.length && !turn.busy);
    });
    const refused = turn.phase === 'code' && turn.refusal !== '';
    show(by('code-refusal'), refused);
    setText(by('code-refusal'), refused ? turn.refusal : '');
  }

  /** @param {import('./types.js').KioskBooking} booking @param {number} now */
  #greet(booking, now) {
    setText(by('greet-title'), this.say('greeting', { name: booking.greeting_name }));
    const leader = this.leader(booking.leader_name, booking.leader_title);
    const span = this.span(booking.starts_at, booking.ends_at, now);
    for (const place of ['greet', 'lobby']) {
      setText(by(`${place}-leader`), leader);
      setText(by(`${place}-time`), span);
    }
  }

  /** @param {Turn} turn */
  #devices(turn) {
    for (const device of /** @type {const} */ (['camera', 'microphone', 'speaker'])) {
      const check = by(`check-${device}`);
      if (check.dataset['state'] === turn[device]) continue;
      check.dataset['state'] = turn[device];
      const words = device === 'speaker' && turn.speaker === 'ok' ? 'speaker_asking' : `${device}_${turn[device]}`;
      setText(by(`${device}-words`), this.say(words));
    }
    setText(by('not-heard-words'), this.say(turn.speaker === 'bad' ? 'go_on_anyway' : 'play_again'));
  }

  /** @param {Snapshot} snapshot @param {number} now */
  #wait(snapshot, now) {
    const { kind, minutes } = waiting(snapshot, now);
    setText(by('lobby-words'), this.say(`wait_${kind}`, { minutes, phone: this.phone }));
    by('lobby-words').classList.toggle('is-late', kind === 'late');
  }

  /** @param {Snapshot} snapshot */
  #talk(snapshot) {
    setText(by('talk-leader'), this.say('talk_leader', snapshot.leader));
    const others = snapshot.people
      .filter((person) => person.online && ['clerk', 'department'].includes(person.role))
      .map((person) => this.say(`role_${person.role}`, { name: person.name }));
    show(by('talk-people'), others.length > 0);
    setText(by('talk-people'), this.say('talk_others', { names: others.join(this.language === 'zh' ? '、' : ', ') }));
    setText(by('ready-words'), this.say(snapshot.consent?.answer ? 'ready_recording' : 'ready_not_recording'));
    show(by('withdraw'), snapshot.recording === 'on');
    const missing = !snapshot.people.some((person) => person.role === 'leader' && person.media);
    show(by('stage-wait'), missing || !isPresent(snapshot, 'leader'));
  }

  /** @param {Snapshot} snapshot */
  #record(snapshot) {
    setText(by('record-text'), snapshot.record?.text || this.say('no_record'));
  }

  /** @param {Turn} turn @param {Snapshot} snapshot */
  #outcome(turn, snapshot) {
    const outcome = snapshot.outcome;
    if (outcome) {
      const { type, due } = this.outcomeWords(snapshot);
      setText(by('outcome-type'), type);
      setText(by('outcome-text'), outcome.text);
      setText(by('outcome-organ'), outcome.owner_organ ?? '');
      show(by('outcome-organ-row'), outcome.owner_organ !== null);
      setText(by('outcome-due'), due);
      show(by('outcome-due-row'), due !== '');
    }
    show(by('outcome-next'), isOver(turn));
    show(by('outcome-wait'), !isOver(turn));
  }

  /** @param {Turn} turn */
  #rating(turn) {
    for (const group of document.querySelectorAll('.rating')) {
      const target = /** @type {HTMLElement} */ (group).dataset['target'] ?? '';
      for (const face of group.querySelectorAll('.face')) {
        const level = Number(/** @type {HTMLElement} */ (face).dataset['level']);
        face.setAttribute('aria-pressed', String(turn.rated[target] === level));
      }
    }
    const send = /** @type {HTMLButtonElement} */ (by('send-rating'));
    send.disabled = turn.busy || Object.keys(turn.rated).length === 0;
  }

  /** @param {import('./types.js').Ticket} ticket */
  #ticket(ticket) {
    setText(by('ticket-number'), ticket.number);
    setText(by('ticket-before'), this.say('ticket_before', { before: ticket.before }));
    setText(by('ticket-wait'), this.waitWords(ticket));
    const day = dayOf(ticket.taken_at, this.language);
    setText(by('ticket-taken'), `${day} ${clock(ticket.taken_at)}`);
    // The picture of the range: a ruler of whole half hours, the range drawn on it.
    const whole = Math.max(30, Math.ceil(ticket.most / 30) * 30);
    const range = by('ticket-range');
    range.style.marginInlineStart = `${(100 * ticket.least) / whole}%`;
    range.style.width = `${Math.max(2, (100 * (ticket.most - ticket.least)) / whole)}%`;
    setText(by('ticket-whole'), this.say('minutes', { minutes: whole }));
  }

  /** @param {Receipt} receipt */
  #receipt(receipt) {
    setText(by('slip-case'), receipt.case_no);
    setText(by('slip-leader'), receipt.leader_name);
    setText(by('slip-where'), this.say('slip_where', { site: receipt.site_name, time: receipt.ended_words }));
    setText(by('slip-outcome'), [receipt.outcome_label, receipt.outcome_text].filter(Boolean).join('：'));
    setText(by('slip-organ'), receipt.owner_organ);
    show(by('slip-organ-row'), receipt.owner_organ !== '');
    setText(by('slip-due'), receipt.due_words);
    show(by('slip-due-row'), receipt.due_words !== '');
    setText(by('slip-code'), receipt.query_code);
    setText(by('slip-phone'), receipt.phone);
    const picture = by('slip-qr');
    picture.setAttribute('viewBox', `0 0 ${receipt.qr.size} ${receipt.qr.size}`);
    picture.querySelector('path')?.setAttribute('d', receipt.qr.path);
    show(by('slip'), true);
    show(by('receipt-wait'), false);
    /** @type {HTMLButtonElement} */ (by('print')).disabled = false;
  }
}

/** @param {string} number @returns {string} as a voice reads it, sign by sign */
export function spelled(number) {
  return [...number].join(' ');
}

/** @param {string} tag @param {string} name @param {string} text */
function piece(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}
