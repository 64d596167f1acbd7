/** Forms that a security key fills in: asks the server what to sign, the key to sign it, and sends. */
import { client } from './http.js';
import { Refused } from './protocol.js';

/** @param {string} text base64url @returns {ArrayBuffer} */
export function bytes(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (char) => char.charCodeAt(0)).buffer;
}

/** @param {ArrayBuffer} buffer @returns {string} base64url */
export function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {{id: string, type: 'public-key'}[]} listed */
const known = (listed) => listed.map(({ id, type }) => ({ id: bytes(id), type }));

/** @param {any} asked @returns {Promise<Credential|null>} */
function create(asked) {
  const user = { ...asked.user, id: bytes(asked.user.id) };
  const excludeCredentials = known(asked.excludeCredentials ?? []);
  const challenge = bytes(asked.challenge);
  return navigator.credentials.create({ publicKey: { ...asked, challenge, user, excludeCredentials } });
}

/** @param {any} asked @returns {Promise<Credential|null>} */
function get(asked) {
  const allowCredentials = known(asked.allowCredentials ?? []);
  const challenge = bytes(asked.challenge);
  return navigator.credentials.get({ publicKey: { ...asked, challenge, allowCredentials } });
}

/** @param {PublicKeyCredential} made @returns {string} the JSON the server reads */
function written(made) {
  /** @type {Record<string, string>} */
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  if (made.response instanceof AuthenticatorAttestationResponse) {
    response['attestationObject'] = text(made.response.attestationObject);
  } else if (made.response instanceof AuthenticatorAssertionResponse) {
    response['authenticatorData'] = text(made.response.authenticatorData);
    response['signature'] = text(made.response.signature);
  }
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
}

/** @param {HTMLFormElement} form */
async function fill(form) {
  const { options = '', ask = 'get' } = form.dataset;
  const sent = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const asked = await client({ csrf: sent['csrf'] ?? '' }).post(options, sent);
  const made = await (ask === 'create' ? create(asked) : get(asked));
  if (!(made instanceof PublicKeyCredential)) throw new Error('no credential');
  const field = form.elements.namedItem('credential');
  if (field instanceof HTMLInputElement) field.value = written(made);
}

/** @param {HTMLFormElement} form @param {string} words */
function say(form, words) {
  const place = form.querySelector('[data-said]');
  if (place instanceof HTMLElement) {
    place.textContent = words;
    place.hidden = !words;
  }
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function press(form, button) {
  const { missing = '', failed = '' } = form.dataset;
  if (!window.PublicKeyCredential) {
    say(form, missing);
    return;
  }
  say(form, '');
  button.disabled = true;
  try {
    await fill(form);
    form.submit();
  } catch (error) {
    // Given up, timed out, or refused by the key: browsers do not tell which, on purpose.
    const language = document.documentElement.lang === 'en' ? 'en' : 'zh';
    const words = error instanceof Refused ? error.refusal[language] : '';
    say(form, words || failed);
    button.disabled = false;
  }
}

if (typeof document !== 'undefined') {
  for (const form of document.querySelectorAll('form[data-options]')) {
    const button = form.querySelector('button[type=button]');
    if (form instanceof HTMLFormElement && button instanceof HTMLButtonElement) {
      button.addEventListener('click', () => press(form, button));
    }
  }
}
