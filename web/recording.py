"""Which talks are being recorded, begun and ended in the database and at the hub together."""

import logging
from typing import Final

from reception.services import records
from reception.storage.database import Database
from recordings.errors import RecordingClosed as SealedForGood
from scheduler.clock import Clock
from signaling.engine import MediaEngine, RecordingProgress

log = logging.getLogger(__name__)

STALE_AFTER_SECONDS: Final = 5.0
"""No word from the recorder for this long, and the screens say that it does not record."""


class RoomRecordings:
    """The running recordings of this web process, by session.

    What a screen shows is what is true: `on` only while the disk takes the recording.
    """

    def __init__(self, db: Database, clock: Clock, engine: MediaEngine) -> None:
        self._db = db
        self._clock = clock
        self._engine = engine
        self._running: dict[str, str] = {}
        self._failing: set[str] = set()
        self._heard_at: dict[str, float] = {}

    def state(self, session_id: str) -> str:
        """`off`, `on` or `failed`, as every screen shows it."""
        if session_id in self._failing:
            return "failed"
        return "on" if session_id in self._running else "off"

    async def start(self, session_id: str, room: str) -> None:
        """Record this talk from now on; one that runs goes on. Raises `ConsentNeeded`."""
        if session_id in self._running:
            return
        recording = await records.begin(self._db, session_id=session_id, now=self._clock.now())
        await self._engine.record(room, recording)
        self._runs(session_id, recording)

    async def resume(self, session_id: str, room: str, recording: str | None) -> None:
        """Go on with what ran on a hub that died; `recording` is what the database knows of."""
        current = self._running.get(session_id) or recording
        if current is not None:
            await self._engine.record(room, current)
            self._runs(session_id, current)

    def adopt(self, session_id: str, recording: str | None) -> None:
        """Take over what the hub records already."""
        if recording is not None:
            self._runs(session_id, recording)

    async def stop(self, session_id: str, room: str, *, hub_is_up: bool) -> None:
        """Record no more; the hub's `RecordingClosed` ends it in the database."""
        recording = self._running.pop(session_id, None)
        self._failing.discard(session_id)
        if recording is None:
            return
        if hub_is_up:
            await self._engine.record(room, None)
        else:
            await self.ended(recording)

    async def ended(self, recording: str) -> None:
        """All of it is on disk, or never will be."""
        await records.ended(self._db, recording_id=recording, now=self._clock.now())

    async def end_orphans(self, closing: set[str | None]) -> None:
        """End in the database what no hub records any more; `closing` is ended by the hub."""
        kept = closing | set(self._running.values())
        for recording, _ in await records.running(self._db):
            if recording not in kept:
                await self.ended(recording)

    async def progressed(self, session_id: str, progress: RecordingProgress) -> bool:
        """Note how the recorder is doing; True when the screens must change."""
        before = self.state(session_id)
        self._heard_at[session_id] = self._clock.monotonic()
        if progress.failing == SealedForGood.code:
            # A hub that was told to stop has sealed it; the talk goes on in another recording.
            self._running.pop(session_id, None)
            await self.ended(progress.recording)
            return True
        if progress.failing:
            self._failing.add(session_id)
        else:
            self._failing.discard(session_id)
        await records.progress(
            self._db,
            recording_id=progress.recording,
            bytes=progress.bytes,
            now=self._clock.now(),
        )
        return self.state(session_id) != before

    def failed(self, session_id: str, recording: str, cause: str) -> None:
        """The hub gave it up."""
        log.error("recording %s failed: %s", recording, cause)
        self._failing.add(session_id)

    def gone_quiet(self) -> list[str]:
        """The sessions whose recorder has just been silent for too long; each is told once."""
        now = self._clock.monotonic()
        quiet = [
            session_id
            for session_id in self._running
            if session_id not in self._failing
            and now - self._heard_at.get(session_id, now) > STALE_AFTER_SECONDS
        ]
        self._failing.update(quiet)
        return quiet

    def _runs(self, session_id: str, recording: str) -> None:
        self._running[session_id] = recording
        self._failing.discard(session_id)
        self._heard_at[session_id] = self._clock.monotonic()
