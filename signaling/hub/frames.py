"""Puts the packets of one track back in order and into whole frames, for a recording."""

from collections.abc import Callable
from typing import Protocol

from signaling.hub import vp8
from signaling.hub.rtp import unwrap_timestamp
from signaling.hub.track import Stored
from signaling.ports import Kind

# a repair that took ten tries of 50 ms will not come any more
PATIENCE = 0.6
# about four seconds of 1 Mbit/s video; past it the oldest hole is given up at once
MAX_WAITING = 512
# a keyframe of 1.5 MB; longer is an attack
MAX_PIECES = 1200


class FrameTaker(Protocol):
    """Receives what an assembler makes of a track."""

    def __call__(self, timestamp: int, at: float, keyframe: bool, data: bytes) -> None:
        """A whole frame; `timestamp` is unwrapped, `at` the loop time its last packet came."""


class Assembler:
    """One track's frames in order; video starts, and restarts after a loss, with a keyframe.

    `on_lost` is called once per gap and `want_keyframe` (both with the loop time) whenever video cannot go on without.
    """

    __slots__ = (
        "_broken",
        "_hole_since",
        "_keyframe",
        "_kind",
        "_next",
        "_on_frame",
        "_on_lost",
        "_pieces",
        "_timestamp",
        "_waiting",
        "_want_keyframe",
    )

    def __init__(
        self,
        kind: Kind,
        on_frame: FrameTaker,
        on_lost: Callable[[float], None],
        want_keyframe: Callable[[float], None],
    ) -> None:
        self._kind = kind
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._want_keyframe = want_keyframe
        self._next: int | None = None
        self._waiting: dict[int, tuple[Stored, float]] = {}
        self._hole_since = 0.0
        self._timestamp: int | None = None
        self._pieces: list[bytes] = []
        self._keyframe = False
        self._broken = kind == "video"

    def take(self, stored: Stored, now: float) -> None:
        """Take a packet that came at loop time `now`."""
        number = stored.number
        if self._next is None or number == self._next:
            self._next = number + 1
            self._consume(stored, now)
            if self._waiting:
                self._drain(self._next, now)
        elif number > self._next:
            if not self._waiting:
                self._hole_since = now
            self._waiting[number] = (stored, now)
            if len(self._waiting) > MAX_WAITING:
                self._skip(now)

    def tick(self, now: float) -> None:
        """Give up a hole that stayed open too long; ask again for a keyframe still missing."""
        if self._waiting and now - self._hole_since > PATIENCE:
            self._skip(now)
        if self._broken:
            self._want_keyframe(now)

    def _skip(self, now: float) -> None:
        self._break(now)
        self._drain(min(self._waiting), now)

    def _drain(self, number: int, now: float) -> None:
        while (held := self._waiting.pop(number, None)) is not None:
            number += 1
            self._consume(*held)
        self._next = number
        self._hole_since = now

    def _break(self, now: float) -> None:
        self._pieces.clear()
        self._on_lost(now)
        if self._kind == "video":
            self._broken = True
            self._want_keyframe(now)

    def _consume(self, stored: Stored, at: float) -> None:
        if stored.start >= stored.end:
            return
        near = stored.timestamp if self._timestamp is None else self._timestamp
        timestamp = unwrap_timestamp(stored.timestamp, near)
        if self._kind == "audio":
            self._timestamp = timestamp
            self._on_frame(timestamp, at, True, stored.packet[stored.start : stored.end])
            return
        piece = vp8.read(stored.packet, stored.start, stored.end)
        if piece is None:
            return
        start, begins_frame, keyframe = piece
        if begins_frame:
            self._pieces.clear()
            self._keyframe = keyframe
            if keyframe:
                self._broken = False
        elif not self._pieces:
            return
        self._timestamp = timestamp
        if self._broken:
            return
        self._pieces.append(stored.packet[start : stored.end])
        if stored.marker:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._on_frame(timestamp, at, self._keyframe, data)
        elif len(self._pieces) > MAX_PIECES:
            self._break(at)
