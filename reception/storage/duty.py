"""Which published days were whose to hold."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Row, select

from reception.domain.reception_days import PUBLIC_STATES, ChangeKind, DayState
from reception.storage.database import Transaction
from reception.storage.tables import DayChange, ReceptionDay


async def published_days(
    tx: Transaction, leader_id: str, first: date, last: date
) -> Sequence[Row[date, DayState]]:
    """Return date and state of the published days on which a leader receives, by date."""
    query = (
        select(ReceptionDay.day, ReceptionDay.state)
        .where(
            ReceptionDay.leader_id == leader_id,
            ReceptionDay.day >= first,
            ReceptionDay.day <= last,
            ReceptionDay.state.in_(PUBLIC_STATES),
            ~ReceptionDay.rehearsal,
        )
        .order_by(ReceptionDay.day, ReceptionDay.id)
    )
    return (await tx.execute(query)).all()


async def given_away(tx: Transaction, leader_id: str, first: date, last: date) -> Sequence[date]:
    """Return the published days on which somebody received in the leader's place, by date."""
    query = (
        select(ReceptionDay.id, ReceptionDay.day)
        .join(DayChange, DayChange.day_id == ReceptionDay.id)
        .where(
            DayChange.kind == ChangeKind.SUBSTITUTED,
            DayChange.before_leader_id == leader_id,
            ReceptionDay.leader_id != leader_id,
            ReceptionDay.day >= first,
            ReceptionDay.day <= last,
            ~ReceptionDay.rehearsal,
        )
        .distinct()
        .order_by(ReceptionDay.day)
    )
    return [row[1] for row in await tx.execute(query)]
