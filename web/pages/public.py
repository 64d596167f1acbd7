"""What everybody may see without a log-in: the reception calendar, its notices, a case by code."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aiohttp.web import Request, Response, get, post

from reception.domain.errors import CodeUnknown, NotFound, TooManyAttempts
from reception.domain.reception_days import PUBLIC_STATES, DayState
from reception.domain.refusals import sentence
from reception.services import agents, audit_views, calendar, cases, day_changes, declines, places
from reception.services.tries import looking_up
from scheduler.calendar import local_day
from web.auth import asker_of
from web.errors import status_of, tell_when_to_retry
from web.feed import feed
from web.forms import Form, form_of, query_of
from web.i18n import language_of, translate
from web.keys import CONTEXT
from web.month_pdf import MonthNotice, NoticeRow, month_pdf
from web.months import month_of, parse_month, weeks
from web.ops import METRICS
from web.paper import WRITER
from web.render import page
from web.timers import timer
from web.words import reason_words
from web.writing import day_words, hours_words, month_words

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef


FEED_BEFORE: Final = timedelta(days=31)
FEED_AHEAD: Final = timedelta(days=366)
MOST_PLACES: Final = 40
_CHANGED: Final = frozenset(
    {DayState.CHANGED, DayState.SUBSTITUTED, DayState.CANCELLED, DayState.MISSED}
)


async def month(request: Request) -> Response:
    """Show the published days of a month, of one area or one leader when asked."""
    context = request.app[CONTEXT]
    now = context.clock.now()
    query = query_of(request)
    shown = parse_month(query.text("month")) if query.text("month") else month_of(local_day(now))
    area, leader_id = query.text("area"), query.text("leader")
    leaders = await places.leaders(context.db)
    codes = {leader.area_code for leader in leaders}
    days = await calendar.public_days(
        context.db, within=area or None, first=shown.first, last=shown.last, now=now
    )
    listed = [day for day in days if leader_id in ("", day.leader.id)]
    return await page(
        request,
        "public/month.html",
        month=shown,
        today=local_day(now),
        weeks=weeks(shown, listed),
        any_days=bool(listed),
        leaders=leaders,
        areas=[item for item in await places.areas(context.db) if item.code in codes],
        area=area,
        leader=leader_id,
    )


async def feed_of_days(request: Request) -> Response:
    """Give the published days of an area or a leader as a calendar to subscribe to."""
    context = request.app[CONTEXT]
    today = local_day(context.clock.now())
    query = query_of(request)
    area, leader_id = query.text("area"), query.text("leader")
    days = await calendar.public_days(
        context.db,
        within=area or None,
        first=today - FEED_BEFORE,
        last=today + FEED_AHEAD,
        now=context.clock.now(),
    )
    listed = [day for day in days if leader_id in ("", day.leader.id)]
    return Response(
        body=feed(listed, name="领导视频接访日", base_url=context.base_url),
        content_type="text/calendar",
        charset="utf-8",
        headers={"Content-Disposition": 'inline; filename="reception-days.ics"'},
    )


async def month_notice(request: Request) -> Response:
    """Give a month's published days as a PDF to pin on a wall."""
    context = request.app[CONTEXT]
    now = context.clock.now()
    query = query_of(request)
    shown = parse_month(query.text("month")) if query.text("month") else month_of(local_day(now))
    area, leader_id = query.text("area"), query.text("leader")
    days = [
        day
        for day in await calendar.public_days(
            context.db, within=area or None, first=shown.first, last=shown.last, now=now
        )
        if leader_id in ("", day.leader.id)
    ]
    if not days:
        raise NotFound(thing="day")
    sites = await places.sites(context.db, within=area or None)
    of_area = next((one.name for one in await places.areas(context.db) if one.code == area), "")
    paper = MonthNotice(
        title=f"{of_area}领导视频接访日公示（{month_words(shown.first, 'zh')}）",
        rows=tuple(_row(day) for day in days),
        places=tuple(
            "  ".join(part for part in (site.name, site.address, site.phone) if part)
            for site in sites[:MOST_PLACES]
        ),
        foot=f"{day_words(local_day(now), 'zh')}印制。最新安排以 {context.base_url}/calendar 为准。",
    )
    content = await asyncio.get_running_loop().run_in_executor(WRITER, month_pdf, paper)
    return Response(
        body=content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="reception-days-{shown}.pdf"'},
    )


