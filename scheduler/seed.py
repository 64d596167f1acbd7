"""Day rows of past and present years from `chinesecalendar`, the State Council notices as data."""

from datetime import date
from importlib.metadata import version

import chinese_calendar

from scheduler.calendar import DayKind, DayRow, DaySpan, DayTable
from scheduler.errors import YearNotLoaded

_SATURDAY = 5


def seed_version() -> str:
    """Names the data set, to be stored with the rows: `chinesecalendar-1.11.0`."""
    return f"chinesecalendar-{version('chinesecalendar')}"


def seed_years() -> range:
    """The years the data set covers."""
    known = chinese_calendar.constants.holidays
    return range(min(known).year, max(known).year + 1)


def seed_rows(year: int) -> tuple[DayRow, ...]:
    """All days of a year.

    Raises:
        YearNotLoaded: the data set does not cover the year.
    """
    if year not in seed_years():
        raise YearNotLoaded(year=year)
    return tuple(_row(day) for day in DaySpan(date(year, 1, 1), date(year + 1, 1, 1)))


def seed_table(area: str) -> DayTable:
    """A table of every year the data set covers."""
    rows = (row for year in seed_years() for row in seed_rows(year))
    return DayTable(area, seed_version(), rows)


def _row(day: date) -> DayRow:
    is_rest, name = chinese_calendar.get_holiday_detail(day)
    if is_rest:
        return DayRow(day, DayKind.REST, chinese_calendar.Holiday(name).chinese if name else None)
    return DayRow(day, DayKind.MAKEUP if day.weekday() >= _SATURDAY else DayKind.WORKDAY)
