"""Rules such as "the 15th of every month" as data, as text, and expanded over a day table."""

import calendar
import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scheduler.calendar import DayKind, DaySpan, DayTable
from scheduler.errors import RuleUnknown

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Weekday names in rule texts, Monday first as in `date.weekday()`."""


@dataclass(frozen=True, slots=True)
class MonthlyDay:
    """`monthly_day 15`: a fixed day of every month; a day past its end is its last day.

    Raises:
        ValueError: the day is not 1 to 31.
    """

    day: int

    def __post_init__(self) -> None:
        if not 1 <= self.day <= 31:
            raise ValueError("a month has days 1 to 31")


@dataclass(frozen=True, slots=True)
class Weekly:
    """`weekly mon,thu` or `weekly mon every 2 from 2026-03-02`: weekdays, every `every` weeks.

    `weekdays` counts from Monday 0, ascending. Weeks are counted from the week of `since`, and
    days before it do not belong to the rule; without `since` it is every week.

    Raises:
        ValueError: no weekday, one twice or out of order; a count below 1, or above 1 without
            `since`.
    """

    weekdays: tuple[int, ...]
    every: int = 1
    since: datetime.date | None = None

    def __post_init__(self) -> None:
        if not self.weekdays or list(self.weekdays) != sorted(set(self.weekdays) & set(range(7))):
            raise ValueError("weekdays are some of 0 to 6, ascending")
        if self.every < 1 or (self.every > 1 and self.since is None):
            raise ValueError("every second week or rarer needs a day to count from")


@dataclass(frozen=True, slots=True)
class EveryWorkday:
    """`every_workday`: each workday of the day table, make-up days included."""


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """`nth_weekday 2 tue`: the second Tuesday of every month; `-1` is the last.

    A month without a fifth such weekday has none.

    Raises:
        ValueError: `nth` is not 1 to 5 or -1 to -5, or the weekday is not 0 to 6.
    """

    nth: int
    weekday: int

    def __post_init__(self) -> None:
        if not 1 <= abs(self.nth) <= 5 or self.weekday not in range(7):
            raise ValueError("the first to fifth, or last to fifth from last, weekday 0 to 6")


@dataclass(frozen=True, slots=True)
class OnDemand:
    """`on_demand`: received at any time, so there are no days to plan."""


@dataclass(frozen=True, slots=True)
class MonthlyCount:
    """`monthly_count 2`: so many days a month, chosen by people; a duty, not a plan.

    Raises:
        ValueError: fewer than one or more than 31.
    """

    at_least: int

    def __post_init__(self) -> None:
        if not 1 <= self.at_least <= 31:
            raise ValueError("a month has 1 to 31 days to receive on")


@dataclass(frozen=True, slots=True)
class QuarterlyCount:
    """`quarterly_count 1`: so many days a quarter, chosen by people; a duty, not a plan.

    Raises:
        ValueError: fewer than one or more than 92.
    """

    at_least: int

    def __post_init__(self) -> None:
        if not 1 <= self.at_least <= 92:
            raise ValueError("a quarter has 1 to 92 days to receive on")


Rule = MonthlyDay | Weekly | EveryWorkday | NthWeekday | OnDemand | MonthlyCount | QuarterlyCount


class RestPolicy(StrEnum):
    """What happens to a day of the rule that falls on a rest day; it is never dropped."""

    HOLD = "hold"
    ROLL_FORWARD = "roll_forward"
    ROLL_BACK = "roll_back"
    CANCEL_WITH_MAKEUP = "cancel_with_makeup"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One day of an expanded rule.

    Args:
        nominal: the day the rule names; together with the rule it identifies the occurrence.
        date: the day it is held.
        moved: whether the two differ.
        reason: `""` for an ordinary day, `weekend` or `holiday:<name>` when the nominal day is
            a rest day, `cancelled:weekend` or `cancelled:holiday:<name>` when it is cancelled
            and `date` is the make-up day.
        provisional: a year that is not loaded was asked, so the date may still change.
    """

    nominal: datetime.date
    date: datetime.date
    moved: bool
    reason: str
    provisional: bool


def expand(
    rule: Rule,
    on_weekend: RestPolicy,
    on_holiday: RestPolicy,
    table: DayTable,
    window: DaySpan,
) -> tuple[Occurrence, ...]:
    """The occurrences whose nominal day lies in the window, by nominal day.

    Membership by nominal day makes the result stable: two halves of a window give together
    what the whole gives, and a moved day may lie outside. Two occurrences that end up on one
    day both stay. Years that are not loaded are answered by weekends alone and marked.
    """
    # Moving a day may leave the window by a holiday's length, so one year either side is enough.
    table = table.or_provisional(range(window.start.year - 1, window.end.year + 2))
    return tuple(
        _place(day, on_weekend, on_holiday, table) for day in _nominal_days(rule, table, window)
    )


