// Small actions of ordinary pages: print, and sending a form only once.

for (const button of document.querySelectorAll('[data-print]')) {
  button.addEventListener('click', () => window.print());
}

for (const form of document.querySelectorAll('form[data-once]')) {
  form.addEventListener('submit', (event) => {
    if (!(form instanceof HTMLFormElement)) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = 'yes';
    // After "back" a browser may show the page as it was left: let it be sent again.
    window.addEventListener('pageshow', () => delete form.dataset.sent, { once: true });
  });
}
