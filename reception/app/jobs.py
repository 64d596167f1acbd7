"""What happens by itself: the ticker asks the database what is due and does it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from reception.app.audit import CheckpointBook
from reception.app.reconcile import Difference
from reception.app.recordings import RecordingWork
from reception.domain.errors import MovedMeanwhile
from reception.domain.retention import Kept
from reception.services import calendar, day_changes, jobs, records, retention, waiting
from reception.services.jobs import Job
from reception.storage import contents
from reception.storage.database import Database, Transaction
from recordings import keys
from scheduler.calendar import SHANGHAI
from scheduler.clock import Clock
from signaling.tasks import Supervisor
from web.live import LiveRooms

log = logging.getLogger(__name__)

LEASE_SECONDS: Final = 120
DAYS_EVERY_SECONDS: Final = 60
BOOK_EVERY_SECONDS: Final = 10
RETENTION_EVERY_SECONDS: Final = 3600
NIGHT_HOUR: Final = 3
"""Once a day after this hour, in Shanghai, recordings are compared with the database."""


class JobRunner:
    """Claims due jobs and runs them beside each other, a few at a time."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        recordings: RecordingWork,
        live: LiveRooms,
        book: CheckpointBook,
    ) -> None:
        self._db = db
        self._clock = clock
        self._recordings = recordings
        self._live = live
        self._tasks = Supervisor("jobs")
        self._slots = asyncio.Semaphore(2)
        self._book = book
        self._days_due = clock.monotonic()
        self._book_due = clock.monotonic()
        self._retention_due = clock.monotonic()
        self._compared_on: date | None = None
        self.on_compared: Callable[[Sequence[Difference]], None] = lambda _: None
        """Told what each night's comparison found."""
        self._erasers = {Kept.RECORDING: self._erase_recording, Kept.CASE: contents.destroy}

    async def tick(self) -> None:
        """Do what is due; called every second."""
        await self._live.sweep()
        await self._sweep_days()
        await self._sign_checkpoint()
        await self._sweep_retention()
        self._compare_nightly()
        if self._slots.locked():
            return
        claimed = await jobs.claim(
            self._db,
            names=self._recordings.names,
            lease_seconds=LEASE_SECONDS,
            now=self._clock.now(),
        )
        for job in claimed:
            self._tasks.start(self._run(job), name=job.key)

    async def _sweep_days(self) -> None:
        if self._clock.monotonic() < self._days_due:
            return
        self._days_due = self._clock.monotonic() + DAYS_EVERY_SECONDS
        await calendar.sweep(self._db, now=self._clock.now())
        await waiting.offer(self._db, now=self._clock.now())
        for session_id in await day_changes.miss_unattended(self._db, now=self._clock.now()):
            await self._live.changed(session_id)

    async def _sweep_retention(self) -> None:
        """Announce what is kept long enough, and destroy what was announced a week ago."""
        if self._clock.monotonic() < self._retention_due:
            return
        self._retention_due = self._clock.monotonic() + RETENTION_EVERY_SECONDS
        now = self._clock.now()
        try:
            await retention.announce_expired(self._db, now=now)
            await retention.destroy_due(self._db, erasers=self._erasers, now=now)
        except Exception:
            # A disk that does not let go of a file must not stop receptions; it is tried again.
            log.exception("not everything due for destruction was destroyed")

    def _compare_nightly(self) -> None:
        local = self._clock.now().astimezone(SHANGHAI)
        if local.hour < NIGHT_HOUR or local.date() == self._compared_on:
            return
        self._compared_on = local.date()
        self._tasks.start(self._compare(), name="compare recordings")

    async def _compare(self) -> None:
        """Say aloud what is not as it should be, and have sealed what lies there plain."""
        now = self._clock.now()
        await records.queue_sealing(self._db, now=now)
        found = await self._recordings.differences()
        for difference in found:
            log.error("recordings: %s %s %s", difference.code, difference.id, difference.detail)
        self.on_compared(found)

    async def _erase_recording(self, tx: Transaction, recording_id: str) -> None:
        await asyncio.to_thread(keys.remove, self._recordings.root / recording_id)
        await records.destroyed(tx, recording_id)

    async def _sign_checkpoint(self) -> None:
        if self._clock.monotonic() < self._book_due:
            return
        self._book_due = self._clock.monotonic() + BOOK_EVERY_SECONDS
        try:
            await self._book.tick()
        except Exception:
            # Whatever is wrong with log or key, receptions and recordings go on.
            log.exception("the audit log's checkpoint was not signed")

    async def close(self) -> None:
        """Give up what runs; its lease ends and another process takes it."""
        await self._tasks.close()

    async def _run(self, job: Job) -> None:
        async with self._slots:
            try:
                await self._settle(job)
            except MovedMeanwhile:
                log.warning("job %s was taken over, or what it was for is gone", job.key)

    async def _settle(self, job: Job) -> None:
        try:
            await self._recordings.run(job)
        except Exception as error:
            log.exception("job %s failed", job.key)
            await jobs.failed(self._db, job=job, error=str(error), now=self._clock.now())
        else:
            await jobs.done(self._db, job=job, now=self._clock.now())
