"""A reception is refused for a reason that is true of the case, or not at all."""

from datetime import date, timedelta

import pytest

from reception.domain.bookings import DeclineReason
from reception.domain.cases import CaseState
from reception.domain.declines import HANDLED_WITHIN, check_reason
from reception.domain.errors import BadInput

REGISTERED = date(2026, 1, 10)
HANDLED = {
    state
    for state in CaseState
    if state.value
    in {
        "forwarded",
        "assigned",
        "disputed",
        "accepted",
        "handling",
        "mediated",
        "opinion",
        "served",
        "performing",
        "review",
        "review_served",
        "recheck",
    }
}


def reason_holds(
    reason: DeclineReason, state: CaseState, *, days: int = 1, other_leader: bool = True
) -> bool:
    """Tell whether a reason is taken."""
    try:
        check_reason(
            reason,
            case_state=state,
            registered_on=REGISTERED,
            today=REGISTERED + timedelta(days=days),
            other_leader=other_leader,
        )
    except BadInput:
        return False
    return True


@pytest.mark.parametrize("state", CaseState)
def test_each_reason_asks_the_case(state: CaseState) -> None:
    assert reason_holds(DeclineReason.RECHECK_FINAL, state) == (state is CaseState.TERMINATED)
    assert reason_holds(DeclineReason.BEING_HANDLED, state) == (state in HANDLED)
    assert reason_holds(DeclineReason.OUTSIDE_PORTFOLIO, state)


def test_after_two_months_handling_is_no_reason_any_more() -> None:
    last = HANDLED_WITHIN.days
    assert reason_holds(DeclineReason.BEING_HANDLED, CaseState.HANDLING, days=last)
    assert not reason_holds(DeclineReason.BEING_HANDLED, CaseState.HANDLING, days=last + 1)


def test_outside_the_portfolio_another_leader_is_offered() -> None:
    assert not reason_holds(
        DeclineReason.OUTSIDE_PORTFOLIO, CaseState.REGISTERED, other_leader=False
    )
    assert reason_holds(DeclineReason.BEING_HANDLED, CaseState.HANDLING, other_leader=False)
