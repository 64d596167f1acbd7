"""A slot has one winner, whatever races for it; the database itself refuses overlaps."""

import asyncio
import json
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from reception.domain.access import SYSTEM
from reception.domain.bookings import BookingState
from reception.domain.errors import (
    BadInput,
    CodeUnknown,
    DayNotPublished,
    IdempotencyMismatch,
    MoveRefused,
    NotAllowed,
    SlotNotBookable,
    SlotTaken,
)
from reception.domain.reception_days import DayState
from reception.domain.sessions import SessionState
from reception.domain.slots import SlotState
from reception.services import booking, calendar, cases, places
from reception.services.booking import BookingView, BookRequest
from reception.services.errors import SiteFull
from reception.storage.database import Database
from reception.storage.errors import NotUnique, Overlapping
from reception.storage.ids import new_id
from reception.storage.tables import Booking, PetitionCase, ReceptionDay, Session, Slot
from tests.build import COUNTY, NOW, TODAY, Prefecture, draft, later, open_day, prefecture

ROOT = Path(__file__).parents[3]
RACERS = 16
KILLS = 18  # of the some 20 statements a booking makes from its claim on

log = logging.getLogger(__name__)
ROUNDS = 5


async def _book(
    db: Database, made: Prefecture, slot_id: str, key: str | None = None, **changes: object
) -> BookingView:
    return await booking.book(
        db,
        request=BookRequest(slot_id=slot_id, site_id=made.site_id, draft=draft(**changes)),
        actor=made.clerk,
        idempotency_key=key,
        now=NOW,
    )


