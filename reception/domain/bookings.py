"""States of a booking (domain.md 3.4). No exit carries a penalty or a count shown to staff."""

from typing import Final

from reception.domain.codes import Code
from reception.domain.moves import follow


class BookingState(Code):
    """Where a booking stands."""

    REQUESTED = "requested", "已申请", "requested"
    UNDER_CHECK = "under_check", "初审中", "being checked"
    WAITLISTED = "waitlisted", "候补", "on the waiting list"
    CONFIRMED = "confirmed", "已确认", "confirmed"
    REMINDED = "reminded", "已提醒", "reminded"
    CHECKED_IN = "checked_in", "已签到", "checked in"
    IN_SESSION = "in_session", "接访中", "in session"
    COMPLETED = "completed", "已完成", "completed"
    DECLINED = "declined", "不予安排", "not arranged"
    MOVED = "moved", "已改期", "moved"
    CANCELLED_BY_PETITIONER = (
        "cancelled_by_petitioner",
        "信访人已取消",
        "cancelled by the petitioner",
    )
    CANCELLED_BY_GOV = "cancelled_by_gov", "接访单位已取消", "cancelled by the office"
    NO_SHOW = "no_show", "未到", "did not come"
    LEADER_ABSENT = "leader_absent", "领导缺席", "leader absent"


class BookingMove(Code):
    """What moves a booking."""

    CHECK = "check", "初审", "check"
    WAITLIST = "waitlist", "列入候补", "put on the waiting list"
    CONFIRM = "confirm", "确认", "confirm"
    REMIND = "remind", "提醒", "remind"
    CHECK_IN = "check_in", "签到", "check in"
    START = "start", "开始接访", "start the session"
    COMPLETE = "complete", "完成", "complete"
    DECLINE = "decline", "不予安排", "decline"
    MOVE_BY_PETITIONER = "move_by_petitioner", "信访人改期", "move, by the petitioner"
    MOVE_BY_GOV = "move_by_gov", "接访单位改期", "move, by the office"
    CANCEL_BY_PETITIONER = "cancel_by_petitioner", "信访人取消", "cancel, by the petitioner"
    CANCEL_BY_GOV = "cancel_by_gov", "接访单位取消", "cancel, by the office"
    MISS = "miss", "信访人未到", "petitioner did not come"
    LOSE_LEADER = "lose_leader", "领导缺席", "leader is absent"
    ACCEPT_STAND_IN = "accept_stand_in", "接受补位领导", "accept the stand-in"


class DeclineReason(Code):
    """The closed list of reasons not to arrange a booking; another day or leader is offered."""

    OUTSIDE_PORTFOLIO = (
        "outside_portfolio",
        "不属于该领导分管工作",
        "outside the leader's portfolio",
    )
    BEING_HANDLED = "being_handled", "同一事项正在办理", "the same matter is being handled"
    RECHECK_FINAL = "recheck_final", "该事项已复核终结", "the matter was settled by recheck"


_WAITING: Final = (
    BookingState.REQUESTED,
    BookingState.UNDER_CHECK,
    BookingState.WAITLISTED,
)
ARRANGED: Final = (BookingState.CONFIRMED, BookingState.REMINDED, BookingState.CHECKED_IN)
"""The leader waits for the petitioner: what a leader's absence lets down."""

LIVE_STATES: Final = frozenset({*_WAITING, *ARRANGED, BookingState.IN_SESSION})
"""A person has at most one booking in these states per matter, and any number of matters."""

SLOT_STATES: Final = LIVE_STATES - {BookingState.WAITLISTED}
"""The booking has its slot: nobody else may."""

MOVES: Final = {
    (BookingState.REQUESTED, BookingMove.CHECK): BookingState.UNDER_CHECK,
    (BookingState.WAITLISTED, BookingMove.CHECK): BookingState.UNDER_CHECK,
    (BookingState.REQUESTED, BookingMove.WAITLIST): BookingState.WAITLISTED,
    (BookingState.UNDER_CHECK, BookingMove.WAITLIST): BookingState.WAITLISTED,
    (BookingState.UNDER_CHECK, BookingMove.CONFIRM): BookingState.CONFIRMED,
    (BookingState.CONFIRMED, BookingMove.REMIND): BookingState.REMINDED,
    # A reminder that could not be given keeps nobody from checking in.
    (BookingState.CONFIRMED, BookingMove.CHECK_IN): BookingState.CHECKED_IN,
    (BookingState.REMINDED, BookingMove.CHECK_IN): BookingState.CHECKED_IN,
    (BookingState.CHECKED_IN, BookingMove.START): BookingState.IN_SESSION,
    # Who goes on waiting for a leader who comes late begins the talk by their own word.
    (BookingState.LEADER_ABSENT, BookingMove.START): BookingState.IN_SESSION,
    (BookingState.IN_SESSION, BookingMove.COMPLETE): BookingState.COMPLETED,
    # A session broken off by a fault owes a priority slot; it is neither held nor missed.
    (BookingState.IN_SESSION, BookingMove.MOVE_BY_GOV): BookingState.MOVED,
    (BookingState.CONFIRMED, BookingMove.MISS): BookingState.NO_SHOW,
    (BookingState.REMINDED, BookingMove.MISS): BookingState.NO_SHOW,
    (BookingState.LEADER_ABSENT, BookingMove.ACCEPT_STAND_IN): BookingState.CONFIRMED,
    (BookingState.LEADER_ABSENT, BookingMove.MOVE_BY_GOV): BookingState.MOVED,
    (
        BookingState.LEADER_ABSENT,
        BookingMove.CANCEL_BY_PETITIONER,
    ): BookingState.CANCELLED_BY_PETITIONER,
    **{(state, BookingMove.DECLINE): BookingState.DECLINED for state in _WAITING},
    **{(state, BookingMove.LOSE_LEADER): BookingState.LEADER_ABSENT for state in ARRANGED},
    **{
        (state, move): then
        for state in (*_WAITING, *ARRANGED)
        for move, then in (
            (BookingMove.MOVE_BY_PETITIONER, BookingState.MOVED),
            (BookingMove.MOVE_BY_GOV, BookingState.MOVED),
            (BookingMove.CANCEL_BY_PETITIONER, BookingState.CANCELLED_BY_PETITIONER),
            (BookingMove.CANCEL_BY_GOV, BookingState.CANCELLED_BY_GOV),
        )
    },
}
"""The whole table; what is not in it is refused."""


def after(state: BookingState, move: BookingMove) -> BookingState:
    """The state a move leads to.

    Raises:
        MoveRefused: the state does not allow the move; details `state` and `move`.
    """
    return follow(MOVES, state, move)
