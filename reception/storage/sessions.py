"""Rows of sessions: states, people in seats, tickets, consent, record, outcome, ratings."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.domain.access import Actor
from reception.domain.codes import Role
from reception.domain.sessions import LIVE_STATES, SessionState
from reception.storage.bookings import LeaderArea
from reception.storage.database import Transaction
from reception.storage.tables import (
    Area,
    Booking,
    Consent,
    ConsentText,
    Leader,
    Organ,
    Outcome,
    Participant,
    Rating,
    RecordVersion,
    ResumeToken,
    Session,
    Signature,
    Site,
    Ticket,
)

SessionRow = Row[Session, Booking, Leader, Area, Site, Area]


def _sessions() -> Select[Session, Booking, Leader, Area, Site, Area]:
    return (
        select(Session, Booking, Leader, LeaderArea, Site, Area)
        .join(Booking, Session.booking_id == Booking.id)
        .join(Leader, Session.leader_id == Leader.id)
        .join(LeaderArea, Leader.area_code == LeaderArea.code)
        .join(Site, Session.site_id == Site.id)
        .join(Area, Site.area_code == Area.code)
    )


async def session(tx: Transaction, session_id: str) -> SessionRow | None:
    """Return a session with its booking, leader and site."""
    return (await tx.execute(_sessions().where(Session.id == session_id))).first()


async def sessions_of_case(tx: Transaction, case_id: str) -> Sequence[SessionRow]:
    """Return a case's sessions by slot."""
    query = (
        _sessions().where(Session.case_id == case_id).order_by(Session.slot_starts_at, Session.id)
    )
    return (await tx.execute(query)).all()


async def live_ids(tx: Transaction) -> Sequence[str]:
    """Return the sessions in which people are together now."""
    return (await tx.scalars(select(Session.id).where(Session.state.in_(LIVE_STATES)))).all()


async def lost_since(tx: Transaction, before: datetime) -> Sequence[Session]:
    """Return the sessions that have been reconnecting since `before` or longer."""
    query = select(Session).where(
        Session.state == SessionState.RECONNECTING, Session.lost_at <= before
    )
    return (await tx.scalars(query)).all()


