"""Sessions: preparation, the ticket to the room, what came of them, and their recordings."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Literal

from reception.domain.access import ROLES, Action
from reception.domain.errors import (
    MovedMeanwhile,
    MoveRefused,
    NotAdmitted,
    NotFound,
    SessionOver,
)
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionState
from reception.services import records, sessions
from web.api.fields import Asked, Given, Nothing, Text
from web.api.operation import Call, Operations
from web.api.places import Leader, Organ, Site

OPERATIONS = Operations("sessions")
_IN_ROOM = ROLES[Action.JOIN_ROOM] | ROLES[Action.SEE_CASE]


class Outcome(Given):
    """What was decided; `due_strict` and `due_legal` are the law's, `due_on` the promise."""

    id: str
    type: OutcomeType
    text: str
    owner_organ: Organ | None
    due_on: date | None
    due_strict: date | None
    due_legal: date | None
    legal_basis: str
    saved_at: datetime
    by_name: str


class Gap(Given):
    """Time that is missing from a recording; `to_ms` null means to the end."""

    participant: str
    kind: str
    from_ms: int
    to_ms: int | None
    cause: str


class RecordingFile(Given):
    """One participant's film, at `GET /recordings/files/{id}` (with Range)."""

    id: str
    participant: str
    role: str
    name: str
    bytes: int
    duration_ms: int
    width: int | None
    height: int | None


class Recording(Given):
    """A recording; it can be played once it is `ready`."""

    id: str
    session_id: str
    state: Literal["recording", "finishing", "ready", "failed", "destroyed"]
    started_at: datetime
    ended_at: datetime | None
    seconds: float
    bytes: int
    gaps: tuple[Gap, ...]
    files: tuple[RecordingFile, ...]


class Recordings(Given):
    """Recordings of a session by time."""

    items: tuple[Recording, ...]


class Rating(Given):
    """The petitioner's rating of one target: 0 satisfied, 1 fairly, 3 not satisfied."""

    target: Literal["session", "petition_office", "organ"]
    level: Literal[0, 1, 3]
    at: datetime


class WrittenRecord(Given):
    """The written record as it stands; `signed` is null before the petitioner was asked."""

    version: int
    text: str
    at: datetime
    by_name: str
    signed: bool | None


class ConsentAnswer(Given):
    """The petitioner's answer about recording."""

    answer: bool
    text_version: str
    how: Literal["button", "voice"]
    at: datetime


class Session(Given):
    """A reception."""

    id: str
    booking_id: str
    case_id: str
    state: SessionState
    leader: Leader
    site: Site
    slot_starts_at: datetime
    slot_ends_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    recordings: tuple[Recording, ...]
    ratings: tuple[Rating, ...]
    record: WrittenRecord | None
    consent: ConsentAnswer | None
    preparation: str


class Preparation(Asked):
    """The preparation note for the leader."""

    note: Text


class Ticket(Given):
    """Opens the room's WebSocket once, within 60 seconds; see docs/protocol.md."""

    ticket: str


@OPERATIONS.operation("GET", "/sessions/{session_id}", summary="A session", roles=_IN_ROOM)
async def get_session(call: Call[Nothing, Nothing]) -> Session:
    """A session with its outcome, recordings, ratings and written record."""
    return await _session(call)


@OPERATIONS.operation(
    "PUT",
    "/sessions/{session_id}/preparation",
    summary="Write the preparation note",
    roles=ROLES[Action.BOOK] & ROLES[Action.SEE_CASE],
    errors=(MoveRefused, MovedMeanwhile, SessionOver),
)
async def save_preparation(call: Call[Preparation, Nothing]) -> None:
    """Write what the leader should know beforehand; the session counts as prepared."""
    session_id = call.path["session_id"]
    await sessions.save_preparation(
        call.context.db, session_id=session_id, note=call.body.note, actor=call.actor, now=call.now
    )
    await call.context.live.changed(session_id)


@OPERATIONS.operation(
    "POST",
    "/sessions/{session_id}/tickets",
    summary="Get a ticket to the room",
    roles=_IN_ROOM,
    status=HTTPStatus.CREATED,
    errors=(NotAdmitted, SessionOver),
)
async def issue_ticket(call: Call[Nothing, Nothing]) -> Ticket:
    """A ticket for the caller; it works once, within 60 seconds."""
    ticket = await sessions.issue_ticket(
        call.context.db, session_id=call.path["session_id"], actor=call.actor, now=call.now
    )
    return Ticket(ticket=ticket)


@OPERATIONS.operation(
    "GET", "/sessions/{session_id}/outcome", summary="The outcome of a session", roles=_IN_ROOM
)
async def get_outcome(call: Call[Nothing, Nothing]) -> Outcome:
    """What was decided; `not_found` until it is saved."""
    session = await _session(call)
    if session.outcome is None:
        raise NotFound(thing="outcome")
    return session.outcome


@OPERATIONS.operation(
    "GET",
    "/sessions/{session_id}/recordings",
    summary="Recordings of a session",
    roles=ROLES[Action.PLAY_RECORDING],
)
async def list_recordings(call: Call[Nothing, Nothing]) -> Recordings:
    """The recordings of a session, with their gaps."""
    session = await _session(call)
    return Recordings(items=session.recordings)


@OPERATIONS.operation(
    "GET", "/recordings/{recording_id}", summary="A recording", roles=ROLES[Action.PLAY_RECORDING]
)
async def get_recording(call: Call[Nothing, Nothing]) -> Recording:
    """One recording with its files and gaps."""
    found = await records.recording(
        call.context.db, recording_id=call.path["recording_id"], actor=call.actor
    )
    return Recording.model_validate(found)


async def _session(call: Call[Nothing, Nothing]) -> Session:
    found = await sessions.session(
        call.context.db, session_id=call.path["session_id"], actor=call.actor
    )
    return Session.model_validate(found)