def _in_chinese(source: str, /, **values: object) -> str:
    return translate({}, "zh", source, values)


def _row(day: calendar.DayView) -> NoticeRow:
    portfolio = f"（{day.leader.portfolio}）" if day.leader.portfolio else ""
    remarks = [
        day.mode.zh,
        day.topic,
        reason_words(day, "zh", _in_chinese),
        day.state.zh if day.state in _CHANGED else "",
        "暂定" if day.provisional else "",
    ]
    return NoticeRow(
        day=day_words(day.date, "zh").removeprefix(f"{day.date.year}年"),
        hours=hours_words(day.windows, "zh"),
        leader=f"{day.leader.name} {day.leader.title}{portfolio}",
        remark="，".join(part for part in remarks if part),
    )


async def notice(request: Request) -> Response:
    """Show the notice of one published day: who, when, where, and how to book."""
    context = request.app[CONTEXT]
    day = await calendar.day(
        context.db, day_id=request.match_info["day_id"], now=context.clock.now()
    )
    if day.state not in PUBLIC_STATES:
        raise NotFound(thing="day")
    return await page(
        request,
        "public/notice.html",
        day=day,
        history=await day_changes.history(context.db, day_id=day.id),
        sites=await places.sites(context.db, within=day.leader.area_code),
    )


async def query_form(request: Request) -> Response:
    """Ask for a query code. A code behind `#` is filled in by the page itself."""
    return await page(request, "public/query.html", code="", found=None, timer=None, refused=None)


async def query(request: Request) -> Response:
    """Show how a case stands to whoever holds its code; no names are on the page."""
    return await _shown(request, await form_of(request))


async def revoke_agent(request: Request) -> Response:
    """Take an agent's authority back, at the word of whoever holds the code."""
    form = await form_of(request)
    return await _shown(request, form, revoked=form.required("agent"))


async def object_to_decline(request: Request) -> Response:
    """Object to a refusal, at the word of whoever holds the code."""
    form = await form_of(request)
    return await _shown(request, form, objected=form.required("decline"))


async def _shown(
    request: Request, form: Form, *, revoked: str | None = None, objected: str | None = None
) -> Response:
    context = request.app[CONTEXT]
    now = context.clock.now()
    code = form.text("code")[:40]
    try:
        async with looking_up(context.db, by=await asker_of(request), now=now):
            if revoked is not None:
                await agents.revoke_by_code(context.db, query_code=code, agent_id=revoked, now=now)
            if objected is not None:
                await declines.object_by_code(
                    context.db,
                    query_code=code,
                    decline_id=objected,
                    words=form.text("words"),
                    now=now,
                )
            found = await cases.query(context.db, query_code=code, now=now)
            looks = await audit_views.looks(context.db, query_code=code)
    except (CodeUnknown, TooManyAttempts) as refused:
        request.app[METRICS].refusals.labels(refused.code).inc()
        answer = await page(
            request,
            "public/query.html",
            status=status_of(refused.code).value,
            code=code,
            found=None,
            timer=None,
            refused=sentence(refused.code, language_of(request), refused.details),
        )
        tell_when_to_retry(answer, refused.details)
        return answer
    bar = timer(found.due, local_day(now)) if found.due is not None else None
    return await page(
        request,
        "public/query.html",
        code=code,
        found=found,
        looks=looks,
        timer=bar,
        refused=None,
    )


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/calendar", month),
        get("/calendar/feed.ics", feed_of_days),
        get("/calendar/month.pdf", month_notice),
        get("/calendar/{day_id}", notice),
        get("/query", query_form),
        post("/query", query),
        post("/query/agents/revoke", revoke_agent),
        post("/query/objections", object_to_decline),
    ]
