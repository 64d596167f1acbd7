"""A page that joins a hub's room from Chromium, and the small server that gives it."""

from aiohttp import web as http

from signaling.engine import MediaEngine
from signaling.errors import Refused

PAGE = """<!doctype html><title>hub</title><script>
let pc, tracks = [];
function prefer(transceiver, kind) {
  const wanted = kind === 'audio' ? ['audio/opus'] : ['video/VP8', 'video/rtx'];
  const all = RTCRtpReceiver.getCapabilities(kind).codecs;
  transceiver.setCodecPreferences(all.filter(c => wanted.includes(c.mimeType)));
}
async function join(person, seat, gen, seats) {
  const stream = await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 640, height: 360, frameRate: 30}});
  const old = pc;
  pc = new RTCPeerConnection({bundlePolicy: 'max-bundle', iceServers: []});
  for (const kind of ['audio', 'video']) {
    const track = stream.getTracks().find(t => t.kind === kind);
    prefer(pc.addTransceiver(track, {direction: 'sendonly', streams: [stream]}), kind);
  }
  for (let i = 1; i < seats; i++)
    for (const kind of ['audio', 'video'])
      prefer(pc.addTransceiver(kind, {direction: 'recvonly'}), kind);
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== 'complete')
    await Promise.race([
      new Promise(r => pc.addEventListener('icegatheringstatechange',
        () => pc.iceGatheringState === 'complete' && r())),
      new Promise(r => setTimeout(r, 150))]);
  const body = JSON.stringify({person, seat, gen, sdp: pc.localDescription.sdp});
  const answer = await (await fetch('/join', {method: 'POST', body})).json();
  if (answer.error) throw new Error(JSON.stringify(answer));
  for (const view of answer.views)
    for (const mid of [view.audio_mid, view.video_mid]) {
      const element = document.createElement(mid === view.video_mid ? 'video' : 'audio');
      element.autoplay = true; element.muted = true;
      const t = pc.getTransceivers().find(t => t.mid === mid);
      element.srcObject = new MediaStream([t.receiver.track]);
      document.documentElement.append(element);
    }
  const connected = new Promise(r => pc.addEventListener('connectionstatechange',
    () => pc.connectionState === 'connected' && r()));
  await pc.setRemoteDescription({type: 'answer', sdp: answer.sdp});
  await connected;
  if (old) old.close();
  return {views: answer.views, offer: pc.localDescription.sdp.length};
}
async function stats() {
  const rows = [];
  (await pc.getStats()).forEach(r => rows.push(r));
  return {state: pc.connectionState,
    inbound: rows.filter(r => r.type === 'inbound-rtp').map(r => ({mid: r.mid, kind: r.kind,
      frames: r.framesDecoded, packets: r.packetsReceived, lost: r.packetsLost,
      concealed: r.concealedSamples, samples: r.totalSamplesReceived, nacks: r.nackCount,
      plis: r.pliCount, freezes: r.freezeCount, delay: r.jitterBufferDelay,
      emitted: r.jitterBufferEmittedCount, audible: r.totalAudioEnergy})),
    outbound: rows.filter(r => r.type === 'outbound-rtp').map(r => ({kind: r.kind,
      packets: r.packetsSent, frames: r.framesEncoded, nacks: r.nackCount, plis: r.pliCount,
      width: r.frameWidth, target: r.targetBitrate})),
    remote: rows.filter(r => r.type === 'remote-inbound-rtp').map(r => ({kind: r.kind,
      rtt: r.roundTripTime, lost: r.packetsLost})),
    pair: rows.filter(r => r.type === 'candidate-pair' && r.nominated).map(r => (
      {available: r.availableOutgoingBitrate, rtt: r.currentRoundTripTime}))};
}
</script>"""


def create_app(engine: MediaEngine, room: str) -> http.Application:
    """Serves the page at / and takes its offers at /join."""

    async def page(_: http.Request) -> http.Response:
        return http.Response(text=PAGE, content_type="text/html")

    async def join(request: http.Request) -> http.Response:
        body = await request.json()
        try:
            joined = await engine.join(
                room, person=body["person"], seat=body["seat"], gen=body["gen"], sdp=body["sdp"]
            )
        except Refused as refused:
            return http.json_response({"error": refused.code, "details": refused.details})
        views = [
            {"seat": v.seat, "audio_mid": v.audio_mid, "video_mid": v.video_mid}
            for v in joined.views
        ]
        return http.json_response({"sdp": joined.sdp, "views": views})

    app = http.Application()
    app.add_routes([http.get("/", page), http.post("/join", join)])
    return app
