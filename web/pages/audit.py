"""The audit log, for the auditor: who did what, and whether the log is whole."""

from typing import TYPE_CHECKING

from aiohttp.web import Request, Response, get, post

from reception.domain.access import ROLES, Action
from reception.domain.audit import AuditAction
from reception.services import audit_verify, audit_views
from web.auth import require
from web.forms import query_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

READERS = tuple(ROLES[Action.SEE_AUDIT_LOG])
NEWEST = 2**62


async def log_page(request: Request) -> Response:
    """List the newest events, narrowed by what, who and to what."""
    return await _page(request, None)


async def verify(request: Request) -> Response:
    """Recompute every hash of the log, and say what was found and what cannot be known."""
    await require(request, *READERS)
    context = request.app[CONTEXT]
    verdict = await audit_verify.verify(context.db, verifier=context.audit_verifier(), outside=None)
    return await _page(request, verdict)


async def _page(request: Request, verdict: audit_verify.Verdict | None) -> Response:
    actor = await require(request, *READERS)
    context = request.app[CONTEXT]
    query = query_of(request)
    before = query.number("before", 1, NEWEST) if query.text("before") else None
    found = await audit_views.events(
        context.db,
        actor=actor,
        now=context.clock.now(),
        action=query.text("action"),
        actor_id=query.text("actor"),
        object_id=query.text("object"),
        before=before,
    )
    return await page(
        request,
        "audit/log.html",
        events=found,
        actions=tuple(action.value for action in AuditAction),
        chosen={name: query.text(name) for name in ("action", "actor", "object")},
        has_more=len(found) == audit_views.MOST_LISTED,
        verdict=verdict,
        says=None
        if verdict is None or verdict.problem is None
        else audit_verify.SAYS[verdict.problem.code],
    )


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [get("/audit", log_page), post("/audit/verify", verify)]
