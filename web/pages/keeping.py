"""How long what is kept: periods, what is to be destroyed, holds, and a petitioner's wish."""

from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.codes import Role
from reception.domain.retention import LONGEST_DAYS, SHORTEST_DAYS, HoldReason, Kept
from reception.services import places, retention
from web.auth import require
from web.forms import form_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

READERS = (Role.SECADMIN, Role.AUDITOR, Role.SUPERVISOR, Role.CLERK)
HOLDERS = (Role.CLERK, Role.SUPERVISOR)


async def overview(request: Request) -> Response:
    """Show the periods of the area and what is to be destroyed next."""
    actor = await require(request, *READERS)
    context = request.app[CONTEXT]
    areas = await places.areas(context.db, within=actor.area_code)
    return await page(
        request,
        "keeping/overview.html",
        periods=await retention.periods(context.db, actor=actor),
        announced=await retention.announced(context.db, actor=actor),
        areas=areas,
        area_names={area.code: area.name for area in areas},
        kinds=tuple(Kept),
        shortest=SHORTEST_DAYS,
        longest=LONGEST_DAYS,
    )


async def set_period(request: Request) -> StreamResponse:
    """Set a period for an area."""
    actor = await require(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    form = await form_of(request)
    await retention.set_period(
        context.db,
        kept=form.choice("kept", Kept),
        area_code=form.required("area_code"),
        days=form.number("days", SHORTEST_DAYS, LONGEST_DAYS),
        basis=form.required("basis"),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther("/keeping")


async def place_hold(request: Request) -> StreamResponse:
    """Stop every destruction of a case."""
    actor = await require(request, *HOLDERS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    case_id = request.match_info["case_id"]
    await retention.place_hold(
        context.db,
        case_id=case_id,
        reason=form.choice("reason", HoldReason),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}#keeping")


async def lift_hold(request: Request) -> StreamResponse:
    """Ask to lift a hold, or agree to it."""
    actor = await require(request, *HOLDERS)
    context = request.app[CONTEXT]
    await retention.lift_hold(
        context.db,
        hold_id=request.match_info["hold_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{request.match_info['case_id']}#keeping")


async def ask_deletion(request: Request) -> StreamResponse:
    """Take down that the petitioner wants the recordings of a case deleted."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    form = await form_of(request)
    asked = await retention.ask_deletion(
        context.db,
        recording_id=form.required("recording_id"),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{asked.case_id}#keeping")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/keeping", overview),
        post("/keeping/periods", set_period),
        post("/keeping/deletions", ask_deletion),
        post("/cases/{case_id}/holds", place_hold),
        post("/cases/{case_id}/holds/{hold_id}/lift", lift_hold),
    ]
