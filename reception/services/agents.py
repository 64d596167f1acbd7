"""Who acts for a petitioner: written down at the counter, taken back by the petitioner."""

from dataclasses import dataclass
from datetime import date, datetime

from reception.domain.access import PUBLIC, SYSTEM, Action, Actor
from reception.domain.agents import (
    MOST_AGENTS,
    AgentDraft,
    AgentKind,
    AgentScope,
    check_authority,
    why_not,
)
from reception.domain.audit import AuditAction
from reception.domain.errors import BadInput, NotFound
from reception.domain.people import read_query_code
from reception.services import audit
from reception.services.case_access import case_of_code, require_case
from reception.services.errors import AgentNotAuthorised
from reception.services.timeline import note
from reception.storage import agents as rows
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Agent, PetitionCase
from scheduler.calendar import local_day


@dataclass(frozen=True)
class AgentView:
    """An agent; `stands` while the authority was not taken back and has not run out.

    To whoever has the query code the `name` is empty.
    """

    id: str
    kind: AgentKind
    name: str
    scope: tuple[AgentScope, ...]
    valid_from: date
    valid_to: date
    revoked_at: datetime | None
    stands: bool


async def add(db: Database, *, case_id: str, draft: AgentDraft, actor: Actor, now: datetime) -> str:
    """Write down that somebody acts for the petitioner of a case; return the agent's id.

    Raises:
        BadInput: the authority is incomplete or over, or two others stand already.
        NotFound, NotAllowed: no such case, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        row = await require_case(tx, case_id, actor, Action.NAME_AGENT)
        return await put(tx, row[0], draft, actor, now)


async def put(
    tx: Transaction, case: PetitionCase, draft: AgentDraft, actor: Actor, now: datetime
) -> str:
    """Write an agent down inside the caller's transaction; return the id.

    Raises:
        BadInput: see `add`.

    """
    today = local_day(now)
    check_authority(draft, today)
    contents = Contents(tx.vault, case)
    standing = [one for one in await rows.of_case(tx, case.id) if _stands(one, today)]
    if len(standing) >= MOST_AGENTS:
        raise BadInput(field="agent_name", reason="two_agents", most=MOST_AGENTS)
    agent = Agent(
        id=new_id(),
        case_id=case.id,
        kind=draft.kind,
        scope=[one.value for one in draft.scope],
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        added_at=now,
        added_by=actor.name,
        revoked_at=None,
    )
    contents.put(agent, name=draft.name.strip(), phone=draft.phone.strip())
    await tx.put(agent)
    audit.record(tx, AuditAction.AGENT_NAMED, actor, "case", case.id, now, agent_id=agent.id)
    await note(
        tx,
        case.id,
        "agent_named",
        zh=f"信访人书面委托{draft.kind.zh}代办，随时可以撤回。",
        en=f"The petitioner authorised an agent in writing ({draft.kind.en}); it can be taken back"
        " at any time.",
        actor=actor,
        now=now,
    )
    return agent.id


async def revoke(db: Database, *, case_id: str, agent_id: str, actor: Actor, now: datetime) -> None:
    """Take an authority back at the petitioner's word; doing it again changes nothing.

    Raises:
        NotFound, NotAllowed: no such case or agent, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        await require_case(tx, case_id, actor, Action.NAME_AGENT)
        await _revoke(tx, case_id, agent_id, actor, now)


async def revoke_by_code(db: Database, *, query_code: str, agent_id: str, now: datetime) -> None:
    """Take an authority back by the query code, which only the petitioner has.

    Raises:
        CodeUnknown: not a query code, or no case has it.
        NotFound: the case has no such agent.

    """
    code = read_query_code(query_code)
    async with db.transaction(SYSTEM) as tx:
        row = await case_of_code(tx, code)
        await _revoke(tx, row[0].id, agent_id, PUBLIC, now)


async def require(
    tx: Transaction, case_id: str, agent_id: str, wanted: AgentScope, day: date
) -> AgentKind:
    """Go on only when an agent of the case may do this on a day; return what the agent is.

    Raises:
        AgentNotAuthorised: `reason` says why not.
        NotFound: the case has no such agent.

    """
    agent = await rows.agent(tx, agent_id, case_id)
    if agent is None:
        raise NotFound(thing="agent")
    reason = why_not(
        agent.scope,
        agent.valid_from,
        agent.valid_to,
        revoked=agent.revoked_at is not None,
        wanted=wanted,
        day=day,
    )
    if reason:
        raise AgentNotAuthorised(reason=reason)
    return agent.kind


async def newest(tx: Transaction, case_id: str) -> Agent:
    """Return the agent named last; the case has one."""
    return (await rows.of_case(tx, case_id))[-1]


async def of_case(
    tx: Transaction, case_id: str, contents: Contents, today: date, *, named: bool = True
) -> tuple[AgentView, ...]:
    """Return who acts or acted for the petitioner of a case, in the order they were named."""
    return tuple(
        AgentView(
            id=one.id,
            kind=one.kind,
            name=contents.open(one, "name") if named else "",
            scope=tuple(AgentScope(word) for word in one.scope),
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            revoked_at=one.revoked_at,
            stands=_stands(one, today),
        )
        for one in await rows.of_case(tx, case_id)
    )


async def _revoke(
    tx: Transaction, case_id: str, agent_id: str, actor: Actor, now: datetime
) -> None:
    agent = await rows.agent(tx, agent_id, case_id)
    if agent is None:
        raise NotFound(thing="agent")
    if agent.revoked_at is not None:
        return
    agent.revoked_at = now
    await tx.flush()
    audit.record(tx, AuditAction.AGENT_REVOKED, actor, "case", case_id, now, agent_id=agent_id)
    await note(
        tx,
        case_id,
        "agent_revoked",
        zh=f"信访人撤回了对{agent.kind.zh}的委托。",
        en=f"The petitioner took the agent's authority back ({agent.kind.en}).",
        actor=actor,
        now=now,
    )


def _stands(agent: Agent, today: date) -> bool:
    return agent.revoked_at is None and agent.valid_to >= today
