"""What the hub makes of an offer: which line does what, and the answer that says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from signaling.errors import SdpRefused
from signaling.hub import rtp
from signaling.hub.lane import Format, Lane
from signaling.ports import Kind
from signaling.sdp import Codec, Media, Offer

_SEND_EXTENSIONS = (rtp.MID, rtp.ABS_SEND_TIME, rtp.TRANSPORT_SEQUENCE, rtp.AUDIO_LEVEL)
# without transport-wide feedback downwards the receiver sends REMB, which caps the sender
_RECEIVE_EXTENSIONS = (rtp.MID, rtp.ABS_SEND_TIME, rtp.AUDIO_LEVEL)
_AUDIO_FEEDBACK = ("nack", "transport-cc")
_VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc")

Role = Literal["send", "receive", "idle", "refused"]


@dataclass(frozen=True, slots=True)
class Line:
    """One media line and the part it plays, seen from the offerer.

    `send` lines bring a microphone or camera, `receive` lines show `seat`, `idle` lines are
    accepted without media, `refused` lines are not.
    """

    media: Media
    role: Role
    seat: int | None = None
    codec: Codec | None = None
    repair: Codec | None = None

    @property
    def kind(self) -> Kind:
        """Sound or picture; a line that is neither is always refused and never asked."""
        return "audio" if self.media.kind == "audio" else "video"

    @property
    def form(self) -> Format:
        """How the offerer wants the stream of a `receive` line."""
        if self.codec is None:
            raise SdpRefused(reason="no_codec", mid=self.media.mid)
        extensions = self.media.extensions
        return Format(
            kind=self.kind,
            payload_type=self.codec.payload_type,
            clock_rate=self.codec.clock_rate,
            repair_type=self.repair.payload_type if self.repair is not None else None,
            send_time=extensions.get(rtp.ABS_SEND_TIME, 0),
            audio_level=extensions.get(rtp.AUDIO_LEVEL, 0),
        )


def plan(offer: Offer, others: Sequence[int]) -> tuple[Line, ...]:
    """Give each line its part: microphone, camera, then a pair for each seat of `others`.

    Raises:
        SdpRefused: the lines come in another order.
    """
    lines: list[Line] = []
    position = 0
    for media in offer.media:
        if media.kind == "application":
            lines.append(Line(media, "refused"))
            continue
        if media.kind != ("audio", "video")[position % 2]:
            raise SdpRefused(reason="line_order", mid=media.mid)
        pair = position // 2
        seat = others[pair - 1] if 0 < pair <= len(others) else None
        lines.append(_line(media, is_own=pair == 0, seat=seat))
        position += 1
    if position < 2:
        raise SdpRefused(reason="line_order")
    return tuple(lines)


def _line(media: Media, *, is_own: bool, seat: int | None) -> Line:
    codec = media.codec("audio" if media.kind == "audio" else "video")
    if codec is None or (not is_own and seat is None):
        return Line(media, "refused")
    repair = media.repair(codec)
    wanted = media.sends if is_own else media.receives
    role: Role = "idle" if not wanted else "send" if is_own else "receive"
    return Line(media, role, seat, codec, repair)


def write(
    lines: Sequence[Line],
    *,
    session: int,
    ufrag: str,
    password: str,
    fingerprint: str,
    candidates: Sequence[str],
    port: int,
    lanes: Mapping[str, Lane],
) -> str:
    """The answer's text; `lanes` are the outgoing streams by mid."""
    accepted = [line.media.mid for line in lines if line.role != "refused"]
    text = [
        "v=0",
        f"o=- {session} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(accepted)}".rstrip(),
        "a=ice-lite",
        "a=msid-semantic: WMS *",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{password}",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:active",
    ]
    transport = _candidates(candidates, port)
    for line in lines:
        if line.role == "refused":
            text += _refused(line.media)
            continue
        text += _accepted(line, port, lanes.get(line.media.mid))
        # the bundle's first line speaks for all (RFC 9143 section 7.3)
        text += transport
        transport = []
    return "\r\n".join(text) + "\r\n"


def _candidates(addresses: Sequence[str], port: int) -> list[str]:
    # type preference of a host candidate, earlier addresses first (RFC 8445 section 5.1.2.1)
    lines = [
        f"a=candidate:{number} 1 udp {(126 << 24) + ((65535 - number) << 8) + 255} "
        f"{address} {port} typ host"
        for number, address in enumerate(addresses, 1)
    ]
    return [*lines, "a=end-of-candidates"]


def _refused(media: Media) -> list[str]:
    return [
        f"m={media.kind} 0 {media.protocol} {media.formats}",
        "c=IN IP4 0.0.0.0",
        "a=inactive",
        f"a=mid:{media.mid}",
    ]


def _accepted(line: Line, port: int, lane: Lane | None) -> list[str]:
    media, codec, repair = line.media, line.codec, line.repair
    if codec is None:
        return _refused(media)
    types = [str(codec.payload_type)] + ([str(repair.payload_type)] if repair else [])
    direction = {"send": "recvonly", "receive": "sendonly"}.get(line.role, "inactive")
    text = [
        f"m={media.kind} {port} {media.protocol} {' '.join(types)}",
        "c=IN IP4 0.0.0.0",
        f"a={direction}",
        f"a=mid:{media.mid}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    wanted = _SEND_EXTENSIONS if line.role == "send" else _RECEIVE_EXTENSIONS
    text += [f"a=extmap:{media.extensions[uri]} {uri}" for uri in wanted if uri in media.extensions]
    text += _codec(line, codec, repair)
    if lane is not None and line.seat is not None:
        text += _streams(line, lane)
    return text


def _codec(line: Line, codec: Codec, repair: Codec | None) -> list[str]:
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    text = [f"a=rtpmap:{number} {codec.name}/{codec.clock_rate}{channels}"]
    for each in _AUDIO_FEEDBACK if line.kind == "audio" else _VIDEO_FEEDBACK:
        if each == "nack" and line.kind == "audio":
            # browsers do not offer it for Opus but honour it when the answer has it
            text.append(f"a=rtcp-fb:{number} nack")
        elif each in codec.feedback and not (each == "transport-cc" and line.role != "send"):
            text.append(f"a=rtcp-fb:{number} {each}")
    if line.kind == "audio":
        text.append(f"a=fmtp:{number} minptime=10;useinbandfec=1")
    if repair is not None:
        text.append(f"a=rtpmap:{repair.payload_type} rtx/{codec.clock_rate}")
        text.append(f"a=fmtp:{repair.payload_type} apt={number}")
    return text


def _streams(line: Line, lane: Lane) -> list[str]:
    label = f"seat-{line.seat}"
    text = [f"a=msid:{label} {label}-{line.kind}"]
    ssrcs = [lane.ssrc]
    if lane.form.repair_type is not None:
        ssrcs.append(lane.repair_ssrc)
        text.append(f"a=ssrc-group:FID {lane.ssrc} {lane.repair_ssrc}")
    return text + [f"a=ssrc:{ssrc} cname:{label}" for ssrc in ssrcs]
