"""A village agent books with a written authority, until the petitioner takes it back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.agents import AgentDraft, AgentKind, AgentScope
from reception.domain.errors import BadInput, CodeUnknown, NotAllowed, NotFound
from reception.services import agents, booking, cases
from reception.services.booking import BookRequest
from reception.services.errors import AgentNotAuthorised
from reception.storage.database import Database
from reception.storage.tables import Agent, AuditEvent
from tests.build import NOW, TODAY, Prefecture, draft, open_day, prefecture

AUTHORITY = AgentDraft(
    name="代办员（演示）",
    kind=AgentKind.VILLAGE_AGENT,
    scope=(AgentScope.FILE, AgentScope.BOOK),
    valid_from=TODAY,
    valid_to=TODAY + timedelta(days=30),
    seen=True,
    phone="13900005678",
)


async def actions(db: Database) -> list[tuple[str, str]]:
    """Return what was done to agents, and in what role."""
    async with db.reading(SYSTEM) as tx:
        found = await tx.execute(
            select(AuditEvent.action, AuditEvent.actor_role)
            .where(AuditEvent.action.in_(("agent_named", "agent_revoked")))
            .order_by(AuditEvent.seq)
        )
        return [(row[0], row[1]) for row in found]


async def registered(db: Database, made: Prefecture) -> cases.CaseView:
    """Return a case the agent filed."""
    return await cases.register(db, draft=draft(agent=AUTHORITY), actor=made.clerk, now=NOW)


async def test_an_agent_books_and_the_timeline_and_the_log_say_so(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    await booking.book(
        db,
        request=BookRequest(
            slot_id=slots[0].id, site_id=made.site_id, draft=draft(agent=AUTHORITY)
        ),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )
    (case,) = await cases.list_cases(db, actor=made.clerk)
    page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
    (agent,) = page.agents
    assert (agent.name, agent.kind, agent.stands) == (AUTHORITY.name, AgentKind.VILLAGE_AGENT, True)
    booked = next(event for event in page.timeline if event.kind == "booked")
    assert booked.text_zh.startswith("村级代办员代信访人已预约")
    async with db.reading(SYSTEM) as tx:
        row = await tx.scalar(select(AuditEvent).where(AuditEvent.action == "booked"))
        assert row is not None
        assert agent.id.encode() in row.canon
        stored = await tx.scalar(select(Agent))
        assert stored is not None
        assert "代办员" not in bytes(stored.name).decode("utf-8", "ignore")


async def test_the_petitioner_takes_the_authority_back_by_the_query_code_alone(
    db: Database,
) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    case = await registered(db, made)
    shown = await cases.query(db, query_code=case.query_code, now=NOW)
    (agent,) = shown.agents
    assert agent.name == ""
    with pytest.raises(CodeUnknown):
        await agents.revoke_by_code(db, query_code="ABCDEFGHJK", agent_id=agent.id, now=NOW)
    for _ in range(2):
        await agents.revoke_by_code(db, query_code=case.query_code, agent_id=agent.id, now=NOW)
    wish = BookRequest(
        slot_id=slots[0].id, site_id=made.site_id, case_id=case.id, agent_id=agent.id
    )
    with pytest.raises(AgentNotAuthorised, match="revoked"):
        await booking.book(db, request=wish, actor=made.clerk, idempotency_key=None, now=NOW)
    await booking.book(
        db, request=replace(wish, agent_id=None), actor=made.clerk, idempotency_key=None, now=NOW
    )
    assert await actions(db) == [("agent_named", "clerk"), ("agent_revoked", "public")]


async def test_an_agent_of_another_case_is_nobody_here(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    case, other = await registered(db, made), await registered(db, made)
    (agent,) = (await cases.case_page(db, case_id=other.id, actor=made.clerk, now=NOW)).agents
    with pytest.raises(NotFound):
        await agents.revoke_by_code(db, query_code=case.query_code, agent_id=agent.id, now=NOW)
    with pytest.raises(NotFound):
        await booking.book(
            db,
            request=BookRequest(
                slot_id=slots[0].id, site_id=made.site_id, case_id=case.id, agent_id=agent.id
            ),
            actor=made.clerk,
            idempotency_key=None,
            now=NOW,
        )


async def test_two_act_at_most_and_only_a_clerk_names_them(db: Database) -> None:
    made = await prefecture(db)
    case = await registered(db, made)
    with pytest.raises(NotAllowed):
        await agents.add(db, case_id=case.id, draft=AUTHORITY, actor=made.leader, now=NOW)
    second = await agents.add(db, case_id=case.id, draft=AUTHORITY, actor=made.clerk, now=NOW)
    with pytest.raises(BadInput, match="two_agents"):
        await agents.add(db, case_id=case.id, draft=AUTHORITY, actor=made.clerk, now=NOW)
    await agents.revoke(db, case_id=case.id, agent_id=second, actor=made.clerk, now=NOW)
    await agents.add(db, case_id=case.id, draft=AUTHORITY, actor=made.clerk, now=NOW)
