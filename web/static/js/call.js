// @ts-check
/**
 * One person's seat in a room: the wire, one PeerConnection, and the one way back.
 *
 * Recovery is always the same: a new PeerConnection into the same seat, made before the old one is
 * broken. It is triggered by media (no bytes) and by the wire, never by ICE state alone, which needs
 * 17 s to notice a dead path.
 */
import { Refused, Wire } from './protocol.js';

const WATCH_MS = 500;
const WEAK_AFTER_MS = 2000;
const REPLACE_AFTER_MS = 4000;
const CONNECT_WITHIN_MS = 8000;
const STATS_EVERY_MS = 5000;
const MAX_VIDEO_BITRATE = 1_200_000;
const ICE_MARGIN_S = 30;

/** @typedef {{seat: number, audio_mid: string, video_mid: string}} View */
/** @typedef {{servers: RTCIceServer[], policy: RTCIceTransportPolicy, seconds: number}} Ice */

/**
 * What a stalled path asks for. Pure, so that it can be tested without a browser.
 * @param {{expecting: boolean, stalledMs: number, wireAlive: boolean, replacing: boolean}} facts
 * @returns {'none' | 'weak' | 'replace'}
 */
export function verdict({ expecting, stalledMs, wireAlive, replacing }) {
  if (!expecting || stalledMs < WEAK_AFTER_MS) return 'none';
  if (stalledMs >= REPLACE_AFTER_MS && wireAlive && !replacing) return 'replace';
  return 'weak';
}

/**
 * Whether this seat should be receiving somebody's media now.
 * @param {any} snapshot
 */
export function expectsMedia(snapshot) {
  if (!snapshot?.media) return false;
  const cutOff = (/** @type {any} */ one) => snapshot.state === 'consult' && one.role === 'petitioner';
  if (cutOff(snapshot.me)) return false;
  return snapshot.people.some(
    (/** @type {any} */ one) => one.id !== snapshot.me.id && one.online && one.media && !cutOff(one),
  );
}

/**
 * Events: `snapshot`, `view` {seat, stream}, `line` 'connecting'|'live'|'weak'|'reconnecting',
 * `refused` {code, zh, en}, `moved`, `ended` {state}, `joined` {join_ms}.
 */
export class Call extends EventTarget {
  /**
   * @param {{socketUrl: string, getTicket: () => Promise<string>, media: MediaStream | null, resumeKey: string}} options
   */
  constructor({ socketUrl, getTicket, media, resumeKey }) {
    super();
    this.media = media;
    /** @type {any} */
    this.snapshot = null;
    /** @type {Map<number, MediaStream>} */
    this.streams = new Map();
    /** @type {Ice} */
    this.ice = { servers: [], policy: 'all', seconds: 0 };
    this.iceUntil = 0;
    /** @type {RTCPeerConnection | null} */
    this.peer = null;
    /** @type {RTCPeerConnection | null} */
    this.coming = null;
    this.gen = 0;
    this.line = 'connecting';
    this.bytes = 0;
    this.bytesAt = performance.now();
    this.startedAt = performance.now();
    this.closed = false;
    this.everLive = false;
    this.wire = new Wire({
      url: socketUrl,
      getTicket,
      loadResume: () => sessionStorage.getItem(resumeKey),
      saveResume: (token) =>
        token ? sessionStorage.setItem(resumeKey, token) : sessionStorage.removeItem(resumeKey),
    });
    this.wire.addEventListener('welcome', (e) => this.#welcome(detail(e)));
    this.wire.addEventListener('event', (e) => this.#event(detail(e)));
    this.wire.addEventListener('lost', () => this.#setLine('reconnecting'));
    this.wire.addEventListener('final', (e) => this.#final(detail(e)));
    this.watch = setInterval(() => this.#watch(), WATCH_MS);
    this.reporter = setInterval(() => this.#report(), STATS_EVERY_MS);
  }

  /** Open the seat. */
  async start() {
    this.startedAt = performance.now();
    this.wire.open();
  }

  /**
   * Ask the server for something; refusals are also emitted as `refused`.
   * @param {string} type @param {object} data @returns {Promise<any>}
   */
  async request(type, data = {}) {
    try {
      return await this.wire.request(type, data);
    } catch (error) {
      if (error instanceof Refused) this.#emit('refused', error.refusal);
      throw error;
    }
  }

  /** Send from other devices from now on. @param {MediaStream} stream */
  async replaceMedia(stream) {
    this.media = stream;
    for (const peer of [this.peer, this.coming]) {
      for (const transceiver of peer?.getTransceivers().slice(0, 2) ?? []) {
        const kind = transceiver.receiver.track.kind;
        await transceiver.sender.replaceTrack(trackOf(stream, kind));
      }
    }
  }

  /** Leave the room; the seat is kept on the server until the session ends. */
  close() {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.watch);
    clearInterval(this.reporter);
    this.peer?.close();
    this.coming?.close();
    this.wire.close();
  }

  /** @param {Ice} ice */
  #takeIce(ice) {
    this.ice = ice;
    this.iceUntil = performance.now() + (ice.seconds - ICE_MARGIN_S) * 1000;
  }

  /** Credentials of a relay run out; one that has is asked for anew before it is used. */
  async #freshenIce() {
    if (this.ice.servers.length && performance.now() > this.iceUntil) {
      this.#takeIce(await this.wire.request('ice', {}));
    }
  }

  /** @param {any} welcome */
  #welcome(welcome) {
    this.#takeIce(welcome.ice);
    this.gen = Math.max(this.gen, welcome.gen);
    this.#show(welcome.snapshot);
    if (!this.peer) return;
    // Media may have outlived the wire: keep it if bytes still come, else the watch replaces it.
    if (performance.now() - this.bytesAt < WEAK_AFTER_MS) this.#setLine('live');
    else if (expectsMedia(this.snapshot)) this.#join();
  }

  /** @param {{t: string, d: any}} event */
  #event({ t, d }) {
    if (t === 'snapshot') this.#show(d);
    else if (t === 'rejoin') this.#join();
    else if (t === 'ended') this.#emit('ended', d);
    else if (t === 'moved') this.#emit('moved', d);
  }

  /** @param {any} snapshot */
  #show(snapshot) {
    this.snapshot = snapshot;
    this.#emit('snapshot', snapshot);
    if (snapshot.media && !this.peer && !this.coming) this.#join();
    if (!snapshot.media && this.peer) this.#hangUp();
  }

