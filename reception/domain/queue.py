"""The queue of those who come without a booking on a reception day (候访排号, domain.md 3.1 and 4.3).

Who is booked comes at their time; walk-ins are called one after the other in the order they took
a number. Nothing personal is on a ticket, nobody is weighed: an earlier place has one of a
closed list of reasons, which is shown (domain.md 4.4 rule 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

from reception.domain.codes import Code
from reception.domain.errors import MoveRefused
from reception.domain.moves import follow

MOST_CALLS: Final = 3
"""After so many without an answer a ticket can be skipped; it comes back by one touch."""

FEWEST_TALKS: Final = 3
"""Fewer talks of today say nothing yet; then the length of a slot is taken."""


class TicketState(Code):
    """Where a ticket stands."""

    WAITING = "waiting", "等候", "waiting"
    CALLED = "called", "已叫号", "called"
    SERVING = "serving", "正在接待", "being received"
    DONE = "done", "已接待", "done"
    PARKED = "parked", "暂离", "stepped out"
    SKIPPED = "skipped", "过号", "passed over"
    LEFT = "left", "已离开", "left"


class TicketMove(Code):
    """What moves a ticket."""

    CALL = "call", "叫号", "call"
    RECALL = "recall", "再叫", "call again"
    PARK = "park", "暂离", "step out"
    COME_BACK = "come_back", "回来了", "come back"
    SKIP = "skip", "过号", "pass over"
    BEGIN = "begin", "开始接待", "begin"
    FINISH = "finish", "接待完", "finish"
    LEAVE = "leave", "离开", "leave"


class PriorityReason(Code):
    """Why somebody is called earlier; always shown (domain.md 4.4 rule 6)."""

    URGENT_DANGER = "urgent_danger", "有紧急危险", "urgent danger"
    LET_DOWN = "let_down", "上次因接访单位原因没谈成", "let down by the office before"
    CAME_FAR = "came_far", "路远或不能再来", "came far or cannot come again"
    NEEDS_HELP = "needs_help", "行动不便", "hard to wait for reasons of body or age"


OPEN_STATES: Final = frozenset(
    {
        TicketState.WAITING,
        TicketState.CALLED,
        TicketState.SERVING,
        TicketState.PARKED,
        TicketState.SKIPPED,
    }
)
"""The person may still be received today."""

MOVES: Final = {
    (TicketState.WAITING, TicketMove.CALL): TicketState.CALLED,
    (TicketState.WAITING, TicketMove.PARK): TicketState.PARKED,
    (TicketState.CALLED, TicketMove.RECALL): TicketState.CALLED,
    (TicketState.CALLED, TicketMove.PARK): TicketState.PARKED,
    (TicketState.CALLED, TicketMove.SKIP): TicketState.SKIPPED,
    (TicketState.CALLED, TicketMove.BEGIN): TicketState.SERVING,
    (TicketState.SERVING, TicketMove.FINISH): TicketState.DONE,
    (TicketState.PARKED, TicketMove.COME_BACK): TicketState.WAITING,
    (TicketState.SKIPPED, TicketMove.COME_BACK): TicketState.WAITING,
    **{
        (state, TicketMove.LEAVE): TicketState.LEFT for state in OPEN_STATES - {TicketState.SERVING}
    },
}
"""The whole table; what is not in it is refused."""


def after(state: TicketState, move: TicketMove, calls: int) -> TicketState:
    """Return the state a move leads to; `calls` is how often the ticket was called.

    Raises:
        MoveRefused: the state does not allow the move, or too few calls were made to pass over.

    """
    if move is TicketMove.SKIP and calls < MOST_CALLS:
        raise MoveRefused(state=state.value, move=move.value)
    return follow(MOVES, state, move)


@dataclass(frozen=True, slots=True)
class Place:
    """What decides the order: a reason first, then the place, which is the number taken.

    Who was passed over and comes back is placed after whoever would be called next.
    """

    ticket_id: str
    priority: PriorityReason | None
    place: float


def in_order(waiting: Sequence[Place]) -> tuple[Place, ...]:
    """Return who is called first, second and so on."""
    return tuple(sorted(waiting, key=lambda one: (one.priority is None, one.place, one.ticket_id)))


def place_after_next(own: float, waiting: Sequence[Place]) -> float:
    """Return the place of somebody who comes back: behind the next one, never before their own."""
    if not waiting:
        return own
    ahead = in_order(waiting)[0]
    behind = [one.place for one in waiting if one.place > ahead.place]
    after_it = (ahead.place + min(behind)) / 2 if behind else ahead.place + 1
    return max(own, after_it)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody waits, in whole minutes; from `least` to `most`."""

    least: int
    most: int


def wait_of(
    before: int, talks: Sequence[float], slot_minutes: int, *, places: int, running: int
) -> Wait:
    """Return how long one waits with so many people before them.

    Args:
        talks: minutes that today's finished talks took here.
        slot_minutes: how long a talk is planned to be.
        places: how many talks can be held at once, at least 1.
        running: how many are held now.

    Half of today's talks took between the two times reckoned with; with fewer than
    `FEWEST_TALKS` of them it is from half a slot to a whole one.

    """
    short, long = _half_of(talks, slot_minutes)
    rounds = before // max(places, 1)
    free_now = max(places, 1) - running > before
    least = rounds * short
    most = rounds * long + (0 if free_now else long)
    return Wait(least=int(least), most=max(int(least), -int(-most // 1)))


def _half_of(talks: Sequence[float], slot_minutes: int) -> tuple[float, float]:
    if len(talks) < FEWEST_TALKS:
        return slot_minutes / 2, float(slot_minutes)
    lower, _, upper = quantiles(sorted(talks), n=4, method="inclusive")
    return max(lower, 0.0), max(upper, 0.0)
