/**
 * Keeps a list true: shows the page anew when the server says that it has changed, and gives the
 * focus back to where it was. While somebody chooses or types, it waits.
 */
import { client } from './http.js';
import { by } from './page.js';

const EVERY_MS = 15_000;
const KEPT = 'focus-kept';
const http = client({ csrf: '' });
const { stamp, changed } = by('fresh').dataset;

async function look() {
  if (document.visibilityState !== 'visible' || isBusy()) return;
  const answer = await http.get(changed ?? '').catch(() => null);
  if (!answer || answer.stamp === stamp || isBusy()) return;
  sessionStorage.setItem(KEPT, document.activeElement?.id ?? '');
  location.reload();
}

/** @returns {boolean} whether somebody is in the middle of something */
function isBusy() {
  return document.activeElement?.matches('input, select, textarea') ?? false;
}

const kept = sessionStorage.getItem(KEPT);
sessionStorage.removeItem(KEPT);
if (kept) document.getElementById(kept)?.focus();
setInterval(look, EVERY_MS);
document.addEventListener('visibilitychange', look);
