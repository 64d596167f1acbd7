"""The peer of the join: two people meet through stock aiortc's MediaRelay, as its examples do.

`python -m bench.relay_server PORT`: `/` has a button that opens `/room`, where the page offers camera
and microphone at once and gets what the other person sends. Whoever comes second sees the first.
"""

import sys
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

DOOR: Final = '<!doctype html><meta charset="utf-8"><a href="/room">join</a>'
ROOM: Final = """<!doctype html><meta charset="utf-8"><video id="other" autoplay playsinline></video>
<script type="module">
const media = await navigator.mediaDevices.getUserMedia({
  audio: true,
  video: {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30, max: 30}},
});
const peer = new RTCPeerConnection();
const seen = new MediaStream();
document.getElementById('other').srcObject = seen;
peer.ontrack = ({track}) => seen.addTrack(track);
for (const track of media.getTracks()) peer.addTrack(track, media);
await peer.setLocalDescription(await peer.createOffer());
await new Promise(done => {
  if (peer.iceGatheringState === 'complete') done();
  peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
});
const answer = await fetch('/offer', {method: 'POST', body: JSON.stringify(peer.localDescription)});
await peer.setRemoteDescription(await answer.json());
window.answered = true;
</script>"""


@dataclass
class Meeting:
    """Who is there, oldest first, and what each sends."""

    relay: MediaRelay = field(default_factory=MediaRelay)
    sent: dict[RTCPeerConnection, list[MediaStreamTrack]] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        """Take an offer and answer it with the tracks of whoever came first."""
        offer: dict[str, Any] = await request.json()
        # without this it would ask a public STUN server
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        others = next(iter(self.sent.values()), [])
        tracks = self.sent[peer] = []

        @peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            tracks.append(track)
            for other in others:
                if other.kind == track.kind:
                    peer.addTrack(self.relay.subscribe(other, buffered=False))

        @peer.on("connectionstatechange")
        async def on_state() -> None:
            if peer.connectionState in ("failed", "closed"):
                self.sent.pop(peer, None)
                await peer.close()

        await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await peer.setLocalDescription(await peer.createAnswer())
        made = peer.localDescription
        return web.json_response({"sdp": made.sdp, "type": made.type})

    async def close(self, app: web.Application) -> None:
        """Close everybody's connection."""
        for peer in list(self.sent):
            await peer.close()


async def door(request: web.Request) -> web.Response:
    """The page with the button."""
    return web.Response(text=DOOR, content_type="text/html")


async def room(request: web.Request) -> web.Response:
    """The page with the other's picture."""
    return web.Response(text=ROOM, content_type="text/html")


async def ready(request: web.Request) -> web.Response:
    """Say that it runs."""
    return web.Response()


def main(port: int) -> None:
    """Serve until SIGTERM."""
    meeting = Meeting()
    app = web.Application()
    app.on_shutdown.append(meeting.close)
    app.add_routes(
        [
            web.get("/", door),
            web.get("/room", room),
            web.get("/readyz", ready),
            web.post("/offer", meeting.answer),
        ]
    )
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
