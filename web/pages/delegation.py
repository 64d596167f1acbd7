"""A leader's page: who works for them, until when, and taking it back."""

from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.codes import Role
from reception.domain.delegations import LONGEST
from reception.domain.errors import BadInput
from reception.domain.refusals import sentence
from reception.services import delegations
from scheduler.calendar import local_day
from web.auth import require_fresh
from web.errors import status_of
from web.forms import form_of
from web.i18n import language_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

USUAL = timedelta(days=30)


async def overview(request: Request) -> Response:
    """Show who works for the leader."""
    return await _overview(request, None)


async def _overview(request: Request, refused: BadInput | None) -> Response:
    actor = await require_fresh(request, Role.LEADER)
    context = request.app[CONTEXT]
    now = context.clock.now()
    today = local_day(now)
    return await page(
        request,
        "me/delegation.html",
        status=200 if refused is None else status_of(refused.code).value,
        given=await delegations.of_leader(context.db, actor=actor, now=now),
        secretaries=await delegations.secretaries(context.db, actor=actor),
        today=today,
        usual=today + USUAL,
        latest=today + LONGEST,
        refused=None
        if refused is None
        else sentence(refused.code, language_of(request), refused.details),
    )


async def give(request: Request) -> StreamResponse:
    """Let a secretary work for the leader."""
    actor = await require_fresh(request, Role.LEADER)
    context = request.app[CONTEXT]
    form = await form_of(request)
    try:
        await delegations.give(
            context.db,
            account_id=form.required("account_id"),
            last_day=form.day("last_day"),
            actor=actor,
            now=context.clock.now(),
        )
    except BadInput as refused:
        return await _overview(request, refused)
    raise HTTPSeeOther("/me/delegation")


async def end(request: Request) -> StreamResponse:
    """Take the work back."""
    actor = await require_fresh(request, Role.LEADER)
    context = request.app[CONTEXT]
    await delegations.end(
        context.db,
        delegation_id=request.match_info["delegation_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther("/me/delegation")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/me/delegation", overview),
        post("/me/delegation", give),
        post("/me/delegation/{delegation_id}/end", end),
    ]
