/** Keeps the leader's list true: shows the page anew when the server says that it has changed. */
import { client } from './http.js';
import { by } from './page.js';

const EVERY_MS = 15_000;
const http = client({ csrf: '' });
const { stamp } = by('leader-today').dataset;

async function look() {
  if (document.visibilityState !== 'visible') return;
  const answer = await http.get('/leader/changed').catch(() => null);
  if (answer && answer.stamp !== stamp) location.reload();
}

setInterval(look, EVERY_MS);
document.addEventListener('visibilitychange', look);
