"""Rows of who comes with a petitioner, and of the areas' rules for groups."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from reception.storage.database import Transaction
from reception.storage.tables import Area, Party


async def of_case(tx: Transaction, case_id: str) -> Sequence[Party]:
    """Return who comes with the petitioner of a case, in the order they were named."""
    query = select(Party).where(Party.case_id == case_id).order_by(Party.position)
    return (await tx.scalars(query)).all()


async def group_rule(tx: Transaction, codes: Sequence[str]) -> tuple[str, list[Any]] | None:
    """Return the nearest area with a rule of its own, and its steps; `codes` go from the top down."""
    query = select(Area.code, Area.group_rule).where(
        Area.code.in_(codes), Area.group_rule.is_not(None)
    )
    found = {row[0]: row[1] for row in await tx.execute(query)}
    nearest = next((code for code in reversed(codes) if code in found), None)
    return None if nearest is None else (nearest, found[nearest] or [])
