"""The segment: up to two seconds of one track's encoded frames as bytes, readable without this code.

Layout, big-endian: `VRSG`, version (1 byte), header length (4), header (JSON, UTF-8); then for each
frame its length (4), RTP timestamp (8), capture time in Unix milliseconds (8), flags (1: bit 0 a
decoder can start here, bit 1 frames before it are missing), CRC-32 of flags and data (4), data.
"""

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple, get_args

from recordings.errors import SegmentDamaged
from recordings.manifest import Kind, TrackKey

MAGIC: Final = b"VRSG\x01"

_FRAME: Final = struct.Struct(">IQQBI")
_LENGTH: Final = struct.Struct(">I")
_KEYFRAME: Final = 1
_AFTER_GAP: Final = 2


class Header(NamedTuple):
    """Which part of which track a segment holds."""

    participant: str
    kind: Kind
    i: int
    codec: str
    clock_rate: int

    @property
    def key(self) -> TrackKey:
        """The track this belongs to."""
        return self.participant, self.kind


class Frame(NamedTuple):
    """One encoded frame.

    `timestamp` is the RTP timestamp unwrapped to 64 bits, `at_ms` the capture time, `keyframe`
    whether a decoder can start here, `after_gap` whether a decoder lacks frames before it.
    """

    timestamp: int
    at_ms: int
    keyframe: bool
    after_gap: bool
    data: bytes


class Content(NamedTuple):
    """A segment read; `torn` counts the bytes at its end that belong to no whole frame."""

    header: Header
    frames: tuple[Frame, ...]
    torn: int


def encode(header: Header, frames: Sequence[Frame]) -> bytes:
    """The segment holding `frames`, in that order."""
    text = json.dumps(header._asdict(), ensure_ascii=False, separators=(",", ":")).encode()
    parts = [MAGIC, _LENGTH.pack(len(text)), text]
    for frame in frames:
        flags = frame.keyframe * _KEYFRAME | frame.after_gap * _AFTER_GAP
        crc = zlib.crc32(frame.data, flags)
        parts.append(_FRAME.pack(len(frame.data), frame.timestamp, frame.at_ms, flags, crc))
        parts.append(frame.data)
    return b"".join(parts)


def parse(data: bytes) -> Content:
    """Read a whole segment.

    Raises:
        SegmentDamaged: anything is missing, changed or left over.
    """
    content = salvage(data)
    if content.torn:
        raise SegmentDamaged(offset=len(data) - content.torn, reason="frame")
    return content


def salvage(data: bytes) -> Content:
    """Read as many whole frames as a cut-off segment begins with.

    Raises:
        SegmentDamaged: not even the header is whole.
    """
    header, offset = _header(data)
    frames: list[Frame] = []
    unpack, crc32, head, total = _FRAME.unpack_from, zlib.crc32, _FRAME.size, len(data)
    while offset + head <= total:
        length, timestamp, at_ms, flags, crc = unpack(data, offset)
        start = offset + head
        end = start + length
        body = data[start:end]
        # Flags seed the checksum: zlib takes any earlier checksum as a start value.
        if end > total or flags > _KEYFRAME | _AFTER_GAP or crc32(body, flags) != crc:
            break
        keyframe, after_gap = flags & _KEYFRAME != 0, flags & _AFTER_GAP != 0
        frames.append(Frame(timestamp, at_ms, keyframe, after_gap, body))
        offset = end
    return Content(header, tuple(frames), total - offset)


def _header(data: bytes) -> tuple[Header, int]:
    start = len(MAGIC) + _LENGTH.size
    if not data.startswith(MAGIC) or len(data) < start:
        raise SegmentDamaged(offset=0, reason="magic")
    end = start + _LENGTH.unpack_from(data, len(MAGIC))[0]
    try:
        fields = json.loads(data[start:end])
        header = Header(**fields)
    except (ValueError, TypeError, RecursionError):
        raise SegmentDamaged(offset=start, reason="header") from None
    texts = (header.participant, header.kind, header.codec)
    numbers = (header.i, header.clock_rate)
    if (
        not all(type(text) is str for text in texts)
        or not all(type(number) is int and number >= 0 for number in numbers)
        or header.kind not in get_args(Kind)
    ):
        raise SegmentDamaged(offset=start, reason="header")
    return header, end
