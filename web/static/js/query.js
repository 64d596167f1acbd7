// A query code behind `#` (from the QR code on a slip) is filled in and sent as a form.
// It is taken out of the address at once: the next person at this screen must not find it there.

const form = document.querySelector('form[data-query]');
const field = document.querySelector('#code');

function sendFromAddress() {
  const code = decodeURIComponent(window.location.hash.slice(1)).trim();
  if (!code || !(form instanceof HTMLFormElement) || !(field instanceof HTMLInputElement)) return;
  window.history.replaceState(null, '', window.location.pathname);
  field.value = code.slice(0, field.maxLength);
  form.requestSubmit();
}

window.addEventListener('hashchange', sendFromAddress);
sendFromAddress();