  #hangUp() {
    this.peer?.close();
    this.coming?.close();
    this.peer = this.coming = null;
  }

  /** Make a new PeerConnection into the same seat; the old one goes when the new one is connected. */
  async #join() {
    if (this.closed || !this.snapshot?.media) return;
    try {
      await this.#freshenIce();
    } catch (error) {
      this.#joinFailed(null, error);
      return;
    }
    // Meanwhile the room may have been left, or its media ended.
    if (this.closed || !this.snapshot?.media) return;
    this.coming?.close();
    const gen = ++this.gen;
    const peer = new RTCPeerConnection({
      iceServers: this.ice.servers,
      iceTransportPolicy: this.ice.policy,
      bundlePolicy: 'max-bundle',
    });
    this.coming = peer;
    this.bytesAt = performance.now();
    if (this.line !== 'live') this.#setLine(this.everLive ? 'reconnecting' : 'connecting');
    /** @type {Map<string, MediaStreamTrack>} */
    const tracks = new Map();
    peer.ontrack = ({ transceiver, track }) => tracks.set(String(transceiver.mid), track);
    try {
      this.#addLines(peer, this.snapshot.seats);
      await peer.setLocalDescription(await peer.createOffer());
      const answer = await this.wire.request('offer', { gen, sdp: peer.localDescription?.sdp });
      if (this.coming !== peer) return;
      peer.onconnectionstatechange = () => this.#peerState(peer, answer.views, tracks);
      await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
      setTimeout(() => this.#giveUp(peer), CONNECT_WITHIN_MS);
    } catch (error) {
      this.#joinFailed(peer, error);
    }
  }

  /** @param {RTCPeerConnection | null} peer @param {unknown} error */
  #joinFailed(peer, error) {
    peer?.close();
    if (peer && this.coming === peer) this.coming = null;
    const refusal = error instanceof Refused ? error.refusal : null;
    if (refusal?.code === 'stale_generation') {
      this.gen = Math.max(this.gen, Number(refusal.details['current'] ?? 0));
    }
    if (refusal?.code === 'not_admitted') return;
    if (!this.closed) setTimeout(() => this.#retryJoin(), 500);
  }

  #retryJoin() {
    if (!this.coming && this.wire.admitted) this.#join();
  }

  /** @param {RTCPeerConnection} peer */
  #giveUp(peer) {
    if (this.coming !== peer) return;
    this.coming = null;
    peer.close();
    this.#join();
  }

  /** @param {RTCPeerConnection} peer @param {number} seats */
  #addLines(peer, seats) {
    const audio = trackOf(this.media, 'audio');
    const video = trackOf(this.media, 'video');
    const streams = this.media ? [this.media] : [];
    const lines = [
      peer.addTransceiver(audio ?? 'audio', { direction: 'sendonly', streams }),
      peer.addTransceiver(video ?? 'video', {
        direction: 'sendonly',
        streams,
        sendEncodings: [{ maxBitrate: MAX_VIDEO_BITRATE }],
      }),
    ];
    for (let seat = 1; seat < seats; seat++) {
      lines.push(peer.addTransceiver('audio', { direction: 'recvonly' }));
      lines.push(peer.addTransceiver('video', { direction: 'recvonly' }));
    }
    for (const line of lines) {
      line.setCodecPreferences(wantedCodecs(line.receiver.track.kind));
    }
  }

  /**
   * @param {RTCPeerConnection} peer @param {View[]} views @param {Map<string, MediaStreamTrack>} tracks
   */
  #peerState(peer, views, tracks) {
    if (peer.connectionState === 'connected' && this.coming === peer) {
      const old = this.peer;
      this.peer = peer;
      this.coming = null;
      this.bytes = 0;
      this.bytesAt = performance.now();
      this.#showTracks(views, tracks);
      old?.close();
    } else if (peer.connectionState === 'failed' && this.peer === peer && this.wire.admitted) {
      this.#join();
    } else if (peer.connectionState === 'failed' && this.coming === peer) {
      this.#giveUp(peer);
    }
  }

  /** Swap the tracks inside each seat's one MediaStream. @param {View[]} views @param {Map<string, MediaStreamTrack>} tracks */
  #showTracks(views, tracks) {
    for (const view of views) {
      let stream = this.streams.get(view.seat);
      const isNew = !stream;
      stream ??= new MediaStream();
      this.streams.set(view.seat, stream);
      for (const track of stream.getTracks()) stream.removeTrack(track);
      for (const mid of [view.audio_mid, view.video_mid]) {
        const track = tracks.get(String(mid));
        if (track) stream.addTrack(track);
      }
      if (isNew) this.#emit('view', { seat: view.seat, stream });
    }
  }

  async #watch() {
    const peer = this.peer;
    if (!peer) return;
    const received = await bytesReceived(peer);
    if (peer !== this.peer) return;
    const now = performance.now();
    if (received !== this.bytes) {
      this.bytes = received;
      this.bytesAt = now;
    }
    const expecting = expectsMedia(this.snapshot);
    const stalledMs = now - this.bytesAt;
    if (!expecting) this.bytesAt = now;
    const what = verdict({
      expecting,
      stalledMs,
      wireAlive: this.wire.admitted,
      replacing: this.coming !== null,
    });
    if (what === 'replace') this.#join();
    else if (what === 'weak') this.#setLine(this.wire.admitted ? 'weak' : 'reconnecting');
    else if (this.wire.admitted && (received > 0 || !expecting)) this.#setLine('live');
  }

  /** @param {string} line */
  #setLine(line) {
    if (line === 'live' && !this.everLive && this.bytes > 0) {
      this.everLive = true;
      this.#emit('joined', { join_ms: performance.now() - this.startedAt });
    }
    if (line === this.line) return;
    this.line = line;
    this.#emit('line', line);
  }

  async #report() {
    if (!this.peer || !this.wire.admitted) return;
    this.wire.request('stats', await figures(this.peer)).catch(() => {});
  }

  /** @param {{code: number, refusal?: any}} final */
  #final({ code, refusal }) {
    this.close();
    if (refusal) this.#emit('refused', refusal);
    if (code === 4001) this.#emit('moved', {});
  }

  /** @param {string} type @param {unknown} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {Event} event @returns {any} */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}

