/**
 * Spoken prompts: a recorded voice when the office has one, else the machine's own voice of that
 * language, else a chime, so that nobody misses that something new is on the screen.
 */

/**
 * Cut a text where a reader would breathe. Voices of some systems stop after about fifteen seconds of
 * one utterance; sentence by sentence they go on.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function sentences(text) {
  const found = text.match(/[^。！？；!?;\n]+[。！？；!?;]?|\n/gu) ?? [];
  return found.map((part) => part.trim()).filter((part) => part !== '');
}

/**
 * @template {{lang: string, localService: boolean}} Voice
 * @param {Voice[]} voices
 * @param {'zh'|'en'} language
 * @returns {Voice|null} one that works without a network, if any does; Mandarin before other Chinese
 */
export function chooseVoice(voices, language) {
  const rank = (/** @type {Voice} */ voice) =>
    (voice.localService ? 0 : 2) + (/^(zh[-_]CN|cmn|en)/i.test(voice.lang) ? 0 : 1);
  const spoken = language === 'zh' ? /^(zh|cmn)/i : /^en/i;
  return voices.filter((voice) => spoken.test(voice.lang)).sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

/** One voice for the page; a new prompt silences the one before. */
export class Speaker {
  /** @type {HTMLAudioElement|null} */
  #recorded = null;
  /** @type {AudioContext|null} */
  #sound = null;

  /**
   * @param {'zh'|'en'} language
   * @param {Record<string, string>} recordings address of the recorded prompt by key
   */
  constructor(language, recordings) {
    this.language = language;
    this.recordings = recordings;
  }

  /**
   * @param {string} key names the recorded prompt
   * @param {string} text what it says, for the machine's voice
   */
  say(key, text) {
    this.silence();
    const address = this.recordings[key];
    if (address) this.#play(address, text);
    else this.#speak(text);
  }

  /**
   * Say a word along the way, such as a digit that was pressed; without a voice, say nothing.
   *
   * @param {string} key
   * @param {string} text
   */
  murmur(key, text) {
    const address = this.recordings[key];
    if (!address && !this.#voice()) return;
    this.silence();
    if (address) this.#play(address, text);
    else this.#speak(text);
  }

  /** Stop speaking now. */
  silence() {
    this.#recorded?.pause();
    this.#recorded = null;
    globalThis.speechSynthesis?.cancel();
  }

  /** Two soft notes. */
  chime() {
    const context = this.#context();
    this.#note(context, 660, 0);
    this.#note(context, 880, 0.18);
  }

  /** A tone long enough to turn the loudspeaker up by. @returns {Promise<void>} when it has ended */
  async testTone() {
    this.silence();
    const context = this.#context();
    await context.resume();
    [523, 659, 784, 1047].forEach((pitch, place) => this.#note(context, pitch, place * 0.3, 0.28));
    await new Promise((resolve) => setTimeout(resolve, 1300));
  }

  /** @param {string} address @param {string} text */
  #play(address, text) {
    const audio = new Audio(address);
    this.#recorded = audio;
    audio.play().catch(() => {
      if (this.#recorded === audio) this.#speak(text);
    });
  }

  /** @param {string} text */
  #speak(text) {
    const voice = this.#voice();
    if (!voice) {
      this.chime();
      return;
    }
    for (const part of sentences(text)) {
      const utterance = new SpeechSynthesisUtterance(part);
      utterance.voice = voice;
      utterance.lang = voice.lang;
      utterance.rate = 0.9;
      speechSynthesis.speak(utterance);
    }
  }

  /** @returns {SpeechSynthesisVoice|null} */
  #voice() {
    const voices = globalThis.speechSynthesis?.getVoices() ?? [];
    return chooseVoice(voices, this.language);
  }

  /** @returns {AudioContext} */
  #context() {
    this.#sound ??= new AudioContext();
    return this.#sound;
  }

  /** @param {AudioContext} context @param {number} pitch @param {number} start @param {number} [length] */
  #note(context, pitch, start, length = 0.16) {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    const from = context.currentTime + start;
    oscillator.frequency.value = pitch;
    gain.gain.setValueAtTime(0.0001, from);
    gain.gain.exponentialRampToValueAtTime(0.2, from + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + length);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(from);
    oscillator.stop(from + length);
  }
}
