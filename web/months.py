"""A month as people see it on a wall calendar: weeks from Monday to Sunday."""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from reception.domain.errors import BadInput
from reception.services.calendar import DayView


@dataclass(frozen=True)
class Month:
    """One month of one year."""

    year: int
    number: int

    @property
    def first(self) -> date:
        """Give its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Give its last day."""
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def before(self) -> "Month":
        """Give the month before."""
        return month_of(self.first - timedelta(days=1))

    @property
    def after(self) -> "Month":
        """Give the month after."""
        return month_of(self.last + timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def month_of(day: date) -> Month:
    """Tell the month a day lies in."""
    return Month(day.year, day.month)


def parse_month(text: str) -> Month:
    """Read `2026-11`.

    Raises:
        BadInput: it is not a month of the years 2000 to 2099.
    """
    year, _, number = text.partition("-")
    if not (year.isdecimal() and number.isdecimal()):
        raise BadInput(field="month", reason="not_a_month")
    if not (2000 <= int(year) <= 2099 and 1 <= int(number) <= 12):
        raise BadInput(field="month", reason="not_a_month")
    return Month(int(year), int(number))


@dataclass(frozen=True)
class Cell:
    """One day on the wall calendar and the reception days on it."""

    date: date
    in_month: bool
    days: tuple[DayView, ...]


def weeks(month: Month, days: Iterable[DayView]) -> tuple[tuple[Cell, ...], ...]:
    """Lay reception days out in whole weeks, each day's in the order of their hours."""
    by_date: dict[date, list[DayView]] = {}
    for day in days:
        by_date.setdefault(day.date, []).append(day)
    return tuple(
        tuple(_cell(date_, month, by_date) for date_ in week)
        for week in calendar.Calendar().monthdatescalendar(month.year, month.number)
    )


def _cell(date_: date, month: Month, by_date: Mapping[date, list[DayView]]) -> Cell:
    in_month = date_.month == month.number
    days = by_date.get(date_, []) if in_month else []
    return Cell(
        date_, in_month, tuple(sorted(days, key=lambda day: (day.windows, day.leader.name)))
    )
