"""Rules as text, and expanded; the 15ths of 2026 are the vectors of the domain notes."""

from datetime import date

import pytest

from scheduler.calendar import DaySpan, DayTable, provisional_table
from scheduler.errors import RuleUnknown
from scheduler.rules import (
    EveryWorkday,
    MonthlyCount,
    MonthlyDay,
    NthWeekday,
    Occurrence,
    OnDemand,
    QuarterlyCount,
    RestPolicy,
    Rule,
    Weekly,
    expand,
    format_rule,
    parse_rule,
)
from scheduler.seed import seed_rows

TABLE = DayTable("530600", "v1", [row for year in (2025, 2026) for row in seed_rows(year)])
YEAR = DaySpan(date(2026, 1, 1), date(2027, 1, 1))
HOLD, FORWARD, BACK, MAKEUP = RestPolicy


def held(rule: Rule, policy: RestPolicy, window: DaySpan = YEAR) -> list[date]:
    return [one.date for one in expand(rule, policy, policy, TABLE, window)]


def fifteenths(**moved: date) -> list[date]:
    return [moved.get(f"m{month}", date(2026, month, 15)) for month in range(1, 13)]


FORWARD_2026 = fifteenths(
    m2=date(2026, 2, 24), m3=date(2026, 3, 16), m8=date(2026, 8, 17), m11=date(2026, 11, 16)
)


@pytest.mark.parametrize(
    ("policy", "dates"),
    [
        (HOLD, fifteenths()),
        (FORWARD, FORWARD_2026),
        (
            BACK,
            fifteenths(
                m2=date(2026, 2, 14),
                m3=date(2026, 3, 13),
                m8=date(2026, 8, 14),
                m11=date(2026, 11, 13),
            ),
        ),
        (MAKEUP, FORWARD_2026),
    ],
)
def test_the_fifteenths_of_2026_are_held_as_each_policy_says(
    policy: RestPolicy, dates: list[date]
) -> None:
    assert held(MonthlyDay(15), policy) == dates


def test_weekend_and_holiday_have_a_policy_each() -> None:
    february, march = expand(
        MonthlyDay(15), HOLD, FORWARD, TABLE, DaySpan(date(2026, 2, 1), date(2026, 4, 1))
    )
    assert february == Occurrence(date(2026, 2, 15), date(2026, 2, 24), True, "holiday:春节", False)
    assert march == Occurrence(date(2026, 3, 15), date(2026, 3, 15), False, "weekend", False)


def test_the_reason_says_why_a_day_moved_or_was_cancelled() -> None:
    window = DaySpan(date(2026, 2, 1), date(2026, 5, 1))
    reasons = {
        policy: [one.reason for one in expand(MonthlyDay(15), policy, policy, TABLE, window)]
        for policy in RestPolicy
    }
    assert reasons == {
        HOLD: ["holiday:春节", "weekend", ""],
        FORWARD: ["holiday:春节", "weekend", ""],
        BACK: ["holiday:春节", "weekend", ""],
        MAKEUP: ["cancelled:holiday:春节", "cancelled:weekend", ""],
    }


def test_two_days_that_roll_onto_one_both_stay() -> None:
    window = DaySpan(date(2026, 3, 14), date(2026, 3, 17))
    rolled = expand(Weekly((0, 5, 6)), FORWARD, FORWARD, TABLE, window)
    assert [(one.nominal.day, one.date.day) for one in rolled] == [(14, 16), (15, 16), (16, 16)]


def test_a_day_that_rolls_out_of_the_window_belongs_to_it_and_one_that_rolls_in_does_not() -> None:
    february = DaySpan(date(2026, 2, 1), date(2026, 2, 16))
    rest = DaySpan(date(2026, 2, 16), date(2026, 3, 1))
    assert held(MonthlyDay(15), FORWARD, february) == [date(2026, 2, 24)]
    assert held(MonthlyDay(15), FORWARD, rest) == []


def test_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    days = [day.day for day in held(MonthlyDay(31), HOLD)]
    assert days == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    leap = expand(MonthlyDay(30), HOLD, HOLD, TABLE, DaySpan(date(2028, 2, 1), date(2028, 3, 1)))
    assert [one.date for one in leap] == [date(2028, 2, 29)]


def test_every_workday_includes_make_up_days_and_leaves_out_holidays() -> None:
    days = held(EveryWorkday(), HOLD, DaySpan(date(2026, 2, 13), date(2026, 2, 26)))
    assert days == [date(2026, 2, day) for day in (13, 14, 24, 25)]


def test_every_second_week_is_counted_from_its_day_whatever_the_window() -> None:
    rule = Weekly((0, 3), every=2, since=date(2026, 3, 5))
    days = held(rule, HOLD, DaySpan(date(2026, 2, 1), date(2026, 4, 6)))
    # The Monday before the Thursday it starts on is in its week, but not yet in the rule.
    assert days == [
        date(2026, 3, 5),
        date(2026, 3, 16),
        date(2026, 3, 19),
        date(2026, 3, 30),
        date(2026, 4, 2),
    ]
    assert held(rule, HOLD, DaySpan(date(2026, 3, 9), date(2026, 3, 17))) == [date(2026, 3, 16)]


