"""Half-open spans."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.intervals import Interval, merge, subtract


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 4, 15, hour, minute, tzinfo=UTC)


def span(start: int, end: int) -> Interval:
    return Interval(at(start), at(end))


def test_the_start_belongs_to_a_span_and_the_end_does_not() -> None:
    morning = span(8, 12)
    assert morning.contains(at(8))
    assert not morning.contains(at(12))
    assert morning.length == timedelta(hours=4)


def test_spans_that_touch_do_not_overlap() -> None:
    # An absence ending at ten must not block a talk starting at ten.
    assert not span(8, 10).overlaps(span(10, 11))
    assert span(8, 10).intersect(span(10, 11)) is None
    # A long talk blocks a start before its end, however far apart the two starts are.
    assert span(9, 11).overlaps(Interval(at(10, 59), at(11, 30)))


def test_the_intersection_is_what_both_cover() -> None:
    assert span(8, 11).intersect(span(10, 12)) == span(10, 11)
    assert span(8, 12).covers(span(8, 12))
    assert not span(8, 12).covers(span(8, 13))


def test_merging_joins_what_overlaps_or_touches() -> None:
    assert merge([span(10, 11), span(8, 9), span(9, 10), span(13, 14)]) == (
        span(8, 11),
        span(13, 14),
    )


def test_subtracting_leaves_what_is_free() -> None:
    assert subtract([span(8, 12), span(14, 18)], [span(9, 10), span(11, 15)]) == (
        span(8, 9),
        span(10, 11),
        span(15, 18),
    )
    assert subtract([span(8, 12)], [span(7, 13)]) == ()


def test_a_span_is_kept_in_utc_so_that_lengths_are_true_where_clocks_change() -> None:
    new_york = ZoneInfo("America/New_York")
    night = Interval(
        datetime(2026, 3, 8, 1, 0, tzinfo=new_york), datetime(2026, 3, 8, 4, 0, tzinfo=new_york)
    )
    assert night.length == timedelta(hours=2)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at(8), at(8)),
        (at(9), at(8)),
        (at(8).replace(tzinfo=None), at(9)),
        (at(8), at(9).replace(tzinfo=None)),
    ],
)
def test_an_empty_or_backward_or_zoneless_span_is_not_made(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match=r"time zone|not after"):
        Interval(start, end)
