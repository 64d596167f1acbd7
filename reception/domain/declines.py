"""Not arranging a reception: only for a reason of the closed list, with a way on (domain.md 3.4, 4.3).

Each reason can be checked against the case, so that none of them is a pretext. Another day or leader is
always offered, and the petitioner may object; a supervisor decides, not whoever refused.
"""

from datetime import date, timedelta
from typing import Final

from reception.domain.bookings import DeclineReason
from reception.domain.cases import FINAL_STATES, CaseState
from reception.domain.codes import Code
from reception.domain.errors import BadInput

HANDLED_WITHIN: Final = timedelta(days=60)
"""So long the same matter may be waited for; it is what the law allows for handling (REG22 art. 34)."""


class ObjectionState(Code):
    """Where an objection to a refusal stands."""

    NONE = "none", "没有异议", "none"
    MADE = "made", "已提出异议", "made"
    UPHELD = "upheld", "异议成立，应当安排", "upheld: a reception is due"
    REJECTED = "rejected", "维持不予安排", "rejected"


def check_reason(
    reason: DeclineReason,
    *,
    case_state: CaseState,
    registered_on: date,
    today: date,
    other_leader: bool,
) -> None:
    """Go on only where the reason is true of the case.

    Args:
        other_leader: whether the slot that is offered instead is another leader's.

    Raises:
        BadInput: `not_handled_now`, `no_recheck_opinion` or `same_leader`.

    """
    match reason:
        case DeclineReason.RECHECK_FINAL if case_state is not CaseState.TERMINATED:
            raise BadInput(field="reason", reason="no_recheck_opinion")
        case DeclineReason.BEING_HANDLED if (
            case_state in FINAL_STATES
            or case_state in {CaseState.DRAFT, CaseState.REGISTERED, CaseState.REOPENED}
            or today > registered_on + HANDLED_WITHIN
        ):
            raise BadInput(field="reason", reason="not_handled_now")
        case DeclineReason.OUTSIDE_PORTFOLIO if not other_leader:
            raise BadInput(field="alternative", reason="same_leader")
