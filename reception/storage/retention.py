"""Rows of periods, legal holds and destructions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, delete, exists, func, select, update

from reception.domain.cases import FINAL_STATES
from reception.domain.retention import Kept
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.subjects import open_to_actor
from reception.storage.tables import (
    CaseEvent,
    Destruction,
    LegalHold,
    PetitionCase,
    Recording,
    RetentionPeriod,
    Session,
)

_HELD = exists().where(LegalHold.case_id == Destruction.case_id, LegalHold.lifted_at.is_(None))


async def periods(tx: Transaction) -> Sequence[RetentionPeriod]:
    """Return every period that was ever set, newest first."""
    query = select(RetentionPeriod).order_by(RetentionPeriod.set_at.desc(), RetentionPeriod.id)
    return (await tx.scalars(query)).all()


async def ended_cases(
    tx: Transaction, within: str, before: datetime
) -> Sequence[Row[str, str, datetime]]:
    """Return id, area and end of the cases of an area that ended before an instant.

    A case ended with its last move; only a move leads out of an end again.
    """
    query = (
        select(PetitionCase.id, PetitionCase.area_code, func.max(CaseEvent.at))
        .join(CaseEvent, CaseEvent.case_id == PetitionCase.id)
        .where(
            PetitionCase.state.in_(FINAL_STATES),
            ~PetitionCase.rehearsal,
            inside(PetitionCase.area_code, within),
            CaseEvent.kind.startswith("case_", autoescape=True),
        )
        .group_by(PetitionCase.id, PetitionCase.area_code)
        .having(func.max(CaseEvent.at) < before)
    )
    return (await tx.execute(query)).all()


async def recordings_of(tx: Transaction, case_id: str) -> Sequence[str]:
    """Return the ids of the recordings of a case that are over."""
    query = (
        select(Recording.id)
        .join(Session, Recording.session_id == Session.id)
        .where(Session.case_id == case_id, Recording.state.in_(("ready", "failed")))
    )
    return (await tx.scalars(query)).all()


async def destruction(tx: Transaction, kept: Kept, object_id: str) -> Destruction | None:
    """Return what is known of the destruction of one thing."""
    query = select(Destruction).where(Destruction.kept == kept, Destruction.object_id == object_id)
    return await tx.scalar(query)


async def destructions_of(tx: Transaction, case_id: str) -> Sequence[Destruction]:
    """Return the destructions of a case, announced and done, by when they were announced."""
    query = (
        select(Destruction)
        .where(Destruction.case_id == case_id)
        .order_by(Destruction.announced_at, Destruction.id)
    )
    return (await tx.scalars(query)).all()


async def announced(
    tx: Transaction, within: str | None
) -> Sequence[Row[Destruction, PetitionCase]]:
    """Return the destructions that were announced and not done, the next first."""
    query = (
        select(Destruction, PetitionCase)
        .join(PetitionCase, Destruction.case_id == PetitionCase.id)
        .where(Destruction.done_at.is_(None))
        .order_by(Destruction.due_at, Destruction.id)
    )
    if within is not None:
        query = query.where(inside(PetitionCase.area_code, within))
    open_only = await open_to_actor(tx, PetitionCase.id)
    if open_only is not None:
        query = query.where(open_only)
    return (await tx.execute(query)).all()


async def due(tx: Transaction, now: datetime, limit: int) -> Sequence[Destruction]:
    """Return the destructions that are due and that no hold stops, recordings before cases."""
    query = (
        select(Destruction)
        .where(Destruction.done_at.is_(None), Destruction.due_at <= now, ~_HELD)
        .order_by(Destruction.kept.desc(), Destruction.due_at)
        .limit(limit)
    )
    return (await tx.scalars(query)).all()


async def finish(tx: Transaction, destruction_id: str, now: datetime) -> bool:
    """Note that something was destroyed; False when that was noted before."""
    done = await tx.execute(
        update(Destruction)
        .where(Destruction.id == destruction_id, Destruction.done_at.is_(None))
        .values(done_at=now)
        .returning(Destruction.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None


async def take_back(tx: Transaction, destruction_id: str) -> None:
    """Forget an announcement."""
    await tx.execute(
        delete(Destruction).where(Destruction.id == destruction_id, Destruction.done_at.is_(None))
    )


async def hold(tx: Transaction, hold_id: str) -> LegalHold | None:
    """Return the hold with this id."""
    return await tx.get(LegalHold, hold_id)


async def holds_of(tx: Transaction, case_id: str) -> Sequence[LegalHold]:
    """Return the holds on a case, lifted ones too."""
    query = (
        select(LegalHold)
        .where(LegalHold.case_id == case_id)
        .order_by(LegalHold.placed_at, LegalHold.id)
    )
    return (await tx.scalars(query)).all()


async def is_held(tx: Transaction, case_id: str) -> bool:
    """Return whether a hold stands on the case."""
    query = select(LegalHold.id).where(LegalHold.case_id == case_id, LegalHold.lifted_at.is_(None))
    return await tx.scalar(query.limit(1)) is not None


async def ask_to_lift(tx: Transaction, hold_id: str, by: str) -> bool:
    """Note who wants a hold lifted; False when somebody asked before, or it is lifted."""
    asked = await tx.execute(
        update(LegalHold)
        .where(
            LegalHold.id == hold_id,
            LegalHold.lift_asked_by.is_(None),
            LegalHold.lifted_at.is_(None),
        )
        .values(lift_asked_by=by)
        .returning(LegalHold.id)
        .execution_options(synchronize_session=False)
    )
    return asked.first() is not None


async def lift(tx: Transaction, hold_id: str, by: str, now: datetime) -> bool:
    """Lift a hold that somebody else asked to lift; False when nobody else did, or it is lifted."""
    lifted = await tx.execute(
        update(LegalHold)
        .where(
            LegalHold.id == hold_id,
            LegalHold.lift_asked_by != by,
            LegalHold.lifted_at.is_(None),
        )
        .values(lifted_by=by, lifted_at=now)
        .returning(LegalHold.id)
        .execution_options(synchronize_session=False)
    )
    return lifted.first() is not None