async def change_session(
    tx: Transaction, session_id: str, *, version: int, **values: object
) -> bool:
    """Change a session if nobody did since `version` was read; return whether nobody had."""
    changed = await tx.execute(
        update(Session)
        .where(Session.id == session_id, Session.version == version)
        .values(version=version + 1, **values)
        .returning(Session.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


async def touch(tx: Transaction, session_id: str) -> None:
    """Raise a session's version: something its snapshot shows has changed."""
    await tx.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(version=Session.version + 1)
        .execution_options(synchronize_session=False)
    )


async def rebook(tx: Transaction, session_id: str, booking: Booking) -> bool:
    """Hang a session that has not begun on another booking; return whether it had not."""
    moved = await tx.execute(
        update(Session)
        .where(
            Session.id == session_id,
            Session.state.in_((SessionState.SCHEDULED, SessionState.PREPARED)),
        )
        .values(
            booking_id=booking.id,
            leader_id=booking.leader_id,
            site_id=booking.site_id,
            slot_starts_at=booking.starts_at,
            slot_ends_at=booking.ends_at,
            version=Session.version + 1,
        )
        .returning(Session.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None


async def of_bookings(tx: Transaction, booking_ids: Collection[str]) -> Sequence[str]:
    """Return the sessions of bookings."""
    query = select(Session.id).where(Session.booking_id.in_(booking_ids))
    return (await tx.scalars(query)).all()


async def give_to_leader(tx: Transaction, session_id: str, leader_id: str) -> None:
    """Make another leader the one of a session."""
    await tx.execute(
        update(Session)
        .where(Session.id == session_id)
        .values(leader_id=leader_id, version=Session.version + 1)
        .execution_options(synchronize_session=False)
    )


# People


async def seated(tx: Transaction, session_id: str) -> Sequence[Participant]:
    """Return whose each taken seat is now, by seat, whether they came yet or not."""
    query = (
        select(Participant)
        .where(Participant.session_id == session_id, Participant.left_at.is_(None))
        .order_by(Participant.seat)
    )
    return (await tx.scalars(query)).all()


async def participants(tx: Transaction, session_id: str) -> Sequence[Participant]:
    """Return everybody who ever sat in a session."""
    query = select(Participant).where(Participant.session_id == session_id)
    return (await tx.scalars(query)).all()


async def give_up_seat(tx: Transaction, participant_id: str, now: datetime) -> None:
    """Note that somebody else takes this person's seat; their tokens end."""
    await tx.execute(
        update(Participant)
        .where(Participant.id == participant_id)
        .values(left_at=now, online=False)
        .execution_options(synchronize_session=False)
    )
    await tx.execute(delete(ResumeToken).where(ResumeToken.participant_id == participant_id))
    await tx.execute(delete(Ticket).where(Ticket.participant_id == participant_id))


async def came(tx: Transaction, participant_id: str, now: datetime) -> None:
    """Note that a person entered, the first time."""
    await tx.execute(
        update(Participant)
        .where(Participant.id == participant_id, Participant.joined_at.is_(None))
        .values(joined_at=now)
        .execution_options(synchronize_session=False)
    )


async def set_online(tx: Transaction, participant_id: str, *, online: bool) -> bool:
    """Note whether a person is connected; return whether that is news."""
    changed = await tx.execute(
        update(Participant)
        .where(Participant.id == participant_id, Participant.online != online)
        .values(online=online)
        .returning(Participant.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


async def ticket(tx: Transaction, token_hash: str) -> Row[Ticket, Participant, Session] | None:
    """Return a ticket with its person and session, also when it was used."""
    query = (
        select(Ticket, Participant, Session)
        .join(Participant, Ticket.participant_id == Participant.id)
        .join(Session, Participant.session_id == Session.id)
        .where(Ticket.token_hash == token_hash)
    )
    return (await tx.execute(query)).first()


async def use_ticket(tx: Transaction, token_hash: str, now: datetime) -> bool:
    """Use a ticket up; of many callers exactly one gets True."""
    used = await tx.execute(
        update(Ticket)
        .where(Ticket.token_hash == token_hash, Ticket.used_at.is_(None))
        .values(used_at=now)
        .returning(Ticket.token_hash)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


async def resume(tx: Transaction, token_hash: str) -> Row[Participant, Session] | None:
    """Return whose resume token this is."""
    query = (
        select(Participant, Session)
        .join(ResumeToken, ResumeToken.participant_id == Participant.id)
        .join(Session, Participant.session_id == Session.id)
        .where(ResumeToken.token_hash == token_hash)
    )
    return (await tx.execute(query)).first()


# What is said and signed


def actor_of(person: Participant) -> Actor:
    """Return the actor who took a seat."""
    stored = person.actor
    role = next(role for role in Role if role.value == stored["role"])
    return Actor(**{**stored, "role": role})


async def keep_consent_text(tx: Transaction, text: ConsentText) -> None:
    """Keep the words of a text, unless they are kept already."""
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    await tx.execute(
        insert(ConsentText)
        .values(version=text.version, zh=text.zh, en=text.en, first_used_at=text.first_used_at)
        .on_conflict_do_nothing()
    )


async def consent_text(tx: Transaction, version: str) -> ConsentText | None:
    """Return the words of a text that was answered before."""
    return await tx.get(ConsentText, version)


async def consent(tx: Transaction, session_id: str) -> Consent | None:
    """Return the last answer about recording."""
    query = select(Consent).where(Consent.session_id == session_id).order_by(Consent.id.desc())
    return (await tx.scalars(query.limit(1))).first()


async def record(tx: Transaction, session_id: str) -> RecordVersion | None:
    """Return the newest version of the written record."""
    query = (
        select(RecordVersion)
        .where(RecordVersion.session_id == session_id)
        .order_by(RecordVersion.version.desc())
    )
    return (await tx.scalars(query.limit(1))).first()


async def signature(tx: Transaction, session_id: str) -> Signature | None:
    """Return the signature under the record."""
    return await tx.get(Signature, session_id)


async def outcome(tx: Transaction, session_id: str) -> Row[Outcome, Organ | None] | None:
    """Return the newest outcome with its owner organ."""
    query = (
        select(Outcome, Organ)
        .outerjoin(Organ, Outcome.owner_organ_id == Organ.id)
        .where(Outcome.session_id == session_id)
        .order_by(Outcome.version.desc())
    )
    return (await tx.execute(query.limit(1))).first()


async def ratings(tx: Transaction, session_id: str) -> Sequence[Rating]:
    """Return a session's ratings by time."""
    query = select(Rating).where(Rating.session_id == session_id).order_by(Rating.at, Rating.id)
    return (await tx.scalars(query)).all()
