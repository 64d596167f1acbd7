"""The room as leader, clerk and department see it, and the ticket everyone takes their seat with."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from aiohttp.web import Request, Response, get, json_response, post

from reception.domain.codes import Role, label
from reception.domain.deadlines import TIME_LIMITS
from reception.domain.outcomes import OutcomeType, needed_fields
from reception.services import booking, calendar, cases, places, sessions
from scheduler.calendar import DayKind, DayTable, local_day
from web.auth import require
from web.i18n import language_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

DUE_CHOICES: Final = (7, 15, 30, 60)
DAYS_AHEAD: Final = 200
# A talk that is to be continued ends by the move `adjourn`, not by an outcome before the close.
OFFERED: Final = tuple(kind for kind in OutcomeType if kind is not OutcomeType.ADJOURNED)


async def show(request: Request) -> Response:
    """Show the room: pictures, the case beside them, record and outcome."""
    actor = await require(request, Role.LEADER, Role.CLERK, Role.HANDLER)
    context = request.app[CONTEXT]
    now = context.clock.now()
    session_id = request.match_info["session_id"]
    view = await sessions.session(context.db, session_id=session_id, actor=actor)
    held = await booking.booking(context.db, booking_id=view.booking_id, actor=actor)
    found = await cases.case_page(context.db, case_id=held.case_id, actor=actor, now=now)
    area = found.case.area_code
    today = local_day(now)
    language = language_of(request)
    return await page(
        request,
        "room/room.html",
        session=view,
        booking=held,
        found=found,
        earlier=[one for one in found.sessions if one.id != session_id and one.outcome],
        organs=await places.organs(context.db, within=area),
        kinds=OFFERED,
        due_choices=DUE_CHOICES,
        deadline_names=TIME_LIMITS,
        data={
            "session": session_id,
            "case_id": held.case_id,
            "language": language,
            "role": actor.role.value,
            "today": today.isoformat(),
            "rest_days": rest_days(
                await calendar.day_table(context.db, area_code=area), today, language
            ),
            "kinds": {
                kind.value: {"label": label(kind, language), "needs": needed_fields(kind)}
                for kind in OFFERED
            },
        },
    )


async def ticket(request: Request) -> Response:
    """Give the caller a ticket for their seat: it works once, for a minute.

    Raises:
        NotAdmitted: the session is not theirs.
        SessionOver: it has ended.
    """
    actor = await require(request, Role.LEADER, Role.CLERK, Role.HANDLER, Role.KIOSK)
    context = request.app[CONTEXT]
    issued = await sessions.issue_ticket(
        context.db,
        session_id=request.match_info["session_id"],
        actor=actor,
        now=context.clock.now(),
    )
    return json_response({"ticket": issued})


def rest_days(table: DayTable, today: date, language: str) -> dict[str, str]:
    """Name every rest day of the next months; a year nobody has loaded has its weekends only."""
    ahead = [today + timedelta(days=count) for count in range(DAYS_AHEAD)]
    whole = table.or_provisional({day.year for day in ahead})
    rows = (whole.row(day) for day in ahead)
    return {
        row.day.isoformat(): _rest_name(row.holiday, language)
        for row in rows
        if row.kind is DayKind.REST
    }


def _rest_name(holiday: str | None, language: str) -> str:
    if holiday is None:
        return "周末" if language == "zh" else "weekend"
    return holiday if language == "zh" else "public holiday"


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [get("/room/{session_id}", show), post("/room/{session_id}/ticket", ticket)]
