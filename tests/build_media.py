"""Builders for tests of the media hub."""

from dataclasses import dataclass, field

from signaling.ports import Kind


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

    async def close(self) -> None:
        self.is_closed = True

    def of(self, participant: str, kind: Kind) -> list[SunkFrame]:
        """The frames of one track."""
        return [f for f in self.frames if f.participant == participant and f.kind == kind]