class Racer:
    """A process that books when told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self._reader.readline())
        return found

    async def ready(self) -> None:
        assert await self._reader.readline() == b"ready\n"

    def go(self, line: str) -> None:
        self._writer.write(f"{line}\n".encode())

    async def end(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


@asynccontextmanager
async def racers(url: str, site_id: str, count: int = RACERS) -> AsyncIterator[list[Racer]]:
    """Start processes that wait for the word."""
    lines = [socket.socketpair() for _ in range(count)]
    theirs = [line[1].fileno() for line in lines]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.racer",
        url,
        site_id,
        *map(str, theirs),
        cwd=ROOT,
        pass_fds=theirs,
    )
    for _, their in lines:
        their.close()
    started = [Racer(*await asyncio.open_connection(sock=our)) for our, _ in lines]
    try:
        for racer in started:
            await racer.ready()
        yield started
    finally:
        for racer in started:
            await racer.end()
        status = await process.wait()
    assert status == 0


async def test_sixteen_processes_race_for_a_slot_and_one_wins(
    database_url: str, db: Database
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, slot_minutes=10)
    await open_day(db, made.other_leader_id)
    slowest = 0.0
    async with racers(database_url, made.site_id) as started:
        for slot in slots[:ROUNDS]:
            for racer in started:
                racer.go(slot.id)
            answers = [await racer.answer() for racer in started]
            winners = [answer for answer in answers if "booking" in answer]
            losers = [answer for answer in answers if "booking" not in answer]
            assert len(winners) == 1
            assert {answer["code"] for answer in losers} == {"slot_taken"}
            for answer in losers:
                offered = {other["slot_id"] for other in answer["details"]["alternatives"]}
                assert len(offered) >= 3
                assert slot.id not in offered
            slowest = max(slowest, *(answer["ms"] for answer in losers))
    log.info("slowest loser: %s ms", slowest)
    async with db.reading(SYSTEM) as tx:
        count = select(func.count())
        assert await tx.scalar(count.select_from(Booking)) == ROUNDS
        assert await tx.scalar(count.select_from(PetitionCase)) == ROUNDS
    numbers = sorted(one.case_no for one in await cases.list_cases(db, actor=made.clerk))
    assert numbers == [f"330726-2026-{number:06d}" for number in range(1, ROUNDS + 1)]


async def test_the_same_key_sent_by_many_at_once_is_one_booking(
    database_url: str, db: Database
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    async with racers(database_url, made.site_id, count=4) as started:
        for racer in started:
            racer.go(f"{slots[0].id} the-key")
        answers = [await racer.answer() for racer in started]
    assert len({answer["booking"] for answer in answers}) == 1


async def test_the_same_key_gives_the_same_booking_and_another_body_is_refused(
    db: Database,
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    first = await _book(db, made, slots[0].id, "key")
    again = await _book(db, made, slots[0].id, "key")
    assert again == first
    with pytest.raises(IdempotencyMismatch):
        await _book(db, made, slots[1].id, "key")
    with pytest.raises(SlotTaken):
        await _book(db, made, slots[0].id, "another key")


async def test_a_slot_held_by_somebody_else_is_taken_until_the_hold_expires(
    db: Database,
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    await booking.hold(db, slot_id=slots[0].id, actor=made.kiosk, now=NOW)
    with pytest.raises(SlotTaken) as refusal:
        await _book(db, made, slots[0].id)
    alternatives = refusal.value.details["alternatives"]
    assert isinstance(alternatives, list)
    assert [one["slot_id"] for one in alternatives] == [slot.id for slot in slots[1:]]
    with pytest.raises(SlotTaken):
        await booking.hold(db, slot_id=slots[0].id, actor=made.clerk, now=later(4))
    held = await booking.hold(db, slot_id=slots[0].id, actor=made.clerk, now=later(5))
    assert held.state is SlotState.HELD
    await booking.release(db, slot_id=slots[0].id, actor=made.kiosk, now=later(5))
    view = await _book(db, made, slots[0].id)
    assert view.state is BookingState.CONFIRMED


async def test_the_database_refuses_a_second_booking_of_leader_room_or_slot(
    db: Database,
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    view = await _book(db, made, slots[0].id)
    another = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)

    async def copy(**changes: object) -> None:
        async with db.transaction(SYSTEM) as tx:
            old = await tx.get_one(Booking, view.id)
            columns = {column.key: getattr(old, column.key) for column in Booking.__table__.c}
            fresh = {**columns, "id": new_id(), "code": "000000", **changes}
            await tx.put(Booking(**fresh))

    half = timedelta(minutes=15)
    with pytest.raises(NotUnique):
        await copy(
            case_id=another.id, starts_at=view.slot.ends_at, ends_at=view.slot.ends_at + half
        )
    overlap = {
        "case_id": another.id,
        "slot_id": slots[1].id,
        "starts_at": view.slot.starts_at + half,
        "ends_at": view.slot.ends_at + half,
    }
    with pytest.raises(Overlapping):
        await copy(**overlap, room=2)
    with pytest.raises(Overlapping):
        await copy(**overlap, leader_id=made.other_leader_id)
    free = {**overlap, "leader_id": made.other_leader_id, "room": 2}
    with pytest.raises(NotUnique):
        await copy(**{**free, "case_id": view.case_id})
    await copy(**free)
    await copy(**overlap, state=BookingState.MOVED)


async def test_a_site_takes_as_many_receptions_at_once_as_it_has_rooms(db: Database) -> None:
    made = await prefecture(db)
    third = await places.add_leader(
        db, area_code=COUNTY, name="领导丙", title="副县长", portfolio="教育"
    )
    days = [await open_day(db, leader) for leader in (made.leader_id, made.other_leader_id, third)]
    for slots in days[:2]:
        await _book(db, made, slots[0].id)
    with pytest.raises(SiteFull):
        await _book(db, made, days[2][0].id)
    await _book(db, made, days[2][1].id)


async def test_cancelling_frees_the_slot_and_ends_the_session(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    view = await _book(db, made, slots[0].id)
    with pytest.raises(BadInput):
        await booking.cancel(
            db, booking_id=view.id, by="government", reason=" ", actor=made.clerk, now=NOW
        )
    ended = await booking.cancel(
        db, booking_id=view.id, by="petitioner", reason="", actor=made.clerk, now=NOW
    )
    assert ended.state is BookingState.CANCELLED_BY_PETITIONER
    assert ended.session_state is SessionState.STOPPED
    assert ended.slot.state is SlotState.OPEN
    with pytest.raises(CodeUnknown):
        await booking.check_in(db, code=view.code, actor=made.kiosk, now=NOW)
    with pytest.raises(MoveRefused):
        await booking.cancel(
            db, booking_id=view.id, by="petitioner", reason="", actor=made.clerk, now=NOW
        )
    again = await _book(db, made, slots[0].id)
    assert again.slot.id == slots[0].id


async def test_moving_keeps_code_case_and_preparation(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    view = await _book(db, made, slots[0].id)
    moved = await booking.move(
        db, booking_id=view.id, slot_id=slots[2].id, by="petitioner", actor=made.clerk, now=NOW
    )
    assert (moved.code, moved.case_id, moved.session_id) == (
        view.code,
        view.case_id,
        view.session_id,
    )
    assert moved.slot.id == slots[2].id
    old = await booking.booking(db, booking_id=view.id, actor=made.clerk)
    assert (old.state, old.session_id) == (BookingState.MOVED, None)
    free = await calendar.free_slots(db, leader_id=made.leader_id, after=NOW)
    assert [slot.id for slot in free] == [slots[0].id, slots[1].id, slots[3].id]
    with pytest.raises(SlotTaken):
        await booking.move(
            db,
            booking_id=moved.id,
            slot_id=slots[2].id,
            by="petitioner",
            actor=made.clerk,
            now=NOW,
        )
    again = await booking.move(
        db, booking_id=moved.id, slot_id=slots[3].id, by="government", actor=made.clerk, now=NOW
    )
    page = await cases.case_page(db, case_id=again.case_id, actor=made.clerk, now=NOW)
    told = [event.text_zh for event in page.timeline if event.kind == "booking_moved"]
    assert [text.partition("将预约")[0] for text in told] == ["信访人", "接访单位"]


async def test_today_shows_each_role_its_own(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    others = await open_day(db, made.other_leader_id)
    mine = await _book(db, made, slots[0].id)
    other = await _book(db, made, others[1].id)
    shown = {
        actor.role: [one.id for one in await booking.today(db, actor=actor, day=TODAY, now=NOW)]
        for actor in (made.clerk, made.leader, made.kiosk)
    }
    assert list(shown.values()) == [[mine.id, other.id], [mine.id], [mine.id, other.id]]


async def test_what_is_over_or_unpublished_cannot_be_booked(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    with pytest.raises(SlotNotBookable):
        await booking.hold(db, slot_id=slots[0].id, actor=made.clerk, now=slots[0].ends_at)
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(ReceptionDay, slots[0].day_id)).state = DayState.PLANNED
    with pytest.raises(DayNotPublished):
        await _book(db, made, slots[0].id)
    with pytest.raises(NotAllowed):
        await booking.hold(db, slot_id=slots[0].id, actor=made.handler, now=NOW)


async def test_killing_a_booker_between_statements_leaves_no_half_booking(
    database_url: str, db: Database
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, slot_minutes=10)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.killed",
        database_url,
        made.site_id,
        slots[0].id,
        str(KILLS),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert printed.split() == [b"-9"] * KILLS
    assert await _rows(db) == 0
    free = await calendar.free_slots(db, leader_id=made.leader_id, after=NOW, limit=50)
    assert {one.id for one in free} == {slot.id for slot in slots}
    case = (await _book(db, made, slots[0].id)).case_no
    assert case.endswith("000001")


async def _rows(db: Database) -> int:
    async with db.reading(SYSTEM) as tx:
        found = [
            await tx.scalar(select(func.count()).select_from(table))
            for table in (Booking, PetitionCase, Session)
        ]
        booked = select(func.count()).select_from(Slot).where(Slot.state == SlotState.BOOKED)
        return sum(number or 0 for number in (*found, await tx.scalar(booked)))