/** @param {MediaStream | null} stream @param {string} kind @returns {MediaStreamTrack | null} */
function trackOf(stream, kind) {
  return stream?.getTracks().find((track) => track.kind === kind) ?? null;
}

/** Opus for sound, VP8 with retransmission for the picture: what the hub forwards and records. @param {string} kind */
function wantedCodecs(kind) {
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const wanted = kind === 'audio' ? ['audio/opus'] : ['video/VP8', 'video/rtx'];
  return codecs.filter((codec) => wanted.includes(codec.mimeType));
}

/** @param {RTCPeerConnection} peer */
async function bytesReceived(peer) {
  let total = 0;
  for (const entry of (await peer.getStats()).values()) {
    if (entry.type === 'inbound-rtp') total += entry.bytesReceived;
  }
  return total;
}

/** @param {RTCPeerConnection} peer */
async function figures(peer) {
  /** @type {Record<string, number>} */
  const out = {};
  let lost = 0;
  let packets = 0;
  let concealed = 0;
  let samples = 0;
  for (const entry of (await peer.getStats()).values()) {
    if (entry.type === 'inbound-rtp') {
      lost += Math.max(0, entry.packetsLost ?? 0);
      packets += entry.packetsReceived ?? 0;
      concealed += entry.concealedSamples ?? 0;
      samples += entry.totalSamplesReceived ?? 0;
      if (entry.kind === 'video' && entry.framesPerSecond) {
        out.fps = Math.max(out.fps ?? 0, entry.framesPerSecond);
        out.freezes = (out.freezes ?? 0) + (entry.freezeCount ?? 0);
      }
    } else if (entry.type === 'candidate-pair' && entry.nominated && entry.currentRoundTripTime) {
      out.rtt_ms = entry.currentRoundTripTime * 1000;
    }
  }
  if (packets) out.loss = Math.min(1, lost / (lost + packets));
  if (samples) out.concealed = Math.min(1, concealed / samples);
  return out;
}
