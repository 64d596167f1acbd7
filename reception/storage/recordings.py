"""Rows of recordings, their files and their gaps."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.domain.access import Actor
from reception.storage.database import Transaction
from reception.storage.tables import (
    Consent,
    PlaybackTicket,
    Recording,
    RecordingFile,
    RecordingGap,
    Session,
    Viewing,
)

FileRow = Row[RecordingFile, Recording, Session]


async def recording(tx: Transaction, recording_id: str) -> Recording | None:
    """Return the recording with this id."""
    return await tx.get(Recording, recording_id)


async def recordings(tx: Transaction, session_ids: Collection[str]) -> Sequence[Recording]:
    """Return the recordings of these sessions by start."""
    query = (
        select(Recording)
        .where(Recording.session_id.in_(session_ids))
        .order_by(Recording.started_at, Recording.id)
    )
    return (await tx.scalars(query)).all()


async def live(tx: Transaction, session_id: str) -> Recording | None:
    """Return the recording that is running in a session."""
    query = select(Recording).where(
        Recording.session_id == session_id, Recording.state == "recording"
    )
    return (await tx.scalars(query)).first()


async def running(tx: Transaction) -> Sequence[tuple[str, str]]:
    """Return recordings that were begun and not ended, each with its session."""
    found = await tx.execute(
        select(Recording.id, Recording.session_id).where(Recording.state == "recording")
    )
    return [(row[0], row[1]) for row in found]


async def all_recordings(tx: Transaction) -> Sequence[Recording]:
    """Return every recording, destroyed ones too."""
    return (await tx.scalars(select(Recording).order_by(Recording.id))).all()


async def all_files(tx: Transaction) -> Sequence[RecordingFile]:
    """Return the finished files of every recording."""
    return (await tx.scalars(select(RecordingFile).order_by(RecordingFile.relative_path))).all()


async def not_recorded(tx: Transaction, since: datetime) -> Sequence[str]:
    """Return the sessions that ended since, whose petitioner agreed, and that have no recording."""
    last_answer = (
        select(func.max(Consent.id))
        .where(Consent.session_id == Session.id)
        .correlate(Session)
        .scalar_subquery()
    )
    found = await tx.scalars(
        select(Session.id)
        .join(Consent, Consent.id == last_answer)
        .where(
            Session.started_at.is_not(None),
            Session.ended_at >= since,
            Session.rehearsal.is_(False),
            Consent.answer.is_(True),
            Session.id.not_in(select(Recording.session_id)),
        )
        .order_by(Session.id)
    )
    return found.all()


async def unsealed(tx: Transaction, suffix: str) -> Sequence[str]:
    """Return the finished recordings that have a file whose name does not end with `suffix`."""
    found = await tx.scalars(
        select(Recording.id)
        .join(RecordingFile, RecordingFile.recording_id == Recording.id)
        .where(
            Recording.state == "ready",
            RecordingFile.relative_path.not_like(f"%{suffix}"),
        )
        .distinct()
        .order_by(Recording.id)
    )
    return found.all()


async def files(tx: Transaction, recording_ids: Collection[str]) -> Sequence[RecordingFile]:
    """Return the finished files of these recordings by participant."""
    query = (
        select(RecordingFile)
        .where(RecordingFile.recording_id.in_(recording_ids))
        .order_by(RecordingFile.participant)
    )
    return (await tx.scalars(query)).all()


async def gaps(tx: Transaction, recording_ids: Collection[str]) -> Sequence[RecordingGap]:
    """Return the gaps of these recordings by start."""
    query = (
        select(RecordingGap)
        .where(RecordingGap.recording_id.in_(recording_ids))
        .order_by(RecordingGap.from_ms, RecordingGap.id)
    )
    return (await tx.scalars(query)).all()


async def file(tx: Transaction, file_id: str) -> FileRow | None:
    """Return a file with its recording and session."""
    query = (
        select(RecordingFile, Recording, Session)
        .join(Recording, RecordingFile.recording_id == Recording.id)
        .join(Session, Recording.session_id == Session.id)
        .where(RecordingFile.id == file_id)
    )
    return (await tx.execute(query)).first()


async def end_playback_tickets(tx: Transaction, now: datetime) -> None:
    """Delete the tickets of films that open nothing any more."""
    await tx.execute(delete(PlaybackTicket).where(PlaybackTicket.ends_at <= now))


async def viewed_since(tx: Transaction, session_id: str, actor: Actor, since: datetime) -> bool:
    """Return whether this actor's look at the session was written down after `since`."""
    noted = await tx.get(Viewing, (session_id, actor.kind, actor.id))
    return noted is not None and noted.noted_at > since


async def view(
    tx: Transaction, session_id: str, actor: Actor, now: datetime, *, since: datetime
) -> bool:
    """Note that this actor looks at the session now, unless that was noted after `since`.

    One statement decides: of many requests for the parts of one recording exactly one gets True.
    """
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    noted = await tx.execute(
        insert(Viewing)
        .values(session_id=session_id, actor_kind=actor.kind, actor_id=actor.id, noted_at=now)
        .on_conflict_do_update(
            index_elements=[Viewing.session_id, Viewing.actor_kind, Viewing.actor_id],
            set_={"noted_at": now},
            where=Viewing.noted_at <= since,
        )
        .returning(Viewing.session_id)
        .execution_options(synchronize_session=False)
    )
    return noted.first() is not None


async def change(
    tx: Transaction, recording_id: str, before: Collection[str], **values: object
) -> bool:
    """Change a recording if its state is one of `before`; return whether it was."""
    changed = await tx.execute(
        update(Recording)
        .where(Recording.id == recording_id, Recording.state.in_(before))
        .values(**values)
        .returning(Recording.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


async def grown(tx: Transaction, recording_id: str, size: int, now: datetime) -> None:
    """Note how large a running recording is; it never shrinks."""
    await tx.execute(
        update(Recording)
        .where(Recording.id == recording_id, Recording.state == "recording")
        .values(
            bytes=func.max(Recording.bytes, size)
            if tx.get_bind().dialect.name == "sqlite"
            else func.greatest(Recording.bytes, size),
            progress_at=now,
        )
        .execution_options(synchronize_session=False)
    )


async def forget_results(tx: Transaction, recording_id: str) -> None:
    """Delete the files and gaps noted for a recording."""
    await tx.execute(delete(RecordingFile).where(RecordingFile.recording_id == recording_id))
    await tx.execute(delete(RecordingGap).where(RecordingGap.recording_id == recording_id))
