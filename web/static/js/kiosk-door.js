/**
 * The kiosk's key and its sessions. The key is made here, cannot be taken out of this browser, and
 * signs a challenge of the server whenever a session begins.
 */
import { client } from './http.js';
import { Refused } from './protocol.js';

const STORE = 'keys';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
/** A session is renewed when this part of it is over. */
const RENEW_AFTER = 0.7;
const TRY_AGAIN_MS = 5000;

/** @typedef {{kioskId: string, key: CryptoKey}} Identity */

const encoder = new TextEncoder();

/** @param {ArrayBuffer|Uint8Array} bytes */
function hex(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {CryptoKey} key @param {string} text @returns {Promise<string>} r and s, in hex */
async function sign(key, text) {
  return hex(await crypto.subtle.sign(SIGNING, key, encoder.encode(text)));
}

/** @param {string} text @returns {Promise<string>} SHA-256 in hex */
async function digest(text) {
  return hex(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} once it is on the disk
 */
function stored(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('kiosk', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      const transaction = db.transaction(STORE, mode, { durability: 'strict' });
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        db.close();
        resolve(request.result);
      };
      transaction.onabort = () => reject(transaction.error);
    };
  });
}

/** @returns {Promise<Identity|undefined>} what this browser is, if it was enrolled */
export const identity = () => stored('readonly', (store) => store.get('identity'));

/**
 * The six words of a key, by the same rule as the server's.
 *
 * @param {ArrayBuffer} publicKey
 * @param {string[]} list of 256 words
 */
export async function wordsOf(publicKey, list) {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', publicKey));
  return [...bytes.slice(0, 6)].map((byte) => /** @type {string} */ (list[byte]));
}

/**
 * Make a key, put it on the record of the code, and keep it.
 *
 * @param {string} typed the code
 * @returns {Promise<{state: string, publicKey: ArrayBuffer}>}
 */
export async function enrol(typed) {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  const publicKey = await crypto.subtle.exportKey('raw', pair.publicKey);
  const code = typed.replace(/[\s-]/g, '').toUpperCase();
  const nonce = hex(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await digest(`vpr-code-v1|${code}`);
  const signature = await sign(pair.privateKey, `vpr-enrol-v1|${location.origin}|${hash}|${nonce}`);
  const done = await client({ csrf: '', kiosk: true }).post('/kiosk/enrol', {
    code, nonce, signature, public_key: hex(publicKey),
  });
  const made = { kioskId: done.kiosk_id, key: pair.privateKey };
  await stored('readwrite', (store) => store.put(made, 'identity'));
  navigator.storage?.persist?.();
  return { state: done.state, publicKey };
}

/**
 * Prove who this browser is and begin a session.
 *
 * @returns {Promise<{csrf: string, seconds: number}|null>} null: this browser was never enrolled;
 *   rejects with `Refused`
 */
export async function openSession() {
  const me = await identity();
  if (!me) return null;
  const http = client({ csrf: '', kiosk: true });
  const { challenge } = await http.post('/kiosk/challenge', { kiosk_id: me.kioskId });
  const signature = await sign(me.key, `vpr-auth-v1|${location.origin}|${me.kioskId}|${challenge}`);
  return http.post('/kiosk/session', { kiosk_id: me.kioskId, challenge, signature });
}

/** Keeps a session of this kiosk going for as long as its page is open. */
export class Door {
  /** @type {Promise<void>} settles when no renewal is under way */
  settled = Promise.resolve();

  /**
   * @param {string} csrf of the page
   * @param {(refusal: Refused) => void} stopped the kiosk may not go on
   */
  constructor(csrf, stopped) {
    this.csrf = csrf;
    this.stopped = stopped;
    this.endsAt = 0;
  }

  /** Renew now, and from then on before each session ends. */
  start() {
    this.renew();
  }

  /** @returns {Promise<void>} */
  renew() {
    this.settled = this.settled.then(() => this.#renew());
    return this.settled;
  }

  /** Renew if the session is in its last part. @returns {Promise<void>} */
  async fresh() {
    if (performance.now() >= this.endsAt) await this.renew();
  }

  async #renew() {
    let next = TRY_AGAIN_MS;
    try {
      // Two pages of one browser must not renew at once: each would end the other's session.
      const begun = await navigator.locks.request('kiosk-door', openSession);
      if (begun) {
        this.csrf = begun.csrf;
        next = begun.seconds * 1000 * RENEW_AFTER;
        this.endsAt = performance.now() + next;
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code.startsWith('kiosk_')) this.stopped(error);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.renew(), next);
  }
}
