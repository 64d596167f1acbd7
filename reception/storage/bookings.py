"""Rows of bookings and the keys that make a repeated request one booking."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, and_, select, update
from sqlalchemy.orm import aliased

from reception.domain.bookings import SLOT_STATES, BookingState
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.subjects import open_to_actor
from reception.storage.tables import (
    Area,
    Booking,
    Idempotency,
    Leader,
    PetitionCase,
    Petitioner,
    ReceptionDay,
    Session,
    Site,
    Slot,
)

LeaderArea = aliased(Area, name="leader_area")

BookingRow = Row[
    Booking, Slot, ReceptionDay, Leader, Area, Site, Area, PetitionCase, Petitioner, Session | None
]


def _bookings() -> Select[
    Booking, Slot, ReceptionDay, Leader, Area, Site, Area, PetitionCase, Petitioner, Session | None
]:
    return (
        select(
            Booking,
            Slot,
            ReceptionDay,
            Leader,
            LeaderArea,
            Site,
            Area,
            PetitionCase,
            Petitioner,
            Session,
        )
        .join(Slot, Booking.slot_id == Slot.id)
        .join(ReceptionDay, Slot.day_id == ReceptionDay.id)
        .join(Leader, Booking.leader_id == Leader.id)
        .join(LeaderArea, Leader.area_code == LeaderArea.code)
        .join(Site, Booking.site_id == Site.id)
        .join(Area, Site.area_code == Area.code)
        .join(PetitionCase, Booking.case_id == PetitionCase.id)
        .join(Petitioner, PetitionCase.petitioner_id == Petitioner.id)
        .outerjoin(Session, Session.booking_id == Booking.id)
    )


async def booking(tx: Transaction, booking_id: str) -> BookingRow | None:
    """Return a booking with all that is shown of it."""
    return (await tx.execute(_bookings().where(Booking.id == booking_id))).first()


async def live_booking_by_code(tx: Transaction, code: str) -> BookingRow | None:
    """Return the live booking with this check-in code."""
    query = _bookings().where(Booking.code == code, Booking.state.in_(SLOT_STATES))
    return (await tx.execute(query)).first()


async def let_down_by_code(tx: Transaction, code: str, site_id: str) -> bool:
    """Return whether a booking with this code, at this site, has lost its leader."""
    query = select(Booking.id).where(
        Booking.code == code,
        Booking.site_id == site_id,
        Booking.state == BookingState.LEADER_ABSENT,
    )
    return await tx.scalar(query.limit(1)) is not None


async def code_in_use(tx: Transaction, code: str) -> bool:
    """Return whether a live booking has this check-in code."""
    query = select(Booking.id).where(Booking.code == code, Booking.state.in_(SLOT_STATES))
    return await tx.scalar(query.limit(1)) is not None


async def live_booking_of_case(tx: Transaction, case_id: str) -> Booking | None:
    """Return the booking that holds a slot for this case, if there is one."""
    query = select(Booking).where(Booking.case_id == case_id, Booking.state.in_(SLOT_STATES))
    return await tx.scalar(query)


async def bookings_of_case(tx: Transaction, case_id: str) -> Sequence[BookingRow]:
    """Return a case's bookings by start."""
    query = _bookings().where(Booking.case_id == case_id).order_by(Booking.starts_at, Booking.id)
    return (await tx.execute(query)).all()


async def bookings_between(
    tx: Transaction,
    first: datetime,
    last: datetime,
    *,
    within: str | None = None,
    leader_id: str | None = None,
    site_id: str | None = None,
    rehearsal: bool,
    states: Collection[BookingState],
) -> Sequence[BookingRow]:
    """Return the bookings that start in `[first, last)`, soonest first.

    Those of cases the actor is a subject of are left out.

    `within` keeps those whose site or leader is in the subtree.
    """
    query = _bookings().where(
        Booking.starts_at >= first,
        Booking.starts_at < last,
        Booking.rehearsal == rehearsal,
        Booking.state.in_(states),
    )
    if within is not None:
        query = query.where(inside(Site.area_code, within) | inside(Leader.area_code, within))
    if leader_id is not None:
        query = query.where(Booking.leader_id == leader_id)
    if site_id is not None:
        query = query.where(Booking.site_id == site_id)
    open_only = await open_to_actor(tx, Booking.case_id)
    if open_only is not None:
        query = query.where(open_only)
    return (await tx.execute(query.order_by(Booking.starts_at, Booking.id))).all()


async def rooms_taken(
    tx: Transaction, site_id: str, starts_at: datetime, ends_at: datetime
) -> set[int]:
    """Return the rooms of a site that live bookings hold at some moment of the span."""
    query = select(Booking.room).where(
        Booking.site_id == site_id,
        Booking.state.in_(SLOT_STATES),
        Booking.starts_at < ends_at,
        Booking.ends_at > starts_at,
    )
    return set((await tx.scalars(query)).all())


async def move_booking(
    tx: Transaction, booking_id: str, before: BookingState, after: BookingState, **values: object
) -> bool:
    """Move a booking if its state is still `before`; return whether it was."""
    moved = await tx.execute(
        update(Booking)
        .where(and_(Booking.id == booking_id, Booking.state == before))
        .values(state=after, **values)
        .returning(Booking.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None


async def remembered(tx: Transaction, key_hash: str) -> Idempotency | None:
    """Return what was asked and made under this idempotency key."""
    return await tx.get(Idempotency, key_hash)
