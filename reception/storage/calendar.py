"""Rows of day tables, reception rules, reception days and slots."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
    update,
)

from reception.domain.reception_days import BOOKABLE_STATES, PUBLIC_STATES, DayState
from reception.domain.sessions import SessionState
from reception.domain.slots import SlotState
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.tables import (
    STANDING_SLOT,
    Area,
    Booking,
    DayRow,
    DayTable,
    Leader,
    ReceptionDay,
    ReceptionRule,
    Session,
    Slot,
)

LONGEST_SLOT = timedelta(days=1)
"""A slot never lasts longer; it lets a search by end use the index by start."""

# True of every free slot. SQLite uses the index of a leader's slots only when told in its words.
_STANDING = text(f"slot.{STANDING_SLOT.text}")


# Day tables


async def newest_version(tx: Transaction, area_code: str, year: int) -> int:
    """Return the number of the newest day table of this area and year, 0 when there is none."""
    found = await tx.scalar(
        select(func.max(DayTable.version)).where(
            DayTable.area_code == area_code, DayTable.year == year
        )
    )
    return found or 0


async def newest_tables(tx: Transaction, area_code: str) -> Sequence[DayTable]:
    """Return, for each loaded year, the newest day table of exactly this area."""
    newest = (
        select(DayTable.year, func.max(DayTable.version).label("version"))
        .where(DayTable.area_code == area_code)
        .group_by(DayTable.year)
        .subquery()
    )
    query = (
        select(DayTable)
        .join(newest, and_(DayTable.year == newest.c.year, DayTable.version == newest.c.version))
        .where(DayTable.area_code == area_code)
        .order_by(DayTable.year)
    )
    return (await tx.scalars(query)).all()


async def rows_of_tables(
    tx: Transaction, table_ids: Iterable[str]
) -> Sequence[Row[date, str, str | None]]:
    """Return day, kind and holiday of every row of these day tables, by day."""
    query = (
        select(DayRow.day, DayRow.kind, DayRow.holiday)
        .where(DayRow.table_id.in_(list(table_ids)))
        .order_by(DayRow.day)
    )
    return (await tx.execute(query)).all()


# Rules


async def rules_of(tx: Transaction, leader_id: str) -> Sequence[ReceptionRule]:
    """Return a leader's rules, oldest first."""
    query = (
        select(ReceptionRule)
        .where(ReceptionRule.leader_id == leader_id)
        .order_by(ReceptionRule.valid_from, ReceptionRule.id)
    )
    return (await tx.scalars(query)).all()


async def days_of_rule(
    tx: Transaction, rule_id: str, first: date, last: date
) -> Sequence[ReceptionDay]:
    """Return the days of a rule whose nominal date is from `first` to `last`, both included."""
    query = select(ReceptionDay).where(
        ReceptionDay.rule_id == rule_id,
        ReceptionDay.nominal_date >= first,
        ReceptionDay.nominal_date <= last,
    )
    return (await tx.scalars(query)).all()


async def remove_days(tx: Transaction, day_ids: Collection[str]) -> None:
    """Delete days nobody ever booked, with their slots."""
    await tx.execute(delete(Slot).where(Slot.day_id.in_(day_ids)))
    await tx.execute(delete(ReceptionDay).where(ReceptionDay.id.in_(day_ids)))


async def booked_ever(tx: Transaction, day_ids: Collection[str]) -> set[str]:
    """Return those of the days on which a slot was ever booked."""
    query = (
        select(Slot.day_id)
        .join(Booking, Booking.slot_id == Slot.id)
        .where(Slot.day_id.in_(day_ids))
        .distinct()
    )
    return set((await tx.scalars(query)).all())


# Days


async def day(tx: Transaction, day_id: str) -> Row[ReceptionDay, Leader, Area] | None:
    """Return a day with its leader and the leader's area."""
    return (await tx.execute(_days().where(ReceptionDay.id == day_id))).first()


async def days_between(
    tx: Transaction,
    first: date,
    last: date,
    *,
    within: str | None,
    leader_id: str | None = None,
    published: bool,
) -> Sequence[Row[ReceptionDay, Leader, Area]]:
    """Return the days from `first` to `last`, both included, by date and area.

    Those of a leader are also the days of the leader's rules on which somebody stands in.
    """
    query = (
        _days()
        .where(ReceptionDay.day >= first, ReceptionDay.day <= last, ~ReceptionDay.rehearsal)
        .order_by(ReceptionDay.day, Area.path, Leader.name, ReceptionDay.id)
    )
    if within is not None:
        query = query.where(inside(Leader.area_code, within))
    if leader_id is not None:
        of_rules = select(ReceptionRule.id).where(ReceptionRule.leader_id == leader_id)
        query = query.where(
            or_(ReceptionDay.leader_id == leader_id, ReceptionDay.rule_id.in_(of_rules))
        )
    if published:
        query = query.where(ReceptionDay.state.in_(PUBLIC_STATES))
    return (await tx.execute(query)).all()


