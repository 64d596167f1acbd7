// Sends a file to a case: as it is, with its name beside it, and shows how far it has come.

import { show } from './page.js';

/**
 * The header that names a file (RFC 6266, RFC 8187).
 *
 * @param {string} name
 * @returns {string}
 */
export function disposition(name) {
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename*=UTF-8''${encoded}`;
}

class Upload {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.input = /** @type {HTMLInputElement} */ (form.querySelector('input'));
    this.bar = /** @type {HTMLProgressElement} */ (form.querySelector('progress'));
    this.alert = /** @type {HTMLElement} */ (form.querySelector('[role=alert]'));
    this.button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const file = this.input.files?.[0];
      if (file) this.send(file);
    });
  }

  /** @param {File} file */
  send(file) {
    const request = new XMLHttpRequest();
    request.open('POST', this.form.dataset.upload ?? '');
    request.responseType = 'json';
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRF', this.form.dataset.csrf ?? '');
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    request.setRequestHeader('Content-Disposition', disposition(file.name));
    request.upload.addEventListener('progress', (event) => {
      // The last part is for looking at the file: the bar is not full before it is kept.
      if (event.lengthComputable) this.bar.value = Math.round((event.loaded / event.total) * 95);
    });
    request.addEventListener('load', () => this.answered(request));
    request.addEventListener('error', () => this.refuse(this.words(null)));
    this.busy(true);
    request.send(file);
  }

  /** @param {XMLHttpRequest} request */
  answered(request) {
    if (request.status === 201) window.location.reload();
    else this.refuse(this.words(request.response));
  }

  /** @param {{zh?: string, en?: string}|null} told @returns {string} */
  words(told) {
    const english = document.documentElement.lang.startsWith('en');
    if (told?.zh && told.en) return english ? told.en : told.zh;
    return english
      ? 'The connection broke off. Check the network and add the file again.'
      : '网络中断了。请检查网络，再添加一次。';
  }

  /** @param {string} words */
  refuse(words) {
    this.busy(false);
    this.alert.textContent = words;
    show(this.alert, true);
    this.input.focus();
  }

  /** @param {boolean} busy */
  busy(busy) {
    show(this.alert, false);
    show(this.bar, busy);
    this.bar.value = 0;
    this.button.disabled = busy;
    this.form.setAttribute('aria-busy', String(busy));
  }
}

if (typeof document !== 'undefined') {
  for (const form of document.querySelectorAll('form[data-upload]')) {
    new Upload(/** @type {HTMLFormElement} */ (form));
  }
}
