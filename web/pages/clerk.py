"""The clerk's day: who is received when, and the note that prepares each talk."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.codes import Role
from reception.services import booking, calendar, day_changes, sessions
from scheduler.calendar import local_day
from web.auth import require
from web.forms import form_of, query_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

NOTE_LIMIT = 4000
PREPARERS = (Role.CLERK, Role.SECRETARY)


async def today(request: Request) -> Response:
    """List the bookings of a day, today when none is named."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    now = context.clock.now()
    query = query_of(request)
    this_day = local_day(now)
    day = query.day("day") if query.text("day") else this_day
    bookings = await booking.today(context.db, actor=actor, day=day, now=now)
    return await page(
        request,
        "clerk/today.html",
        day=day,
        is_today=day == this_day,
        before=_address(day - timedelta(days=1)),
        after=_address(day + timedelta(days=1)),
        bookings=bookings,
        owed=len(await day_changes.let_down(context.db, actor=actor, now=now)),
    )


async def let_down(request: Request) -> Response:
    """List the people whose leader cannot come, each with the choices that are theirs."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    now = context.clock.now()
    owed = await day_changes.let_down(context.db, actor=actor, now=now)
    days = {
        day_id: await calendar.day(context.db, day_id=day_id, now=now)
        for day_id in {one.slot.day_id for one in owed}
    }
    return await page(request, "clerk/let_down.html", owed=owed, days=days)


async def accept_stand_in(request: Request) -> StreamResponse:
    """Confirm, at the petitioner's word, that the stand-in receives."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    accepted = await day_changes.accept_stand_in(
        context.db,
        booking_id=request.match_info["booking_id"],
        actor=actor,
        now=context.clock.now(),
    )
    if accepted.session_id is not None:
        await context.live.changed(accepted.session_id)
    raise HTTPSeeOther("/clerk/let-down")


def _address(day: date) -> str:
    return f"/clerk?day={day.isoformat()}"


async def preparation_form(request: Request) -> Response:
    """Show the preparation note of one session."""
    actor = await require(request, *PREPARERS)
    context = request.app[CONTEXT]
    view = await sessions.session(
        context.db, session_id=request.match_info["session_id"], actor=actor
    )
    held = await booking.booking(context.db, booking_id=view.booking_id, actor=actor)
    return await page(
        request, "clerk/preparation.html", session=view, booking=held, limit=NOTE_LIMIT
    )


async def save_preparation(request: Request) -> StreamResponse:
    """Keep the preparation note and go back to the day."""
    actor = await require(request, *PREPARERS)
    context = request.app[CONTEXT]
    session_id = request.match_info["session_id"]
    form = await form_of(request)
    await sessions.save_preparation(
        context.db,
        session_id=session_id,
        note=form.required("note")[:NOTE_LIMIT],
        actor=actor,
        now=context.clock.now(),
    )
    await context.live.changed(session_id)
    if actor.role is Role.SECRETARY:
        raise HTTPSeeOther("/leader")
    view = await sessions.session(context.db, session_id=session_id, actor=actor)
    raise HTTPSeeOther(_address(local_day(view.slot_starts_at)))


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/clerk", today),
        get("/clerk/let-down", let_down),
        post("/clerk/let-down/{booking_id}/accept", accept_stand_in),
        get("/clerk/sessions/{session_id}/preparation", preparation_form),
        post("/clerk/sessions/{session_id}/preparation", save_preparation),
    ]
