"""States of a stored slot (domain.md 3.4) and when one can be claimed."""

from datetime import datetime, timedelta
from typing import Final

from reception.domain.codes import Code
from reception.domain.moves import follow

HOLD_FOR: Final = timedelta(minutes=5)
"""How long a slot waits for the person who chose it to finish the booking."""


class SlotState(Code):
    """Where a slot stands."""

    OPEN = "open", "可预约", "open"
    HELD = "held", "暂留", "held"
    BOOKED = "booked", "已预约", "booked"
    DONE = "done", "已完成", "done"
    FREED = "freed", "已释放", "freed"
    LOST = "lost", "因接访单位原因落空", "lost through the office's fault"


class SlotMove(Code):
    """What moves a slot."""

    HOLD = "hold", "暂留", "hold"
    RELEASE = "release", "取消暂留", "release the hold"
    BOOK = "book", "预约", "book"
    FINISH = "finish", "完成", "finish"
    FREE = "free", "释放", "free"
    REOPEN = "reopen", "重新开放", "open again"
    LOSE = "lose", "落空", "lose"
    WITHDRAW = "withdraw", "撤下", "withdraw"


MOVES: Final = {
    (SlotState.OPEN, SlotMove.HOLD): SlotState.HELD,
    (SlotState.OPEN, SlotMove.BOOK): SlotState.BOOKED,
    (SlotState.HELD, SlotMove.RELEASE): SlotState.OPEN,
    (SlotState.HELD, SlotMove.BOOK): SlotState.BOOKED,
    (SlotState.BOOKED, SlotMove.FINISH): SlotState.DONE,
    (SlotState.BOOKED, SlotMove.FREE): SlotState.FREED,
    (SlotState.BOOKED, SlotMove.LOSE): SlotState.LOST,
    (SlotState.FREED, SlotMove.REOPEN): SlotState.OPEN,
    (SlotState.OPEN, SlotMove.WITHDRAW): SlotState.FREED,
    (SlotState.HELD, SlotMove.WITHDRAW): SlotState.FREED,
}
"""The whole table; what is not in it is refused."""


def after(state: SlotState, move: SlotMove) -> SlotState:
    """The state a move leads to.

    Raises:
        MoveRefused: the state does not allow the move; details `state` and `move`.
    """
    return follow(MOVES, state, move)


def is_claimable(state: SlotState, held_until: datetime | None, now: datetime) -> bool:
    """Whether somebody new may hold or book the slot: open, or held and the hold has run out.

    A hold without an end is treated as running: it is released by a move, never guessed.
    """
    if state is SlotState.HELD:
        return held_until is not None and held_until <= now
    return state is SlotState.OPEN
