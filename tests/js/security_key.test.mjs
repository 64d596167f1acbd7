import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytes, text } from '../../web/static/js/security-key.js';

test('bytes come back as they were, in the alphabet of addresses and without padding', () => {
  for (const length of [0, 1, 2, 3, 32, 255]) {
    const made = Uint8Array.from({ length }, (_, index) => (index * 37 + 250) % 256);
    const written = text(made.buffer);
    assert.match(written, /^[\w-]*$/);
    assert.deepEqual(new Uint8Array(bytes(written)), made);
  }
});

test('the two letters that differ from ordinary base64 are read', () => {
  assert.deepEqual([...new Uint8Array(bytes('-_8'))], [251, 255]);
});
