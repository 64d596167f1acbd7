"""Rows of kiosks, of their one-time codes and of their sessions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from reception.domain.bookings import BookingState
from reception.domain.kiosks import MOVES, KioskMove, KioskState
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.tables import Area, Booking, Kiosk, KioskCode, KioskSession, Site


async def kiosks(tx: Transaction, within: str) -> Sequence[tuple[Kiosk, Site, Area]]:
    """Return the kiosks of a subtree by area, site and name; those of rehearsals are left out."""
    query = (
        select(Kiosk, Site, Area)
        .join(Site, Kiosk.site_id == Site.id)
        .join(Area, Site.area_code == Area.code)
        .where(inside(Site.area_code, within), ~Kiosk.rehearsal)
        .order_by(Area.path, Site.name, Kiosk.name)
    )
    return [(row[0], row[1], row[2]) for row in await tx.execute(query)]


async def move(tx: Transaction, kiosk_id: str, by: KioskMove, now: datetime, **values: Any) -> bool:
    """Move a kiosk if it is in a state the move goes from; its session ends in any case."""
    sources, to = MOVES[by]
    done = await tx.scalar(
        update(Kiosk)
        .where(Kiosk.id == kiosk_id, Kiosk.state.in_(sources))
        .values(state=to, state_at=now, session_hash=None, **values)
        .returning(Kiosk.id)
    )
    return done is not None


async def limit(
    tx: Transaction, kiosk_id: str, hours: Sequence[Sequence[str]], network: Sequence[str]
) -> None:
    """Say when and from where a kiosk may be used."""
    await tx.execute(
        update(Kiosk)
        .where(Kiosk.id == kiosk_id)
        .values(hours=[list(window) for window in hours], network=list(network))
    )


async def see(tx: Transaction, kiosk_id: str, now: datetime) -> None:
    """Note that a kiosk was heard of."""
    await tx.execute(update(Kiosk).where(Kiosk.id == kiosk_id).values(last_seen_at=now))


async def enrolled(tx: Transaction, kiosk_ids: Collection[str]) -> set[str]:
    """Return those of these kiosks that may speak for somebody."""
    found = await tx.scalars(
        select(Kiosk.id).where(Kiosk.id.in_(kiosk_ids), Kiosk.state == KioskState.ENROLLED)
    )
    return set(found)


async def has_somebody(tx: Transaction, kiosk_id: str) -> bool:
    """Return whether a person who checked in at this kiosk waits or talks there."""
    here = select(Booking.id).where(
        Booking.kiosk_id == kiosk_id,
        Booking.state.in_((BookingState.CHECKED_IN, BookingState.IN_SESSION)),
    )
    return (await tx.scalar(here.limit(1))) is not None


# Codes


async def code_by_handle(tx: Transaction, handle: str) -> KioskCode | None:
    """Return the code found by its public part."""
    found: KioskCode | None = await tx.scalar(select(KioskCode).where(KioskCode.handle == handle))
    return found


async def count_try(tx: Transaction, kiosk_id: str) -> None:
    """Count a wrong try of a code."""
    await tx.execute(
        update(KioskCode).where(KioskCode.kiosk_id == kiosk_id).values(tries=KioskCode.tries + 1)
    )


async def take_code(tx: Transaction, kiosk_id: str, code_hash: str) -> bool:
    """Use a code up; False when somebody else did."""
    done = await tx.scalar(
        delete(KioskCode)
        .where(KioskCode.kiosk_id == kiosk_id, KioskCode.code_hash == code_hash)
        .returning(KioskCode.kiosk_id)
    )
    return done is not None


async def drop_codes(tx: Transaction, kiosk_id: str) -> None:
    """Delete the code of a kiosk, if it has one."""
    await tx.execute(delete(KioskCode).where(KioskCode.kiosk_id == kiosk_id))


# Sessions


async def session(tx: Transaction, token_hash: str) -> tuple[KioskSession, Kiosk, Site] | None:
    """Return the session with this token, its kiosk and the site."""
    found = await tx.execute(
        select(KioskSession, Kiosk, Site)
        .join(Kiosk, KioskSession.kiosk_id == Kiosk.id)
        .join(Site, Kiosk.site_id == Site.id)
        .where(KioskSession.token_hash == token_hash)
    )
    row = found.first()
    return None if row is None else (row[0], row[1], row[2])


async def replaced_by(tx: Transaction, token_hash: str) -> KioskSession | None:
    """Return the session that took this one's place."""
    found: KioskSession | None = await tx.scalar(
        select(KioskSession).where(KioskSession.replaces == token_hash).limit(1)
    )
    return found


async def replaced_among(tx: Transaction, token_hashes: Collection[str]) -> set[str]:
    """Return those of these sessions whose place another has taken."""
    found = await tx.scalars(
        select(KioskSession.replaces).where(KioskSession.replaces.in_(token_hashes))
    )
    return {each for each in found if each is not None}


async def challenges_taken(tx: Transaction, hashes: Collection[str]) -> set[str]:
    """Return those of these challenges that a session has used."""
    found = await tx.scalars(
        select(KioskSession.challenge_hash).where(KioskSession.challenge_hash.in_(hashes))
    )
    return set(found)


async def locked(tx: Transaction, kiosk_ids: Collection[str]) -> dict[str, tuple[Kiosk, Site]]:
    """Return these kiosks and their sites, locked against each other in the order of their ids."""
    found = await tx.execute(
        select(Kiosk, Site)
        .join(Site, Kiosk.site_id == Site.id)
        .where(Kiosk.id.in_(kiosk_ids))
        .order_by(Kiosk.id)
        .with_for_update(of=Kiosk)
    )
    return {row[0].id: (row[0], row[1]) for row in found}


async def drop_sessions(tx: Transaction, kiosk_id: str) -> None:
    """Delete every session of a kiosk."""
    await tx.execute(delete(KioskSession).where(KioskSession.kiosk_id == kiosk_id))


async def drop_ended_sessions(
    tx: Transaction, kiosk_ids: Collection[str], before: datetime
) -> None:
    """Delete the sessions of these kiosks that ended before this."""
    await tx.execute(
        delete(KioskSession)
        .where(KioskSession.kiosk_id.in_(kiosk_ids), KioskSession.ends_at < before)
        .execution_options(synchronize_session=False)
    )
