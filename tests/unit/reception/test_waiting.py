"""An offer of the waiting list stands long enough to be answered, and ends before its slot."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.waiting import CALLS_FROM, SETTLED_BEFORE, SOONEST, offer_until
from scheduler.calendar import SHANGHAI


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant of March 2026, in China's time."""
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "slot", "until"),
    [
        (at(10, 9), at(12, 9), at(10, 11)),
        (at(10, 9), at(10, 12), at(10, 11)),
        (at(10, 9), at(10, 11, 59), None),
        (at(10, 9, 30), at(10, 12, 30), at(10, 11, 30)),
        # In the evening and at night it stands until somebody can be rung up in the morning.
        (at(10, 19), at(12, 9), at(11, 10, 30)),
        (at(10, 23), at(12, 9), at(11, 10, 30)),
        (at(11, 6), at(12, 9), at(11, 10, 30)),
        (at(10, 22), at(11, 9), at(11, 8)),
    ],
)
def test_how_long_an_offer_stands(now: datetime, slot: datetime, until: datetime | None) -> None:
    assert offer_until(now, slot) == until


moments = st.integers(0, 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=20)))
def test_it_ends_in_the_future_and_in_time_for_the_slot(now: datetime, ahead: timedelta) -> None:
    until = offer_until(now, now + ahead)
    if until is None:
        assert ahead < SOONEST
        return
    assert now < until <= now + ahead - SETTLED_BEFORE
    if ahead > timedelta(days=2):
        assert until - now >= timedelta(hours=2)
        assert until.astimezone(SHANGHAI).time() >= CALLS_FROM
