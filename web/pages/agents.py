"""Who acts for a petitioner: named at the counter, taken back there or by the query code."""

from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, StreamResponse, post

from reception.domain.access import ROLES, Action
from reception.domain.agents import AgentDraft, AgentKind, AgentScope
from reception.domain.errors import BadInput
from reception.services import agents
from web.auth import require
from web.forms import Form, form_of
from web.keys import CONTEXT

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

_NAMERS = tuple(sorted(ROLES[Action.NAME_AGENT]))


def agent_of(form: Form) -> AgentDraft:
    """Read an authority from the fields `agent_…` of a form.

    Raises:
        BadInput: a field is missing or wrong.

    """
    try:
        scope = tuple(AgentScope(word) for word in form.texts("agent_scope"))
    except ValueError:
        raise BadInput(field="agent_scope", reason="not_in_list") from None
    return AgentDraft(
        name=form.required("agent_name"),
        phone=form.text("agent_phone"),
        kind=form.choice("agent_kind", AgentKind),
        scope=scope,
        valid_from=form.day("agent_valid_from"),
        valid_to=form.day("agent_valid_to"),
        seen=bool(form.text("agent_seen")),
    )


async def name_agent(request: Request) -> StreamResponse:
    """Write down who acts for the petitioner of a case."""
    actor = await require(request, *_NAMERS)
    context = request.app[CONTEXT]
    case_id = request.match_info["case_id"]
    await agents.add(
        context.db,
        case_id=case_id,
        draft=agent_of(await form_of(request)),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}#agents")


async def revoke(request: Request) -> StreamResponse:
    """Take an authority back at the petitioner's word."""
    actor = await require(request, *_NAMERS)
    context = request.app[CONTEXT]
    case_id = request.match_info["case_id"]
    await agents.revoke(
        context.db,
        case_id=case_id,
        agent_id=request.match_info["agent_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}#agents")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        post("/cases/{case_id}/agents", name_agent),
        post("/cases/{case_id}/agents/{agent_id}/revoke", revoke),
    ]
