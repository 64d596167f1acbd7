"""How a recording is laid out on the bar under the pictures: its length and what is missing."""

from dataclasses import dataclass

from reception.services.records import GapView, RecordingView

BAR = 1000
NARROWEST = 3


@dataclass(frozen=True)
class Mark:
    """One gap on the bar, which is `BAR` long; `begins` and `ends` are written like `12:05`."""

    gap: GapView
    start: int
    width: int
    begins: str
    ends: str


@dataclass(frozen=True)
class Playback:
    """One recording as the player page shows it."""

    recording: RecordingView
    duration_ms: int
    duration: str
    marks: tuple[Mark, ...]
    names: dict[str, str]


def clock_of(ms: int) -> str:
    """Write a position in a recording: `12:05`."""
    seconds = ms // 1000
    return f"{seconds // 60}:{seconds % 60:02}"


def playback(recording: RecordingView) -> Playback:
    """Lay out one recording; a gap too short to see is drawn as wide as can be seen."""
    lengths = [file.duration_ms for file in recording.files]
    duration_ms = max(lengths, default=0)
    return Playback(
        recording=recording,
        duration_ms=duration_ms,
        duration=clock_of(duration_ms),
        marks=tuple(_mark(gap, duration_ms) for gap in recording.gaps) if duration_ms else (),
        names={file.participant: file.name for file in recording.files},
    )


def _mark(gap: GapView, duration_ms: int) -> Mark:
    begin = min(max(gap.from_ms, 0), duration_ms)
    end = duration_ms if gap.to_ms is None else min(max(gap.to_ms, begin), duration_ms)
    start = min(round(BAR * begin / duration_ms), BAR - NARROWEST)
    width = max(round(BAR * (end - begin) / duration_ms), NARROWEST)
    return Mark(
        gap=gap,
        start=start,
        width=min(width, BAR - start),
        begins=clock_of(begin),
        ends=clock_of(end),
    )
