import assert from 'node:assert/strict';
import test from 'node:test';

import {
  codeComplete, idleLimit, initial, isLive, reduce, screenOf, waiting,
} from '../../web/static/js/kiosk-state.js';

const booking = {
  session_id: 's1', session_state: 'scheduled', greeting_name: '王**',
  starts_at: '2026-11-22T06:30:00Z', ends_at: '2026-11-22T07:00:00Z',
  leader_name: '周明', leader_title: '县长',
};

const snapshot = (state, more = {}) => ({
  session: 's1', room: 'r1', version: 1, state, resumes: null, media: false,
  people: [{ id: 'k', role: 'petitioner', seat: 0, name: '王小花', online: true }],
  me: { id: 'k', role: 'petitioner', seat: 0 },
  slot: { starts_at: booking.starts_at, ends_at: booking.ends_at },
  started_at: null, server_now: booking.starts_at, recording: 'off', consent: null, record: null,
  outcome: null, ratings: [], moves: [], leader: { name: '周明', title: '县长' },
  petitioner: { name: '王小花' }, case: { case_no: '330726-2026-000001' }, ...more,
});

const consent = { answer: true, at: booking.starts_at, text_version: 'v' };
const outcome = {
  type: 'assigned', type_label: '交办限期', text: '修路', owner_organ: '交通局',
  due_on: '2026-12-01', due_words: '2026年12月1日 星期二',
};
const play = (turn, ...events) => events.reduce(reduce, turn);
const seen = (turn, ...events) => screenOf(play(turn, ...events));
const inRoom = () => initial(booking);
const snap = (state, more) => ({ type: 'snapshot', snapshot: snapshot(state, more) });

test('an ordinary turn shows its screens in the order a person meets them', () => {
  const events = [
    { type: 'begin' },
    ...[...'123456'].map((digit) => ({ type: 'digit', digit })),
    { type: 'sent' },
    { type: 'checked_in', booking },
    { type: 'confirmed_identity' },
    { type: 'devices_done' },
    snap('lobby'), snap('notice'),
    { type: 'rights_understood' },
    snap('notice', { consent }), snap('active', { consent }), snap('consult', { consent }),
    snap('active', { consent }), snap('readback', { consent }),
    { type: 'open_pad' },
    snap('signed', { consent }), snap('signed', { consent, outcome }), snap('closed', { consent, outcome }),
    { type: 'next' }, { type: 'next' }, { type: 'home' },
  ];
  let turn = initial();
  const screens = [screenOf(turn)];
  for (const event of events) {
    turn = reduce(turn, event);
    if (screens.at(-1) !== screenOf(turn)) screens.push(screenOf(turn));
  }
  assert.deepEqual(screens, [
    'idle', 'code', 'greet', 'devices', 'joining', 'lobby', 'rights', 'consent', 'ready', 'talk',
    'consult', 'talk', 'readback', 'sign', 'await_outcome', 'outcome', 'rating', 'receipt', 'idle',
  ]);
});

test('a code takes six digits and no more, and none while it is being checked', () => {
  const full = play(initial(), { type: 'begin' }, ...[...'1234567'].map((digit) => ({ type: 'digit', digit })));
  assert.equal(full.digits, '123456');
  assert.ok(codeComplete(full));
  const sent = play(full, { type: 'sent' }, { type: 'erase' });
  assert.equal(sent.digits, '123456');
  assert.ok(!codeComplete(sent));
});

test('a wrong code empties the pad, keeps the sentence and goes with the next digit', () => {
  const refused = play(initial(), { type: 'begin' }, { type: 'digit', digit: '1' }, { type: 'sent' },
    { type: 'refused', sentence: '没有这个签到码' });
  assert.equal(refused.digits, '');
  assert.equal(refused.refusal, '没有这个签到码');
  assert.equal(reduce(refused, { type: 'digit', digit: '2' }).refusal, '');
});

test('a person who checks in again during the talk goes straight back into it', () => {
  const live = { ...booking, session_state: 'active' };
  assert.equal(seen(initial(), { type: 'begin' }, { type: 'checked_in', booking: live },
    { type: 'confirmed_identity' }), 'joining');
});

