"""How a leader's reception days stand against the days the rules ask for (domain.md 4.4, rule 3)."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from reception.domain.reception_days import DayState

WARN_FROM: Final = 20
"""From this day of the last month of a period on, a quota that cannot be met is warned of."""


class Period(StrEnum):
    """What a quota is counted over."""

    MONTH = "month"
    QUARTER = "quarter"


class Fate(StrEnum):
    """What became of a published day, as its leader's record shows it."""

    HELD = "held"
    UNUSED = "unused"
    COMING = "coming"
    GIVEN_AWAY = "given_away"
    CANCELLED = "cancelled"
    MISSED = "missed"


KEPT: Final = frozenset({Fate.HELD, Fate.UNUSED})
"""The leader was there to receive, whether or not anybody had booked."""


@dataclass(frozen=True, slots=True)
class DutyDay:
    """One published day of a leader and what became of it."""

    day: date
    fate: Fate


def fate_of(day: date, state: DayState, today: date) -> Fate:
    """What became of a day its leader did not give away.

    A day that is over without a talk was offered all the same; nobody can make people come.
    """
    match state:
        case DayState.CANCELLED:
            return Fate.CANCELLED
        case DayState.MISSED:
            return Fate.MISSED
        case DayState.COMPLETED | DayState.IN_PROGRESS:
            return Fate.HELD
        case _:
            return Fate.COMING if day >= today else Fate.UNUSED


@dataclass(frozen=True, slots=True)
class Standing:
    """A quota in its period: days held, days still to come, and whether it is time to warn."""

    period: Period
    first: date
    last: date
    needed: int
    held: int
    coming: int
    warned: bool
    met: bool


def span_of(period: Period, day: date) -> tuple[date, date]:
    """The first and last day of the month or quarter `day` lies in."""
    months = 1 if period is Period.MONTH else 3
    first_month = (day.month - 1) // months * months + 1
    last_month = first_month + months - 1
    last = calendar.monthrange(day.year, last_month)[1]
    return date(day.year, first_month, 1), date(day.year, last_month, last)


def standing(period: Period, needed: int, days: Iterable[DutyDay], today: date) -> Standing:
    """Where a quota stands in the period of `today`.

    It is warned of from the 20th of the period's last month on, when the days held and those still
    to come together fall short.
    """
    first, last = span_of(period, today)
    fates = [one.fate for one in days if first <= one.day <= last]
    held = sum(1 for fate in fates if fate in KEPT)
    coming = fates.count(Fate.COMING)
    warn_from = date(last.year, last.month, WARN_FROM)
    return Standing(
        period=period,
        first=first,
        last=last,
        needed=needed,
        held=held,
        coming=coming,
        warned=today >= warn_from and held + coming < needed,
        met=held >= needed,
    )


def months_before(day: date, count: int) -> tuple[date, ...]:
    """The first days of the month of `day` and the `count - 1` months before, oldest first."""
    found = []
    first = day.replace(day=1)
    for _ in range(count):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return tuple(reversed(found))
