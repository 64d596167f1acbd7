"""Rows of the days on which leaders cannot receive."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import select, update

from reception.storage.database import Transaction
from reception.storage.tables import Absence


async def standing(
    tx: Transaction, leader_ids: Collection[str], first: date, last: date
) -> Sequence[Absence]:
    """Return the absences of leaders that touch `first` to `last`, soonest first."""
    query = (
        select(Absence)
        .where(
            Absence.leader_id.in_(leader_ids),
            Absence.first_day <= last,
            Absence.last_day >= first,
            Absence.ended_at.is_(None),
        )
        .order_by(Absence.first_day, Absence.id)
    )
    return (await tx.scalars(query)).all()


async def end(tx: Transaction, absence_id: str, leader_id: str, now: datetime) -> bool:
    """Take an absence of a leader back; return whether it stood."""
    ended = await tx.execute(
        update(Absence)
        .where(Absence.id == absence_id, Absence.leader_id == leader_id, Absence.ended_at.is_(None))
        .values(ended_at=now)
        .returning(Absence.id)
    )
    return ended.first() is not None
