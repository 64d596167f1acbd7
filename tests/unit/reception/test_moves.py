"""Every state of every thing times every move: the table as people wrote it, and nothing else."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import TypeVar

import pytest

from reception.domain import bookings, cases, queue, reception_days, slots, waiting
from reception.domain.errors import MoveRefused

S = TypeVar("S", bound=StrEnum)
M = TypeVar("M", bound=StrEnum)

DAYS = """
planned: approve>approved cancel>cancelled
approved: publish>published cancel>cancelled
published: open_booking>booking_open begin>in_progress change>changed cancel>cancelled miss>missed
booking_open: begin>in_progress change>changed substitute>substituted cancel>cancelled miss>missed
in_progress: complete>completed substitute>substituted cancel>cancelled
changed: publish>published cancel>cancelled miss>missed
substituted: begin>in_progress change>changed substitute>substituted cancel>cancelled miss>missed
missed: substitute>substituted
completed:
cancelled:
"""

TICKETS = """
waiting: call>called park>parked leave>left
called: recall>called park>parked skip>skipped begin>serving leave>left
serving: finish>done
parked: come_back>waiting leave>left
skipped: come_back>waiting leave>left
done:
left:
"""

WAITS = """
waiting: offer>offered withdraw>withdrawn
offered: take>booked pass>waiting withdraw>withdrawn
booked:
withdrawn:
"""

SLOTS = """
open: hold>held book>booked withdraw>freed
held: release>open book>booked withdraw>freed
booked: finish>done free>freed lose>lost
freed: reopen>open
done:
lost:
"""

_EXITS = (
    " move_by_petitioner>moved move_by_gov>moved"
    " cancel_by_petitioner>cancelled_by_petitioner cancel_by_gov>cancelled_by_gov"
)

BOOKINGS = f"""
requested: check>under_check waitlist>waitlisted decline>declined{_EXITS}
under_check: confirm>confirmed waitlist>waitlisted decline>declined{_EXITS}
waitlisted: check>under_check decline>declined{_EXITS}
confirmed: remind>reminded check_in>checked_in miss>no_show lose_leader>leader_absent{_EXITS}
reminded: check_in>checked_in miss>no_show lose_leader>leader_absent{_EXITS}
checked_in: start>in_session lose_leader>leader_absent{_EXITS}
in_session: complete>completed move_by_gov>moved
leader_absent: accept_stand_in>confirmed start>in_session move_by_gov>moved \
cancel_by_petitioner>cancelled_by_petitioner
completed:
declined:
moved:
cancelled_by_petitioner:
cancelled_by_gov:
no_show:
"""

_TAKE = "accept>accepted not_accept>not_accepted no_longer_accept>no_longer withdraw>withdrawn"

CASES = f"""
draft: register>registered withdraw>withdrawn
registered: forward>forwarded assign>assigned divert>diverted redirect>redirected \
seal_transfer>sealed_transfer {_TAKE}
forwarded: dispute>disputed {_TAKE}
assigned: dispute>disputed {_TAKE}
disputed: forward>forwarded assign>assigned send_back>registered withdraw>withdrawn
accepted: handle>handling withdraw>withdrawn
handling: take_legal_path>legal_path mediate>mediated extend>handling issue_opinion>opinion \
withdraw>withdrawn
mediated: perform>performing close>closed withdraw>withdrawn
opinion: serve>served withdraw>withdrawn
served: perform>performing close>closed ask_review>review withdraw>withdrawn
performing: close>closed withdraw>withdrawn
review: handle_again>handling serve_review>review_served withdraw>withdrawn
review_served: ask_recheck>recheck close>closed withdraw>withdrawn
recheck: terminate>terminated withdraw>withdrawn
closed: reopen>reopened
withdrawn: reopen>reopened
reopened: forward>forwarded assign>assigned handle>handling withdraw>withdrawn
diverted:
redirected:
sealed_transfer:
not_accepted:
no_longer:
legal_path:
terminated:
"""


def read(table: str) -> dict[str, dict[str, str]]:
    rows = [line.partition(":") for line in table.strip().splitlines()]
    return {
        state: {move: then for move, _, then in (cell.partition(">") for cell in cells.split())}
        for state, _, cells in rows
    }


def walk(states: type[S], moves: type[M], after: Callable[[S, M], S]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for state in states:
        found[state.value] = {}
        for move in moves:
            try:
                found[state.value][move.value] = after(state, move).value
            except MoveRefused:
                continue
    return found


def test_a_reception_day_moves_as_its_table_says_and_no_other_way() -> None:
    assert walk(reception_days.DayState, reception_days.DayMove, reception_days.after) == read(DAYS)


def test_a_slot_moves_as_its_table_says_and_no_other_way() -> None:
    assert walk(slots.SlotState, slots.SlotMove, slots.after) == read(SLOTS)


def test_a_ticket_moves_as_its_table_says_once_it_was_called_often_enough() -> None:
    for calls in range(queue.MOST_CALLS + 2):
        after = partial(queue.after, calls=calls)
        table = read(TICKETS)
        if calls < queue.MOST_CALLS:
            del table["called"]["skip"]
        assert walk(queue.TicketState, queue.TicketMove, after) == table


def test_who_waits_moves_as_the_table_says_and_no_other_way() -> None:
    assert walk(waiting.WaitState, waiting.WaitMove, waiting.after) == read(WAITS)


def test_a_booking_moves_as_its_table_says_and_no_other_way() -> None:
    assert walk(bookings.BookingState, bookings.BookingMove, bookings.after) == read(BOOKINGS)


def test_a_case_moves_as_its_table_says_and_no_other_way() -> None:
    assert walk(cases.CaseState, cases.CaseMove, cases.after) == read(CASES)


def test_a_petitioner_can_withdraw_every_open_case_and_no_final_one() -> None:
    for state in cases.CaseState:
        can = (state, cases.CaseMove.WITHDRAW) in cases.MOVES
        assert can == (state not in cases.FINAL_STATES)


@pytest.mark.parametrize("state", sorted(bookings.LIVE_STATES))
def test_a_live_booking_can_still_end_without_the_petitioner_missing_it(
    state: bookings.BookingState,
) -> None:
    ways = {move for before, move in bookings.MOVES if before is state}
    assert ways - {bookings.BookingMove.MISS, bookings.BookingMove.DECLINE}


def test_a_refused_move_says_the_state_and_the_move() -> None:
    with pytest.raises(MoveRefused) as refused:
        slots.after(slots.SlotState.LOST, slots.SlotMove.HOLD)
    assert refused.value.details == {"state": "lost", "move": "hold"}
