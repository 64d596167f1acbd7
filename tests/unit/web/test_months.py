"""A month is laid out in whole weeks from Monday."""

from datetime import date

import pytest

from reception.domain.errors import BadInput
from web.months import Month, month_of, parse_month, weeks


def test_a_month_begins_on_a_monday_and_ends_on_a_sunday() -> None:
    laid = weeks(Month(2026, 11), ())
    assert laid[0][0].date == date(2026, 10, 26)
    assert laid[-1][-1].date == date(2026, 12, 6)
    assert {len(week) for week in laid} == {7}
    assert sum(cell.in_month for week in laid for cell in week) == 30


def test_neighbours_cross_the_year() -> None:
    assert Month(2026, 12).after == Month(2027, 1)
    assert Month(2026, 1).before == Month(2025, 12)
    assert str(month_of(date(2026, 3, 9))) == "2026-03"


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-0", "x-1", "1999-12", "２０２６-1x"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_month(text)
