/** The page before the kiosk: proves who this browser is, or says why that does not help now. */
import { openSession } from './kiosk-door.js';
import { by, setText, show } from './page.js';
import { Refused } from './protocol.js';
import { dataBlock, translator } from './strings.js';

const AGAIN_MS = 5000;

/** @type {'zh'|'en'} */
const language = dataBlock('door-data').language;
const say = translator(dataBlock('strings'));

/** @param {string} title @param {string} words */
function tell(title, words) {
  setText(by('door-title'), title);
  setText(by('door-words'), words);
}

async function knock() {
  try {
    const begun = await navigator.locks.request('kiosk-door', openSession);
    if (begun) {
      location.replace('/kiosk');
      return;
    }
    tell(say('unset'), say('unset_words'));
    show(by('door-set-up'), true);
    return;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(say('stopped'), error.refusal[language] || say('offline'));
    const isToBeSetUp = ['kiosk_unenrolled', 'kiosk_quarantined', 'kiosk_revoked', 'kiosk_proof_refused'];
    show(by('door-set-up'), isToBeSetUp.includes(error.code));
  }
  setTimeout(knock, AGAIN_MS);
}

knock();
