"""Rows of the waiting list."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Row, Select, and_, or_, select, update

from reception.domain.waiting import LIVE_STATES, WaitState
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.subjects import open_to_actor
from reception.storage.tables import (
    Area,
    Leader,
    PetitionCase,
    Petitioner,
    Site,
    Slot,
    WaitEntry,
)

WaitRow = Row[WaitEntry, PetitionCase, Petitioner, Site, Area, Slot | None, Leader | None]


def _entries() -> Select[
    WaitEntry, PetitionCase, Petitioner, Site, Area, Slot | None, Leader | None
]:
    # The leader is that of the offered slot, or else the one who is wished for.
    return (
        select(WaitEntry, PetitionCase, Petitioner, Site, Area, Slot, Leader)
        .join(PetitionCase, WaitEntry.case_id == PetitionCase.id)
        .join(Petitioner, PetitionCase.petitioner_id == Petitioner.id)
        .join(Site, WaitEntry.site_id == Site.id)
        .join(Area, Site.area_code == Area.code)
        .outerjoin(Slot, WaitEntry.slot_id == Slot.id)
        .outerjoin(
            Leader,
            or_(
                Leader.id == Slot.leader_id,
                and_(Slot.id.is_(None), Leader.id == WaitEntry.leader_id),
            ),
        )
    )


async def entry(tx: Transaction, entry_id: str) -> WaitRow | None:
    """Return an entry with all that is shown of it."""
    return (await tx.execute(_entries().where(WaitEntry.id == entry_id))).first()


async def live(tx: Transaction, within: str | None = None) -> Sequence[WaitRow]:
    """Return who waits, in the order in which they are offered slots; at sites of a subtree, or all.

    Those of cases the actor is a subject of are left out.
    """
    query = _entries().where(WaitEntry.state.in_(LIVE_STATES))
    if within is not None:
        query = query.where(inside(Site.area_code, within))
    open_only = await open_to_actor(tx, WaitEntry.case_id)
    if open_only is not None:
        query = query.where(open_only)
    order = (WaitEntry.priority.is_(None), WaitEntry.asked_at, WaitEntry.id)
    return (await tx.execute(query.order_by(*order))).all()


async def wanted(tx: Transaction, today: date) -> bool:
    """Return whether anybody waits for a slot of today or later."""
    query = select(WaitEntry.id).where(
        WaitEntry.state == WaitState.WAITING, WaitEntry.last_day >= today
    )
    return await tx.scalar(query.limit(1)) is not None


async def run_out(tx: Transaction, now: datetime) -> Sequence[WaitEntry]:
    """Return the entries whose offer has run out."""
    query = select(WaitEntry).where(
        WaitEntry.state == WaitState.OFFERED, WaitEntry.offered_until <= now
    )
    return (await tx.scalars(query)).all()


async def move(
    tx: Transaction, entry_id: str, before: WaitState, after: WaitState, **values: object
) -> bool:
    """Move an entry if its state is still `before`; return whether it was."""
    moved = await tx.execute(
        update(WaitEntry)
        .where(WaitEntry.id == entry_id, WaitEntry.state == before)
        .values(state=after, **values)
        .returning(WaitEntry.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None
