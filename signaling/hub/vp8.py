"""The VP8 payload descriptor (RFC 7741 section 4.2)."""

from typing import NamedTuple


class Piece(NamedTuple):
    """What one packet carries: codec bytes from `start`, and how they begin."""

    start: int
    begins_frame: bool
    keyframe: bool


def read(data: bytes | bytearray, start: int, end: int) -> Piece | None:
    """Read the descriptor of the payload `data[start:end]`; None if it is cut short.

    `keyframe` is known, and true, only on the packet that begins the frame: the P bit of the
    frame tag (RFC 6386 section 9.1) is then zero.
    """
    if start >= end:
        return None
    first = data[start]
    position = start + 1
    if first & 0x80:
        if position >= end:
            return None
        flags = data[position]
        position += 1
        if flags & 0x80:
            if position >= end:
                return None
            position += 2 if data[position] & 0x80 else 1
        if flags & 0x40:
            position += 1
        if flags & 0x30:
            position += 1
    if position >= end:
        return None
    begins = first & 0x17 == 0x10
    return Piece(position, begins, begins and data[position] & 1 == 0)
