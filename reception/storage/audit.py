"""Rows of the audit log: appended last in a transaction, never changed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.audit import START, AuditFact, canonical, chain_hash, leaf_hash
from reception.storage.tables import AuditCheckpoint, AuditEvent, Booking, Recording, Session

_APPEND_LOCK: Final = 0x76_72_61_75
"""Any fixed number, on PostgreSQL: whoever appends to the chain holds it until the commit."""


async def append(tx: AsyncSession, facts: Sequence[AuditFact]) -> None:
    """Chain facts to the log; the last statement of a transaction, since others wait for it."""
    if not facts:
        return
    await tx.flush()
    if tx.get_bind().dialect.name == "postgresql":
        # A statement of its own: the next one must see what the holder before committed.
        await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
    seq, chain = await head(tx)
    new = []
    for number, fact in enumerate(facts, seq + 1):
        canon = canonical(fact)
        chain = chain_hash(chain, leaf_hash(canon))
        new.append(
            {**asdict(fact), "detail": dict(fact.detail)}
            | {"seq": number, "canon": canon, "chain": chain}
        )
    await tx.execute(insert(AuditEvent), new)


async def head(tx: AsyncSession) -> tuple[int, bytes]:
    """Return the number and chain hash of the last event; (0, `START`) of an empty log."""
    found = await tx.execute(
        select(AuditEvent.seq, AuditEvent.chain).order_by(AuditEvent.seq.desc()).limit(1)
    )
    row = found.first()
    return (0, START) if row is None else (row[0], row[1])


async def events_after(tx: AsyncSession, seq: int, limit: int) -> Sequence[AuditEvent]:
    """Return the next events after number `seq`, in order."""
    found = await tx.scalars(
        select(AuditEvent).where(AuditEvent.seq > seq).order_by(AuditEvent.seq).limit(limit)
    )
    return found.all()


async def newest(
    tx: AsyncSession,
    *,
    action: str,
    actor_id: str,
    object_id: str,
    before: int | None,
    limit: int,
) -> Sequence[AuditEvent]:
    """Return the newest events; each filter that is given narrows."""
    query = select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(limit)
    if action:
        query = query.where(AuditEvent.action == action)
    if actor_id:
        query = query.where(AuditEvent.actor_id == actor_id)
    if object_id:
        query = query.where(AuditEvent.object_id == object_id)
    if before is not None:
        query = query.where(AuditEvent.seq < before)
    return (await tx.scalars(query)).all()


async def things_of_case(tx: AsyncSession, case_id: str) -> Sequence[str]:
    """Return the ids of the bookings, sessions and recordings of a case."""
    parts = (
        select(Booking.id).where(Booking.case_id == case_id),
        select(Session.id).where(Session.case_id == case_id),
        select(Recording.id)
        .join(Session, Recording.session_id == Session.id)
        .where(Session.case_id == case_id),
    )
    return [found for part in parts for found in await tx.scalars(part)]


async def of_objects(
    tx: AsyncSession, object_ids: Sequence[str], *, actions: Sequence[str] = (), limit: int
) -> Sequence[AuditEvent]:
    """Return the newest events about these things; only of these actions, where given."""
    query = (
        select(AuditEvent)
        .where(AuditEvent.object_id.in_(object_ids))
        .order_by(AuditEvent.seq.desc())
        .limit(limit)
    )
    if actions:
        query = query.where(AuditEvent.action.in_(actions))
    return (await tx.scalars(query)).all()


async def count_of(
    tx: AsyncSession, actor_kind: str, actor_id: str, action: str, *, since: datetime, most: int
) -> int:
    """Return how often an actor did something after an instant; counting stops at `most`."""
    query = (
        select(AuditEvent.seq)
        .where(
            AuditEvent.actor_id == actor_id,
            AuditEvent.at > since,
            AuditEvent.actor_kind == actor_kind,
            AuditEvent.action == action,
        )
        .limit(most)
    )
    return len((await tx.scalars(query)).all())


async def last_checkpoint(tx: AsyncSession) -> AuditCheckpoint | None:
    """Return the newest checkpoint."""
    return await tx.scalar(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1))


async def checkpoints(tx: AsyncSession) -> Sequence[AuditCheckpoint]:
    """Return all checkpoints by size."""
    return (await tx.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size))).all()
