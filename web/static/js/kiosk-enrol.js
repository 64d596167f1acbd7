/** Set-up of a kiosk: the code, the six words two people compare, and the way into the kiosk. */
import { enrol, openSession, wordsOf } from './kiosk-door.js';
import { by, onPress, setText, show } from './page.js';
import { Refused } from './protocol.js';
import { Speaker } from './speak.js';
import { dataBlock, translator } from './strings.js';

const AGAIN_MS = 2000;

const data = dataBlock('door-data');
/** @type {'zh'|'en'} */
const language = data.language;
const say = translator(dataBlock('strings'));
// The words are Chinese in every language.
const speaker = new Speaker('zh', {});
const input = /** @type {HTMLInputElement} */ (by('code'));

/** @param {unknown} error */
function refused(error) {
  if (!(error instanceof Refused)) throw error;
  setText(by('enrol-refusal'), error.refusal[language] || say('offline'));
  show(by('enrol-refusal'), true);
  show(by('enrol-form'), true);
}

/** @returns {Promise<boolean>} whether this browser is a kiosk that may begin */
async function isIn() {
  try {
    return (await navigator.locks.request('kiosk-door', openSession)) !== null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return false;
  }
}

async function untilApproved() {
  if (await isIn()) location.replace('/kiosk');
  else setTimeout(untilApproved, AGAIN_MS);
}

/** @param {string} code */
async function begin(code) {
  show(by('enrol-form'), false);
  show(by('enrol-refusal'), false);
  try {
    const { state, publicKey } = await enrol(code);
    if (state !== 'enrolled') await compare(publicKey);
    untilApproved();
  } catch (error) {
    // Whoever opens the address of a code once more is in already.
    if (await isIn()) location.replace('/kiosk');
    else refused(error);
  }
}

/** @param {ArrayBuffer} publicKey */
async function compare(publicKey) {
  const words = await wordsOf(publicKey, data.words);
  by('words').replaceChildren(
    ...words.map((word) => Object.assign(document.createElement('li'), { textContent: word, lang: 'zh-CN' })),
  );
  show(by('compare'), true);
  by('compare-title').focus();
  const read = () => speaker.say('fingerprint', say('read_words', { words: words.join('，') }));
  onPress('read-again', read);
  read();
}

by('enrol-form').addEventListener('submit', (event) => {
  event.preventDefault();
  begin(input.value);
});

const code = new URLSearchParams(location.hash.slice(1)).get('code');
if (code) {
  history.replaceState(null, '', '/kiosk/enrol');
  begin(code);
} else input.focus();
