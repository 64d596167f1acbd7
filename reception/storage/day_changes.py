"""Rows of what happened to published days, and of who stands in for whom."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, delete, exists, select, update
from sqlalchemy.orm import aliased

from reception.domain.bookings import ARRANGED, BookingState
from reception.domain.reception_days import DayState
from reception.domain.slots import SlotState
from reception.storage.database import Transaction
from reception.storage.tables import (
    Area,
    Booking,
    DayChange,
    Leader,
    Participant,
    ReceptionDay,
    Session,
    Slot,
    StandIn,
)

Before = aliased(Leader, name="before_leader")
After = aliased(Leader, name="after_leader")
Makeup = aliased(ReceptionDay, name="makeup_day")


async def stand_ins(tx: Transaction, leader_id: str) -> Sequence[Row[Leader, Area]]:
    """Return who stands in for a leader, the first to be asked first."""
    query = (
        select(Leader, Area)
        .join(StandIn, StandIn.stand_in_id == Leader.id)
        .join(Area, Leader.area_code == Area.code)
        .where(StandIn.leader_id == leader_id)
        .order_by(StandIn.position)
    )
    return (await tx.execute(query)).all()


async def set_stand_ins(tx: Transaction, leader_id: str, stand_in_ids: Sequence[str]) -> None:
    """Replace a leader's list."""
    await tx.execute(delete(StandIn).where(StandIn.leader_id == leader_id))
    tx.add_all(
        StandIn(leader_id=leader_id, position=position, stand_in_id=stand_in_id)
        for position, stand_in_id in enumerate(stand_in_ids, start=1)
    )
    await tx.flush()


async def changes(
    tx: Transaction, day_id: str
) -> Sequence[Row[DayChange, Leader, Leader | None, ReceptionDay | None]]:
    """Return what happened to a day, oldest first, with both leaders and the make-up day."""
    query = (
        select(DayChange, Before, After, Makeup)
        .join(Before, DayChange.before_leader_id == Before.id)
        .outerjoin(After, DayChange.after_leader_id == After.id)
        .outerjoin(Makeup, DayChange.makeup_day_id == Makeup.id)
        .where(DayChange.day_id == day_id)
        .order_by(DayChange.version)
    )
    return (await tx.execute(query)).all()


async def standing_bookings(tx: Transaction, day_id: str) -> Sequence[Booking]:
    """Return the bookings of a day that are arranged and have not begun, by start."""
    query = (
        select(Booking)
        .join(Slot, Booking.slot_id == Slot.id)
        .where(
            Slot.day_id == day_id,
            Booking.state.in_(ARRANGED),
        )
        .order_by(Booking.starts_at, Booking.id)
    )
    return (await tx.scalars(query)).all()


async def give_slots(tx: Transaction, day_id: str, leader_id: str) -> None:
    """Make another leader the one of every slot of a day that is not over."""
    await tx.execute(
        update(Slot)
        .where(Slot.day_id == day_id, Slot.state.not_in((SlotState.DONE, SlotState.LOST)))
        .values(leader_id=leader_id)
        .execution_options(synchronize_session=False)
    )


async def end_slots(
    tx: Transaction, day_id: str, before: Collection[SlotState], after: SlotState
) -> None:
    """Move every slot of a day that is in one of the states `before`."""
    await tx.execute(
        update(Slot)
        .where(Slot.day_id == day_id, Slot.state.in_(before))
        .values(state=after, held_until=None, held_by=None)
        .execution_options(synchronize_session=False)
    )


async def days_waited_on(
    tx: Transaction, since: datetime, until: datetime, states: Collection[DayState]
) -> Sequence[str]:
    """Return the days in `states` on which a petitioner waits and no leader ever came.

    Waiting is: checked in, for a slot that began between `since` and `until`.
    """
    came = (
        exists()
        .where(
            Participant.session_id == Session.id,
            Participant.role == "leader",
            Participant.joined_at.is_not(None),
        )
        .correlate(Session)
    )
    of_day = Slot.day_id == ReceptionDay.id
    query = select(ReceptionDay.id).where(
        ReceptionDay.state.in_(states),
        ~ReceptionDay.rehearsal,
        exists().where(
            of_day,
            Booking.slot_id == Slot.id,
            Booking.state == BookingState.CHECKED_IN,
            Booking.starts_at >= since,
            Booking.starts_at <= until,
        ),
        ~exists().where(of_day, Booking.slot_id == Slot.id, Session.booking_id == Booking.id, came),
    )
    return (await tx.scalars(query)).all()
