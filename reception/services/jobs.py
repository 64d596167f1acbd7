"""Jobs: work that is done once, by whoever claims it, and again when the claimer is gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reception.domain.access import SYSTEM
from reception.domain.errors import MovedMeanwhile
from reception.storage import jobs as rows
from reception.storage.database import Database, Transaction
from scheduler.jobs import back_off

LONGEST_ERROR = 1000


@dataclass(frozen=True)
class Job:
    """A claimed job; `attempt` proves the claim when it is settled."""

    id: str
    name: str
    key: str
    args: Mapping[str, object]
    attempt: int
    due_at: datetime


async def enqueue(
    tx: Transaction, *, name: str, key: str, due_at: datetime, args: dict[str, object]
) -> None:
    """Add a job inside the caller's transaction; name and key make it unique for ever."""
    await rows.enqueue(tx, name=name, key=key, due_at=due_at, args=args)


async def claim(
    db: Database, *, names: Collection[str], lease_seconds: float, now: datetime, limit: int = 1
) -> tuple[Job, ...]:
    """Claim due jobs of these names for `lease_seconds`; no other claimer gets them meanwhile.

    When the lease runs out before the job is settled, somebody else may claim it.
    """
    until = now + timedelta(seconds=lease_seconds)
    async with db.transaction(SYSTEM) as tx:
        found = await rows.claim(tx, names, until, now, limit)
    return tuple(
        Job(
            id=job.id,
            name=job.name,
            key=job.key,
            args=job.args,
            attempt=job.attempt,
            due_at=job.due_at,
        )
        for job in found
    )


async def done(db: Database, *, job: Job, now: datetime) -> None:
    """Note that a claimed job is done.

    Raises:
        MovedMeanwhile: the lease ran out and another attempt holds the job.

    """
    async with db.transaction(SYSTEM) as tx:
        if not await rows.settle(tx, job.id, job.attempt, done_at=now):
            raise MovedMeanwhile(thing="job")


async def failed(db: Database, *, job: Job, error: str, now: datetime) -> None:
    """Give a claimed job back; it is due again after a wait that doubles with each attempt.

    Raises:
        MovedMeanwhile: the lease ran out and another attempt holds the job.

    """
    again_at = now + back_off(job.attempt)
    async with db.transaction(SYSTEM) as tx:
        if not await rows.settle(
            tx, job.id, job.attempt, due_at=again_at, last_error=error[:LONGEST_ERROR]
        ):
            raise MovedMeanwhile(thing="job")
