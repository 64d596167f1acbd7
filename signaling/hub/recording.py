"""A room's recording: a member like any other that takes tracks and asks for keyframes itself."""

import logging
from collections.abc import Callable

from signaling.hub import rtp
from signaling.hub.frames import Assembler
from signaling.hub.track import Stored, Track
from signaling.ports import FrameSink, Kind

logger = logging.getLogger(__name__)

_CODECS: dict[Kind, str] = {"audio": "opus", "video": "VP8"}

WallClock = Callable[[float], float]


class Recording:
    """Hands the frames of a room's tracks to a sink, until it is stopped or the sink fails.

    `wall` turns loop time into Unix seconds; `on_failed` is called once, with one line of text.
    """

    def __init__(
        self,
        identifier: str,
        sink: FrameSink,
        wall: WallClock,
        on_failed: Callable[["Recording", str], None],
    ) -> None:
        self.identifier = identifier
        self.sink = sink
        self.frames = 0
        self.bytes = 0
        self._wall = wall
        self._on_failed = on_failed
        self._takers: dict[tuple[str, Kind], _Taker] = {}
        self._failed = False

    def watch(self, person: str, track: Track, now: float) -> None:
        """Record a person's track from now on, in place of the one before."""
        place = (person, track.kind)
        taker = self._takers.get(place)
        if taker is not None:
            if taker.track is track:
                return
            taker.stop()
        self._takers[place] = _Taker(self, person, track)
        track.request_keyframe(now)

    def drop(self, person: str, kind: Kind, cause: str, now: float) -> None:
        """Record nothing more of a person's kind; `cause` is `left`, `muted` or `aside`."""
        taker = self._takers.pop((person, kind), None)
        if taker is not None:
            taker.stop()
            self.lost(person, kind, now, cause)

    def tick(self, now: float) -> None:
        """Every 50 ms: holes that stayed open, keyframes that are missing."""
        for taker in tuple(self._takers.values()):
            taker.assembler.tick(now)

    def stop(self) -> None:
        """Take nothing more. The caller closes the sink."""
        for taker in self._takers.values():
            taker.stop()
        self._takers.clear()

    def frame(
        self, person: str, track: Track, timestamp: int, at: float, keyframe: bool, data: bytes
    ) -> None:
        """Give a frame to the sink."""
        if self._failed:
            return
        try:
            self.sink.frame(
                participant=person,
                kind=track.kind,
                codec=_CODECS[track.kind],
                clock_rate=track.clock_rate,
                timestamp=timestamp,
                at_ms=self._captured_ms(track, timestamp, at),
                keyframe=keyframe,
                data=data,
            )
        except Exception as error:  # noqa: BLE001  # the edge: a sink must not stop the media
            self.fail(error)
            return
        self.frames += 1
        self.bytes += len(data)

    def lost(self, person: str, kind: Kind, at: float, cause: str) -> None:
        """Tell the sink of a gap that begins now."""
        if self._failed:
            return
        try:
            self.sink.lost(
                participant=person, kind=kind, at_ms=int(self._wall(at) * 1000), cause=cause
            )
        except Exception as error:  # noqa: BLE001  # the edge: a sink must not stop the media
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Give nothing more to the sink and say so, once."""
        if self._failed:
            return
        self._failed = True
        logger.error("recording %s failed", self.identifier, exc_info=error)
        self._on_failed(self, f"{type(error).__name__}: {error}"[:200])

    def _captured_ms(self, track: Track, timestamp: int, at: float) -> int:
        report = track.report
        if report is None:
            return int(self._wall(at) * 1000)
        seconds = (report.ntp + track.clock_shift) / (1 << 32) - rtp.NTP_EPOCH
        delta = (timestamp - report.timestamp) & 0xFFFFFFFF
        if delta >= 1 << 31:
            delta -= 1 << 32
        return int((seconds + delta / track.clock_rate) * 1000)


class _Taker:
    """Subscribes to one track for a recording."""

    __slots__ = ("assembler", "cap", "track")

    def __init__(self, recording: Recording, person: str, track: Track) -> None:
        self.track = track
        self.cap: int | None = None

        def on_frame(timestamp: int, at: float, keyframe: bool, data: bytes) -> None:
            recording.frame(person, track, timestamp, at, keyframe, data)

        def on_lost(at: float) -> None:
            recording.lost(person, track.kind, at, "loss")

        self.assembler = Assembler(track.kind, on_frame, on_lost, track.request_keyframe)
        track.attach(self)

    def forward(self, stored: Stored, level: int, now: float) -> None:
        """Take a packet."""
        self.assembler.take(stored, now)

    def stop(self) -> None:
        """Take nothing more."""
        self.track.detach(self)
