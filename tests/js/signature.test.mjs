import assert from 'node:assert/strict';
import test from 'node:test';

import { SHEET, simplify, Strokes } from '../../web/static/js/signature.js';

const PATH = /^(M\d+ \d+(L\d+ \d+)+)*$/;

test('a stroke becomes path data of whole numbers on the sheet', () => {
  const strokes = new Strokes();
  strokes.begin({ x: 10.4, y: 20.6 });
  strokes.add({ x: 300, y: 200 });
  strokes.begin({ x: -50, y: 9999 });
  strokes.add({ x: 2000, y: 0 });
  assert.equal(strokes.toPath(), `M10 21L300 200M0 ${SHEET.height}L${SHEET.width} 0`);
});

test('points on the way are left out, corners stay', () => {
  const line = Array.from({ length: 100 }, (_, place) => ({ x: place, y: place }));
  assert.deepEqual(simplify(line), [line[0], line[99]]);
  const corner = [{ x: 0, y: 0 }, { x: 50, y: 0 }, { x: 100, y: 0 }, { x: 100, y: 100 }];
  assert.deepEqual(simplify(corner), [corner[0], corner[2], corner[3]]);
});

test('a dot is drawn, and a touch alone is no signature', () => {
  const strokes = new Strokes();
  strokes.begin({ x: 500, y: 200 });
  assert.match(strokes.toPath(), PATH);
  assert.ok(!strokes.isSigned);
  strokes.begin({ x: 100, y: 100 });
  strokes.add({ x: 400, y: 150 });
  assert.ok(strokes.isSigned);
});

test('a scribble without end stays small enough for a message', () => {
  const strokes = new Strokes();
  for (let place = 0; place < 50_000; place += 1) {
    const point = { x: (place * 379) % SHEET.width, y: (place * 211) % SHEET.height };
    if (place % 500 === 0) strokes.begin(point);
    else strokes.add(point);
  }
  assert.match(strokes.toPath(), PATH);
  assert.ok(strokes.toPath().length < 32_000);
});

test('a sheet full of dots stays small enough, too', () => {
  const strokes = new Strokes();
  for (let place = 0; place < 10_000; place += 1) strokes.begin({ x: 999, y: 399 });
  assert.match(strokes.toPath(), PATH);
  assert.ok(strokes.toPath().length < 32_000);
});

test('a cleared sheet has nothing on it', () => {
  const strokes = new Strokes();
  strokes.begin({ x: 0, y: 0 });
  strokes.add({ x: 500, y: 200 });
  strokes.clear();
  assert.equal(strokes.toPath(), '');
  assert.ok(!strokes.isSigned);
});
