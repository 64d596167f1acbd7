"""Rows of jobs: claimed with a lease, fenced by the number of the attempt."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.storage.database import Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Job


async def enqueue(
    tx: Transaction, *, name: str, key: str, due_at: datetime, args: dict[str, object]
) -> None:
    """Add a job unless one of this name and key is there, done or not."""
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    await tx.execute(
        insert(Job)
        .values(
            id=new_id(),
            name=name,
            key=key,
            args=args,
            due_at=due_at,
            attempt=0,
            leased_until=None,
            done_at=None,
            last_error="",
        )
        .on_conflict_do_nothing(index_elements=[Job.name, Job.key])
    )


async def claim(
    tx: Transaction, names: Collection[str], until: datetime, now: datetime, limit: int
) -> Sequence[Job]:
    """Lease due jobs that nobody holds, oldest first; each claim is a new attempt."""
    free = (
        select(Job.id)
        .where(
            Job.name.in_(names),
            Job.due_at <= now,
            Job.done_at.is_(None),
            or_(Job.leased_until.is_(None), Job.leased_until <= now),
        )
        .order_by(Job.due_at, Job.id)
        .limit(limit)
        # SQLite has one writer and ignores this; PostgreSQL passes over rows another claims.
        .with_for_update(skip_locked=True)
    )
    claimed = await tx.scalars(
        update(Job)
        .where(Job.id.in_(free.scalar_subquery()))
        .values(leased_until=until, attempt=Job.attempt + 1)
        .returning(Job)
        .execution_options(synchronize_session=False)
    )
    return sorted(claimed.all(), key=lambda job: (job.due_at, job.id))


async def settle(tx: Transaction, job_id: str, attempt: int, **values: object) -> bool:
    """Change a job if this attempt still holds it; return whether it did."""
    changed = await tx.execute(
        update(Job)
        .where(Job.id == job_id, Job.attempt == attempt, Job.done_at.is_(None))
        .values(leased_until=None, **values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None
