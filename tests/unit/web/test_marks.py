"""Gaps of a recording lie where they happened and can be seen."""

from datetime import UTC, datetime

from reception.services.records import FileView, GapView, RecordingView
from web.marks import BAR, NARROWEST, playback

STARTED = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def recording(*gaps: GapView, duration_ms: int = 100_000) -> RecordingView:
    """Build a finished recording of one participant."""
    file = FileView(
        id="f",
        participant="p1",
        role="leader",
        name="领导甲",
        bytes=1,
        duration_ms=duration_ms,
        width=640,
        height=360,
    )
    return RecordingView(
        id="r",
        session_id="s",
        state="ready",
        started_at=STARTED,
        ended_at=STARTED,
        seconds=duration_ms / 1000,
        bytes=1,
        gaps=gaps,
        files=(file,) if duration_ms else (),
    )


def test_a_gap_lies_in_proportion() -> None:
    (mark,) = playback(recording(GapView("p1", "video", 50_000, 75_000, "loss"))).marks
    assert (mark.start, mark.width, mark.begins, mark.ends) == (500, 250, "0:50", "1:15")


def test_a_short_gap_is_still_seen_and_stays_on_the_bar() -> None:
    (mark,) = playback(recording(GapView("p1", "audio", 99_990, 99_999, "loss"))).marks
    assert mark.width == NARROWEST
    assert mark.start + mark.width <= BAR


def test_a_gap_without_an_end_reaches_the_end() -> None:
    (mark,) = playback(recording(GapView("p1", "video", 80_000, None, "left"))).marks
    assert (mark.width, mark.ends) == (200, "1:40")


def test_nothing_recorded_is_an_empty_bar() -> None:
    shown = playback(recording(GapView("p1", "video", 0, None, "crash"), duration_ms=0))
    assert (shown.duration, shown.marks) == ("0:00", ())
