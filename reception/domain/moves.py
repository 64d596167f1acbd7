"""How a table of moves is followed; each thing has its own table, and what is not in it is refused."""

from collections.abc import Mapping
from typing import TypeVar

from reception.domain.codes import Code
from reception.domain.errors import MoveRefused

State = TypeVar("State", bound=Code)
Move = TypeVar("Move", bound=Code)


def follow(moves: Mapping[tuple[State, Move], State], state: State, move: Move) -> State:
    """Return the state a move leads to.

    Raises:
        MoveRefused: the table does not have it; details `state` and `move`.

    """
    try:
        return moves[state, move]
    except KeyError:
        raise MoveRefused(state=state.value, move=move.value) from None
