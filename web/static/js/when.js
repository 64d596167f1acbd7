/** Instants and spans in the words people read; always Asia/Shanghai, whatever the machine says. */

const ZONE = 'Asia/Shanghai';
const WEEKDAYS = {
  zh: ['星期日', '星期一', '星期二', '星期三', '星期四', '星期五', '星期六'],
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
};
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
  'November', 'December',
];

/** @typedef {'zh'|'en'} Language */

const parts = new Intl.DateTimeFormat('en-US-u-nu-latn', {
  timeZone: ZONE, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
  hour: '2-digit', minute: '2-digit',
});

/**
 * @param {string|Date} instant
 * @returns {{year: number, month: number, day: number, hour: string, minute: string}}
 */
function local(instant) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const part of parts.formatToParts(new Date(instant))) found[part.type] = part.value;
  return {
    year: Number(found['year']),
    month: Number(found['month']),
    day: Number(found['day']),
    hour: found['hour'] ?? '00',
    minute: found['minute'] ?? '00',
  };
}

/** @param {string|Date} instant @returns {string} the day there, as `2026-11-22` */
export function isoDay(instant) {
  const { year, month, day } = local(instant);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** @param {string|Date} instant @returns {string} `14:30` */
export function clock(instant) {
  const { hour, minute } = local(instant);
  return `${hour}:${minute}`;
}

/**
 * @param {string} iso a day, `2026-11-22`
 * @param {Language} language
 * @returns {string} `2026年11月22日 星期日`
 */
export function dayWords(iso, language) {
  const [year = 0, month = 1, day = 1] = iso.split('-').map(Number);
  const weekday = WEEKDAYS[language][new Date(Date.UTC(year, month - 1, day)).getUTCDay()];
  if (language === 'zh') return `${year}年${month}月${day}日 ${weekday}`;
  return `${weekday} ${day} ${MONTHS[month - 1]} ${year}`;
}

/** @param {string|Date} instant @param {Language} language @returns {string} */
export function dayOf(instant, language) {
  return dayWords(isoDay(instant), language);
}

/** @param {string} iso @param {number} days @returns {string} the day so many days later */
export function plusDays(iso, days) {
  const [year = 0, month = 1, day = 1] = iso.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day + days)).toISOString().slice(0, 10);
}

/** @param {number} milliseconds @returns {string} `07:05`, or `1:07:05` past an hour */
export function elapsed(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const pad = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/**
 * The server's clock as seen from here: its time when a snapshot came, plus what passed since.
 * A kiosk's own clock may be hours off; nothing shown to people is read from it alone.
 */
export class ServerClock {
  #offset = 0;

  /** @param {string} serverNow @param {number} [here] */
  set(serverNow, here = Date.now()) {
    this.#offset = Date.parse(serverNow) - here;
  }

  /** @param {number} [here] @returns {number} Unix milliseconds */
  now(here = Date.now()) {
    return here + this.#offset;
  }
}