@pytest.mark.parametrize(
    ("nth", "days"),
    [
        (1, [date(2026, 6, 2), date(2026, 7, 7)]),
        (2, [date(2026, 6, 9), date(2026, 7, 14)]),
        (5, [date(2026, 6, 30)]),
        (-1, [date(2026, 6, 30), date(2026, 7, 28)]),
        (-5, [date(2026, 6, 2)]),
    ],
)
def test_the_nth_tuesday_is_found_from_either_end_of_the_month(nth: int, days: list[date]) -> None:
    window = DaySpan(date(2026, 6, 1), date(2026, 8, 1))
    assert held(NthWeekday(nth, 1), HOLD, window) == days


@pytest.mark.parametrize("rule", [OnDemand(), MonthlyCount(2), QuarterlyCount(1)])
def test_rules_without_fixed_days_plan_none(rule: Rule) -> None:
    assert held(rule, HOLD) == []


def test_a_year_that_is_not_loaded_gives_provisional_days() -> None:
    window = DaySpan(date(2026, 12, 1), date(2027, 2, 1))
    december, january = expand(MonthlyDay(15), FORWARD, FORWARD, TABLE, window)
    assert (december.provisional, january.provisional) == (False, True)
    assert january.date == date(2027, 1, 15)


def test_a_known_day_that_rolls_into_an_unknown_year_is_provisional() -> None:
    table = DayTable("530600", "v1", seed_rows(2022))
    last = expand(
        MonthlyDay(31), FORWARD, FORWARD, table, DaySpan(date(2022, 12, 1), date(2023, 1, 1))
    )
    assert last == (Occurrence(date(2022, 12, 31), date(2023, 1, 2), True, "holiday:元旦", True),)


def test_without_any_table_weekends_still_move_and_all_is_provisional() -> None:
    days = expand(MonthlyDay(15), HOLD, BACK, provisional_table("x", ()), YEAR)
    assert {one.provisional for one in days} == {True}
    assert [one.nominal.month for one in days if one.reason] == [2, 3, 8, 11]


TEXTS: list[tuple[str, Rule]] = [
    ("monthly_day 15", MonthlyDay(15)),
    ("monthly_day 31", MonthlyDay(31)),
    ("weekly mon,thu", Weekly((0, 3))),
    ("weekly mon,thu every 2 from 2026-03-02", Weekly((0, 3), 2, date(2026, 3, 2))),
    ("weekly sun every 1 from 2026-03-02", Weekly((6,), 1, date(2026, 3, 2))),
    ("every_workday", EveryWorkday()),
    ("nth_weekday 2 tue", NthWeekday(2, 1)),
    ("nth_weekday -1 fri", NthWeekday(-1, 4)),
    ("on_demand", OnDemand()),
    ("monthly_count 2", MonthlyCount(2)),
    ("quarterly_count 1", QuarterlyCount(1)),
]


@pytest.mark.parametrize(("text", "rule"), TEXTS)
def test_each_kind_of_rule_is_read_and_written(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule
    assert format_rule(rule) == text


def test_spaces_and_the_order_of_weekdays_do_not_matter() -> None:
    assert parse_rule("  weekly   thu,mon,thu ") == Weekly((0, 3))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", ""),
        ("yearly 3", "yearly"),
        ("monthly_day", ""),
        ("monthly_day 32", "32"),
        ("monthly_day 0", "0"),
        ("monthly_day 1５", "1５"),
        ("monthly_day 15 16", "15 16"),
        ("weekly", ""),
        ("weekly mon,,tue", "mon,,tue"),
        ("weekly monday", "monday"),
        ("weekly mon every 2", "mon every 2"),
        ("weekly mon every 0 from 2026-03-02", "mon every 0 from 2026-03-02"),
        ("weekly mon every 2 from 2026-02-30", "mon every 2 from 2026-02-30"),
        ("every_workday 2", "2"),
        ("on_demand now", "now"),
        ("nth_weekday 6 tue", "6 tue"),
        ("nth_weekday 0 tue", "0 tue"),
        ("nth_weekday tue", "tue"),
        ("monthly_count 0", "0"),
        ("monthly_count -1", "-1"),
        ("quarterly_count 93", "93"),
        ("MONTHLY_DAY 15", "MONTHLY_DAY"),
    ],
)
def test_a_text_that_is_not_a_rule_is_refused_with_the_part_not_understood(
    text: str, part: str
) -> None:
    with pytest.raises(RuleUnknown) as refused:
        parse_rule(text)
    assert refused.value.details == {"text": text, "part": part}


@pytest.mark.parametrize(
    "make",
    [
        lambda: MonthlyDay(0),
        lambda: Weekly(()),
        lambda: Weekly((3, 0)),
        lambda: Weekly((0, 7)),
        lambda: Weekly((0,), every=2),
        lambda: NthWeekday(6, 0),
        lambda: NthWeekday(1, 7),
        lambda: MonthlyCount(32),
        lambda: QuarterlyCount(0),
    ],
)
def test_a_rule_that_cannot_be_is_not_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"month|week|quarter"):
        make()
