"""What the people in a room see of their session: one full picture, shown from each seat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reception.domain.access import SYSTEM
from reception.domain.codes import Consent, Role
from reception.domain.errors import MoveRefused
from reception.domain.sessions import SessionMove, SessionState, Stage, after, may, media_allowed
from reception.services import booking, sessions
from reception.services.booking import BookingView
from reception.services.sessions import OutcomeView, Person, SessionView, Snapshot
from reception.storage.database import Database
from web.writing import day_words

# A seat's role in the room, as the role whose rights it has in the session.
_RIGHTS = {
    "petitioner": Role.KIOSK,
    "leader": Role.LEADER,
    "clerk": Role.CLERK,
    "department": Role.HANDLER,
}


def rights_role(role: str) -> Role:
    """The role whose rights in the session a seat's role has; a stranger has the public's."""
    return _RIGHTS.get(role, Role.PUBLIC)


@dataclass(frozen=True, slots=True)
class SessionPicture:
    """One reading of a session, with everything any seat is shown."""

    facts: Snapshot
    view: SessionView
    booking: BookingView

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.facts.session_id

    @property
    def room_id(self) -> str:
        """The room's id."""
        return self.facts.room_id

    @property
    def state(self) -> SessionState:
        """The session's state."""
        return self.facts.state

    @property
    def stage(self) -> Stage:
        """The state, and while reconnecting the one that goes on afterwards."""
        return Stage(self.facts.state, self.facts.resumes)

    @property
    def seats(self) -> int:
        """How many seats the room has."""
        return self.facts.seats

    @property
    def people(self) -> tuple[Person, ...]:
        """Everyone who was ever admitted."""
        return self.facts.people

    @property
    def consent(self) -> Consent:
        """The petitioner's answer about recording."""
        if self.facts.consent is None:
            return Consent.NOT_ASKED
        return Consent.GIVEN if self.facts.consent.answer else Consent.REFUSED

    @property
    def open_recording(self) -> str | None:
        """The recording the database says is running."""
        running = [item.id for item in self.view.recordings if item.state == "recording"]
        return running[-1] if running else None

    def role_of(self, person: str) -> str:
        """The role of a person in this room; empty for a stranger."""
        return next((one.role for one in self.people if one.id == person), "")

    def moves_of(self, role: str) -> list[str]:
        """The moves a role may make now."""
        rights = rights_role(role)
        return [move.value for move in SessionMove if may(rights, move) and self._is_legal(move)]

    def _is_legal(self, move: SessionMove) -> bool:
        try:
            after(self.stage, move)
        except MoveRefused:
            return False
        return True

    def for_person(
        self,
        person: str,
        *,
        now: datetime,
        online: Callable[[str], bool],
        has_media: Callable[[str], bool],
        recording: str,
    ) -> dict[str, object]:
        """The `snapshot` message for one person (docs/protocol.md)."""
        me = next((one for one in self.people if one.id == person), None)
        role = me.role if me else ""
        consent = self.facts.consent
        return {
            "session": self.session_id,
            "room": self.room_id,
            "version": self.facts.version,
            "state": self.state.value,
            "resumes": self.facts.resumes.value if self.facts.resumes else None,
            "media": media_allowed(self.state),
            "seats": self.seats,
            "people": [
                {
                    "id": one.id,
                    "role": one.role,
                    "seat": one.seat,
                    "name": one.name,
                    "online": online(one.id),
                    "media": has_media(one.id),
                }
                for one in self.people
            ],
            "me": {"id": person, "role": role, "seat": me.seat if me else None},
            "slot": {
                "starts_at": self.facts.slot_starts_at.isoformat(),
                "ends_at": self.facts.slot_ends_at.isoformat(),
            },
            "started_at": _instant(self.facts.started_at),
            "ended_at": _instant(self.facts.ended_at),
            "server_now": now.isoformat(),
            "recording": recording,
            "consent": consent
            and {
                "answer": consent.answer,
                "at": consent.at.isoformat(),
                "text_version": consent.text_version,
            },
            "record": self.view.record
            and {"version": self.view.record.version, "text": self.view.record.text},
            "outcome": self.view.outcome and outcome_body(self.view.outcome),
            "ratings": [
                {"target": rating.target, "level": rating.level} for rating in self.view.ratings
            ],
            "moves": self.moves_of(role),
            "leader": {"name": self.view.leader.name, "title": self.view.leader.title},
            "petitioner": {"name": self.booking.petitioner_name},
            "site": {"name": self.view.site.name, "phone": self.view.site.phone},
            "case": {"id": self.booking.case_id, "case_no": self.booking.case_no},
        }


def outcome_body(outcome: OutcomeView) -> dict[str, object]:
    """An outcome as the wire shows it, with the due date in words."""
    return {
        "type": str(outcome.type),
        "type_label": outcome.type.zh,
        "type_label_en": outcome.type.en,
        "text": outcome.text,
        "owner_organ": outcome.owner_organ.name if outcome.owner_organ else None,
        "due_on": outcome.due_on.isoformat() if outcome.due_on else None,
        "due_words": day_words(outcome.due_on, "zh") if outcome.due_on else None,
        "due_words_en": day_words(outcome.due_on, "en") if outcome.due_on else None,
    }


async def picture(db: Database, *, session_id: str) -> SessionPicture:
    """Read a session for its room. Raises `NotFound`."""
    facts = await sessions.snapshot(db, session_id=session_id)
    view = await sessions.session(db, session_id=session_id, actor=SYSTEM)
    booked = await booking.booking(db, booking_id=view.booking_id, actor=SYSTEM)
    return SessionPicture(facts, view, booked)


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
