"""States of a reception day (domain.md 3.4), and what a change of a published day must carry."""

from datetime import date, timedelta
from typing import Final

from reception.domain.codes import Code
from reception.domain.errors import BadInput
from reception.domain.moves import follow

MINIMUM_LEAD: Final = timedelta(days=3)
"""A day is published at least this long ahead (L2, 4.3), unless it is an added day."""
USUAL_LEAD: Final = timedelta(days=7)
"""Recurring days are published this long ahead."""
MISSED_AFTER: Final = timedelta(minutes=10)
"""The first slot started this long ago and no leader has joined: the day is missed."""


class DayState(Code):
    """Where a reception day stands."""

    PLANNED = "planned", "拟定", "planned"
    APPROVED = "approved", "已审定", "approved"
    PUBLISHED = "published", "已公示", "published"
    BOOKING_OPEN = "booking_open", "开放预约", "open for booking"
    IN_PROGRESS = "in_progress", "接访中", "in progress"
    COMPLETED = "completed", "已完成", "completed"
    CHANGED = "changed", "变更公示", "changed, new notice due"
    SUBSTITUTED = "substituted", "已换人", "stand-in leader"
    CANCELLED = "cancelled", "已取消", "cancelled"
    MISSED = "missed", "领导未到", "leader did not come"


class DayMove(Code):
    """What moves a reception day."""

    APPROVE = "approve", "审定", "approve"
    PUBLISH = "publish", "公示", "publish"
    OPEN_BOOKING = "open_booking", "开放预约", "open for booking"
    BEGIN = "begin", "开始接访", "begin"
    COMPLETE = "complete", "完成", "complete"
    CHANGE = "change", "变更", "change"
    SUBSTITUTE = "substitute", "换人", "substitute"
    CANCEL = "cancel", "取消", "cancel"
    MISS = "miss", "记为未到", "miss"


class ChangeKind(Code):
    """What happened to a day after it was published; its history is public (4.4, rule 5)."""

    SUBSTITUTED = "substituted", "换人接访", "another leader receives"
    CANCELLED = "cancelled", "取消并补接", "cancelled, with a make-up day"
    MISSED = "missed", "领导未到", "the leader did not come"


PUBLIC_STATES: Final = frozenset(DayState) - {DayState.PLANNED, DayState.APPROVED}
"""The public calendar shows the day, cancelled and missed ones too."""

BOOKABLE_STATES: Final = frozenset(
    {DayState.BOOKING_OPEN, DayState.IN_PROGRESS, DayState.SUBSTITUTED}
)
"""Slots of the day can be booked."""

MOVES: Final = {
    (DayState.PLANNED, DayMove.APPROVE): DayState.APPROVED,
    (DayState.APPROVED, DayMove.PUBLISH): DayState.PUBLISHED,
    (DayState.PUBLISHED, DayMove.OPEN_BOOKING): DayState.BOOKING_OPEN,
    (DayState.PUBLISHED, DayMove.BEGIN): DayState.IN_PROGRESS,
    (DayState.BOOKING_OPEN, DayMove.BEGIN): DayState.IN_PROGRESS,
    (DayState.IN_PROGRESS, DayMove.COMPLETE): DayState.COMPLETED,
    # The new version is published like the first; its history keeps the old one.
    (DayState.PUBLISHED, DayMove.CHANGE): DayState.CHANGED,
    (DayState.BOOKING_OPEN, DayMove.CHANGE): DayState.CHANGED,
    (DayState.SUBSTITUTED, DayMove.CHANGE): DayState.CHANGED,
    (DayState.CHANGED, DayMove.PUBLISH): DayState.PUBLISHED,
    # Before booking opens another leader is a change; after it booked people are asked.
    (DayState.BOOKING_OPEN, DayMove.SUBSTITUTE): DayState.SUBSTITUTED,
    (DayState.IN_PROGRESS, DayMove.SUBSTITUTE): DayState.SUBSTITUTED,
    (DayState.SUBSTITUTED, DayMove.SUBSTITUTE): DayState.SUBSTITUTED,
    (DayState.MISSED, DayMove.SUBSTITUTE): DayState.SUBSTITUTED,
    (DayState.SUBSTITUTED, DayMove.BEGIN): DayState.IN_PROGRESS,
    **{
        (state, DayMove.CANCEL): DayState.CANCELLED
        for state in DayState
        if state not in {DayState.COMPLETED, DayState.CANCELLED, DayState.MISSED}
    },
    **{
        (state, DayMove.MISS): DayState.MISSED
        for state in (
            DayState.PUBLISHED,
            DayState.BOOKING_OPEN,
            DayState.CHANGED,
            DayState.SUBSTITUTED,
        )
    },
}
"""The whole table; what is not in it is refused."""


def after(state: DayState, move: DayMove) -> DayState:
    """The state a move leads to.

    Raises:
        MoveRefused: the state does not allow the move; details `state` and `move`.
    """
    return follow(MOVES, state, move)


def check_lead(day: date, today: date, *, added: bool = False) -> None:
    """Accept the publication of a day that is far enough ahead; an added day always is.

    Raises:
        BadInput: the day is nearer than `MINIMUM_LEAD`; `earliest` is the first day allowed.
    """
    earliest = today if added else today + MINIMUM_LEAD
    if day < earliest:
        raise BadInput(field="date", reason="too_soon", earliest=earliest.isoformat())


def check_change(*, reason: str, approved_by: str | None) -> None:
    """Accept a change or substitution of a published day that says why and who approved.

    Raises:
        BadInput: `field` is the first that is missing.
    """
    for field, value in (("reason", reason.strip()), ("approved_by", approved_by)):
        if not value:
            raise BadInput(field=field, reason="missing")


def check_cancel(*, day: date, reason: str, approved_by: str | None, makeup: date | None) -> None:
    """Accept a cancellation with reason, approver and make-up day; without one there is none.

    Raises:
        BadInput: `field` is the first that is missing, or `makeup` is not after the day.
    """
    check_change(reason=reason, approved_by=approved_by)
    if makeup is None:
        raise BadInput(field="makeup", reason="missing")
    if makeup <= day:
        raise BadInput(field="makeup", reason="not_after_the_day")
