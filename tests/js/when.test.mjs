import assert from 'node:assert/strict';
import test from 'node:test';

import { clock, dayOf, dayWords, elapsed, isoDay, plusDays, ServerClock } from '../../web/static/js/when.js';

test('an instant late in the UTC evening is the next day in Shanghai', () => {
  assert.equal(isoDay('2026-11-22T17:00:00Z'), '2026-11-23');
  assert.equal(clock('2026-11-22T17:05:00Z'), '01:05');
  assert.equal(dayOf('2026-11-22T17:00:00Z', 'zh'), '2026年11月23日 星期一');
});

test('midnight is 00, not 24', () => {
  assert.equal(clock('2026-11-22T16:00:00Z'), '00:00');
});

test('a day carries its weekday in both languages', () => {
  assert.equal(dayWords('2026-02-24', 'zh'), '2026年2月24日 星期二');
  assert.equal(dayWords('2026-02-24', 'en'), 'Tuesday 24 February 2026');
});

test('days are counted over month and year ends', () => {
  assert.equal(plusDays('2026-12-25', 7), '2027-01-01');
  assert.equal(plusDays('2028-02-28', 1), '2028-02-29');
});

test('a span is shown in minutes, and in hours when it needs them', () => {
  assert.equal(elapsed(0), '00:00');
  assert.equal(elapsed(425_900), '07:05');
  assert.equal(elapsed(3_725_000), '1:02:05');
  assert.equal(elapsed(-5), '00:00');
});

test('the server clock goes on from the last snapshot, whatever the machine believes', () => {
  const clockOfServer = new ServerClock();
  clockOfServer.set('2026-11-22T06:30:00Z', 1000);
  assert.equal(clockOfServer.now(6000), Date.parse('2026-11-22T06:30:05Z'));
});
