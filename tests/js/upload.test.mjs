import assert from 'node:assert/strict';
import test from 'node:test';

import { disposition } from '../../web/static/js/upload.js';

test('a name goes into a header whatever signs it has', () => {
  assert.equal(disposition('a.pdf'), "attachment; filename*=UTF-8''a.pdf");
  assert.equal(disposition('渠 (1).jpg'), "attachment; filename*=UTF-8''%E6%B8%A0%20%281%29.jpg");
  const odd = disposition('a"b\r\n;\'*.png');
  assert.match(odd, /^attachment; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+$/);
});
