"""Recordings as the database knows them: begun with consent, finished by a job, looked at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from reception.domain.access import SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.errors import ConsentNeeded, MovedMeanwhile, NotFound
from reception.services import audit
from reception.services.jobs import enqueue
from reception.services.permission import require_one
from reception.storage import places, subjects
from reception.storage import recordings as rows
from reception.storage import sessions as session_rows
from reception.storage.contents import petitioner_name
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import (
    Participant,
    PetitionCase,
    Recording,
    RecordingFile,
    RecordingGap,
    Session,
)
from recordings.playback import SEALED

RecordingState = Literal["recording", "finishing", "ready", "failed", "destroyed"]

FINISH_JOB = "recording.finish"
"""The job that turns segments into files; its key and `recording_id` are the recording."""

SEAL_JOB = "recording.seal"
"""The job that seals the files of a recording made before recordings were sealed."""


@dataclass(frozen=True)
class GapView:
    """Time missing from a recording, in milliseconds from its start; `to_ms` None: to the end."""

    participant: str
    kind: str
    from_ms: int
    to_ms: int | None
    cause: str


@dataclass(frozen=True)
class FileView:
    """A finished file of one participant; `name` is the person's."""

    id: str
    participant: str
    role: str
    name: str
    bytes: int
    duration_ms: int
    width: int | None
    height: int | None


@dataclass(frozen=True)
class RecordingView:
    """A recording of a session; `seconds` runs while it records."""

    id: str
    session_id: str
    state: RecordingState
    started_at: datetime
    ended_at: datetime | None
    seconds: float
    bytes: int
    gaps: tuple[GapView, ...]
    files: tuple[FileView, ...]


async def begin(db: Database, *, session_id: str, now: datetime) -> str:
    """Open a recording of a session and return its id, also the name of its directory.

    A session has one live recording; while there is one, its id is returned.

    Raises:
        NotFound: there is no such session.
        ConsentNeeded: the petitioner's last answer is not yes.

    """
    async with db.transaction(SYSTEM) as tx:
        if await session_rows.session(tx, session_id) is None:
            raise NotFound(thing="session")
        answer = await session_rows.consent(tx, session_id)
        if answer is None or not answer.answer:
            raise ConsentNeeded(session_id=session_id)
        running = await rows.live(tx, session_id)
        if running is not None:
            return running.id
        session = await tx.get_one(Session, session_id)
        recording = Recording(
            id=new_id(),
            session_id=session_id,
            state="recording",
            started_at=now,
            progress_at=now,
            ended_at=None,
            bytes=0,
            cause="",
            rehearsal=session.rehearsal,
        )
        await tx.put(recording)
        audit.record(
            tx,
            AuditAction.RECORDING_BEGUN,
            SYSTEM,
            "recording",
            recording.id,
            now,
            session_id=session_id,
        )
        await session_rows.touch(tx, session_id)
    return recording.id


async def progress(
    db: Database,
    *,
    recording_id: str,
    bytes: int,  # noqa: A002  # the word the manifest, the wire and the views use
    now: datetime,
) -> None:
    """Note how much of a running recording is on disk."""
    async with db.transaction(SYSTEM) as tx:
        await rows.grown(tx, recording_id, bytes, now)


async def running(db: Database) -> tuple[tuple[str, str], ...]:
    """Return the recordings that were begun and not ended, as (recording, session)."""
    async with db.reading(SYSTEM) as tx:
        return tuple(await rows.running(tx))


async def ended(db: Database, *, recording_id: str, now: datetime) -> None:
    """Note that a recording is all on disk, and queue the job that makes its files.

    Saying so twice is no error.
    """
    async with db.transaction(SYSTEM) as tx:
        if not await rows.change(tx, recording_id, ["recording"], state="finishing", ended_at=now):
            return
        await enqueue(
            tx,
            name=FINISH_JOB,
            key=recording_id,
            due_at=now,
            args={"recording_id": recording_id},
        )
        await _touch(tx, recording_id)


