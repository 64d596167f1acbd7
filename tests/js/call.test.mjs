/** When a call asks for a new connection, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.WebSocket ??= class {};
const { expectsMedia, verdict } = await import('../../web/static/js/call.js');
const { retryDelay } = await import('../../web/static/js/protocol.js');

const leader = { id: 'l', role: 'leader', online: true, media: true };
const villager = { id: 'k', role: 'petitioner', online: true, media: true };
const room = (state, me, ...people) => ({ state, media: true, me, people });

test('a person expects the others who are connected', () => {
  assert.equal(expectsMedia(room('active', villager, villager, leader)), true);
  assert.equal(expectsMedia(room('active', villager, villager)), false);
  assert.equal(expectsMedia(room('active', villager, { ...leader, online: false })), false);
  assert.equal(expectsMedia(room('active', villager, { ...leader, media: false })), false);
  assert.equal(expectsMedia({ ...room('lobby', villager, leader), media: false }), false);
  assert.equal(expectsMedia(null), false);
});

test('in a consultation nobody misses the petitioner, and the petitioner misses nobody', () => {
  assert.equal(expectsMedia(room('consult', villager, villager, leader)), false);
  assert.equal(expectsMedia(room('consult', leader, villager, leader)), false);
  const clerk = { id: 'c', role: 'clerk', online: true, media: true };
  assert.equal(expectsMedia(room('consult', leader, villager, leader, clerk)), true);
});

test('two seconds of silence are a weak line, four a new connection', () => {
  const facts = { expecting: true, wireAlive: true, replacing: false };
  assert.equal(verdict({ ...facts, stalledMs: 1900 }), 'none');
  assert.equal(verdict({ ...facts, stalledMs: 2100 }), 'weak');
  assert.equal(verdict({ ...facts, stalledMs: 4100 }), 'replace');
  assert.equal(verdict({ ...facts, stalledMs: 4100, replacing: true }), 'weak');
  assert.equal(verdict({ ...facts, stalledMs: 4100, wireAlive: false }), 'weak');
  assert.equal(verdict({ ...facts, stalledMs: 9000, expecting: false }), 'none');
});

test('coming back starts at once and settles at five seconds with jitter', () => {
  assert.equal(retryDelay(0, 0.9), 0);
  assert.equal(retryDelay(1, 0), 300);
  assert.equal(retryDelay(50, 0.5), 5150);
});
