"""What ought to be on disk: every recording the database knows of, and talks that have none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reception.domain.access import SYSTEM
from reception.services.records import RecordingState
from reception.storage import recordings as rows
from reception.storage.database import Database

NOT_RECORDED_WITHIN: Final = timedelta(days=7)
"""So far back talks are looked at that were agreed to be recorded and were not."""


@dataclass(frozen=True)
class Expected:
    """A recording as the database has it; `files` are (path in its directory, bytes)."""

    id: str
    state: RecordingState
    started_at: datetime
    ended_at: datetime | None
    files: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Ledger:
    """All recordings by id, and the sessions that should have one."""

    recordings: tuple[Expected, ...]
    not_recorded: tuple[str, ...]


async def ledger(db: Database, *, now: datetime) -> Ledger:
    """Return what ought to be there.

    A session counts as not recorded when the petitioner agreed to it, the talk took place, and
    there is no recording of it, whatever its state.
    """
    async with db.reading(SYSTEM) as tx:
        files: dict[str, list[tuple[str, int]]] = {}
        for made in await rows.all_files(tx):
            files.setdefault(made.recording_id, []).append((made.relative_path, made.bytes))
        known = await rows.all_recordings(tx)
        missing = await rows.not_recorded(tx, now - NOT_RECORDED_WITHIN)
    return Ledger(
        recordings=tuple(
            Expected(
                id=one.id,
                state=one.state,
                started_at=one.started_at,
                ended_at=one.ended_at,
                files=tuple(files.get(one.id, ())),
            )
            for one in known
        ),
        not_recorded=tuple(missing),
    )