async def finished(
    db: Database, *, recording_id: str, result: Mapping[str, Any], now: datetime
) -> None:
    """Take over what `recordings.finish` made: `files`, `gaps`, `started_at_ms` as it prints them,
    and `head`, the hash of the whole signed manifest, which goes into the audit log.

    Its gaps carry Unix milliseconds; here they are counted from `started_at_ms`, where the files
    begin, too: the row was there before the recorder.

    Repeating it replaces what was taken over before.

    Raises:
        NotFound: there is no such recording.
        MovedMeanwhile: it is still recording, or was given up.

    """
    async with db.transaction(SYSTEM) as tx:
        recording = await _require(tx, recording_id)
        if not await rows.change(tx, recording_id, ["finishing", "ready"], state="ready"):
            raise MovedMeanwhile(thing="recording")
        people = {
            person.id: person
            for person in await session_rows.participants(tx, recording.session_id)
        }
        zero_ms = result["started_at_ms"]
        await rows.forget_results(tx, recording_id)
        tx.add_all(_file_of(recording_id, made, people) for made in result["files"])
        tx.add_all(_gap_of(recording_id, gap, zero_ms) for gap in result["gaps"])
        await tx.flush()
        _write_down_seal(tx, recording_id, result["head"], now)
        await _touch(tx, recording_id)


def _write_down_seal(tx: Transaction, recording_id: str, head: str, now: datetime) -> None:
    """Pin the manifest: whoever swaps the whole recording, manifest and all, lacks this line."""
    audit.record(
        tx, AuditAction.RECORDING_FINISHED, SYSTEM, "recording", recording_id, now, seal=head
    )


async def unsealed(db: Database) -> tuple[str, ...]:
    """Return the finished recordings with a file made before recordings were sealed."""
    async with db.reading(SYSTEM) as tx:
        return tuple(await rows.unsealed(tx, SEALED))


async def queue_sealing(db: Database, *, now: datetime) -> None:
    """Queue the job that seals each recording of `unsealed`; queued already, it stays as it is."""
    for recording_id in await unsealed(db):
        async with db.transaction(SYSTEM) as tx:
            await enqueue(
                tx,
                name=SEAL_JOB,
                key=recording_id,
                due_at=now,
                args={"recording_id": recording_id},
            )


async def sealed(
    db: Database, *, recording_id: str, result: Mapping[str, Any], now: datetime
) -> None:
    """Let a finished recording's files be their sealed copies: `files` and `head` as of `finished`.

    Ids of the files, which pages hold, and what was known of gaps stay.

    Raises:
        NotFound: there is no such recording, or a file of a participant it has none of.

    """
    async with db.transaction(SYSTEM) as tx:
        await _require(tx, recording_id)
        held = {made.participant: made for made in await rows.files(tx, [recording_id])}
        for made in result["files"]:
            if made["participant"] not in held:
                raise NotFound(thing="file")
            one = held[made["participant"]]
            one.relative_path = f"final/{made['file']}"
            one.bytes, one.sha256 = made["bytes"], made["sha256"]
        _write_down_seal(tx, recording_id, result["head"], now)
        await _touch(tx, recording_id)


async def failed(db: Database, *, recording_id: str, cause: str, now: datetime) -> None:
    """Note that a recording cannot go on or be finished, and why."""
    async with db.transaction(SYSTEM) as tx:
        recording = await _require(tx, recording_id)
        await rows.change(
            tx,
            recording_id,
            ["recording", "finishing"],
            state="failed",
            cause=cause,
            ended_at=recording.ended_at or now,
        )
        await _touch(tx, recording_id)


async def recording(db: Database, *, recording_id: str, actor: Actor) -> RecordingView:
    """Return a recording.

    Raises:
        NotFound: there is none with this id.
        NotAllowed: the session is none of the actor's.

    """
    async with db.reading(actor) as tx:

        async def decide(row: Recording) -> str:
            return await require_looker(tx, row.session_id, actor)

        found = await tx.decided(lambda: rows.recording(tx, recording_id), decide)
        if found is None:
            raise NotFound(thing="recording")
        views = await views_of(tx, [found.session_id])
    return next(view for view in views if view.id == recording_id)


async def destroyed(tx: Transaction, recording_id: str) -> None:
    """Note that a recording is no longer there; what its files were goes too."""
    await rows.forget_results(tx, recording_id)
    await rows.change(tx, recording_id, ["ready", "failed"], state="destroyed", bytes=0)