def _place(
    day: datetime.date, on_weekend: RestPolicy, on_holiday: RestPolicy, table: DayTable
) -> Occurrence:
    row = table.row(day)
    if row.kind is not DayKind.REST:
        return Occurrence(day, day, False, "", table.is_provisional(day))
    policy = on_weekend if row.holiday is None else on_holiday
    reason = "weekend" if row.holiday is None else f"holiday:{row.holiday}"
    match policy:
        case RestPolicy.HOLD:
            held = day
        case RestPolicy.ROLL_FORWARD:
            held = table.next_workday(day)
        case RestPolicy.ROLL_BACK:
            held = table.previous_workday(day)
        case RestPolicy.CANCEL_WITH_MAKEUP:
            held, reason = table.next_workday(day), f"cancelled:{reason}"
    provisional = table.is_provisional(day) or table.is_provisional(held)
    return Occurrence(day, held, held != day, reason, provisional)


def _nominal_days(rule: Rule, table: DayTable, window: DaySpan) -> Iterator[datetime.date]:
    match rule:
        case MonthlyDay(day=number):
            return _monthly(window, lambda year, month: _day_of_month(year, month, number))
        case NthWeekday(nth=nth, weekday=weekday):
            return _monthly(window, lambda year, month: _nth_weekday(year, month, nth, weekday))
        case Weekly():
            return (day for day in window if _in_week(rule, day))
        case EveryWorkday():
            return (day for day in window if table.is_workday(day))
        case OnDemand() | MonthlyCount() | QuarterlyCount():
            return iter(())


def _monthly(
    window: DaySpan, choose: Callable[[int, int], datetime.date | None]
) -> Iterator[datetime.date]:
    year, month = window.start.year, window.start.month
    while datetime.date(year, month, 1) < window.end:
        day = choose(year, month)
        if day is not None and day in window:
            yield day
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _day_of_month(year: int, month: int, number: int) -> datetime.date:
    return datetime.date(year, month, min(number, calendar.monthrange(year, month)[1]))


def _nth_weekday(year: int, month: int, nth: int, weekday: int) -> datetime.date | None:
    first_weekday, length = calendar.monthrange(year, month)
    first = 1 + (weekday - first_weekday) % 7
    days = range(first, length + 1, 7)
    index = nth - 1 if nth > 0 else len(days) + nth
    return datetime.date(year, month, days[index]) if 0 <= index < len(days) else None


def _in_week(rule: Weekly, day: datetime.date) -> bool:
    if day.weekday() not in rule.weekdays:
        return False
    if rule.since is None:
        return True
    monday = rule.since.toordinal() - rule.since.weekday()
    return day >= rule.since and (day.toordinal() - monday) // 7 % rule.every == 0


def parse_rule(text: str) -> Rule:
    """Read a rule from its text, as `format_rule` writes it.

    Raises:
        RuleUnknown: details `text` and `part`, the piece that is not understood.
    """
    kind, _, rest = " ".join(text.split()).partition(" ")
    parse = _PARSERS.get(kind)
    if parse is None:
        raise RuleUnknown(text=text[:100], part=kind[:100])
    try:
        return parse(rest)
    except ValueError:
        raise RuleUnknown(text=text[:100], part=rest[:100]) from None


def format_rule(rule: Rule) -> str:
    """The text of a rule, from which `parse_rule` reads it again."""
    match rule:
        case MonthlyDay(day=day):
            return f"monthly_day {day}"
        case Weekly(weekdays=weekdays, every=every, since=since):
            days = ",".join(WEEKDAYS[weekday] for weekday in weekdays)
            return f"weekly {days}" + (f" every {every} from {since}" if since else "")
        case EveryWorkday():
            return "every_workday"
        case NthWeekday(nth=nth, weekday=weekday):
            return f"nth_weekday {nth} {WEEKDAYS[weekday]}"
        case OnDemand():
            return "on_demand"
        case MonthlyCount(at_least=at_least):
            return f"monthly_count {at_least}"
        case QuarterlyCount(at_least=at_least):
            return f"quarterly_count {at_least}"


_WEEKLY: Final = re.compile(
    r"(?P<days>\S+)(?: every (?P<every>\d{1,2}) from (?P<since>\d{4}-\d\d-\d\d))?", re.ASCII
)


def _parse_weekly(rest: str) -> Weekly:
    found = _WEEKLY.fullmatch(rest)
    if found is None:
        raise ValueError(rest)
    weekdays = tuple(sorted({_weekday(name) for name in found["days"].split(",")}))
    if found["every"] is None:
        return Weekly(weekdays)
    return Weekly(weekdays, int(found["every"]), datetime.date.fromisoformat(found["since"]))


def _parse_nth_weekday(rest: str) -> NthWeekday:
    nth, _, weekday = rest.partition(" ")
    return NthWeekday(_number(nth), _weekday(weekday))


def _parse_bare(rule: Rule) -> Callable[[str], Rule]:
    def parse(rest: str) -> Rule:
        if rest:
            raise ValueError(rest)
        return rule

    return parse


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,2}", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _weekday(name: str) -> int:
    return WEEKDAYS.index(name)


_PARSERS: Final[Mapping[str, Callable[[str], Rule]]] = {
    "monthly_day": lambda rest: MonthlyDay(_number(rest)),
    "weekly": _parse_weekly,
    "every_workday": _parse_bare(EveryWorkday()),
    "nth_weekday": _parse_nth_weekday,
    "on_demand": _parse_bare(OnDemand()),
    "monthly_count": lambda rest: MonthlyCount(_number(rest)),
    "quarterly_count": lambda rest: QuarterlyCount(_number(rest)),
}
