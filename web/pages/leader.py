"""The leader's day: who comes next, and everyone after."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from aiohttp.web import Request, Response, get, json_response

from reception.domain.bookings import BookingState
from reception.domain.codes import Role
from reception.domain.people import Need
from reception.domain.sessions import FINAL_STATES
from reception.services import booking, cases, delegations, sessions
from reception.services.booking import BookingView
from scheduler.calendar import local_day
from web.auth import require
from web.keys import CONTEXT, WebContext
from web.render import page
from web.stamps import stamp_of

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

OF_A_LEADER: Final = (Role.LEADER, Role.SECRETARY)

_NOT_COMING: Final = frozenset(
    {
        BookingState.DECLINED,
        BookingState.MOVED,
        BookingState.CANCELLED_BY_PETITIONER,
        BookingState.CANCELLED_BY_GOV,
        BookingState.NO_SHOW,
    }
)


async def today(request: Request) -> Response:
    """Show today's receptions, the next one large with its matter and preparation note."""
    actor = await require(request, *OF_A_LEADER)
    context = request.app[CONTEXT]
    now = context.clock.now()
    service = None
    if actor.role is Role.SECRETARY:
        service = await delegations.service_of(context.db, actor=actor, now=now)
        if service is None:
            return await page(request, "leader/nobody.html")
    held = await _held_today(request)
    waiting = [one for one in held if not is_over(one)]
    upcoming = waiting[0] if waiting else None
    matter, preparation = "", ""
    if upcoming is not None and upcoming.session_id is not None:
        found = await cases.case_page(context.db, case_id=upcoming.case_id, actor=actor, now=now)
        matter = found.case.summary
        view = await sessions.session(context.db, session_id=upcoming.session_id, actor=actor)
        preparation = view.preparation
    return await page(
        request,
        "leader/today.html",
        upcoming=upcoming,
        matter=matter,
        preparation=preparation,
        needs=[Need(need) for need in upcoming.needs] if upcoming else [],
        later=waiting[1:],
        over=[one for one in held if is_over(one)],
        stamp=stamp(held),
        day=local_day(now),
        service=service,
    )


async def changed(request: Request) -> Response:
    """Answer the stamp of the list, so that an open page knows when to show itself anew."""
    return json_response({"stamp": stamp(await _held_today(request))})


async def _held_today(request: Request) -> tuple[BookingView, ...]:
    actor = await require(request, *OF_A_LEADER)
    context: WebContext = request.app[CONTEXT]
    now: datetime = context.clock.now()
    held = await booking.today(context.db, actor=actor, day=local_day(now), now=now)
    return tuple(one for one in held if one.state not in _NOT_COMING)


def is_over(held: BookingView) -> bool:
    """Whether nothing of this reception is still to come."""
    if held.state is BookingState.COMPLETED:
        return True
    return held.session_state in FINAL_STATES


def stamp(held: tuple[BookingView, ...]) -> str:
    """A short text that changes whenever the list looks different."""
    rows = "|".join(
        f"{one.id} {one.state} {one.session_state} {one.slot.starts_at} {one.prepared}"
        for one in held
    )
    return stamp_of(rows)


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [get("/leader", today), get("/leader/changed", changed)]
