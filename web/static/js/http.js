/** Requests to our own server: JSON both ways, the CSRF token along, refusals with a sentence. */

import { Refused } from './protocol.js';

/** @param {Response} response @returns {Promise<any>} */
async function read(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const { code = 'internal', zh = '', en = '', details = {} } = body;
  throw new Refused({ code, zh, en, details });
}

/**
 * @param {{csrf: string|(() => Promise<string>), kiosk?: boolean}} options `csrf`: the page's
 *   token, or what gives it when it changes; `kiosk`: the machine asks, not a person who may be
 *   logged in beside it
 * @returns {{get: (url: string) => Promise<any>, post: (url: string, body?: object) => Promise<any>}}
 *   both reject with `Refused`; its code is `offline`, and it has no sentence, when nothing answered
 */
export function client({ csrf, kiosk = false }) {
  const send = async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    let response;
    try {
      response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...init });
    } catch {
      throw new Refused({ code: 'offline', zh: '', en: '', details: {} });
    }
    return read(response);
  };
  const accept = { Accept: 'application/json', ...(kiosk ? { 'X-Kiosk': '1' } : {}) };
  return {
    get: (url) => send(url, { headers: accept }),
    post: async (url, body = {}) => {
      const token = typeof csrf === 'string' ? csrf : await csrf();
      return send(url, {
        method: 'POST',
        headers: { ...accept, 'Content-Type': 'application/json', 'X-CSRF': token },
        body: JSON.stringify(body),
      });
    },
  };
}
