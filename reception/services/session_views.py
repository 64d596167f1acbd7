"""What is shown of a session: the whole of it for a case page, the facts for its room."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionState
from reception.services.places import (
    LeaderView,
    OrganView,
    SiteView,
    leader_view,
    organ_view,
    site_view,
)
from reception.services.records import RecordingView, views_of
from reception.storage import recordings as recording_rows
from reception.storage import sessions as rows
from reception.storage.contents import Contents, contents_of, petitioner_name
from reception.storage.database import Transaction
from reception.storage.tables import Consent, Organ, Outcome, Participant

RoomRole = Literal["petitioner", "leader", "clerk", "department"]
RatingTarget = Literal["session", "petition_office", "organ"]


@dataclass(frozen=True)
class Person:
    """Somebody who came into the room."""

    id: str
    role: RoomRole
    seat: int
    name: str
    online: bool


@dataclass(frozen=True)
class ConsentView:
    """The petitioner's last answer about recording."""

    answer: bool
    text_version: str
    how: Literal["button", "voice"]
    at: datetime


@dataclass(frozen=True)
class AnsweredText:
    """The words that were read aloud before the answer, line by line in both languages."""

    version: str
    zh: tuple[str, ...]
    en: tuple[str, ...]


@dataclass(frozen=True)
class RecordView:
    """The newest version of the written record; `signed` is None before it is signed or refused."""

    version: int
    text: str
    at: datetime
    by_name: str
    signed: bool | None
    strokes: str | None


@dataclass(frozen=True)
class OutcomeView:
    """What was promised; `due_legal` is `due_on` moved past rest days."""

    id: str
    type: OutcomeType
    text: str
    owner_organ: OrganView | None
    due_on: date | None
    due_strict: date | None
    due_legal: date | None
    legal_basis: str
    saved_at: datetime
    by_name: str


@dataclass(frozen=True)
class RatingView:
    """A rating: 0 satisfied, 1 fairly satisfied, 3 not satisfied."""

    target: RatingTarget
    level: Literal[0, 1, 3]
    at: datetime


@dataclass(frozen=True)
class Snapshot:
    """The facts of a session for its room; `version` grows with every change."""

    session_id: str
    room_id: str
    state: SessionState
    resumes: SessionState | None
    people: tuple[Person, ...]
    seats: int
    slot_starts_at: datetime
    slot_ends_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    recording: Literal["off", "on", "failed"]
    consent: ConsentView | None
    outcome_saved: bool
    version: int


@dataclass(frozen=True)
class SessionView:
    """A session with everything that came of it."""

    id: str
    booking_id: str
    case_id: str
    state: SessionState
    leader: LeaderView
    site: SiteView
    slot_starts_at: datetime
    slot_ends_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: OutcomeView | None
    recordings: tuple[RecordingView, ...]
    ratings: tuple[RatingView, ...]
    record: RecordView | None
    consent: ConsentView | None
    consent_text: AnsweredText | None
    preparation: str


async def snapshot_of(tx: Transaction, row: rows.SessionRow) -> Snapshot:
    """Return the facts of a session."""
    session = row[0]
    answer = await rows.consent(tx, session.id)
    petitioner = await petitioner_name(tx, session.case_id)
    return Snapshot(
        session_id=session.id,
        room_id=session.room_id,
        state=session.state,
        resumes=session.resumes,
        people=tuple(
            person_of(person, petitioner)
            for person in await rows.seated(tx, session.id)
            if person.joined_at is not None
        ),
        seats=session.seats,
        slot_starts_at=session.slot_starts_at,
        slot_ends_at=session.slot_ends_at,
        started_at=session.started_at,
        ended_at=session.ended_at,
        recording=await _recording_state(tx, session.id),
        consent=None if answer is None else _consent_view(answer),
        outcome_saved=await rows.outcome(tx, session.id) is not None,
        version=session.version,
    )


async def session_view(tx: Transaction, row: rows.SessionRow) -> SessionView:
    """Return a session with everything that came of it."""
    session, booking, leader, leader_area, site, site_area = row
    contents = await contents_of(tx, session.case_id)
    answer = await rows.consent(tx, session.id)
    outcome = await rows.outcome(tx, session.id)
    return SessionView(
        id=session.id,
        booking_id=booking.id,
        case_id=session.case_id,
        state=session.state,
        leader=leader_view(leader, leader_area),
        site=site_view(site, site_area),
        slot_starts_at=session.slot_starts_at,
        slot_ends_at=session.slot_ends_at,
        started_at=session.started_at,
        ended_at=session.ended_at,
        outcome=None if outcome is None else outcome_view(*outcome, contents),
        recordings=tuple(await views_of(tx, [session.id])),
        ratings=tuple(
            RatingView(target=rating.target, level=rating.level, at=rating.at)
            for rating in await rows.ratings(tx, session.id)
        ),
        record=await _record_view(tx, session.id, contents),
        consent=None if answer is None else _consent_view(answer),
        consent_text=None if answer is None else await _answered_text(tx, answer.text_version),
        preparation=contents.open(session, "preparation"),
    )


def person_of(person: Participant, petitioner: str) -> Person:
    """Return a participant as others see them; `petitioner` is the petitioner's name."""
    return Person(
        id=person.id,
        role=person.role,
        seat=person.seat,
        name=petitioner if person.role == "petitioner" else person.name,
        online=person.online,
    )


def outcome_view(outcome: Outcome, organ: Organ | None, contents: Contents) -> OutcomeView:
    """Return an outcome as others see it."""
    return OutcomeView(
        id=outcome.id,
        type=outcome.type,
        text=contents.open(outcome, "text"),
        owner_organ=None if organ is None else organ_view(organ),
        due_on=outcome.due_on,
        due_strict=outcome.due_strict,
        due_legal=outcome.due_legal,
        legal_basis=outcome.legal_basis,
        saved_at=outcome.saved_at,
        by_name=outcome.by_name,
    )


async def _recording_state(tx: Transaction, session_id: str) -> Literal["off", "on", "failed"]:
    found = await recording_rows.recordings(tx, [session_id])
    if any(recording.state == "recording" for recording in found):
        return "on"
    return "failed" if found and found[-1].state == "failed" else "off"


async def _record_view(tx: Transaction, session_id: str, contents: Contents) -> RecordView | None:
    found = await rows.record(tx, session_id)
    if found is None:
        return None
    signature = await rows.signature(tx, session_id)
    return RecordView(
        version=found.version,
        text=contents.open(found, "text"),
        at=found.at,
        by_name=found.by_name,
        signed=None if signature is None else True,
        strokes=None
        if signature is None or contents.destroyed
        else contents.open(signature, "strokes"),
    )


async def _answered_text(tx: Transaction, version: str) -> AnsweredText | None:
    """Return the words of a text; None for answers older than the keeping of texts."""
    found = await rows.consent_text(tx, version)
    if found is None:
        return None
    return AnsweredText(version=version, zh=tuple(found.zh), en=tuple(found.en))


def _consent_view(answer: Consent) -> ConsentView:
    return ConsentView(
        answer=answer.answer, text_version=answer.text_version, how=answer.how, at=answer.at
    )
