"""A day cut into slots."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduler.calendar import SHANGHAI
from scheduler.slots import LocalWindow, day_slots

DAY = date(2026, 4, 15)
MORNING = LocalWindow(time(8, 30), time(12, 0))
AFTERNOON = LocalWindow(time(14, 30), time(18, 0))
HALF_HOUR, TEN = timedelta(minutes=30), timedelta(minutes=10)


def shown(windows: list[LocalWindow], length: timedelta, buffer: timedelta) -> list[str]:
    return [
        f"{slot.start.astimezone(SHANGHAI):%H:%M}-{slot.end.astimezone(SHANGHAI):%H:%M}"
        for slot in day_slots(DAY, windows, length, buffer)
    ]


def test_slots_follow_each_other_with_the_buffer_between() -> None:
    assert shown([AFTERNOON, MORNING], HALF_HOUR, TEN) == [
        "08:30-09:00",
        "09:10-09:40",
        "09:50-10:20",
        "10:30-11:00",
        "11:10-11:40",
        "14:30-15:00",
        "15:10-15:40",
        "15:50-16:20",
        "16:30-17:00",
        "17:10-17:40",
    ]


def test_the_last_buffer_may_run_over_the_window_and_a_talk_may_not() -> None:
    window = [LocalWindow(time(9, 0), time(10, 10))]
    assert shown(window, HALF_HOUR, TEN) == ["09:00-09:30", "09:40-10:10"]
    assert shown([LocalWindow(time(9, 0), time(10, 9))], HALF_HOUR, TEN) == ["09:00-09:30"]
    assert shown([LocalWindow(time(9, 0), time(9, 29))], HALF_HOUR, TEN) == []


def test_slots_are_instants_in_utc() -> None:
    first = day_slots(DAY, [MORNING], HALF_HOUR, TEN)[0]
    assert first.start == datetime(2026, 4, 15, 0, 30, tzinfo=UTC)
    assert first.start.tzinfo is UTC


@pytest.mark.parametrize(
    ("windows", "length", "buffer"),
    [
        ([MORNING], timedelta(0), TEN),
        ([MORNING], HALF_HOUR, -TEN),
        ([MORNING, LocalWindow(time(11, 59), time(13, 0))], HALF_HOUR, TEN),
    ],
)
def test_a_day_that_cannot_be_cut_is_refused(
    windows: list[LocalWindow], length: timedelta, buffer: timedelta
) -> None:
    with pytest.raises(ValueError, match=r"length|overlap"):
        day_slots(DAY, windows, length, buffer)


@pytest.mark.parametrize(
    ("start", "end"), [(time(9), time(9)), (time(9), time(8)), (time(8, tzinfo=UTC), time(9))]
)
def test_a_window_that_cannot_be_is_not_made(start: time, end: time) -> None:
    with pytest.raises(ValueError, match=r"not after|no time zone"):
        LocalWindow(start, end)
