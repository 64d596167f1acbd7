"""Rows of receptions that were not arranged."""

from collections.abc import Sequence

from sqlalchemy import Row, Select, select, update
from sqlalchemy.orm import aliased

from reception.domain.declines import ObjectionState
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.subjects import open_to_actor
from reception.storage.tables import Decline, Leader, PetitionCase, Slot

Instead = aliased(Slot, name="instead")
InsteadLeader = aliased(Leader, name="instead_leader")

DeclineRow = Row[Decline, PetitionCase, Slot, Leader, Slot, Leader]


def _declines() -> Select[Decline, PetitionCase, Slot, Leader, Slot, Leader]:
    return (
        select(Decline, PetitionCase, Slot, Leader, Instead, InsteadLeader)
        .join(PetitionCase, Decline.case_id == PetitionCase.id)
        .join(Slot, Decline.slot_id == Slot.id)
        .join(Leader, Slot.leader_id == Leader.id)
        .join(Instead, Decline.alternative_id == Instead.id)
        .join(InsteadLeader, Instead.leader_id == InsteadLeader.id)
    )


async def decline(tx: Transaction, decline_id: str) -> DeclineRow | None:
    """Return a refusal with its case and both slots."""
    return (await tx.execute(_declines().where(Decline.id == decline_id))).first()


async def of_case(tx: Transaction, case_id: str) -> Sequence[DeclineRow]:
    """Return what was not arranged for a case, oldest first."""
    query = _declines().where(Decline.case_id == case_id)
    return (await tx.execute(query.order_by(Decline.declined_at, Decline.id))).all()


async def objected(tx: Transaction, within: str) -> Sequence[DeclineRow]:
    """Return the refusals of an area whose objection is not decided, oldest objection first."""
    query = _declines().where(
        Decline.objection == ObjectionState.MADE, inside(PetitionCase.area_code, within)
    )
    open_only = await open_to_actor(tx, Decline.case_id)
    if open_only is not None:
        query = query.where(open_only)
    return (await tx.execute(query.order_by(Decline.objected_at, Decline.id))).all()


async def move(
    tx: Transaction,
    decline_id: str,
    before: ObjectionState,
    after: ObjectionState,
    **values: object,
) -> bool:
    """Move an objection if its state is still `before`; return whether it was."""
    moved = await tx.execute(
        update(Decline)
        .where(Decline.id == decline_id, Decline.objection == before)
        .values(objection=after, **values)
        .returning(Decline.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None
