"""Receptions that were not arranged: refused and objected to at the counter, decided elsewhere."""

from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.access import ROLES, Action
from reception.domain.bookings import DeclineReason
from reception.services import declines
from web.auth import require
from web.forms import form_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

_REFUSERS = tuple(sorted(ROLES[Action.DECLINE]))
_DECIDERS = tuple(sorted(ROLES[Action.DECIDE_OBJECTION]))


async def decline(request: Request) -> StreamResponse:
    """Not arrange a slot; the case page shows what is offered instead."""
    actor = await require(request, *_REFUSERS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    case_id = request.match_info["case_id"]
    await declines.decline(
        context.db,
        case_id=case_id,
        slot_id=form.required("slot"),
        alternative_id=form.required("alternative"),
        reason=form.choice("reason", DeclineReason),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}#declines")


async def object_to(request: Request) -> StreamResponse:
    """Take down that the petitioner objects."""
    actor = await require(request, *_REFUSERS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    made = await declines.object_to(
        context.db,
        decline_id=request.match_info["decline_id"],
        words=form.text("words"),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{made.case_id}#declines")


async def objections(request: Request) -> Response:
    """List the objections that wait for a decision."""
    actor = await require(request, *_DECIDERS)
    found = await declines.objections(request.app[CONTEXT].db, actor=actor)
    return await page(
        request, "declines/objections.html", objections=found, limit=declines.LONGEST_WORDS
    )


async def decide(request: Request) -> StreamResponse:
    """Decide an objection."""
    actor = await require(request, *_DECIDERS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    await declines.decide(
        context.db,
        decline_id=request.match_info["decline_id"],
        upheld=form.required("upheld") == "yes",
        words=form.required("words"),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther("/objections")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        post("/cases/{case_id}/declines", decline),
        post("/declines/{decline_id}/object", object_to),
        get("/objections", objections),
        post("/objections/{decline_id}", decide),
    ]