test('a page loaded anew in the middle of a talk does not read the rights again', () => {
  assert.equal(seen(inRoom(), snap('active', { consent }), snap('notice', { consent })), 'ready');
});

test('a talk without recording consent goes on like any other', () => {
  const no = { ...consent, answer: false };
  assert.equal(seen(inRoom(), { type: 'rights_understood' }, snap('notice', { consent: no })), 'ready');
  assert.equal(seen(inRoom(), snap('active', { consent: no })), 'talk');
});

test('a page loaded anew after the end still gives the slip', () => {
  const turn = initial({ ...booking, session_state: 'closed' });
  assert.equal(screenOf(turn), 'receipt');
  assert.equal(idleLimit(turn), 60);
});

test('a lost line shows its own screen and comes back to where it was', () => {
  assert.equal(seen(inRoom(), snap('active'), snap('reconnecting', { resumes: 'active' })), 'reconnecting');
  assert.equal(seen(inRoom(), snap('active'), snap('reconnecting', { resumes: 'active' }), snap('active')), 'talk');
});

test('each end that is not a close has its honest screen', () => {
  for (const state of ['adjourned', 'stopped', 'broken_off']) {
    assert.equal(seen(inRoom(), snap('active'), snap(state)), state);
  }
});

test('the outcome can be read after the close before anything else is asked', () => {
  assert.equal(seen(inRoom(), snap('signed', { outcome }), snap('closed', { outcome })), 'outcome');
});

test('the question whether to end goes away with the talk', () => {
  const asked = play(inRoom(), snap('active'), { type: 'ask_stop' });
  assert.ok(asked.askingToStop);
  assert.ok(!reduce(asked, snap('stopped')).askingToStop);
  assert.ok(!reduce(asked, { type: 'keep_talking' }).askingToStop);
});

test('a heard microphone stays heard', () => {
  const turn = play(initial(), { type: 'microphone', microphone: 'ok' }, { type: 'microphone', microphone: 'quiet' });
  assert.equal(turn.microphone, 'ok');
});

test('nobody is thrown out of the lobby or the talk, and a left machine forgets', () => {
  assert.equal(idleLimit(initial()), null);
  assert.equal(idleLimit(play(initial(), { type: 'begin' })), 60);
  assert.equal(idleLimit(play(inRoom(), snap('lobby'))), null);
  assert.equal(idleLimit(play(inRoom(), snap('active'))), null);
  assert.equal(idleLimit(play(inRoom(), snap('signed', { outcome }))), null);
  assert.equal(idleLimit(play(inRoom(), snap('closed', { outcome }))), 60);
  assert.equal(idleLimit(play(inRoom(), snap('stopped'))), 60);
});

test('going home keeps nothing of the person', () => {
  const turn = play(inRoom(), snap('active'), { type: 'rated', target: 'session', level: 0 }, { type: 'home' });
  assert.deepEqual(turn, initial());
});

test('only a running talk is live', () => {
  assert.ok(!isLive(inRoom()));
  assert.ok(isLive(play(inRoom(), snap('reconnecting'))));
  assert.ok(!isLive(play(inRoom(), snap('closed'))));
});

test('the wait is told truthfully: early, soon, late, and the leader there', () => {
  const start = Date.parse(booking.starts_at);
  const minutes = (count) => start + count * 60_000;
  assert.deepEqual(waiting(snapshot('lobby'), minutes(-12.5)), { kind: 'early', minutes: 13 });
  assert.deepEqual(waiting(snapshot('lobby'), minutes(3)), { kind: 'soon', minutes: 0 });
  assert.deepEqual(waiting(snapshot('lobby'), minutes(14.2)), { kind: 'late', minutes: 14 });
  const leader = { id: 'l', role: 'leader', seat: 1, name: '周明', online: true };
  const there = snapshot('lobby', { people: [leader] });
  assert.equal(waiting(there, minutes(14)).kind, 'present');
  const away = snapshot('lobby', { people: [{ ...leader, online: false }] });
  assert.equal(waiting(away, minutes(14)).kind, 'late');
});
