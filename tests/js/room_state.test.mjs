import assert from 'node:assert/strict';
import test from 'node:test';

import * as record from '../../web/static/js/record-draft.js';
import {
  isClosedToWriting, isLive, matches, mayWrite, missingIn, nextStep, otherMoves, slotLeft,
} from '../../web/static/js/room-state.js';

const villager = { id: 'k', role: 'petitioner', seat: 0, name: '王小花', online: true, media: true };
const room = (state, moves, more = {}) => ({
  session: 's', me: { id: 'l', role: 'leader', seat: 2 }, state, moves, media: !['lobby', 'closed'].includes(state), people: [villager],
  slot: { starts_at: '2026-11-22T06:30:00Z', ends_at: '2026-11-22T07:00:00Z' }, outcome: null, ...more,
});

test('the leader is offered one step at a time through an ordinary talk', () => {
  const outcome = { type: 'answered', text: '…' };
  const steps = [
    room('lobby', ['begin_notice', 'stop']),
    room('notice', ['stop']),
    room('active', ['step_aside', 'read_back', 'adjourn', 'stop']),
    room('consult', ['step_back', 'stop']),
    room('readback', ['stop']),
    room('signed', ['close', 'stop']),
    room('signed', ['close', 'stop'], { outcome }),
    room('closed', []),
  ].map((snapshot) => nextStep(snapshot).key);
  assert.deepEqual(steps, [
    'begin_notice', 'notice', 'read_back', 'step_back', 'readback', 'outcome', 'close', 'closed',
  ]);
});

test('a clerk waits for the leader to write the outcome', () => {
  const clerk = { me: { id: 'c', role: 'clerk', seat: 3 } };
  assert.deepEqual(nextStep(room('signed', ['close'], clerk)), { kind: 'wait', key: 'signed' });
  assert.equal(nextStep(room('signed', ['close'], { ...clerk, outcome: {} })).key, 'close');
});

test('nothing begins before the petitioner is there', () => {
  const alone = room('lobby', ['begin_notice', 'stop'], { people: [{ ...villager, online: false }] });
  assert.deepEqual(nextStep(alone), { kind: 'wait', key: 'absent' });
});

test('moves that are not the next step stay within reach', () => {
  assert.deepEqual(otherMoves(room('active', ['read_back', 'stop', 'adjourn', 'step_aside'])), [
    'step_aside', 'adjourn', 'stop',
  ]);
});

test('only a talk that carries media holds the page', () => {
  assert.ok(!isLive(room('lobby', [])));
  assert.ok(isLive(room('active', [])));
  assert.ok(!isLive(room('closed', [], { media: true })));
});

test('the record is written from the notice to the signature, by leader and clerk', () => {
  const seen = (state, role) => {
    const snapshot = room(state, [], { me: { id: 'x', role, seat: 2 } });
    return [mayWrite(snapshot), isClosedToWriting(snapshot)];
  };
  assert.deepEqual(seen('lobby', 'leader'), [false, false]);
  assert.deepEqual(seen('active', 'leader'), [true, false]);
  assert.deepEqual(seen('readback', 'clerk'), [true, false]);
  assert.deepEqual(seen('signed', 'leader'), [false, true]);
  assert.deepEqual(seen('active', 'department'), [false, true]);
});

test('the end of the slot is told before and after', () => {
  const at = (iso) => slotLeft(room('active', []), Date.parse(iso));
  assert.deepEqual(at('2026-11-22T06:20:00Z'), { kind: 'before', minutes: 0 });
  assert.deepEqual(at('2026-11-22T06:40:30Z'), { kind: 'running', minutes: 20 });
  assert.deepEqual(at('2026-11-22T06:56:00Z'), { kind: 'ending', minutes: 4 });
  assert.deepEqual(at('2026-11-22T07:03:30Z'), { kind: 'overrun', minutes: 3 });
});

test('an outcome lists what it lacks', () => {
  const kinds = { assigned: { needs: ['text', 'owner_organ_id', 'due_on'] }, answered: { needs: ['text'] } };
  const draft = { type: 'assigned', text: ' ', owner_organ_id: '', due_on: '' };
  assert.deepEqual(missingIn({ ...draft, type: '' }, kinds, '2026-11-22'), ['type']);
  assert.deepEqual(missingIn(draft, kinds, '2026-11-22'), ['text', 'owner_organ_id', 'due_on']);
  const past = { type: 'assigned', text: '修路', owner_organ_id: 'o', due_on: '2026-11-21' };
  assert.deepEqual(missingIn(past, kinds, '2026-11-22'), ['due_on']);
  assert.deepEqual(missingIn({ ...past, due_on: '2026-11-22' }, kinds, '2026-11-22'), []);
  assert.deepEqual(missingIn({ ...draft, type: 'answered', text: '已答复' }, kinds, '2026-11-22'), []);
});

test('an organ is found by some of its characters', () => {
  assert.ok(matches('浦江县交通运输局', '交局'));
  assert.ok(matches('浦江县交通运输局', ''));
  assert.ok(!matches('浦江县交通运输局', '局交'));
});

test('a record saved from here comes back without disturbing what was typed on', () => {
  let draft = record.typed(record.emptyRecord(), '一');
  assert.ok(record.maySave(draft));
  draft = record.typed(record.sending(draft), '一二');
  draft = record.received(draft, { version: 1, text: '一' });
  draft = record.answered(draft, '一');
  assert.equal(draft.text, '一二');
  assert.equal(draft.theirs, null);
  assert.ok(record.maySave(draft));
});

test('a record written at another desk fills an untouched box', () => {
  const draft = record.received(record.emptyRecord(), { version: 3, text: '李书记员写的' });
  assert.equal(draft.text, '李书记员写的');
  assert.ok(!record.isDirty(draft));
});

test('two people writing at once lose nothing', () => {
  const ours = record.typed(record.emptyRecord(), '我写的');
  const both = record.received(ours, { version: 1, text: '他写的' });
  assert.equal(both.theirs, '他写的');
  assert.ok(!record.maySave(both));
  const settled = record.merged(both);
  assert.equal(settled.text, '他写的\n\n我写的');
  assert.ok(record.maySave(settled));
});

test('a save that failed is tried again', () => {
  const draft = record.answered(record.sending(record.typed(record.emptyRecord(), '一')), null);
  assert.ok(record.maySave(draft));
});

test('an old version never comes back', () => {
  const draft = record.received(record.emptyRecord(), { version: 3, text: '新' });
  assert.deepEqual(record.received(draft, { version: 2, text: '旧' }), draft);
});
