"""The few bytes of VP8 and Opus that storing them needs; nothing here decodes."""

from typing import Final, NamedTuple

SILENCE: Final = b"\xf8\xff\xfe"
"""One Opus packet of 20 ms of silence: CELT, full band, mono (RFC 6716, 3.1)."""

SILENCE_MS: Final = 20

# RFC 6716, table 2: frame durations by the configuration number in the table-of-contents byte.
_OPUS_FRAME_MS: Final = (
    (10.0, 20.0, 40.0, 60.0) * 3  # SILK
    + (10.0, 20.0) * 2  # hybrid
    + (2.5, 5.0, 10.0, 20.0) * 4  # CELT
)
_OPUS_PACKET_MAX_MS: Final = 120.0


class PictureSize(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def opus_duration_ms(packet: bytes) -> float:
    """Milliseconds of sound in one Opus packet, 0 when it is not one (RFC 6716, 3.2)."""
    if not packet:
        return 0.0
    frame_ms = _OPUS_FRAME_MS[packet[0] >> 3]
    code = packet[0] & 3
    if code == 0:
        frames = 1
    elif code in (1, 2):
        frames = 2
    else:
        frames = packet[1] & 0x3F if len(packet) > 1 else 0
    duration = frame_ms * frames
    return duration if duration <= _OPUS_PACKET_MAX_MS else 0.0


def vp8_size(frame: bytes) -> PictureSize | None:
    """The picture size a VP8 key frame states, None for any other frame (RFC 6386, 9.1)."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    width = int.from_bytes(frame[6:8], "little") & 0x3FFF
    height = int.from_bytes(frame[8:10], "little") & 0x3FFF
    return PictureSize(width, height) if width and height else None
