"""Who acts for a petitioner."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Literal

from annotated_types import Len

from reception.domain import agents as domain
from reception.domain.access import ROLES, Action
from reception.domain.agents import AgentKind, AgentScope
from reception.domain.errors import CodeUnknown, NotFound, TooManyAttempts
from reception.services import agents
from reception.services.tries import looking_up
from web.api.fields import Asked, Code, Day, Given, Id, Name, Nothing, Phone
from web.api.operation import ANYONE, Call, Operations
from web.api.places import Made

OPERATIONS = Operations("agents")


class AgentDraft(Asked):
    """An authority as it stands on paper; the clerk has `seen` the paper."""

    name: Name
    kind: AgentKind
    scope: Annotated[tuple[AgentScope, ...], Len(1, len(AgentScope))]
    valid_from: Day
    valid_to: Day
    seen: Literal[True]
    phone: Phone | Literal[""] = ""

    def as_draft(self) -> domain.AgentDraft:
        """The same for the services."""
        return domain.AgentDraft(**dict(self))


class Agent(Given):
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


class Revocation(Asked):
    """The query code on the petitioner's slip, and whose authority is taken back."""

    query_code: Code
    agent_id: Id


@OPERATIONS.operation(
    "POST",
    "/cases/{case_id}/agents",
    summary="Name an agent",
    roles=ROLES[Action.NAME_AGENT],
    status=HTTPStatus.CREATED,
)
async def name_agent(call: Call[AgentDraft, Nothing]) -> Made:
    """Write down who acts for the petitioner; two at a time at most."""
    made = await agents.add(
        call.context.db,
        case_id=call.path["case_id"],
        draft=call.body.as_draft(),
        actor=call.actor,
        now=call.now,
    )
    return Made(id=made)


@OPERATIONS.operation(
    "DELETE",
    "/cases/{case_id}/agents/{agent_id}",
    summary="Take an authority back",
    roles=ROLES[Action.NAME_AGENT],
)
async def revoke_agent(call: Call[Nothing, Nothing]) -> None:
    """Take an authority back at the petitioner's word; what was booked stands."""
    await agents.revoke(
        call.context.db,
        case_id=call.path["case_id"],
        agent_id=call.path["agent_id"],
        actor=call.actor,
        now=call.now,
    )


@OPERATIONS.operation(
    "POST",
    "/queries/revocations",
    summary="Take an authority back by the query code",
    roles=ANYONE,
    errors=(CodeUnknown, TooManyAttempts, NotFound),
)
async def revoke_by_code(call: Call[Revocation, Nothing]) -> None:
    """Take an authority back: whoever has the query code is the petitioner."""
    async with looking_up(call.context.db, by=call.asker, now=call.now):
        await agents.revoke_by_code(
            call.context.db,
            query_code=call.body.query_code,
            agent_id=call.body.agent_id,
            now=call.now,
        )
