"""Day tables and local time."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduler.calendar import (
    DayKind,
    DayRow,
    DaySpan,
    DayTable,
    local,
    local_day,
    provisional_table,
)
from scheduler.errors import YearNotLoaded
from scheduler.seed import seed_rows, seed_table, seed_version, seed_years

TABLE = DayTable("530600", "v1", seed_rows(2026))


def test_a_weekend_a_holiday_and_a_make_up_day_are_told_apart() -> None:
    assert TABLE.row(date(2026, 3, 15)) == DayRow(date(2026, 3, 15), DayKind.REST)
    assert TABLE.row(date(2026, 2, 15)) == DayRow(date(2026, 2, 15), DayKind.REST, "春节")
    assert TABLE.row(date(2026, 2, 14)) == DayRow(date(2026, 2, 14), DayKind.MAKEUP)
    assert TABLE.row(date(2026, 2, 13)) == DayRow(date(2026, 2, 13), DayKind.WORKDAY)
    assert TABLE.is_workday(date(2026, 2, 14))


def test_the_workdays_around_the_spring_festival_are_found() -> None:
    assert TABLE.next_workday(date(2026, 2, 14)) == date(2026, 2, 24)
    assert TABLE.next_workday(date(2026, 2, 15)) == date(2026, 2, 24)
    assert TABLE.previous_workday(date(2026, 2, 24)) == date(2026, 2, 14)


def test_working_days_are_counted_without_the_start() -> None:
    assert TABLE.add_working_days(date(2026, 2, 12), 5) == date(2026, 2, 26)
    assert TABLE.add_working_days(date(2026, 2, 12), 0) == date(2026, 2, 12)
    with pytest.raises(ValueError, match="forward"):
        TABLE.add_working_days(date(2026, 2, 12), -1)


@pytest.mark.parametrize(
    ("ask", "year"),
    [
        (lambda: TABLE.row(date(2027, 1, 1)), 2027),
        (lambda: TABLE.is_workday(date(2025, 12, 31)), 2025),
        (lambda: TABLE.is_provisional(date(2027, 6, 1)), 2027),
        (lambda: TABLE.next_workday(date(2026, 12, 31)), 2027),
        (lambda: TABLE.previous_workday(date(2026, 1, 1)), 2025),
        (lambda: TABLE.add_working_days(date(2026, 12, 30), 2), 2027),
        (lambda: seed_rows(max(seed_years()) + 1), max(seed_years()) + 1),
        (lambda: seed_rows(min(seed_years()) - 1), min(seed_years()) - 1),
    ],
)
def test_a_year_that_is_not_loaded_is_never_guessed(ask: object, year: int) -> None:
    assert callable(ask)
    with pytest.raises(YearNotLoaded) as refused:
        ask()
    assert refused.value.details == {"year": year}


def test_a_provisional_year_knows_weekends_alone_and_says_so() -> None:
    table = TABLE.or_provisional([2026, 2027])
    assert table.years == {2026}
    assert not table.is_provisional(date(2026, 12, 31))
    assert table.is_provisional(date(2027, 1, 1))
    assert table.is_workday(date(2027, 1, 1))  # a Friday, and nobody knows better yet
    assert not table.is_workday(date(2027, 1, 2))
    assert TABLE.years == {2026}
    with pytest.raises(YearNotLoaded):
        TABLE.row(date(2027, 1, 1))
    assert TABLE.or_provisional([2026]) is TABLE


def test_a_table_without_any_data_is_provisional_throughout() -> None:
    table = provisional_table("513300", range(2027, 2029))
    assert table.years == frozenset()
    assert table.is_provisional(date(2028, 2, 29))
    assert table.row(date(2028, 2, 26)) == DayRow(date(2028, 2, 26), DayKind.REST)


def test_a_year_is_loaded_whole_or_not_at_all() -> None:
    rows = seed_rows(2026)
    with pytest.raises(ValueError, match="364 of 365"):
        DayTable("530600", "v1", rows[1:])
    with pytest.raises(ValueError, match="twice"):
        DayTable("530600", "v1", (*rows, rows[0]))


def test_a_day_on_which_people_work_has_no_holiday() -> None:
    with pytest.raises(ValueError, match="carries a holiday"):
        DayRow(date(2026, 2, 14), DayKind.MAKEUP, "春节")


def test_the_seed_covers_its_years_and_names_its_version() -> None:
    table = seed_table("530600")
    assert table.years == set(seed_years()) >= {2015, 2026}
    assert table.version == seed_version()
    assert table.version.startswith("chinesecalendar-")
    assert len(seed_rows(2024)) == 366


def test_an_evening_in_china_belongs_to_its_own_day() -> None:
    # 20:00 in China is noon in UTC; 07:00 is still the day before there.
    assert local(date(2026, 4, 15), time(7, 0)) == datetime(2026, 4, 14, 23, 0, tzinfo=UTC)
    assert local(date(2026, 4, 15), time(20, 0)) == datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
    assert local_day(datetime(2026, 4, 14, 23, 0, tzinfo=UTC)) == date(2026, 4, 15)
    assert local_day(datetime(2026, 4, 15, 16, 0, tzinfo=UTC)) == date(2026, 4, 16)


def test_times_with_and_without_a_zone_are_not_mixed_up() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        local(date(2026, 4, 15), time(7, 0, tzinfo=UTC))
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2026, 4, 15, 7, 0))  # noqa: DTZ001  # the mistake to be caught


def test_a_span_of_days_is_half_open() -> None:
    span = DaySpan(date(2026, 2, 27), date(2026, 3, 2))
    assert list(span) == [date(2026, 2, 27) + timedelta(n) for n in range(3)]
    assert date(2026, 2, 27) in span
    assert date(2026, 3, 2) not in span
    assert list(DaySpan(span.start, span.start)) == []
    with pytest.raises(ValueError, match="before the start"):
        DaySpan(span.end, span.start)
