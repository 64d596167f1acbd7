"""Rows of who works for which leader, and until when."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, select, update
from sqlalchemy.orm import aliased

from reception.domain.codes import Role
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.tables import Account, Delegation


async def live(tx: Transaction, account_id: str, now: datetime) -> Delegation | None:
    """Return for whom an account works now; nobody once who gave it is that leader no more."""
    giver = aliased(Account)
    return await tx.scalar(
        select(Delegation)
        .join(giver, Delegation.given_by == giver.id)
        .where(
            Delegation.account_id == account_id,
            Delegation.ended_at.is_(None),
            Delegation.until > now,
            giver.disabled_at.is_(None),
            giver.role == Role.LEADER,
            giver.leader_id == Delegation.leader_id,
        )
    )


async def open_of(tx: Transaction, account_id: str) -> Delegation | None:
    """Return what was not ended for an account, also when its time is over."""
    return await tx.scalar(
        select(Delegation).where(Delegation.account_id == account_id, Delegation.ended_at.is_(None))
    )


async def of_leader(
    tx: Transaction, leader_id: str, now: datetime
) -> Sequence[Row[Delegation, Account]]:
    """Return who works for a leader now, with their accounts, by log-in name."""
    query = (
        select(Delegation, Account)
        .join(Account, Delegation.account_id == Account.id)
        .where(
            Delegation.leader_id == leader_id,
            Delegation.ended_at.is_(None),
            Delegation.until > now,
        )
        .order_by(Account.login)
    )
    return (await tx.execute(query)).all()


async def end(tx: Transaction, delegation_id: str, leader_id: str, now: datetime) -> bool:
    """End what a leader gave; return whether there was something to end."""
    ended = await tx.execute(
        update(Delegation)
        .where(
            Delegation.id == delegation_id,
            Delegation.leader_id == leader_id,
            Delegation.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(Delegation.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


async def secretaries(tx: Transaction, within: str) -> Sequence[Account]:
    """Return the secretaries' accounts of an area that can log in, by log-in name."""
    query = (
        select(Account)
        .where(
            Account.role == Role.SECRETARY,
            Account.disabled_at.is_(None),
            inside(Account.area_code, within),
        )
        .order_by(Account.login)
    )
    return (await tx.scalars(query)).all()