async def views_of(tx: Transaction, session_ids: Collection[str]) -> Sequence[RecordingView]:
    """Return the recordings of these sessions by start."""
    found = await rows.recordings(tx, session_ids)
    ids = [recording.id for recording in found]
    files = await rows.files(tx, ids) if ids else ()
    gaps = await rows.gaps(tx, ids) if ids else ()
    names = {
        recording.id: await _petitioner_of(tx, recording.session_id) for recording in found if files
    }
    return [
        _view(
            recording,
            tuple(_gap_view(gap) for gap in gaps if gap.recording_id == recording.id),
            tuple(
                _file_view(made, names[recording.id])
                for made in files
                if made.recording_id == recording.id
            ),
        )
        for recording in found
    ]


async def _require(tx: Transaction, recording_id: str) -> Recording:
    found = await rows.recording(tx, recording_id)
    if found is None:
        raise NotFound(thing="recording")
    return found


async def _touch(tx: Transaction, recording_id: str) -> None:
    found = await _require(tx, recording_id)
    await session_rows.touch(tx, found.session_id)


async def require_looker(tx: Transaction, session_id: str, actor: Actor) -> str:
    """Go on only when the actor may watch a session; return the id of its case.

    Raises:
        NotFound: it is not for the actor to know of.
        NotAllowed: the session is none of the actor's.

    """
    session = await tx.get_one(Session, session_id)
    case = await tx.get_one(PetitionCase, session.case_id)
    leader = await places.leader(tx, session.leader_id)
    assert leader is not None
    accused = await subjects.names_of_case(tx, case.id)
    require_one(
        actor,
        Action.PLAY_RECORDING,
        [
            Target(
                area_code=area,
                organ_id=case.owner_organ_id,
                leader_id=session.leader_id,
                subjects=accused,
            )
            for area in (case.area_code, case.problem_area_code, leader[0].area_code)
        ],
        standing=await subjects.standing(tx),
        thing="recording",
    )
    return case.id


def _file_of(
    recording_id: str, made: Mapping[str, Any], people: Mapping[str, Participant]
) -> RecordingFile:
    person = people.get(made["participant"])
    return RecordingFile(
        id=new_id(),
        recording_id=recording_id,
        participant=made["participant"],
        role="" if person is None else person.role,
        name="" if person is None else person.name,
        relative_path=f"final/{made['file']}",
        bytes=made["bytes"],
        sha256=made["sha256"],
        duration_ms=made["duration_ms"],
        width=made.get("width"),
        height=made.get("height"),
    )


def _gap_of(recording_id: str, gap: Mapping[str, Any], zero_ms: int) -> RecordingGap:
    to_ms = gap["to_ms"]
    return RecordingGap(
        recording_id=recording_id,
        participant=gap["participant"],
        kind=gap["kind"],
        from_ms=max(gap["from_ms"] - zero_ms, 0),
        to_ms=None if to_ms is None else max(to_ms - zero_ms, 0),
        cause=gap["cause"],
    )


def _view(
    recording: Recording, gaps: tuple[GapView, ...], files: tuple[FileView, ...]
) -> RecordingView:
    until = recording.ended_at or recording.progress_at
    return RecordingView(
        id=recording.id,
        session_id=recording.session_id,
        state=recording.state,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        seconds=(until - recording.started_at).total_seconds(),
        bytes=recording.bytes,
        gaps=gaps,
        files=files,
    )


def _gap_view(gap: RecordingGap) -> GapView:
    return GapView(
        participant=gap.participant,
        kind=gap.kind,
        from_ms=gap.from_ms,
        to_ms=gap.to_ms,
        cause=gap.cause,
    )


async def _petitioner_of(tx: Transaction, session_id: str) -> str:
    session = await tx.get_one(Session, session_id)
    return await petitioner_name(tx, session.case_id)


def _file_view(made: RecordingFile, petitioner: str) -> FileView:
    return FileView(
        id=made.id,
        participant=made.participant,
        role=made.role,
        name=petitioner if made.role == "petitioner" else made.name,
        bytes=made.bytes,
        duration_ms=made.duration_ms,
        width=made.width,
        height=made.height,
    )
