"""Laws of spans and of expanding rules, and a plain recount of twelve years of days."""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.calendar import DaySpan, DayTable
from scheduler.intervals import Interval, merge, subtract
from scheduler.rules import (
    EveryWorkday,
    MonthlyCount,
    MonthlyDay,
    NthWeekday,
    OnDemand,
    QuarterlyCount,
    RestPolicy,
    Rule,
    Weekly,
    expand,
    format_rule,
    parse_rule,
)
from scheduler.seed import seed_rows, seed_table

TABLE = seed_table("530600")
PARTLY = DayTable("530600", "v1", [row for year in (2024, 2026) for row in seed_rows(year)])
DAY = timedelta(days=1)

days = st.dates(date(2014, 1, 1), date(2029, 12, 31))
weekday_sets = st.sets(st.integers(0, 6), min_size=1).map(lambda found: tuple(sorted(found)))
rules: st.SearchStrategy[Rule] = st.one_of(
    st.builds(MonthlyDay, st.integers(1, 31)),
    st.builds(Weekly, weekday_sets),
    st.builds(Weekly, weekday_sets, st.integers(1, 9), days),
    st.just(EveryWorkday()),
    st.builds(NthWeekday, st.integers(-5, 5).filter(lambda nth: nth != 0), st.integers(0, 6)),
    st.just(OnDemand()),
    st.builds(MonthlyCount, st.integers(1, 31)),
    st.builds(QuarterlyCount, st.integers(1, 92)),
)
policies = st.sampled_from(RestPolicy)
tables = st.sampled_from([TABLE, PARTLY])

ZERO = datetime(2026, 4, 15, tzinfo=UTC)


def _span(pair: tuple[int, int]) -> Interval:
    start, length = pair
    return Interval(ZERO + timedelta(minutes=start), ZERO + timedelta(minutes=start + length))


spans = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(_span)
span_lists = st.lists(spans, max_size=8)


def minutes(intervals: tuple[Interval, ...] | list[Interval]) -> set[int]:
    """Every whole minute covered: what the spans mean, counted one by one."""
    return {
        minute
        for minute in range(90)
        if any(one.contains(ZERO + timedelta(minutes=minute)) for one in intervals)
    }


@given(span_lists, span_lists)
def test_subtract_and_merge_cover_the_same_minutes_as_plain_sets(
    some: list[Interval], others: list[Interval]
) -> None:
    assert minutes(merge(some)) == minutes(some)
    assert minutes(subtract(some, others)) == minutes(some) - minutes(others)
    for found in (merge(some), subtract(some, others)):
        assert all(one.end < later.start for one, later in pairwise(found))


@given(spans, spans)
def test_two_spans_overlap_exactly_when_they_share_a_minute(one: Interval, two: Interval) -> None:
    shared = minutes([one]) & minutes([two])
    both = one.intersect(two)
    assert one.overlaps(two) == two.overlaps(one) == bool(shared)
    assert minutes([both] if both else []) == shared
    assert one.covers(two) == (shared == minutes([two]))


@given(rules)
def test_a_rule_is_read_back_from_its_text(rule: Rule) -> None:
    assert parse_rule(format_rule(rule)) == rule


@given(rules, policies, policies, tables, days, st.integers(0, 500), st.data())
def test_two_parts_of_a_window_give_together_what_the_whole_gives(
    rule: Rule,
    on_weekend: RestPolicy,
    on_holiday: RestPolicy,
    table: DayTable,
    start: date,
    length: int,
    data: st.DataObject,
) -> None:
    cut, end = start + data.draw(st.integers(0, length)) * DAY, start + length * DAY
    first = expand(rule, on_weekend, on_holiday, table, DaySpan(start, cut))
    second = expand(rule, on_weekend, on_holiday, table, DaySpan(cut, end))
    whole = expand(rule, on_weekend, on_holiday, table, DaySpan(start, end))
    assert first + second == whole
    assert all(one.nominal in DaySpan(start, end) for one in whole)
    assert len({one.nominal for one in whole}) == len(whole)


@given(rules, policies, policies, tables, days)
def test_a_moved_day_is_a_workday_and_one_that_did_not_move_is_where_it_was(
    rule: Rule, on_weekend: RestPolicy, on_holiday: RestPolicy, table: DayTable, start: date
) -> None:
    known = table.or_provisional(range(2013, 2032))
    for one in expand(rule, on_weekend, on_holiday, table, DaySpan(start, start + 90 * DAY)):
        assert one.moved == (one.date != one.nominal)
        assert known.is_workday(one.date) or not one.moved
        assert bool(one.reason) == (not known.is_workday(one.nominal))
        unknown = known.is_provisional(one.nominal) or known.is_provisional(one.date)
        assert one.provisional == unknown


# The recount asks chinesecalendar day by day and shares no code with the rules.


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


NAMED: dict[str, Callable[[date], bool]] = {
    "monthly_day 15": lambda day: day.day == 15,
    "monthly_day 1": lambda day: day.day == 1,
    "monthly_day 30": lambda day: day.day == 30 or (day.month == 2 and day.day == _last(day)),
    "monthly_day 31": lambda day: day.day == _last(day),
    "weekly mon,thu": lambda day: day.weekday() in (0, 3),
    "weekly sat,sun": lambda day: day.weekday() in (5, 6),
    "weekly wed every 2 from 2015-01-07": lambda day: (
        day.weekday() == 2 and (day - date(2015, 1, 7)).days % 14 == 0
    ),
    "every_workday": chinese_calendar.is_workday,
    "nth_weekday 2 tue": lambda day: day.weekday() == 1 and 8 <= day.day <= 14,
    "nth_weekday -1 fri": lambda day: day.weekday() == 4 and day.day > _last(day) - 7,
    "on_demand": lambda day: False,
    "monthly_count 2": lambda day: False,
    "quarterly_count 1": lambda day: False,
}


@cache
def _named_days(text: str) -> list[date]:
    return [day for day in DaySpan(date(2015, 1, 1), date(2027, 1, 1)) if NAMED[text](day)]


def _recount(text: str, on_weekend: str, on_holiday: str) -> list[tuple[date, date]]:
    found = []
    for nominal in _named_days(text):
        is_rest, holiday = chinese_calendar.get_holiday_detail(nominal)
        policy = (on_holiday if holiday else on_weekend) if is_rest else "hold"
        day = nominal
        while policy != "hold" and chinese_calendar.is_holiday(day):
            day += -DAY if policy == "roll_back" else DAY
        found.append((nominal, day))
    return found


@pytest.mark.parametrize("text", NAMED)
@pytest.mark.parametrize("on_weekend", list(RestPolicy))
def test_twelve_years_agree_with_a_plain_recount(text: str, on_weekend: RestPolicy) -> None:
    window = DaySpan(date(2015, 1, 1), date(2027, 1, 1))
    for on_holiday in RestPolicy:
        expanded = expand(parse_rule(text), on_weekend, on_holiday, TABLE, window)
        assert [(one.nominal, one.date) for one in expanded] == _recount(
            text, on_weekend, on_holiday
        )
