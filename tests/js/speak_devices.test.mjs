import assert from 'node:assert/strict';
import test from 'node:test';

import { loudness, SPEECH, troubleOf } from '../../web/static/js/devices.js';
import { chooseVoice, sentences } from '../../web/static/js/speak.js';
import { fill, translator } from '../../web/static/js/strings.js';

test('a text is read sentence by sentence', () => {
  assert.deepEqual(sentences('您有权申请回避。您有权请翻译；不收费\n听明白了吗？'), [
    '您有权申请回避。', '您有权请翻译；', '不收费', '听明白了吗？',
  ]);
  assert.deepEqual(sentences(''), []);
});

test('the voice speaks the right language and needs no network if it can', () => {
  const voice = (lang, localService) => ({ lang, localService });
  const voices = [voice('en-US', true), voice('zh-HK', true), voice('zh-CN', false), voice('zh-CN', true)];
  assert.equal(chooseVoice(voices, 'zh'), voices[3]);
  assert.equal(chooseVoice(voices, 'en'), voices[0]);
  assert.equal(chooseVoice([voices[0]], 'zh'), null);
});

test('silence is no speech, a voice is', () => {
  assert.equal(loudness(new Float32Array(1024)), 0);
  const voice = Float32Array.from({ length: 1024 }, (_, place) => 0.1 * Math.sin(place / 5));
  assert.ok(loudness(voice) > SPEECH);
  assert.ok(loudness(Float32Array.from({ length: 1024 }, () => 0.002)) < SPEECH);
  assert.equal(loudness(Float32Array.from({ length: 1024 }, () => 1)), 1);
});

test('what is wrong with a device is told apart', () => {
  const error = (name) => Object.assign(new Error(name), { name });
  assert.equal(troubleOf(error('NotAllowedError')), 'refused');
  assert.equal(troubleOf(error('NotReadableError')), 'busy');
  assert.equal(troubleOf(error('NotFoundError')), 'missing');
  assert.equal(troubleOf(error('OverconstrainedError')), 'missing');
});

test('places in a sentence are filled, a missing string is a bug', () => {
  assert.equal(fill('还有{minutes}分钟，{who}', { minutes: 3 }), '还有3分钟，{who}');
  assert.equal(translator({ a: '{n}秒' })('a', { n: 5 }), '5秒');
  assert.throws(() => translator({})('b'));
});
