"""Lead time, change and cancellation of reception days."""

from datetime import date

import pytest

from reception.domain.errors import BadInput
from reception.domain.reception_days import check_cancel, check_change, check_lead

DAY = date(2026, 4, 15)


def test_a_day_is_published_three_days_ahead_or_as_an_added_day() -> None:
    check_lead(DAY, date(2026, 4, 12))
    with pytest.raises(BadInput) as refused:
        check_lead(DAY, date(2026, 4, 13))
    assert refused.value.details["earliest"] == "2026-04-16"
    check_lead(DAY, DAY, added=True)
    with pytest.raises(BadInput):
        check_lead(DAY, date(2026, 4, 16), added=True)


def test_a_change_needs_a_reason_and_an_approver() -> None:
    check_change(reason="领导赴灾区", approved_by="u1")
    for reason, approver, field in ((" ", "u1", "reason"), ("领导赴灾区", None, "approved_by")):
        with pytest.raises(BadInput) as refused:
            check_change(reason=reason, approved_by=approver)
        assert refused.value.details["field"] == field


@pytest.mark.parametrize("makeup", [None, DAY, date(2026, 4, 1)])
def test_a_cancellation_needs_a_later_make_up_day(makeup: date | None) -> None:
    check_cancel(day=DAY, reason="停电", approved_by="u1", makeup=date(2026, 4, 16))
    with pytest.raises(BadInput) as refused:
        check_cancel(day=DAY, reason="停电", approved_by="u1", makeup=makeup)
    assert refused.value.details["field"] == "makeup"
