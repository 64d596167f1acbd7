/** When a call asks for a new connection, without a browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.WebSocket ??= class {};
const { Call, expectsMedia, verdict } = await import('../../web/static/js/call.js');
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

test('a relay credential that has run out is asked for anew before it is used', async () => {
  const made = [];
  globalThis.sessionStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
  globalThis.RTCPeerConnection = class {
    constructor(configuration) {
      made.push(configuration);
    }
    addTransceiver() {
      throw new Error('far enough');
    }
    close() {}
  };
  const call = new Call({ socketUrl: '', getTicket: async () => '', media: null, resumeKey: 'r' });
  const asked = [];
  const fresh = { servers: [{ urls: ['turn:b'], username: '2:p', credential: 'y' }], policy: 'relay', seconds: 300 };
  call.wire.request = async (kind) => {
    asked.push(kind);
    return fresh;
  };
  const enter = async (ice) => {
    const snapshot = { ...room('active', villager, villager, leader), seats: 2 };
    call.wire.dispatchEvent(new CustomEvent('welcome', { detail: { gen: 0, snapshot, ice } }));
    await new Promise((resolve) => setImmediate(resolve));
  };
  await enter({ servers: [{ urls: ['turn:a'], username: '1:p', credential: 'x' }], policy: 'relay', seconds: 20 });
  assert.deepEqual(asked, ['ice']);
  assert.deepEqual(made[0].iceServers, fresh.servers);
  assert.equal(made[0].iceTransportPolicy, 'relay');
  await enter({ servers: [], policy: 'all', seconds: 300 });
  assert.deepEqual(asked, ['ice']);
  assert.deepEqual(made[1].iceServers, []);
  call.close();
});
