"""Quotas of reception days: what counts, over which months, and when to warn."""

from datetime import date

import pytest

from reception.domain.duty import (
    DutyDay,
    Fate,
    Period,
    fate_of,
    months_before,
    span_of,
    standing,
)
from reception.domain.reception_days import DayState

TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("period", "day", "span"),
    [
        (Period.MONTH, date(2024, 2, 29), (date(2024, 2, 1), date(2024, 2, 29))),
        (Period.MONTH, date(2026, 12, 31), (date(2026, 12, 1), date(2026, 12, 31))),
        (Period.QUARTER, date(2026, 3, 31), (date(2026, 1, 1), date(2026, 3, 31))),
        (Period.QUARTER, date(2026, 11, 1), (date(2026, 10, 1), date(2026, 12, 31))),
    ],
)
def test_a_period_is_a_whole_month_or_quarter(
    period: Period, day: date, span: tuple[date, date]
) -> None:
    assert span_of(period, day) == span


@pytest.mark.parametrize(
    ("state", "day", "fate"),
    [
        (DayState.COMPLETED, date(2026, 3, 2), Fate.HELD),
        (DayState.IN_PROGRESS, TODAY, Fate.HELD),
        (DayState.BOOKING_OPEN, TODAY, Fate.COMING),
        (DayState.BOOKING_OPEN, date(2026, 3, 9), Fate.UNUSED),
        (DayState.SUBSTITUTED, date(2026, 3, 9), Fate.UNUSED),
        (DayState.CANCELLED, date(2026, 3, 20), Fate.CANCELLED),
        (DayState.MISSED, date(2026, 3, 9), Fate.MISSED),
    ],
)
def test_what_became_of_a_day(state: DayState, day: date, fate: Fate) -> None:
    assert fate_of(day, state, TODAY) is fate


def day(month: int, number: int, fate: Fate) -> DutyDay:
    return DutyDay(date(2026, month, number), fate)


DAYS = [
    day(1, 15, Fate.HELD),
    day(2, 24, Fate.MISSED),
    day(3, 2, Fate.UNUSED),
    day(3, 16, Fate.COMING),
    day(3, 17, Fate.GIVEN_AWAY),
    day(4, 1, Fate.COMING),
]


def test_days_kept_count_and_given_or_missed_ones_do_not() -> None:
    month = standing(Period.MONTH, 2, DAYS, TODAY)
    assert (month.held, month.coming, month.met, month.warned) == (1, 1, False, False)
    quarter = standing(Period.QUARTER, 2, DAYS, TODAY)
    assert (quarter.held, quarter.coming, quarter.met) == (2, 1, True)


@pytest.mark.parametrize(
    ("today", "needed", "warned"),
    [
        (date(2026, 3, 19), 3, False),
        (date(2026, 3, 20), 3, True),
        (date(2026, 3, 20), 2, False),
    ],
)
def test_the_twentieth_of_the_last_month_warns_of_what_cannot_be_met(
    today: date, needed: int, warned: bool
) -> None:
    assert standing(Period.MONTH, needed, DAYS, today).warned is warned


def test_the_second_month_of_a_quarter_is_no_time_to_warn() -> None:
    assert not standing(Period.QUARTER, 9, DAYS, date(2026, 2, 25)).warned


def test_months_go_back_over_the_turn_of_the_year() -> None:
    assert months_before(date(2026, 2, 28), 3) == (
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    )
