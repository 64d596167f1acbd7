"""The waiting list at the counter: who waits, who has to be rung up, and who joins it."""

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.access import Actor
from reception.domain.areas import path_of
from reception.domain.codes import Category, Channel, Purpose, Role
from reception.domain.errors import BadInput, Refused
from reception.domain.queue import PriorityReason
from reception.domain.refusals import sentence
from reception.domain.waiting import WaitMove
from reception.services import cases, places, waiting
from reception.services.registration import CaseDraft
from reception.services.waiting import WaitDraft
from scheduler.calendar import local_day
from web.auth import require
from web.errors import status_of
from web.forms import Form, form_of, query_of
from web.i18n import language_of
from web.keys import CONTEXT
from web.pages.booking import FACTS_LIMIT, SUMMARY_LIMIT, is_near, matter_of
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

USUAL_DAYS = 60


async def show(request: Request) -> Response:
    """List who waits, and first of all who has an offer to answer."""
    actor = await require(request, Role.CLERK)
    entries = await waiting.waiting(request.app[CONTEXT].db, actor=actor)
    return await page(request, "waiting/list.html", entries=entries)


async def new_form(request: Request) -> Response:
    """Show the form; `case` puts a registered case on the list."""
    actor = await require(request, Role.CLERK)
    return await _form_page(request, actor, query_of(request))


async def _form_page(
    request: Request, actor: Actor, form: Form, refused: Refused | None = None
) -> Response:
    context = request.app[CONTEXT]
    now = context.clock.now()
    case_id = form.text("case")
    found = (
        await cases.case_page(context.db, case_id=case_id, actor=actor, now=now)
        if case_id
        else None
    )
    leaders = await places.leaders(context.db, within=path_of(actor.area_code)[0])
    return await page(
        request,
        "waiting/new.html",
        status=status_of(refused.code).value if refused else 200,
        form=form,
        case=None if found is None else found.case,
        refused=sentence(refused.code, language_of(request), refused.details) if refused else None,
        sites=await places.sites(context.db, within=actor.area_code),
        leaders=[one for one in leaders if is_near(one.area_code, actor)],
        areas=await places.areas(context.db, within=actor.area_code),
        purposes=tuple(Purpose),
        categories=tuple(Category),
        reasons=tuple(PriorityReason),
        today=local_day(now),
        last=local_day(now) + timedelta(days=USUAL_DAYS),
        summary_limit=SUMMARY_LIMIT,
        facts_limit=FACTS_LIMIT,
    )


async def join(request: Request) -> StreamResponse:
    """Put a case on the list, registering it when it is new."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    form = await form_of(request)
    now = context.clock.now()
    try:
        case_id = form.text("case")
        wish = WaitDraft(
            case_id=case_id,
            site_id=form.required("site"),
            leader_id=form.text("leader") or None,
            first_day=form.day("first_day"),
            last_day=form.day("last_day"),
            priority=form.choice("priority", PriorityReason) if form.text("priority") else None,
        )
        await waiting.join(
            context.db,
            draft=wish,
            new_case=None if case_id else _draft(form),
            actor=actor,
            now=now,
        )
    except BadInput as refused:
        return await _form_page(request, actor, form, refused)
    raise HTTPSeeOther("/clerk/waiting")


def _draft(form: Form) -> CaseDraft:
    return CaseDraft(
        petitioner_name=form.required("petitioner_name"),
        phone=form.text("phone") or None,
        channel=Channel.VIDEO,
        **asdict(matter_of(form)),
    )


async def take(request: Request) -> StreamResponse:
    """Book what is offered, and show the slip."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    booked = await waiting.take(
        context.db,
        entry_id=request.match_info["wait_id"],
        actor=actor,
        now=context.clock.now(),
    )
    if booked.session_id is not None:
        await context.live.changed(booked.session_id)
    raise HTTPSeeOther(f"/booking/{booked.id}")


async def give_up(request: Request) -> StreamResponse:
    """Pass an offer on, or leave the list; what is free then is offered to the next at once."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    now = context.clock.now()
    form = await form_of(request)
    await waiting.give_up(
        context.db,
        entry_id=request.match_info["wait_id"],
        move=form.choice("move", WaitMove),
        actor=actor,
        now=now,
    )
    await waiting.offer(context.db, now=now)
    raise HTTPSeeOther("/clerk/waiting")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/clerk/waiting", show),
        get("/clerk/waiting/new", new_form),
        post("/clerk/waiting", join),
        post("/clerk/waiting/{wait_id}/take", take),
        post("/clerk/waiting/{wait_id}/give-up", give_up),
    ]
