"""A job is done once by one holder, and again when the holder is gone."""

import asyncio
from datetime import timedelta

import pytest

from reception.domain.access import SYSTEM
from reception.domain.errors import MovedMeanwhile
from reception.services import jobs
from reception.storage.database import Database
from tests.build import NOW, VAULT

NAMES = ["tidy"]


async def _enqueue(db: Database, *keys: str) -> None:
    async with db.transaction(SYSTEM) as tx:
        for key in keys:
            await jobs.enqueue(tx, name="tidy", key=key, due_at=NOW, args={"what": key})


async def _claim(db: Database, *, seconds: float = 0, limit: int = 1) -> tuple[jobs.Job, ...]:
    now = NOW + timedelta(seconds=seconds)
    return await jobs.claim(db, names=NAMES, lease_seconds=60, now=now, limit=limit)


async def test_two_claimers_never_get_the_same_job(database_url: str, db: Database) -> None:
    keys = [str(number) for number in range(20)]
    await _enqueue(db, *keys)
    other = Database(database_url, VAULT)
    got: list[str] = []

    async def work(mine: Database) -> None:
        while claimed := await _claim(mine, limit=2):
            got.extend(job.key for job in claimed)

    async with asyncio.TaskGroup() as group:
        for database in (db, other, db, other):
            group.create_task(work(database))
    await other.close()
    assert sorted(got) == sorted(keys)


async def test_a_job_whose_lease_ran_out_is_claimed_again_and_the_stale_holder_is_fenced(
    db: Database,
) -> None:
    await _enqueue(db, "a")
    (stale,) = await _claim(db)
    assert await _claim(db, seconds=59) == ()
    (fresh,) = await _claim(db, seconds=60)
    assert (stale.attempt, fresh.attempt) == (1, 2)
    with pytest.raises(MovedMeanwhile):
        await jobs.done(db, job=stale, now=NOW)
    with pytest.raises(MovedMeanwhile):
        await jobs.failed(db, job=stale, error="late", now=NOW)
    await jobs.done(db, job=fresh, now=NOW)
    assert await _claim(db, seconds=999) == ()


async def test_a_failed_job_is_due_again_after_a_wait(db: Database) -> None:
    await _enqueue(db, "a")
    (first,) = await _claim(db)
    await jobs.failed(db, job=first, error="disk full", now=NOW)
    assert await _claim(db, seconds=4.9) == ()
    (again,) = await _claim(db, seconds=5)
    assert again.args == {"what": "a"}


async def test_a_job_of_the_same_name_and_key_is_queued_once_for_ever(db: Database) -> None:
    await _enqueue(db, "a", "a")
    claimed = await _claim(db, limit=9)
    assert len(claimed) == 1
    await jobs.done(db, job=claimed[0], now=NOW)
    await _enqueue(db, "a")
    assert await _claim(db, seconds=1) == ()


async def test_a_job_queued_in_a_transaction_that_fails_is_not_there(db: Database) -> None:
    class Fault(Exception):
        pass

    async def fail_after_queueing() -> None:
        async with db.transaction(SYSTEM) as tx:
            await jobs.enqueue(tx, name="tidy", key="a", due_at=NOW, args={})
            raise Fault

    with pytest.raises(Fault):
        await fail_after_queueing()
    assert await _claim(db) == ()
