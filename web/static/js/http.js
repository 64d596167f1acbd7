/** Requests to our own server: JSON both ways, the CSRF token along, refusals with a sentence. */

/** A request the server refused, or that never reached it (`code` is then `offline`). */
export class Refused extends Error {
  /** @param {string} code @param {string} sentence */
  constructor(code, sentence) {
    super(sentence || code);
    this.code = code;
    this.sentence = sentence;
  }
}

/** @param {Response} response @param {string} language @returns {Promise<any>} */
async function read(response, language) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refused(body.code ?? 'internal', body[language] ?? body.zh ?? '');
}

/**
 * @param {{csrf: string, language: string, kiosk?: boolean}} options `kiosk`: the machine asks, not a
 *   person who may be logged in beside it
 * @returns {{get: (url: string) => Promise<any>, post: (url: string, body?: object) => Promise<any>}}
 *   both reject with `Refused`
 */
export function client({ csrf, language, kiosk = false }) {
  const send = async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    let response;
    try {
      response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...init });
    } catch {
      throw new Refused('offline', '');
    }
    return read(response, language);
  };
  const accept = { Accept: 'application/json', ...(kiosk ? { 'X-Kiosk': '1' } : {}) };
  return {
    get: (url) => send(url, { headers: accept }),
    post: (url, body = {}) =>
      send(url, {
        method: 'POST',
        headers: { ...accept, 'Content-Type': 'application/json', 'X-CSRF': csrf },
        body: JSON.stringify(body),
      }),
  };
}
