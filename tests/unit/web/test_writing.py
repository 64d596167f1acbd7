"""Days and instants are written with their weekday, in Shanghai time."""

from datetime import UTC, date, datetime, time

from web.writing import clock_words, day_words, hours_words, when_words

# 2026-11-22 17:30 UTC is already the 23rd in Shanghai.
LATE = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)


def test_a_day_carries_its_weekday() -> None:
    assert day_words(date(2026, 11, 22), "zh") == "2026年11月22日 星期日"
    assert day_words(date(2026, 11, 22), "en") == "Sunday 22 November 2026"


def test_an_instant_is_shown_by_the_clocks_in_shanghai() -> None:
    assert when_words(LATE, "zh") == "2026年11月23日 星期一 01:30"
    assert when_words(LATE, "en") == "Monday 23 November 2026, 01:30"
    assert day_words(LATE, "zh") == "2026年11月23日 星期一"
    assert clock_words(LATE, "zh") == "01:30"


def test_hours_are_listed_in_the_readers_punctuation() -> None:
    hours = ((time(8, 30), time(11, 30)), (time(14, 30), time(17)))
    assert hours_words(hours, "zh") == "08:30–11:30、14:30–17:00"
    assert hours_words(hours, "en") == "08:30–11:30, 14:30–17:00"
