import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

import { initial, reduce, screenOf } from '../../web/static/js/kiosk-state.js';
import { missingIn, nextStep, otherMoves } from '../../web/static/js/room-state.js';

const SOURCES = new URL('../../web/static/js/', import.meta.url);

// What a server, or whoever stands in for it, could send: JSON can name any key.
const poisoned = (more) => JSON.parse(JSON.stringify(more).replace(/}$/, `${
  Object.keys(more).length ? ',' : ''}"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`));

test('no message changes what every object has', () => {
  const snapshot = poisoned({
    session: 's', state: 'active', resumes: null, people: [], moves: [], ratings: [], media: true,
    slot: { starts_at: '2026-11-22T06:30:00Z', ends_at: '2026-11-22T07:00:00Z' },
    me: { id: 'k', role: 'petitioner', seat: 0 }, recording: 'off', consent: null, record: null,
  });
  const booking = poisoned({ session_id: 's', session_state: 'scheduled' });
  for (const event of [{ type: 'checked_in', booking }, { type: 'snapshot', snapshot }]) {
    screenOf(reduce(initial(booking), event));
  }
  nextStep(snapshot);
  otherMoves(snapshot);
  missingIn(poisoned({ type: 'assigned' }), [], '2026-11-22');
  assert.equal({}.polluted, undefined);
  assert.equal(Object.prototype.polluted, undefined);
});

test('no module writes under a name that comes from outside', () => {
  // `thing[name] = …` and `Object.assign(thing, told)`: a Map takes such names, an object never.
  const allowed = new Set([
    "when.js: for (const part of parts.formatToParts(new Date(instant))) found[part.type] = part.value;",
    "kiosk-enrol.js: ...words.map((word) => Object.assign(document.createElement('li'), { textContent: word, lang: 'zh-CN' })),",
  ]);
  const found = [];
  for (const name of readdirSync(SOURCES).filter((one) => one.endsWith('.js'))) {
    for (const line of readFileSync(new URL(name, SOURCES), 'utf8').split('\n')) {
      if (/[\w)\]]\[[A-Za-z_$][\w.$]*\]\s*=[^=]|Object\.assign\(/.test(line)) found.push(`${name}: ${line.trim()}`);
    }
  }
  assert.deepEqual(found.filter((line) => !allowed.has(line)), []);
});
