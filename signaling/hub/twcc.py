"""Transport-wide feedback: when each packet of a sender arrived.

draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1. The sender's own bandwidth
estimator lives on it.
"""

import struct

from signaling.hub import rtcp
from signaling.hub.rtp import unwrap

FORMAT = 15
_HEAD = struct.Struct("!HH")
_TICK = 0.00025
_REFERENCE_TICKS = 256
# what fits one datagram; a sender of more than 10,000 packets a second is not ours
MAX_REPORTED = 1000

_LOST, _SMALL, _LARGE = 0, 1, 2


class Arrivals:
    """Collects arrivals between two feedback messages."""

    __slots__ = ("_arrived", "_base", "_count", "_highest")

    def __init__(self) -> None:
        self._arrived: dict[int, float] = {}
        self._base: int | None = None
        self._highest = 0
        self._count = 0

    def __len__(self) -> int:
        return len(self._arrived)

    def arrived(self, sequence: int, now: float) -> None:
        """Take note of a 16-bit transport sequence number; `now` is in seconds."""
        if self._base is None:
            number = self._base = sequence
        else:
            number = unwrap(sequence, self._highest)
            if number < self._base:
                return
            if number - self._base >= MAX_REPORTED:
                self._arrived.clear()
                self._base = number
        self._highest = max(self._highest, number)
        self._arrived.setdefault(number, now)

    def feedback(self, sender: int, ssrc: int) -> bytes | None:
        """The message for what arrived since the last one; None when nothing did."""
        if not self._arrived or self._base is None:
            return None
        reference = int(self._arrived[min(self._arrived)] / _TICK) // _REFERENCE_TICKS
        last = reference * _REFERENCE_TICKS
        symbols: list[int] = []
        deltas = bytearray()
        for number in range(self._base, self._highest + 1):
            at = self._arrived.get(number)
            if at is None:
                symbols.append(_LOST)
                continue
            tick = int(at / _TICK)
            delta = max(-0x8000, min(0x7FFF, tick - last))
            last += delta
            if 0 <= delta <= 0xFF:
                symbols.append(_SMALL)
                deltas.append(delta)
            else:
                symbols.append(_LARGE)
                deltas += delta.to_bytes(2, "big", signed=True)
        content = (
            _HEAD.pack(self._base & 0xFFFF, len(symbols))
            + ((reference & 0xFFFFFF) << 8 | self._count & 0xFF).to_bytes(4, "big")
            + _chunks(symbols)
            + deltas
        )
        self._count += 1
        self._base = self._highest + 1
        self._arrived.clear()
        return rtcp.feedback(FORMAT, sender, ssrc, content)


def _chunks(symbols: list[int]) -> bytes:
    """Run-length chunks for runs of seven and more, two-bit status vectors for the rest."""
    chunks = bytearray()
    position = 0
    while position < len(symbols):
        run = 1
        symbol = symbols[position]
        while position + run < len(symbols) and symbols[position + run] == symbol and run < 8191:
            run += 1
        if run >= 7 or position + run == len(symbols):
            chunks += (symbol << 13 | run).to_bytes(2, "big")
            position += run
            continue
        vector = 0b11 << 14
        for index, each in enumerate(symbols[position : position + 7]):
            vector |= each << (12 - 2 * index)
        chunks += vector.to_bytes(2, "big")
        position += 7
    return bytes(chunks)
