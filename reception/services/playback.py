"""Who watches a recording: by a ticket for one session, each time asked again, written down."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.domain.errors import NotFound, PlaybackEnded
from reception.services import audit
from reception.services.records import require_looker
from reception.services.timeline import note
from reception.services.volumes import require_volume
from reception.storage import recordings as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of, new_secret
from reception.storage.tables import PlaybackTicket, Session

PLAYING: Final = timedelta(hours=2)
"""So long a page that was opened with a fresh proof goes on playing."""

VIEWED_AGAIN_AFTER: Final = timedelta(minutes=30)
"""So long one line on the timeline stands for everything a viewer plays of a session."""

VIEWED_A_DAY: Final = 20


@dataclass(frozen=True)
class FileLocation:
    """Where a file is, under the directory of its recording."""

    recording_id: str
    participant: str
    relative_path: str
    bytes: int


async def open_session(db: Database, *, session_id: str, actor: Actor, now: datetime) -> str:
    """Return a ticket that plays the films of one session for two hours, in this log-in only.

    Raises:
        NotFound: there is no such session.
        NotAllowed: the session is none of the actor's.

    """
    token = new_secret()
    async with db.transaction(actor) as tx:

        async def decide(row: Session) -> str:
            return await require_looker(tx, row.id, actor)

        if await tx.decided(lambda: tx.get(Session, session_id), decide) is None:
            raise NotFound(thing="session")
        async with tx.as_program():
            await rows.end_playback_tickets(tx, now)
        await tx.put(
            PlaybackTicket(
                token_hash=hash_of(token),
                session_id=session_id,
                credential=actor.credential,
                ends_at=now + PLAYING,
            )
        )
    return token


async def film(
    db: Database, *, file_id: str, tickets: Collection[str] | None, actor: Actor, now: datetime
) -> FileLocation:
    """Return where a finished file is, and write into the timeline who looked.

    A player asks for a file in many parts, so one viewer of one session is written down at most
    once in 30 minutes.

    Args:
        tickets: what the browser holds; None for a program, which has none.

    Raises:
        NotFound: there is none with this id.
        NotAllowed: the session is none of the actor's.
        PlaybackEnded: no ticket is for this session and log-in, or it is too old.
        VolumeExceeded: the actor looked at 20 sessions in the last day.

    """
    since = now - VIEWED_AGAIN_AFTER
    async with db.reading(actor) as tx:

        async def decide(row: rows.FileRow) -> str:
            return await require_looker(tx, row[2].id, actor)

        found = await tx.decided(lambda: rows.file(tx, file_id), decide)
        if found is None:
            raise NotFound(thing="file")
        made, _, session = found
        if tickets is not None:
            await _require_ticket(tx, tickets, session.id, actor, now)
        is_noted = await rows.viewed_since(tx, session.id, actor, since)
    if not is_noted:
        await _note_viewing(db, session, actor, now, since)
    return FileLocation(
        recording_id=made.recording_id,
        participant=made.participant,
        relative_path=made.relative_path,
        bytes=made.bytes,
    )


async def _require_ticket(
    tx: Transaction, tickets: Collection[str], session_id: str, actor: Actor, now: datetime
) -> None:
    held = [await tx.get(PlaybackTicket, hash_of(token)) for token in tickets]
    if not any(
        one.session_id == session_id and one.credential == actor.credential and now < one.ends_at
        for one in held
        if one is not None
    ):
        raise PlaybackEnded


async def _note_viewing(
    db: Database, session: Session, actor: Actor, now: datetime, since: datetime
) -> None:
    async with db.transaction(actor) as tx:
        if not await rows.view(tx, session.id, actor, now, since=since):
            return
        await require_volume(
            tx,
            actor,
            AuditAction.RECORDING_VIEWED,
            most=VIEWED_A_DAY,
            within=timedelta(days=1),
            now=now,
        )
        audit.record(tx, AuditAction.RECORDING_VIEWED, actor, "session", session.id, now)
        await note(
            tx,
            session.case_id,
            "recording_viewed",
            zh="接访录音录像被查看。",
            en="The recording of the reception was viewed.",
            actor=actor,
            now=now,
            public=False,
        )
