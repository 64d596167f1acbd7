"""Numbers of walk-ins: no two alike, called once, passed over without harm, and nobody on them."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.domain.errors import BadInput, MovedMeanwhile, MoveRefused, NotAllowed, NotFound
from reception.domain.queue import PriorityReason, TicketMove, TicketState, Wait
from reception.domain.sessions import SessionState
from reception.services import booking, queue
from reception.services.booking import BookRequest
from reception.services.errors import NoReceptionToday
from reception.services.queue import QueueView
from reception.storage.database import Database
from reception.storage.tables import AuditEvent, Session
from tests.build import NOW, Prefecture, draft, later, open_day, prefecture

ELSEWHERE = Actor(kind="account", id="e" * 32, role=Role.CLERK, area_code="330727", name="外县")


async def open_queue(db: Database, people: int) -> tuple[Prefecture, QueueView]:
    """Return a site where a leader receives today and so many have taken a number."""
    made = await prefecture(db)
    await open_day(db, made.leader_id)
    for _ in range(people):
        await queue.take(db, actor=made.kiosk, now=NOW)
    return made, await queue.queue(db, actor=made.kiosk, now=NOW)


async def do(
    db: Database, made: Prefecture, ticket_id: str, *moves: TicketMove, minutes: int = 1
) -> QueueView:
    """Let the clerk move a ticket."""
    for move in moves:
        shown = await queue.move(
            db, ticket_id=ticket_id, move=move, actor=made.clerk, now=later(minutes)
        )
    return shown


def numbers(shown: QueueView, state: TicketState = TicketState.WAITING) -> list[str]:
    """Return the numbers in a state, in order."""
    return [one.number for one in shown.tickets if one.state is state]


async def test_many_take_a_number_at_once_and_none_is_given_twice_or_left_out(
    db: Database,
) -> None:
    made, _ = await open_queue(db, 0)
    taken = await asyncio.gather(
        *(queue.take(db, actor=made.kiosk, now=NOW) for _ in range(6)),
        *(queue.take(db, actor=made.clerk, site_id=made.site_id, now=NOW) for _ in range(6)),
    )
    assert sorted(one.number for one in taken) == [f"B{number:03d}" for number in range(1, 13)]


async def test_without_a_reception_there_is_no_number(db: Database) -> None:
    made = await prefecture(db)
    with pytest.raises(NoReceptionToday):
        await queue.take(db, actor=made.kiosk, now=NOW)
    assert not (await queue.queue(db, actor=made.kiosk, now=NOW)).opens


async def test_two_clerks_who_call_at_once_call_one_person_once(db: Database) -> None:
    made, shown = await open_queue(db, 2)
    first = shown.tickets[0].id
    answers = await asyncio.gather(
        *(
            queue.move(
                db, ticket_id=first, move=TicketMove.CALL, actor=made.clerk, now=later(number)
            )
            for number in range(4)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, QueueView) for one in answers) == 1, answers
    refused = [one for one in answers if not isinstance(one, QueueView)]
    assert all(isinstance(one, MovedMeanwhile | MoveRefused) for one in refused), refused
    after = await queue.queue(db, actor=made.kiosk, now=NOW)
    assert [(one.number, one.calls) for one in after.tickets] == [("B001", 1), ("B002", 0)]


async def test_who_steps_out_keeps_their_place_and_who_was_passed_over_comes_second(
    db: Database,
) -> None:
    made, shown = await open_queue(db, 4)
    first, second = shown.tickets[0].id, shown.tickets[1].id
    await do(db, made, second, TicketMove.PARK)
    called = await do(db, made, first, TicketMove.CALL)
    assert numbers(called, TicketState.CALLED) == ["B001"]
    # Who was called and is not back yet is still before the others.
    assert [one.before for one in called.tickets if one.wait] == [1, 2]
    with pytest.raises(MoveRefused):
        await do(db, made, first, TicketMove.SKIP)
    away = await do(db, made, first, TicketMove.RECALL, TicketMove.RECALL, TicketMove.SKIP)
    assert numbers(away) == ["B003", "B004"]
    assert numbers(away, TicketState.SKIPPED) == ["B001"]
    await do(db, made, first, TicketMove.COME_BACK)
    back = await do(db, made, second, TicketMove.COME_BACK)
    # B002 has its place again, B001 comes after the one who was next when it came back.
    assert numbers(back) == ["B002", "B003", "B001", "B004"]


async def test_an_earlier_place_has_a_reason_that_is_shown_and_logged(db: Database) -> None:
    made, shown = await open_queue(db, 3)
    third = shown.tickets[2].id
    preferred = await queue.prefer(
        db, ticket_id=third, reason=PriorityReason.CAME_FAR, actor=made.clerk, now=NOW
    )
    assert numbers(preferred) == ["B003", "B001", "B002"]
    assert preferred.tickets[0].priority is PriorityReason.CAME_FAR
    async with db.reading(SYSTEM) as tx:
        event = await tx.scalar(select(AuditEvent).where(AuditEvent.action == "ticket_preferred"))
        assert event is not None
        assert (event.actor_id, event.purpose) == (made.clerk.id, "came_far")
    again = await queue.prefer(db, ticket_id=third, reason=None, actor=made.clerk, now=NOW)
    assert numbers(again) == ["B001", "B002", "B003"]


async def test_a_kiosk_calls_nobody_and_a_clerk_of_another_county_sees_nothing(
    db: Database,
) -> None:
    made, shown = await open_queue(db, 1)
    ticket = shown.tickets[0].id
    for actor in (made.kiosk, made.leader, made.handler, ELSEWHERE):
        with pytest.raises(NotAllowed):
            await queue.move(db, ticket_id=ticket, move=TicketMove.CALL, actor=actor, now=NOW)
    with pytest.raises(NotAllowed):
        await queue.queue(db, actor=ELSEWHERE, site_id=made.site_id, now=NOW)
    with pytest.raises(NotFound):
        await queue.queue(db, actor=made.clerk, site_id="0" * 32, now=NOW)


async def test_tomorrow_begins_with_number_one(db: Database) -> None:
    made, shown = await open_queue(db, 2)
    tomorrow = NOW + timedelta(days=1)
    await open_day(db, made.leader_id, day=tomorrow.date())
    assert (await queue.queue(db, actor=made.kiosk, now=tomorrow)).tickets == ()
    assert (await queue.take(db, actor=made.kiosk, now=tomorrow)).number == "B001"
    with pytest.raises(NotFound):
        await queue.move(
            db,
            ticket_id=shown.tickets[0].id,
            move=TicketMove.CALL,
            actor=made.clerk,
            now=tomorrow,
        )


async def test_the_next_is_called_until_nobody_waits(db: Database) -> None:
    made, _ = await open_queue(db, 2)
    for _ in range(2):
        shown = await queue.call_next(db, site_id=made.site_id, actor=made.clerk, now=NOW)
    assert numbers(shown, TicketState.CALLED) == ["B001", "B002"]
    with pytest.raises(BadInput, match="nobody_waits"):
        await queue.call_next(db, site_id=made.site_id, actor=made.clerk, now=NOW)


async def test_the_range_comes_from_todays_talks_and_counts_who_is_booked(db: Database) -> None:
    made, shown = await open_queue(db, 2)
    # Nothing was held yet: half a slot to a whole one for each.
    assert [one.wait for one in shown.tickets] == [Wait(0, 0), Wait(15, 60)]
    slots = await open_day(db, made.other_leader_id)
    sessions = []
    for slot in slots[:3]:
        booked = await booking.book(
            db,
            request=BookRequest(slot_id=slot.id, site_id=made.site_id, draft=draft()),
            actor=made.clerk,
            idempotency_key=None,
            now=NOW,
        )
        sessions.append(booked.session_id)
    with_booked = await queue.queue(db, actor=made.kiosk, now=NOW)
    assert [one.before for one in with_booked.tickets] == [1, 2]
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(
            update(Session)
            .where(Session.id.in_(sessions))
            .values(state=SessionState.CLOSED, started_at=NOW, ended_at=NOW + timedelta(minutes=12))
        )
    held = await queue.queue(db, actor=made.kiosk, now=later(60))
    waits = [one.wait for one in held.tickets]
    assert all(wait is not None and wait.most % 12 == 0 for wait in waits), waits


async def test_a_ticket_is_over_when_the_person_was_received_or_left(db: Database) -> None:
    made, shown = await open_queue(db, 2)
    first, second = (one.id for one in shown.tickets)
    serving = await do(db, made, first, TicketMove.CALL, TicketMove.BEGIN)
    assert numbers(serving, TicketState.SERVING) == ["B001"]
    await do(db, made, first, TicketMove.FINISH)
    assert (await do(db, made, second, TicketMove.LEAVE)).tickets == ()
