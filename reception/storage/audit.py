"""Rows of the audit log: appended last in a transaction, never changed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from reception.domain.audit import START, AuditFact, canonical, chain_hash, leaf_hash
from reception.storage.tables import AuditCheckpoint, AuditEvent

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
