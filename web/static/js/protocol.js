// @ts-check
/** The wire of docs/protocol.md: one WebSocket that comes back by itself. Knows no DOM and no media. */

/** @typedef {{code: string, zh: string, en: string, details: Record<string, unknown>}} Refusal */
/** @typedef {{seq: number, t: string, d: any}} WireEvent */

const RETRY_MS = [0, 300, 1000, 2000, 3000, 5000];
const REPLY_WITHIN_MS = 8000;
const DEAD_AFTER_MS = 8000;
/** Close codes after which coming back is pointless: ended, moved elsewhere, not admitted. */
const FINAL_CODES = new Set([4000, 4001, 4003]);

/** An answer that says no. `refusal.code` is stable, `zh` and `en` tell the person what to do. */
export class Refused extends Error {
  /** @param {Refusal} refusal */
  constructor(refusal) {
    super(refusal.code);
    this.code = refusal.code;
    this.refusal = refusal;
  }
}

/** The wait before attempt `n` (0-based), with up to 300 ms of jitter. @param {number} n @param {number} random */
export function retryDelay(n, random) {
  const base = RETRY_MS[Math.min(n, RETRY_MS.length - 1)] ?? 5000;
  return n === 0 ? 0 : base + 300 * random;
}

/**
 * A connection to one seat. Events: `welcome` (detail: welcome body), `event` (detail: WireEvent),
 * `open`, `lost`, `final` (detail: {code, refusal?}).
 */
export class Wire extends EventTarget {
  /**
   * @param {{url: string, getTicket: () => Promise<string>, loadResume: () => string | null, saveResume: (token: string | null) => void}} options
   */
  constructor(options) {
    super();
    this.options = options;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<number, {resolve: (d: any) => void, reject: (e: Error) => void, timer: ReturnType<typeof setTimeout>}>} */
    this.waiting = new Map();
    this.nextId = 1;
    this.attempt = 0;
    this.lastSeq = 0;
    this.closed = false;
    this.admitted = false;
    this.heardAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retryTimer = undefined;
    this.pinger = setInterval(() => this.#ping(), 3000);
    this.onOnline = () => this.retryNow();
    globalThis.addEventListener?.('online', this.onOnline);
  }

  /** Connect; returns at once, events tell how it goes. */
  open() {
    if (this.closed) return;
    clearTimeout(this.retryTimer);
    const socket = new WebSocket(this.options.url);
    this.socket = socket;
    socket.onopen = () => this.#hello(socket);
    socket.onmessage = (message) => this.#receive(socket, String(message.data));
    socket.onclose = (event) => this.#lost(socket, event.code);
  }

  /** Ask for something; resolves with the reply's data, rejects with `Refused`. @param {string} t @param {object} d */
  request(t, d = {}) {
    return new Promise((resolve, reject) => {
      const socket = this.socket;
      if (!socket || socket.readyState !== WebSocket.OPEN) {
        reject(new Refused(offline()));
        return;
      }
      const id = this.nextId++;
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Refused(offline()));
      }, REPLY_WITHIN_MS);
      this.waiting.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ id, t, d }));
    });
  }

  /** Try again now instead of waiting out the delay. */
  retryNow() {
    this.attempt = 0;
    if (!this.closed && (!this.socket || this.socket.readyState === WebSocket.CLOSED)) this.open();
  }

  /** Give this socket up and come back on a new one. */
  reopen() {
    const socket = this.socket;
    if (!socket) return;
    this.#lost(socket, 1006);
    socket.close();
  }

  /** Leave for good. */
  close() {
    this.closed = true;
    clearInterval(this.pinger);
    clearTimeout(this.retryTimer);
    globalThis.removeEventListener?.('online', this.onOnline);
    this.socket?.close();
  }

  /** @param {WebSocket} socket */
  async #hello(socket) {
    try {
      const resume = this.options.loadResume();
      const key = resume ? { resume } : { ticket: await this.options.getTicket() };
      if (socket !== this.socket || socket.readyState !== WebSocket.OPEN) return;
      const welcome = await this.request('hello', { proto: [1], ...key });
      this.options.saveResume(welcome.resume);
      this.attempt = 0;
      this.lastSeq = 0;
      this.admitted = true;
      this.#emit('welcome', welcome);
    } catch (error) {
      const refusal = error instanceof Refused ? error.refusal : undefined;
      if (refusal && this.options.loadResume() && refusal.code !== 'offline') {
        // A resume token the server no longer knows: one more try with a fresh ticket.
        this.options.saveResume(null);
        this.reopen();
        return;
      }
      if (refusal && refusal.code !== 'offline') this.#final(4003, refusal);
      else socket.close();
    }
  }

  /** @param {WebSocket} socket @param {string} text */
  #receive(socket, text) {
    if (socket !== this.socket) return;
    this.heardAt = performance.now();
    const message = JSON.parse(text);
    if ('seq' in message) {
      if (message.seq <= this.lastSeq) return;
      this.lastSeq = message.seq;
      this.#emit('event', message);
      return;
    }
    const waiting = this.waiting.get(message.re);
    if (!waiting) return;
    this.waiting.delete(message.re);
    clearTimeout(waiting.timer);
    if (message.ok) waiting.resolve(message.d);
    else waiting.reject(new Refused(message.err));
  }

  /** @param {WebSocket} socket @param {number} code */
  #lost(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.admitted = false;
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Refused(offline()));
    }
    this.waiting.clear();
    if (this.closed) return;
    if (code === 4003 && this.options.loadResume()) this.options.saveResume(null);
    else if (FINAL_CODES.has(code)) {
      this.#final(code);
      return;
    }
    this.#emit('lost', { code });
    this.retryTimer = setTimeout(() => this.open(), retryDelay(this.attempt++, Math.random()));
  }

  /** @param {number} code @param {Refusal} [refusal] */
  #final(code, refusal) {
    this.close();
    this.#emit('final', { code, refusal });
  }

  async #ping() {
    const socket = this.socket;
    if (!socket || !this.admitted) return;
    const sent = performance.now();
    this.request('ping', { t: sent }).catch(() => {});
    setTimeout(() => {
      if (this.socket === socket && this.heardAt < sent) this.reopen();
    }, DEAD_AFTER_MS);
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @returns {Refusal} */
function offline() {
  return {
    code: 'offline',
    zh: '网络暂时中断，正在自动重连，请稍候。',
    en: 'The line is down for a moment; it comes back by itself, please wait.',
    details: {},
  };
}
