"""Working days, rest days and make-up days of the years that are loaded; local time and back."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self
from zoneinfo import ZoneInfo

from scheduler.errors import YearNotLoaded

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
"""The zone in which days are counted and people see times."""

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def local(day: date, at: time) -> datetime:
    """The instant, in UTC, when clocks in China show `at` on `day`.

    Raises:
        ValueError: `at` already carries a time zone.
    """
    if at.tzinfo is not None:
        raise ValueError("a local time carries no time zone")
    return datetime.combine(day, at, tzinfo=SHANGHAI).astimezone(UTC)


def local_day(instant: datetime) -> date:
    """The day in China in which an instant lies.

    Raises:
        ValueError: the instant carries no time zone.
    """
    if instant.utcoffset() is None:
        raise ValueError("an instant carries a time zone")
    return instant.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class DaySpan:
    """The days from `start` up to, and without, `end`; empty when the two are equal.

    Raises:
        ValueError: the end lies before the start.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"the end {self.end} lies before the start {self.start}")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __iter__(self) -> Iterator[date]:
        day = self.start
        while day < self.end:
            yield day
            day += _DAY


class DayKind(StrEnum):
    """What a day is: a make-up day (调休) is a weekend day on which people work."""

    WORKDAY = "workday"
    REST = "rest"
    MAKEUP = "makeup"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of a loaded year; `holiday` names a public holiday, an ordinary weekend has none.

    Raises:
        ValueError: a day on which people work carries a holiday.
    """

    day: date
    kind: DayKind
    holiday: str | None = None

    def __post_init__(self) -> None:
        if self.holiday is not None and self.kind is not DayKind.REST:
            raise ValueError(f"{self.day} is a {self.kind} and carries a holiday")


@dataclass(frozen=True, slots=True)
class _Year:
    rows: Mapping[date, DayRow]
    provisional: bool


class DayTable:
    """The days of some years for one area, as one version of the imported data has them.

    Every question about a year that is not loaded raises `YearNotLoaded`; a year added by
    `or_provisional` answers by weekends alone, and `is_provisional` says so.
    """

    def __init__(self, area: str, version: str, rows: Iterable[DayRow] = ()) -> None:
        """Load rows; each year among them has to be whole.

        Raises:
            ValueError: a year lacks days, or a day comes twice.
        """
        self.area = area
        self.version = version
        self._years: dict[int, _Year] = {}
        by_year: dict[int, dict[date, DayRow]] = {}
        for row in rows:
            year = by_year.setdefault(row.day.year, {})
            if row.day in year:
                raise ValueError(f"{row.day} comes twice")
            year[row.day] = row
        for number, days in by_year.items():
            expected = (date(number + 1, 1, 1) - date(number, 1, 1)).days
            if len(days) != expected:
                raise ValueError(f"{number} has {len(days)} of {expected} days")
            self._years[number] = _Year(days, provisional=False)

    @property
    def years(self) -> frozenset[int]:
        """The years that are loaded, without provisional ones."""
        return frozenset(n for n, year in self._years.items() if not year.provisional)

    def or_provisional(self, years: Iterable[int]) -> Self:
        """A table that also answers for these years, by weekends alone where not loaded."""
        missing = {number: _weekends_only(number) for number in years if number not in self._years}
        if not missing:
            return self
        table = copy(self)
        table._years = {**self._years, **missing}  # noqa: SLF001  # another of our own kind
        return table

    def is_provisional(self, day: date) -> bool:
        """Whether the answer for this day may change when its year is loaded."""
        return self._year(day).provisional

    def row(self, day: date) -> DayRow:
        """What the table says of a day.

        Raises:
            YearNotLoaded: the day's year is not loaded; details `year`.
        """
        return self._year(day).rows[day]

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day, make-up days included."""
        return self.row(day).kind is not DayKind.REST

    def next_workday(self, day: date) -> date:
        """The first workday after this day."""
        return self._walk(day, _DAY)

    def previous_workday(self, day: date) -> date:
        """The last workday before this day."""
        return self._walk(day, -_DAY)

    def add_working_days(self, start: date, count: int) -> date:
        """The `count`-th workday after the start, which itself is not counted.

        Raises:
            ValueError: the count is negative.
            YearNotLoaded: the count runs into a year that is not loaded.
        """
        if count < 0:
            raise ValueError("working days are counted forward")
        day = start
        for _ in range(count):
            day = self.next_workday(day)
        return day

    def _walk(self, day: date, step: timedelta) -> date:
        day += step
        while not self.is_workday(day):
            day += step
        return day

    def _year(self, day: date) -> _Year:
        try:
            return self._years[day.year]
        except KeyError:
            raise YearNotLoaded(year=day.year) from None


def provisional_table(area: str, years: Iterable[int]) -> DayTable:
    """A table that knows weekends alone and marks every answer provisional."""
    return DayTable(area, "provisional").or_provisional(years)


@lru_cache(maxsize=64)
def _weekends_only(number: int) -> _Year:
    rows = {
        day: DayRow(day, DayKind.REST if day.weekday() >= _SATURDAY else DayKind.WORKDAY)
        for day in DaySpan(date(number, 1, 1), date(number + 1, 1, 1))
    }
    return _Year(rows, provisional=True)
