"""Rows of who acts for a petitioner."""

from collections.abc import Sequence

from sqlalchemy import select

from reception.storage.database import Transaction
from reception.storage.tables import Agent


async def of_case(tx: Transaction, case_id: str) -> Sequence[Agent]:
    """Return the agents of a case, whether they still may or not, in the order they were named."""
    query = select(Agent).where(Agent.case_id == case_id).order_by(Agent.added_at, Agent.id)
    return (await tx.scalars(query)).all()


async def agent(tx: Transaction, agent_id: str, case_id: str) -> Agent | None:
    """Return an agent of this case."""
    return await tx.scalar(select(Agent).where(Agent.id == agent_id, Agent.case_id == case_id))
