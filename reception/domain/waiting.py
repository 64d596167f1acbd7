"""The waiting list (候补): a free slot is offered to one person at a time, for a while.

An offer holds the slot, so there is no race to it. Who does not answer loses that offer and nothing
else: their place stays, and other slots are offered as before.
"""

from datetime import datetime, time, timedelta
from typing import Final

from reception.domain.codes import Code
from reception.domain.moves import follow
from scheduler.calendar import local, local_day

OFFER_FOR: Final = timedelta(hours=2)
"""How long an offer stands by day."""

SETTLED_BEFORE: Final = timedelta(hours=1)
"""An offer ends this long before its slot begins, so that the slot can still serve somebody."""

SOONEST: Final = timedelta(hours=3)
"""A slot that begins sooner is not offered: people have to be reached and to come."""

CALLS_FROM, CALLS_UNTIL = time(8, 30), time(20, 0)
"""Nobody is rung up outside of this; an offer of the night stands until the morning (local)."""


class WaitState(Code):
    """Where somebody on the waiting list stands."""

    WAITING = "waiting", "候补中", "waiting"
    OFFERED = "offered", "有空时段，等回话", "offered a slot"
    BOOKED = "booked", "已约上", "booked"
    WITHDRAWN = "withdrawn", "不再候补", "no longer waiting"


class WaitMove(Code):
    """What moves somebody on the waiting list."""

    OFFER = "offer", "提供空时段", "offer a slot"
    TAKE = "take", "接受", "take it"
    PASS = "pass", "这次不去", "pass it on"
    WITHDRAW = "withdraw", "不再候补", "withdraw"


LIVE_STATES: Final = frozenset({WaitState.WAITING, WaitState.OFFERED})

MOVES: Final = {
    (WaitState.WAITING, WaitMove.OFFER): WaitState.OFFERED,
    (WaitState.OFFERED, WaitMove.TAKE): WaitState.BOOKED,
    (WaitState.OFFERED, WaitMove.PASS): WaitState.WAITING,
    (WaitState.WAITING, WaitMove.WITHDRAW): WaitState.WITHDRAWN,
    (WaitState.OFFERED, WaitMove.WITHDRAW): WaitState.WITHDRAWN,
}
"""The whole table; what is not in it is refused."""


def after(state: WaitState, move: WaitMove) -> WaitState:
    """Return the state a move leads to.

    Raises:
        MoveRefused: the state does not allow the move; details `state` and `move`.

    """
    return follow(MOVES, state, move)


def offer_until(now: datetime, slot_starts_at: datetime) -> datetime | None:
    """Return until when a slot can be offered from `now` on, or None where it is too late for that.

    In the hours in which people can be rung up an offer stands for `OFFER_FOR`; one of the evening
    or night, for that long from the morning on. It always ends `SETTLED_BEFORE` the slot.
    """
    if slot_starts_at < now + SOONEST:
        return None
    today = local_day(now)
    opens, closes = local(today, CALLS_FROM), local(today, CALLS_UNTIL)
    begins = now
    if now < opens:
        begins = opens
    elif now + OFFER_FOR > closes:
        begins = local(today + timedelta(days=1), CALLS_FROM)
    until = min(begins + OFFER_FOR, slot_starts_at - SETTLED_BEFORE)
    return until if until > now else None
