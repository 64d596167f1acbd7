"""One RTCPeerConnection of a bot: offers as docs/protocol.md asks, watches what arrives."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame, VideoFrame

from signaling.bot.sources import MovingPicture, Tone
from signaling.tasks import Supervisor

CLOSE_WITHIN_SECONDS = 5.0
SOUND_EVERY_FRAMES = 10  # one in ten is enough to tell a voice from silence
SOUND_EVERY_SAMPLES = 16
LOOPBACK = "127.0.0.1"
_CANDIDATE_LINES = ("a=candidate:", "a=end-of-candidates")

log = logging.getLogger(__name__)


class Peer:
    """Sends a moving picture and a tone, listens to `listen` other seats.

    Close it in any case: aiortc's decoder threads keep the process alive otherwise. `on_picture` gets the loop time of every decoded
    remote picture.
    """

    def __init__(self, *, listen: int, on_picture: Callable[[float], None]) -> None:
        self._on_picture = on_picture
        self._watchers = Supervisor("bot peer")
        self._sound_heard = 0
        self._sound_sum = 0.0
        # iceServers=[] keeps aiortc from asking a public STUN server by default.
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection.on("track", self._on_track)
        self._send(MovingPicture(), Tone())
        for _ in range(listen):
            self._connection.addTransceiver("audio", direction="recvonly")
            self._connection.addTransceiver("video", direction="recvonly")
        self._prefer_codecs()
        self._allow_loopback()

    def _send(self, picture: MovingPicture, tone: Tone) -> None:
        self._connection.addTransceiver(tone, direction="sendonly")
        self._connection.addTransceiver(picture, direction="sendonly")

    def _prefer_codecs(self) -> None:
        """Offer what the hub forwards, Opus and VP8 with its retransmissions, and no more."""
        for transceiver in self._connection.getTransceivers():
            codecs = RTCRtpSender.getCapabilities(transceiver.kind).codecs
            wanted = ("audio/opus",) if transceiver.kind == "audio" else ("video/vp8", "video/rtx")
            transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() in wanted])

    def _allow_loopback(self) -> None:
        """Make a machine without any network offer its loopback address, which aioice leaves out."""
        transport = self._connection.getTransceivers()[0].sender.transport.transport
        agent: Any = transport.iceGatherer._connection  # noqa: SLF001  # aiortc has no other way in
        gather = agent.get_component_candidates

        async def gather_somewhere(component: int, addresses: list[str]) -> list[Any]:
            found: list[Any] = await gather(component, addresses or [LOOPBACK])
            return found

        agent.get_component_candidates = gather_somewhere

    async def offer(self) -> str:
        """The session description to send, with this machine's candidates in it."""
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp

    async def answered(self, sdp: str) -> None:
        """Take the hub's answer; connecting goes on by itself."""
        # The candidates of a bundle are those of its first m-line (RFC 9143 section 7.4.1), but
        # aiortc takes those of its last: so they are given to it one by one.
        lines = sdp.splitlines(keepends=True)
        kept = "".join(line for line in lines if not line.startswith(_CANDIDATE_LINES))
        await self._connection.setRemoteDescription(RTCSessionDescription(kept, "answer"))
        for line in dict.fromkeys(line for line in lines if line.startswith("a=candidate:")):
            candidate = candidate_from_sdp(line.strip().removeprefix("a=candidate:"))
            candidate.sdpMLineIndex = 0
            await self._connection.addIceCandidate(candidate)
        await self._connection.addIceCandidate(None)

    @property
    def sound(self) -> float:
        """Mean of the squared samples heard so far, 1 being full scale."""
        return self._sound_sum / self._sound_heard if self._sound_heard else 0.0

    async def packets(self) -> tuple[int, int]:
        """Remote packets (received, lost) so far."""
        received = lost = 0
        report = await self._connection.getStats()
        for figure in report.values():
            if figure.type == "inbound-rtp":
                received += figure.packetsReceived
                lost += max(0, figure.packetsLost)
        return received, lost

    async def close(self) -> None:
        """Stop sending and receiving; never raises and never hangs."""
        await self._watchers.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN_SECONDS):
                await self._connection.close()
        except Exception:  # aiortc's close raises whatever its parts raise
            log.warning("a bot's peer connection did not close cleanly", exc_info=True)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._watchers.start(self._watch(track), track.kind)

    async def _watch(self, track: MediaStreamTrack) -> None:
        """Take every frame, so that none piles up, and count it."""
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            number += 1
            if isinstance(frame, VideoFrame):
                self._on_picture(loop.time())
            elif isinstance(frame, AudioFrame) and number % SOUND_EVERY_FRAMES == 0:
                self._hear(frame)

    def _hear(self, frame: AudioFrame) -> None:
        # The plane's buffer is longer than its sound.
        length = frame.samples * len(frame.layout.channels)
        samples = memoryview(bytes(frame.planes[0])).cast("h")[:length:SOUND_EVERY_SAMPLES]
        self._sound_sum += sum((sample / 32_768) ** 2 for sample in samples) / len(samples)
        self._sound_heard += 1
