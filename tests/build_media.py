"""Builders for tests of the media hub."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from signaling.ports import Kind, Stored


@dataclass(frozen=True, slots=True)
class SunkFrame:
    """One frame as a sink got it."""

    participant: str
    kind: Kind
    codec: str
    clock_rate: int
    timestamp: int
    at_ms: int
    keyframe: bool
    data: bytes


@dataclass
class ListSink:
    """A frame sink that keeps everything in memory."""

    frames: list[SunkFrame] = field(default_factory=list)
    losses: list[tuple[str, Kind, str]] = field(default_factory=list)
    is_closed: bool = False

    def frame(
        self,
        *,
        participant: str,
        kind: Kind,
        codec: str,
        clock_rate: int,
        timestamp: int,
        at_ms: int,
        keyframe: bool,
        data: bytes,
    ) -> None:
        self.frames.append(
            SunkFrame(participant, kind, codec, clock_rate, timestamp, at_ms, keyframe, data)
        )

    def lost(self, *, participant: str, kind: Kind, at_ms: int, cause: str) -> None:
        self.losses.append((participant, kind, cause))

    def stored(self) -> Stored:
        return Stored(sum(len(frame.data) for frame in self.frames))

    async def close(self) -> None:
        self.is_closed = True

    def of(self, participant: str, kind: Kind) -> list[SunkFrame]:
        """The frames of one track."""
        return [f for f in self.frames if f.participant == participant and f.kind == kind]


FINGERPRINT = ":".join(f"{n:02X}" for n in range(32))


def offer_text(*, seats: int = 4, extra: Sequence[str] = ()) -> str:
    """A browser's offer for a room of so many seats; `extra` lines go into the first section."""
    mids = range(2 * seats)
    text = [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(map(str, mids))}",
    ]
    for mid in mids:
        text += _section(mid, extra if mid == 0 else ())
    return "\r\n".join(text) + "\r\n"


def _section(mid: int, extra: Sequence[str]) -> list[str]:
    is_audio, is_own = mid % 2 == 0, mid < 2
    text = [
        f"m={'audio' if is_audio else 'video'} 9 UDP/TLS/RTP/SAVPF {'111' if is_audio else '96 97'}",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx",
        f"a=fingerprint:sha-256 {FINGERPRINT}",
        "a=setup:actpass",
        f"a=mid:{mid}",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        f"a={'sendonly' if is_own else 'recvonly'}",
        "a=rtcp-mux",
    ]
    if is_audio:
        text += ["a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc"]
        text += ["a=fmtp:111 minptime=10;useinbandfec=1"]
    else:
        text += ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"]
        text += ["a=rtcp-fb:96 goog-remb", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"]
        if is_own:
            text += ["a=ssrc-group:FID 1001 1002", "a=ssrc:1001 cname:x", "a=ssrc:1002 cname:x"]
    return [*text, *extra]
