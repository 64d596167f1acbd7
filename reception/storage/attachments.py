"""Rows of the files of cases."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from reception.storage.database import Transaction
from reception.storage.tables import Attachment


async def of_case(tx: Transaction, case_id: str) -> Sequence[Attachment]:
    """Return the files of a case by when they were added, without what they hold."""
    query = (
        select(Attachment)
        .where(Attachment.case_id == case_id)
        .order_by(Attachment.added_at, Attachment.id)
    )
    return (await tx.scalars(query)).all()


async def count(tx: Transaction, case_id: str) -> int:
    """Return how many files a case has, removed ones not counted."""
    query = (
        select(func.count())
        .select_from(Attachment)
        .where(Attachment.case_id == case_id, Attachment.removed_at.is_(None))
    )
    return await tx.scalar(query) or 0


async def attachment(tx: Transaction, case_id: str, attachment_id: str) -> Attachment | None:
    """Return a file of a case with what it holds."""
    query = (
        select(Attachment)
        .where(Attachment.id == attachment_id, Attachment.case_id == case_id)
        .options(undefer(Attachment.content))
    )
    return await tx.scalar(query)
