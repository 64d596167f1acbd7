"""Rows of the queue at a site on a day."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import and_, func, select, update

from reception.domain.bookings import ARRANGED
from reception.domain.queue import TicketState
from reception.domain.sessions import LIVE_STATES, SessionState
from reception.storage.database import Transaction
from reception.storage.tables import Booking, QueueTicket, Session


async def of_day(tx: Transaction, site_id: str, day: date) -> Sequence[QueueTicket]:
    """Return the tickets of a site on a day, as they were taken."""
    query = select(QueueTicket).where(QueueTicket.site_id == site_id, QueueTicket.day == day)
    return (await tx.scalars(query.order_by(QueueTicket.number))).all()


async def last_number(tx: Transaction, site_id: str, day: date) -> int:
    """Return the last number taken at a site on a day; 0 before the first."""
    query = select(func.max(QueueTicket.number)).where(
        QueueTicket.site_id == site_id, QueueTicket.day == day
    )
    return await tx.scalar(query) or 0


async def move(tx: Transaction, ticket: QueueTicket, after: TicketState, **values: object) -> bool:
    """Move a ticket if nobody moved or called it since it was read; return whether it was."""
    moved = await tx.execute(
        update(QueueTicket)
        .where(
            and_(
                QueueTicket.id == ticket.id,
                QueueTicket.state == ticket.state,
                QueueTicket.calls == ticket.calls,
            )
        )
        .values(state=after, **values)
        .returning(QueueTicket.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None


async def talk_minutes(tx: Transaction, site_id: str, since: datetime) -> list[float]:
    """Return how long the talks took that were held at a site and ended since then."""
    found = await tx.execute(
        select(Session.started_at, Session.ended_at).where(
            Session.site_id == site_id,
            Session.state == SessionState.CLOSED,
            Session.ended_at >= since,
        )
    )
    return [
        (ended - started).total_seconds() / 60
        for started, ended in found
        if started is not None and ended is not None
    ]


async def running(tx: Transaction, site_id: str) -> int:
    """Return how many talks are held at a site now."""
    query = select(func.count()).where(Session.site_id == site_id, Session.state.in_(LIVE_STATES))
    return await tx.scalar(query) or 0


async def booked_between(
    tx: Transaction, site_id: str, first: datetime, last: datetime
) -> Sequence[datetime]:
    """Return when those who are booked at a site, and not yet talking, begin in `[first, last)`."""
    query = select(Booking.starts_at).where(
        Booking.site_id == site_id,
        Booking.state.in_(ARRANGED),
        Booking.starts_at >= first,
        Booking.starts_at < last,
    )
    return (await tx.scalars(query.order_by(Booking.starts_at))).all()
