"""Which period counts, and when it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from reception.domain.errors import BadInput
from reception.domain.retention import Kept, Period, check_days, expires_at, in_force

CITY, COUNTY, VILLAGE, OTHER = "330700", "330726", "330726100201", "330727"
AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def period(area: str, days: int, *, after: int = 0, kept: Kept = Kept.RECORDING) -> Period:
    return Period(kept, area, days, AT + timedelta(days=after))


def test_without_a_period_nothing_is_ever_over() -> None:
    assert in_force([], Kept.RECORDING, COUNTY) is None
    assert in_force([period(OTHER, 90)], Kept.RECORDING, COUNTY) is None
    assert in_force([period(CITY, 90, kept=Kept.CASE)], Kept.RECORDING, COUNTY) is None


def test_the_nearest_area_counts_and_there_the_newest() -> None:
    set_ = [period(CITY, 900, after=9), period(COUNTY, 90), period(COUNTY, 180, after=1)]
    found = in_force(set_, Kept.RECORDING, VILLAGE)
    assert found is not None
    assert found.days == 180
    assert in_force(set_, Kept.RECORDING, OTHER) == set_[0]


def test_a_period_runs_from_the_end_of_the_case() -> None:
    assert expires_at(AT, period(CITY, 30)) == AT + timedelta(days=30)


@pytest.mark.parametrize("days", [-1, 0, 29, 36_501])
def test_a_period_shorter_than_the_window_for_a_review_is_refused(days: int) -> None:
    with pytest.raises(BadInput):
        check_days(days)


def test_thirty_days_and_a_hundred_years_are_taken() -> None:
    assert [check_days(days) for days in (30, 36_500)] == [30, 36_500]
