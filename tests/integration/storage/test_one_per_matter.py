"""One live booking for a matter, any number of matters for a person (domain.md 4.4 rule 7)."""

import asyncio

import pytest
from sqlalchemy import func, select, text

from reception.domain.bookings import SLOT_STATES
from reception.domain.errors import SlotTaken
from reception.services import booking
from reception.services.booking import BookingView, BookRequest
from reception.services.errors import AlreadyBooked
from reception.storage.database import Database, create_engine
from reception.storage.schema import upgrade
from reception.storage.tables import Booking
from tests.build import NOW, VAULT, Prefecture, draft, open_day, prefecture


async def _again(db: Database, made: Prefecture, case_id: str, slot_id: str) -> BookingView:
    return await booking.book(
        db,
        request=BookRequest(slot_id=slot_id, site_id=made.site_id, case_id=case_id),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )


async def _first(db: Database, made: Prefecture, slot_id: str) -> BookingView:
    return await booking.book(
        db,
        request=BookRequest(slot_id=slot_id, site_id=made.site_id, draft=draft()),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )


async def test_a_matter_that_is_booked_is_refused_with_its_time_and_its_slot_stays_free(
    db: Database,
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    first = await _first(db, made, slots[0].id)
    with pytest.raises(AlreadyBooked) as refused:
        await _again(db, made, first.case_id, slots[1].id)
    assert refused.value.details == {
        "booking_id": first.id,
        "booked_at": slots[0].starts_at.isoformat(),
    }
    # The claim went with the transaction: somebody else gets the slot.
    other = await _first(db, made, slots[1].id)
    assert other.case_id != first.case_id


async def test_moving_is_no_second_booking_and_a_cancelled_one_does_not_count(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    first = await _first(db, made, slots[0].id)
    moved = await booking.move(
        db,
        booking_id=first.id,
        slot_id=slots[1].id,
        by="petitioner",
        actor=made.clerk,
        now=NOW,
    )
    await booking.cancel(
        db, booking_id=moved.id, by="petitioner", reason="", actor=made.clerk, now=NOW
    )
    again = await _again(db, made, first.case_id, slots[0].id)
    assert again.case_id == first.case_id


async def test_of_two_clerks_who_book_one_matter_at_once_one_is_told_of_the_other(
    db: Database,
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    first = await _first(db, made, slots[0].id)
    await booking.cancel(
        db, booking_id=first.id, by="petitioner", reason="", actor=made.clerk, now=NOW
    )
    answers = await asyncio.gather(
        *(_again(db, made, first.case_id, slot.id) for slot in slots[1:4]), return_exceptions=True
    )
    assert sum(isinstance(one, BookingView) for one in answers) == 1
    assert sum(isinstance(one, AlreadyBooked) for one in answers) == 2, answers
    assert not any(isinstance(one, SlotTaken) for one in answers)
    async with db.reading(made.clerk) as tx:
        live = select(func.count()).where(
            Booking.case_id == first.case_id, Booking.state.in_(SLOT_STATES)
        )
        assert await tx.scalar(live) == 1


async def test_a_database_with_two_live_bookings_of_a_case_is_left_as_it_is(empty_url: str) -> None:
    await upgrade(empty_url, VAULT)
    db = Database(empty_url, VAULT)
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    first = await _first(db, made, slots[0].id)
    second = await _first(db, made, slots[1].id)
    await db.close()
    engine = create_engine(empty_url, migrating=True)
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT set_config('app.wall', 'off', true)"))
        await connection.execute(text("DROP INDEX uq_booking_live_case"))
        await connection.execute(text("UPDATE alembic_version SET version_num = '0018'"))
        await connection.execute(
            text("UPDATE booking SET case_id = :case WHERE id = :id"),
            {"case": first.case_id, "id": second.id},
        )
    with pytest.raises(RuntimeError, match=first.case_no):
        await upgrade(empty_url, VAULT, revision="0019")
    async with engine.connect() as connection:
        at = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        assert at == "0018"
    await engine.dispose()
