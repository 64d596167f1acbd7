"""Into the room and back: one-use tickets, resume tokens, and who is connected."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from reception.domain.access import SYSTEM, Action, Actor
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import (
    NotAdmitted,
    SessionOver,
    TicketExpired,
    TicketInvalid,
    TicketUsed,
)
from reception.domain.sessions import FINAL_STATES, SessionState
from reception.services import audit
from reception.services.session_access import require_for_session, require_session
from reception.services.session_views import Person, RoomRole, Snapshot, person_of, snapshot_of
from reception.storage import sessions as rows
from reception.storage import subjects
from reception.storage.contents import petitioner_name
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of, new_id, new_secret
from reception.storage.tables import (
    Participant,
    ResumeToken,
    Session,
    Ticket,
)

TICKET_LIFE = timedelta(seconds=60)

_SEATS: Final[Mapping[Role, tuple[RoomRole, int]]] = {
    Role.KIOSK: ("petitioner", 1),
    Role.LEADER: ("leader", 2),
    Role.CLERK: ("clerk", 3),
    Role.HANDLER: ("department", 4),
}


@dataclass(frozen=True)
class Admission:
    """Somebody was let in; `resume` brings them back to the same seat until the session is over.

    In a `rehearsal` one machine plays the kiosks of all its rooms.
    """

    session_id: str
    room_id: str
    person: Person
    actor: Actor
    resume: str
    rehearsal: bool


async def issue_ticket(db: Database, *, session_id: str, actor: Actor, now: datetime) -> str:
    """Return a ticket that opens the room once, within 60 seconds.

    The seat goes by the actor: the kiosk is the petitioner's (1), then the slot's leader (2),
    a clerk of the area (3), the organ that owns the case (4).

    Raises:
        NotFound: there is no such session.
        SessionOver: it has ended; `state` says how.
        NotAdmitted: `reason` is `role`, `not_checked_in` or `seat_taken`.
        NotAllowed: the session is none of the actor's.

    """
    token = new_secret()
    async with db.transaction(actor) as tx:
        if actor.role not in _SEATS:
            raise NotAdmitted(reason="role")
        action = Action.SEE_CASE if actor.role is Role.HANDLER else Action.JOIN_ROOM
        row = await require_for_session(tx, session_id, actor, action)
        session: Session = row[0]
        _refuse_over(session)
        if actor.role is Role.KIOSK and session.state in {
            SessionState.SCHEDULED,
            SessionState.PREPARED,
        }:
            raise NotAdmitted(reason="not_checked_in")
        person = await _seat(tx, session, actor, now)
        await tx.put(
            Ticket(
                token_hash=hash_of(token),
                participant_id=person.id,
                expires_at=now + TICKET_LIFE,
                used_at=None,
            )
        )
        audit.record(
            tx,
            AuditAction.TICKET_ISSUED,
            actor,
            "session",
            session_id,
            now,
            participant_id=person.id,
            seat=person.seat,
        )
    return token


async def redeem_ticket(db: Database, *, ticket: str, now: datetime) -> Admission:
    """Let the holder of a ticket in; of many who present it exactly one gets in.

    Raises:
        TicketInvalid: not one of ours, or the seat went to somebody else.
        TicketUsed, TicketExpired: too late.
        SessionOver: the session ended meanwhile.

    """
    async with db.transaction(SYSTEM) as tx:
        found = await rows.ticket(tx, hash_of(ticket))
        if found is None:
            raise TicketInvalid
        row, person, session = found
        if row.used_at is not None:
            raise TicketUsed
        if now >= row.expires_at:
            raise TicketExpired
        _refuse_over(session)
        await _refuse_subject(tx, person, session)
        if not await rows.use_ticket(tx, row.token_hash, now):
            raise TicketUsed
        resume = new_secret()
        await tx.put(
            ResumeToken(token_hash=hash_of(resume), participant_id=person.id, created_at=now)
        )
        await rows.came(tx, person.id, now)
        return await _admission(tx, person, session, resume)


async def redeem_resume(db: Database, *, resume: str, now: datetime) -> Admission:
    """Let somebody back into their seat; the same token serves until the session is over.

    Raises:
        TicketInvalid: not one of ours, or the seat went to somebody else.
        SessionOver: the session has ended.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.resume(tx, hash_of(resume))
        if found is None:
            raise TicketInvalid
        person, session = found
        _refuse_over(session)
        await _refuse_subject(tx, person, session)
        return await _admission(tx, person, session, resume)


async def set_online(
    db: Database, *, session_id: str, person_id: str, online: bool, now: datetime
) -> Snapshot:
    """Note whether a person is connected.

    Raises:
        NotFound: there is no such session.

    """
    async with db.transaction(SYSTEM) as tx:
        if await rows.set_online(tx, person_id, online=online):
            await rows.touch(tx, session_id)
        return await snapshot_of(tx, await require_session(tx, session_id))


async def _seat(tx: Transaction, session: Session, actor: Actor, now: datetime) -> Participant:
    """Return the actor's place, taking over one whose holder is not connected."""
    role, seat = _SEATS[actor.role]
    holder = next((one for one in await rows.seated(tx, session.id) if one.seat == seat), None)
    if holder is not None:
        if (holder.actor_kind, holder.actor_id) == (actor.kind, actor.id):
            return holder
        if holder.online:
            raise NotAdmitted(reason="seat_taken", seat=seat)
        await rows.give_up_seat(tx, holder.id, now)
    person = Participant(
        id=new_id(),
        session_id=session.id,
        role=role,
        seat=seat,
        name="" if role == "petitioner" else actor.name,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor=asdict(actor),
        online=False,
        joined_at=None,
        left_at=None,
    )
    await tx.put(person)
    return person


async def _refuse_subject(tx: Transaction, person: Participant, session: Session) -> None:
    """Turn away who became a subject of the case after the ticket was given."""
    accused = await subjects.names_of_case(tx, session.case_id)
    if accused & (await subjects.standing_of_actor(tx, rows.actor_of(person))).names:
        raise TicketInvalid


def _refuse_over(session: Session) -> None:
    if session.state in FINAL_STATES:
        raise SessionOver(state=session.state.value)


async def _admission(
    tx: Transaction, person: Participant, session: Session, resume: str
) -> Admission:
    return Admission(
        session_id=session.id,
        room_id=session.room_id,
        person=person_of(person, await petitioner_name(tx, session.case_id)),
        actor=rows.actor_of(person),
        resume=resume,
        rehearsal=session.rehearsal,
    )