def _days() -> Select[ReceptionDay, Leader, Area]:
    return (
        select(ReceptionDay, Leader, Area)
        .join(Leader, ReceptionDay.leader_id == Leader.id)
        .join(Area, Leader.area_code == Area.code)
    )


async def slot_counts(
    tx: Transaction, day_ids: Collection[str], now: datetime
) -> dict[str, tuple[int, int]]:
    """Return, by day, how many slots can be booked at `now` and how many are taken or done."""
    free = case((and_(_claimable(now), Slot.ends_at > now), 1), else_=0)
    booked = case((Slot.state.in_((SlotState.BOOKED, SlotState.DONE)), 1), else_=0)
    query = (
        select(Slot.day_id, func.sum(free), func.sum(booked))
        .where(Slot.day_id.in_(day_ids))
        .group_by(Slot.day_id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in await tx.execute(query)}


async def change_day(tx: Transaction, day_id: str, before: DayState, **values: object) -> bool:
    """Change a day if its state is still `before`; return whether it was."""
    changed = await tx.execute(
        update(ReceptionDay)
        .where(ReceptionDay.id == day_id, ReceptionDay.state == before)
        .values(**values)
        .returning(ReceptionDay.id)
    )
    return changed.first() is not None


async def days_begun(
    tx: Transaction, since: datetime, until: datetime, states: Collection[DayState]
) -> Sequence[Row[str, DayState]]:
    """Return id and state of the days in `states` that have a session that began.

    Only bookings that start between `since` and `until` are looked at.
    """
    query = (
        select(ReceptionDay.id, ReceptionDay.state)
        .join(Slot, Slot.day_id == ReceptionDay.id)
        .join(Booking, Booking.slot_id == Slot.id)
        .join(Session, Session.booking_id == Booking.id)
        .where(
            Booking.starts_at >= since,
            Booking.starts_at <= until,
            Session.started_at.is_not(None),
            ReceptionDay.state.in_(states),
        )
        .distinct()
    )
    return (await tx.execute(query)).all()


async def days_over(
    tx: Transaction, state: DayState, first: date, now: datetime, sessions: Collection[SessionState]
) -> Sequence[str]:
    """Return the days in `state`, from `first` on, of which nothing is left.

    Every slot has ended by `now`, and no session of theirs is in one of `sessions`.
    """
    of_day = Slot.day_id == ReceptionDay.id
    query = select(ReceptionDay.id).where(
        ReceptionDay.day >= first,
        ReceptionDay.state == state,
        ~exists().where(of_day, Slot.ends_at > now),
        ~exists().where(
            of_day,
            Booking.slot_id == Slot.id,
            Session.booking_id == Booking.id,
            Session.state.in_(sessions),
        ),
    )
    return (await tx.scalars(query)).all()


# Slots


def _claimable(now: datetime) -> ColumnElement[bool]:
    # An expired hold is free: nothing has to sweep for a slot to come back.
    return or_(
        Slot.state == SlotState.OPEN, and_(Slot.state == SlotState.HELD, Slot.held_until <= now)
    )


async def slot(tx: Transaction, slot_id: str) -> Row[Slot, ReceptionDay, Leader, Area] | None:
    """Return a slot with its day, its leader and the leader's area."""
    return (await tx.execute(_slots().where(Slot.id == slot_id))).first()


async def slots_of_day(
    tx: Transaction, day_id: str
) -> Sequence[Row[Slot, ReceptionDay, Leader, Area]]:
    """Return the slots of a day by start."""
    query = _slots().where(Slot.day_id == day_id).order_by(Slot.starts_at)
    return (await tx.execute(query)).all()


async def free_slots(
    tx: Transaction,
    *,
    within: str | None = None,
    leader_id: str | None = None,
    after: datetime,
    now: datetime,
    limit: int,
    rehearsal: bool,
) -> Sequence[Row[Slot, ReceptionDay, Leader, Area]]:
    """Return slots that can be booked and end later than `after`, soonest first."""
    query = (
        _slots()
        .where(
            _claimable(now),
            Slot.starts_at > after - LONGEST_SLOT,
            Slot.ends_at > after,
            Slot.rehearsal == rehearsal,
            ReceptionDay.state.in_(BOOKABLE_STATES),
        )
        .order_by(Slot.starts_at, Slot.id)
        .limit(limit)
    )
    if within is not None:
        query = query.where(inside(Leader.area_code, within))
    if leader_id is not None:
        query = query.where(Slot.leader_id == leader_id, _STANDING)
    return (await tx.execute(query)).all()


@dataclass(frozen=True)
class Alternative:
    """A free slot to offer instead of one that was taken."""

    slot_id: str
    starts_at: datetime
    ends_at: datetime
    leader_id: str
    leader_name: str
    leader_title: str


async def alternatives(
    tx: Transaction, slot: Slot, *, now: datetime, limit: int
) -> tuple[Alternative, ...]:
    """Return what is free instead of `slot`: the leader's own soonest first, then others'."""
    own = _offers(slot, now).where(Slot.leader_id == slot.leader_id, _STANDING)
    others = _offers(slot, now).where(Slot.leader_id != slot.leader_id)
    soonest = [
        query.add_columns(literal(rank).label("rank"))
        .order_by(Slot.starts_at, Slot.id)
        .limit(limit)
        .subquery()
        .select()
        for rank, query in enumerate((own, others))
    ]
    found = await tx.execute(union_all(*soonest).order_by("rank", "starts_at", "id").limit(limit))
    return tuple(Alternative(*row[:6]) for row in found)


def _offers(slot: Slot, now: datetime) -> Select[str, datetime, datetime, str, str, str]:
    return (
        select(Slot.id, Slot.starts_at, Slot.ends_at, Slot.leader_id, Leader.name, Leader.title)
        .join(ReceptionDay, Slot.day_id == ReceptionDay.id)
        .join(Leader, Slot.leader_id == Leader.id)
        .where(
            _claimable(now),
            Slot.id != slot.id,
            Slot.starts_at > now - LONGEST_SLOT,
            Slot.ends_at > now,
            Slot.rehearsal == slot.rehearsal,
            ReceptionDay.state.in_(BOOKABLE_STATES),
        )
    )


def _slots() -> Select[Slot, ReceptionDay, Leader, Area]:
    return (
        select(Slot, ReceptionDay, Leader, Area)
        .join(ReceptionDay, Slot.day_id == ReceptionDay.id)
        .join(Leader, Slot.leader_id == Leader.id)
        .join(Area, Leader.area_code == Area.code)
    )


async def spans_of_leader(
    tx: Transaction, leader_id: str, first: datetime, last: datetime, *, leave_out_day: str = ""
) -> Sequence[tuple[datetime, datetime]]:
    """Return the spans of the leader's standing slots that touch `first` to `last`."""
    query = select(Slot.starts_at, Slot.ends_at).where(
        Slot.leader_id == leader_id,
        Slot.day_id != leave_out_day,
        Slot.state.not_in((SlotState.FREED, SlotState.LOST)),
        Slot.starts_at > first - LONGEST_SLOT,
        Slot.starts_at < last,
        Slot.ends_at > first,
    )
    return [(row[0], row[1]) for row in await tx.execute(query)]


async def claim_slot(tx: Transaction, slot_id: str, *, by: str, now: datetime) -> bool:
    """Turn a slot that is open, whose hold ran out, or that `by` holds, into a booked one.

    One statement decides the race: of many callers exactly one gets True.
    """
    mine = and_(Slot.state == SlotState.HELD, Slot.held_by == by)
    claimed = await tx.execute(
        update(Slot)
        .where(Slot.id == slot_id, or_(_claimable(now), mine))
        .values(state=SlotState.BOOKED, held_until=None, held_by=None)
        .returning(Slot.id)
        .execution_options(synchronize_session=False)
    )
    return claimed.first() is not None


async def hold_slot(
    tx: Transaction, slot_id: str, *, by: str, until: datetime, now: datetime
) -> bool:
    """Hold a slot that is free, or renew one's own hold; return whether that was possible."""
    mine = and_(Slot.state == SlotState.HELD, Slot.held_by == by)
    held = await tx.execute(
        update(Slot)
        .where(Slot.id == slot_id, or_(_claimable(now), mine))
        .values(state=SlotState.HELD, held_until=until, held_by=by)
        .returning(Slot.id)
        .execution_options(synchronize_session=False)
    )
    return held.first() is not None


async def pass_hold(tx: Transaction, slot_id: str, *, by: str, to: str, until: datetime) -> bool:
    """Let a hold go over to somebody else; return whether `by` still had it."""
    passed = await tx.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == SlotState.HELD, Slot.held_by == by)
        .values(held_by=to, held_until=until)
        .returning(Slot.id)
        .execution_options(synchronize_session=False)
    )
    return passed.first() is not None


async def release_slot(tx: Transaction, slot_id: str, *, by: str) -> None:
    """End one's own hold; a slot that `by` does not hold stays as it is."""
    await tx.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == SlotState.HELD, Slot.held_by == by)
        .values(state=SlotState.OPEN, held_until=None, held_by=None)
        .execution_options(synchronize_session=False)
    )


async def change_slot(tx: Transaction, slot_id: str, before: SlotState, after: SlotState) -> bool:
    """Move a slot if its state is still `before`; return whether it was."""
    changed = await tx.execute(
        update(Slot)
        .where(Slot.id == slot_id, Slot.state == before)
        .values(state=after, held_until=None, held_by=None)
        .returning(Slot.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
