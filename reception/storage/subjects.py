"""Rows of who is a subject of a case, and what keeps them away from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute

from reception.domain.access import Actor, Standing, standing_of
from reception.domain.codes import Role
from reception.storage.database import Transaction
from reception.storage.tables import CaseSubject, Organ

_STANDING = "standing"


async def standing(tx: Transaction) -> Standing:
    """Return the standing of the actor this transaction is done for; asked once."""
    found = tx.info.get(_STANDING)
    if not isinstance(found, Standing):
        found = await standing_of_actor(tx, tx.actor)
        tx.info[_STANDING] = found
    return found


async def standing_of_actor(tx: Transaction, actor: Actor) -> Standing:
    """Return the standing of any actor."""
    return standing_of(actor, await organ_path(tx, actor.organ_id))


async def organ_path(tx: Transaction, organ_id: str | None) -> Sequence[str]:
    """Return an organ and all above it, itself first."""
    path: list[str] = []
    while organ_id is not None and organ_id not in path:
        path.append(organ_id)
        organ_id = await tx.scalar(select(Organ.parent_id).where(Organ.id == organ_id))
    return path


async def open_to_actor(
    tx: Transaction, case_id: InstrumentedAttribute[str]
) -> ColumnElement[bool] | None:
    """Return the condition that a case is none the actor is a subject of; None: always so."""
    names = (await standing(tx)).names
    if tx.actor.role is Role.SYSTEM or not names:
        return None
    return ~exists().where(
        CaseSubject.case_id == case_id,
        CaseSubject.removed_at.is_(None),
        CaseSubject.subject.in_(names),
    )


async def of_case(tx: Transaction, case_id: str) -> Sequence[CaseSubject]:
    """Return who is or was a subject of a case, in the order they were named."""
    query = (
        select(CaseSubject)
        .where(CaseSubject.case_id == case_id)
        .order_by(CaseSubject.added_at, CaseSubject.id)
    )
    return (await tx.scalars(query)).all()


async def names_of_case(tx: Transaction, case_id: str) -> frozenset[str]:
    """Return the names of those who are subjects of a case now."""
    query = select(CaseSubject.subject).where(
        CaseSubject.case_id == case_id, CaseSubject.removed_at.is_(None)
    )
    return frozenset((await tx.scalars(query)).all())


async def ask_to_remove(tx: Transaction, subject_id: str, by: str) -> bool:
    """Note who wants a subject removed; False when somebody asked before, or it is removed."""
    asked = await tx.execute(
        update(CaseSubject)
        .where(
            CaseSubject.id == subject_id,
            CaseSubject.removal_asked_by.is_(None),
            CaseSubject.removed_at.is_(None),
        )
        .values(removal_asked_by=by)
        .returning(CaseSubject.id)
        .execution_options(synchronize_session=False)
    )
    return asked.first() is not None


async def remove(tx: Transaction, subject_id: str, by: str, now: datetime) -> bool:
    """Remove a subject that somebody else asked to remove; False when nobody else did."""
    removed = await tx.execute(
        update(CaseSubject)
        .where(
            CaseSubject.id == subject_id,
            CaseSubject.removal_asked_by != by,
            CaseSubject.removed_at.is_(None),
        )
        .values(removed_at=now, removed_by=by)
        .returning(CaseSubject.id)
        .execution_options(synchronize_session=False)
    )
    return removed.first() is not None
