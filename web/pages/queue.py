"""The queue of the day at the counter: who waits, who is called, who is away."""

from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, json_response, post

from reception.domain.access import ROLES, Action, Actor
from reception.domain.errors import BadInput
from reception.domain.queue import MOST_CALLS, PriorityReason, TicketMove
from reception.services import places, queue
from reception.services.queue import QueueView
from web.auth import require
from web.forms import form_of, query_of
from web.keys import CONTEXT
from web.render import page
from web.stamps import stamp_of

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

_CALLERS = tuple(sorted(ROLES[Action.CALL_TICKET]))


async def show(request: Request) -> Response:
    """Show today's queue of a site, the first of the area when none is named."""
    actor = await require(request, *_CALLERS)
    context = request.app[CONTEXT]
    sites = await places.sites(context.db, within=actor.area_code)
    chosen = query_of(request).text("site") or (sites[0].id if sites else "")
    found = await _queue(request, actor, chosen) if chosen else None
    return await page(
        request,
        "queue/queue.html",
        sites=sites,
        chosen=chosen,
        queue=found,
        stamp=_stamp(found),
        reasons=tuple(PriorityReason),
        most_calls=MOST_CALLS,
        longest=max((one.wait.most for one in found.tickets if one.wait), default=0)
        if found
        else 0,
    )


async def changed(request: Request) -> Response:
    """Answer a stamp that differs when the queue does; the page asks every few seconds."""
    actor = await require(request, *_CALLERS)
    site_id = query_of(request).required("site")
    return json_response({"stamp": _stamp(await _queue(request, actor, site_id))})


async def take(request: Request) -> StreamResponse:
    """Take a number for somebody at the counter."""
    actor = await require(request, *_CALLERS)
    context = request.app[CONTEXT]
    site_id = (await form_of(request)).required("site")
    await queue.take(context.db, actor=actor, site_id=site_id, now=context.clock.now())
    raise HTTPSeeOther(_address(site_id))


async def call_next(request: Request) -> StreamResponse:
    """Call whoever is next."""
    actor = await require(request, *_CALLERS)
    context = request.app[CONTEXT]
    site_id = (await form_of(request)).required("site")
    await queue.call_next(context.db, actor=actor, site_id=site_id, now=context.clock.now())
    raise HTTPSeeOther(_address(site_id))


async def move(request: Request) -> StreamResponse:
    """Take one step with a number."""
    actor = await require(request, *_CALLERS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    found = await queue.move(
        context.db,
        ticket_id=request.match_info["ticket_id"],
        move=form.choice("move", TicketMove),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(_address(found.site.id))


async def prefer(request: Request) -> StreamResponse:
    """Give a number an earlier place for a reason, or take it back."""
    actor = await require(request, *_CALLERS)
    context = request.app[CONTEXT]
    word = (await form_of(request)).text("reason")
    if word and word not in {one.value for one in PriorityReason}:
        raise BadInput(field="reason", reason="not_in_list")
    found = await queue.prefer(
        context.db,
        ticket_id=request.match_info["ticket_id"],
        reason=PriorityReason(word) if word else None,
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(_address(found.site.id))


async def _queue(request: Request, actor: Actor, site_id: str) -> QueueView:
    context = request.app[CONTEXT]
    return await queue.queue(context.db, actor=actor, site_id=site_id, now=context.clock.now())


def _stamp(found: QueueView | None) -> str:
    # A slot that is booked changes the days, and not what this page shows.
    return "" if found is None else stamp_of(repr(replace(found, published=())))


def _address(site_id: str) -> str:
    return f"/clerk/queue?site={site_id}"


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/clerk/queue", show),
        get("/clerk/queue/changed", changed),
        post("/clerk/queue", take),
        post("/clerk/queue/next", call_next),
        post("/clerk/queue/{ticket_id}/move", move),
        post("/clerk/queue/{ticket_id}/priority", prefer),
    ]
