/** Camera, microphone and their choice: opening them, saying what is wrong, measuring loudness. */

/** @typedef {'refused'|'missing'|'busy'} Trouble */
/**
 * @typedef {object} Opened
 * @property {MediaStream|null} stream what could be opened; null when nothing could
 * @property {Trouble|null} camera what is wrong with the camera
 * @property {Trouble|null} microphone
 */

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };

/**
 * @param {unknown} error of getUserMedia
 * @returns {Trouble}
 */
export function troubleOf(error) {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}

/**
 * Open camera and microphone, and each alone when the two do not open together: a person without a
 * camera can still be heard.
 *
 * @param {{camera?: string, microphone?: string}} [wanted] device ids; any device when left out
 * @returns {Promise<Opened>}
 */
export async function openDevices(wanted = {}) {
  const audio = { ...SOUND, ...(wanted.microphone ? { deviceId: { exact: wanted.microphone } } : {}) };
  const video = { ...PICTURE, ...(wanted.camera ? { deviceId: { exact: wanted.camera } } : {}) };
  const both = await attempt({ audio, video });
  if (both.stream) return { stream: both.stream, camera: null, microphone: null };
  const [sound, picture] = [await attempt({ audio }), await attempt({ video })];
  const tracks = [...(sound.stream?.getTracks() ?? []), ...(picture.stream?.getTracks() ?? [])];
  return {
    stream: tracks.length > 0 ? new MediaStream(tracks) : null,
    camera: picture.trouble,
    microphone: sound.trouble,
  };
}

/**
 * @param {MediaStreamConstraints} constraints
 * @returns {Promise<{stream: MediaStream|null, trouble: Trouble|null}>}
 */
async function attempt(constraints) {
  // Browsers hide the whole interface on pages that did not come over a secure line.
  if (!navigator.mediaDevices) return { stream: null, trouble: 'refused' };
  try {
    return { stream: await navigator.mediaDevices.getUserMedia(constraints), trouble: null };
  } catch (error) {
    return { stream: null, trouble: troubleOf(error) };
  }
}

/** @param {MediaStream|null} stream */
export function closeDevices(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** @returns {Promise<{cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[]}>} */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return {
    cameras: all.filter((device) => device.kind === 'videoinput'),
    microphones: all.filter((device) => device.kind === 'audioinput'),
  };
}

/**
 * @param {Float32Array} samples between -1 and 1
 * @returns {number} loudness for a bar, 0 to 1; ordinary speech lies around the middle
 */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-10);
  return Math.min(1, Math.max(0, (decibels + 60) / 50));
}

/** Loudness from here on is somebody speaking, not the room. */
export const SPEECH = 0.35;

/**
 * Measure a stream's loudness ten times a second.
 *
 * @param {MediaStream} stream
 * @param {(level: number) => void} heard
 * @returns {() => void} stops measuring
 */
export function measure(stream, heard) {
  if (stream.getAudioTracks().length === 0) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    heard(loudness(samples));
  }, 100);
  return () => {
    clearInterval(timer);
    context.close();
  };
}
