"""When leaders receive: rules, what they come to over a year, planning and publishing days."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.access import Actor
from reception.domain.areas import is_within
from reception.domain.codes import Mode, Role
from reception.domain.duty import Fate
from reception.domain.errors import BadInput, NotFound
from reception.domain.reception_days import MINIMUM_LEAD, MOVES, PUBLIC_STATES, DayMove, DayState
from reception.services import absences, calendar, day_changes, duty, places
from reception.services.calendar import DayView, RuleView
from reception.services.places import LeaderView
from scheduler.calendar import DaySpan, local_day
from scheduler.rules import Occurrence, RestPolicy, expand, parse_rule
from web.auth import require
from web.forms import Form, form_of, query_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

PREVIEW_DAYS = 366
PLAN_DAYS = 60
STAND_INS_SHOWN = 5
_OVER = frozenset({DayState.COMPLETED, DayState.CANCELLED})
_READERS = (Role.CLERK, Role.SYSADMIN)


def parse_windows(text: str) -> tuple[tuple[time, time], ...]:
    """Read the hours of a day: `08:30-11:30, 14:30-17:00`.

    Raises:
        BadInput: it is not a list of hours, or one ends before it starts.
    """
    windows = []
    for part in text.replace("，", ",").replace("、", ",").replace("–", "-").split(","):
        start, _, end = part.strip().partition("-")
        try:
            window = (time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
        except ValueError:
            raise BadInput(field="windows", reason="not_hours") from None
        if window[0] >= window[1] or window[0].tzinfo or window[1].tzinfo:
            raise BadInput(field="windows", reason="not_hours")
        windows.append(window)
    return tuple(windows)


async def overview(request: Request) -> Response:
    """List the leaders of the area, each with the rules that stand."""
    actor = await require(request, *_READERS)
    context = request.app[CONTEXT]
    leaders = await places.leaders(context.db, within=actor.area_code)
    rules = {leader.id: await calendar.rules(context.db, leader_id=leader.id) for leader in leaders}
    return await page(request, "planning/overview.html", leaders=leaders, rules=rules)


async def _leader_of(request: Request, actor: Actor) -> LeaderView:
    wanted = request.match_info["leader_id"]
    context = request.app[CONTEXT]
    for leader in await places.leaders(context.db, within=actor.area_code):
        if leader.id == wanted:
            return leader
    raise NotFound(thing="leader")


async def _preview(request: Request, leader: LeaderView, rule: RuleView) -> Sequence[Occurrence]:
    context = request.app[CONTEXT]
    today = local_day(context.clock.now())
    first = max(today, rule.valid_from)
    last = min(today + timedelta(days=PREVIEW_DAYS), rule.valid_to or date.max)
    if last < first:
        return ()
    table = await calendar.day_table(context.db, area_code=leader.area_code)
    span = DaySpan(first, last)
    return expand(parse_rule(rule.text), rule.on_weekend, rule.on_holiday, table, span)


async def leader_page(request: Request) -> Response:
    """Show a leader's rules, the chosen one over the next year, and the days already planned."""
    actor = await require(request, *_READERS)
    context = request.app[CONTEXT]
    now = context.clock.now()
    today = local_day(now)
    leader = await _leader_of(request, actor)
    rules = await calendar.rules(context.db, leader_id=leader.id)
    query = query_of(request)
    chosen = next((rule for rule in rules if rule.id == query.text("rule")), None)
    return await page(
        request,
        "planning/leader.html",
        leader=leader,
        rules=rules,
        chosen=chosen,
        preview=await _preview(request, leader, chosen) if chosen else (),
        days=await _coming_days(request, leader, today),
        leaders=await places.leaders(context.db, within=actor.area_code),
        stand_ins=await day_changes.stand_ins(context.db, leader_id=leader.id),
        most_stand_ins=STAND_INS_SHOWN,
        duty=await duty.record(context.db, leader_id=leader.id, today=today),
        fates=tuple(Fate),
        absences=await absences.coming(context.db, leader_id=leader.id, today=today),
        earliest=today + MINIMUM_LEAD,
        today=today,
        policies=tuple(RestPolicy),
        result={name: query.text(name) for name in ("created", "kept", "moved", "removed")}
        if query.text("created")
        else None,
        conflicts=query.texts("conflict"),
    )


async def _coming_days(request: Request, leader: LeaderView, today: date) -> tuple[DayView, ...]:
    context = request.app[CONTEXT]
    return await calendar.days(
        context.db,
        leader_id=leader.id,
        first=today,
        last=today + timedelta(days=PLAN_DAYS),
        now=context.clock.now(),
    )


async def add_rule(request: Request) -> StreamResponse:
    """Add a rule to a leader and show what it comes to."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    form = await form_of(request)
    now = context.clock.now()
    rule_id = await calendar.add_rule(
        context.db,
        leader_id=leader.id,
        text=form.required("text"),
        on_weekend=form.choice("on_weekend", RestPolicy),
        on_holiday=form.choice("on_holiday", RestPolicy),
        windows=parse_windows(form.required("windows")),
        slot_minutes=form.number("slot_minutes", 10, 180),
        buffer_minutes=form.number("buffer_minutes", 0, 60),
        mode=Mode.VIDEO,
        valid_from=local_day(now),
        actor=actor,
        now=now,
    )
    raise HTTPSeeOther(f"/planning/{leader.id}?rule={rule_id}")


async def plan(request: Request) -> StreamResponse:
    """Plan the next 60 days of a rule; what is published or booked stays and is reported."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    form = await form_of(request)
    rule_id = form.required("rule")
    now = context.clock.now()
    today = local_day(now)
    result = await calendar.plan(
        context.db,
        rule_id=rule_id,
        window=(today, today + timedelta(days=PLAN_DAYS)),
        actor=actor,
        now=now,
    )
    target = request.rel_url.with_path(f"/planning/{leader.id}").with_query(
        [
            ("rule", rule_id),
            ("created", str(result.created)),
            ("kept", str(result.kept)),
            ("moved", str(result.moved)),
            ("removed", str(result.removed)),
            *(("conflict", conflict) for conflict in result.conflicts),
        ]
    )
    raise HTTPSeeOther(target)


def _publishable(days: Sequence[DayView], form: Form) -> list[str]:
    chosen = set(form.texts("day"))
    return [day.id for day in days if day.id in chosen and day.state is DayState.PLANNED]


async def publish(request: Request) -> StreamResponse:
    """Publish the ticked days: from then on they are in the public calendar and can be booked."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    now = context.clock.now()
    days = await _coming_days(request, leader, local_day(now))
    day_ids = _publishable(days, await form_of(request))
    if not day_ids:
        raise BadInput(field="day", reason="missing")
    await calendar.publish(context.db, day_ids=day_ids, actor=actor, now=now)
    raise HTTPSeeOther(f"/planning/{leader.id}")


async def add_day(request: Request) -> StreamResponse:
    """Add one day outside the rules; it is public at once, marked as added."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    form = await form_of(request)
    await calendar.add_day(
        context.db,
        leader_id=leader.id,
        date=form.day("date"),
        windows=parse_windows(form.required("windows")),
        slot_minutes=form.number("slot_minutes", 10, 180),
        buffer_minutes=form.number("buffer_minutes", 0, 60),
        mode=Mode.VIDEO,
        topic=form.text("topic")[:60],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/planning/{leader.id}")


async def set_stand_ins(request: Request) -> StreamResponse:
    """Say who receives in a leader's place; empty fields are left out."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    form = await form_of(request)
    wanted = [form.text(f"stand_in_{number}") for number in range(1, STAND_INS_SHOWN + 1)]
    await day_changes.set_stand_ins(
        context.db,
        leader_id=leader.id,
        stand_in_ids=[one for one in wanted if one],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/planning/{leader.id}#stand-ins")


async def add_absence(request: Request) -> StreamResponse:
    """Keep that a leader cannot receive; the next planning asks who stands in."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    form = await form_of(request)
    await absences.add(
        context.db,
        leader_id=leader.id,
        first_day=form.day("first_day"),
        last_day=form.day("last_day"),
        rule=form.text("rule"),
        reason=form.text("reason")[:100],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/planning/{leader.id}#absences")


async def end_absence(request: Request) -> StreamResponse:
    """Take an absence back."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    leader = await _leader_of(request, actor)
    await absences.end(
        context.db,
        leader_id=leader.id,
        absence_id=request.match_info["absence_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/planning/{leader.id}#absences")


async def day_page(request: Request) -> Response:
    """Show a published day, who could stand in, how to cancel it, and what happened to it."""
    actor = await require(request, *_READERS)
    context = request.app[CONTEXT]
    now = context.clock.now()
    day = await _day_of(request, actor)
    may_change = actor.role is Role.CLERK and day.state not in _OVER
    return await page(
        request,
        "planning/day.html",
        day=day,
        history=await day_changes.history(context.db, day_id=day.id),
        may_change=may_change,
        can_substitute=(day.state, DayMove.SUBSTITUTE) in MOVES,
        can_cancel=(day.state, DayMove.CANCEL) in MOVES,
        candidates=await day_changes.candidates(context.db, day_id=day.id, actor=actor)
        if may_change
        else (),
        owed=[
            one
            for one in await day_changes.let_down(context.db, actor=actor, now=now)
            if one.slot.day_id == day.id
        ]
        if actor.role is Role.CLERK
        else (),
        earliest_makeup=max(day.date, local_day(now)) + timedelta(days=1),
    )


async def _day_of(request: Request, actor: Actor) -> DayView:
    context = request.app[CONTEXT]
    day = await calendar.day(
        context.db, day_id=request.match_info["day_id"], now=context.clock.now()
    )
    if not is_within(day.leader.area_code, actor.area_code) or day.state not in PUBLIC_STATES:
        raise NotFound(thing="day")
    return day


async def substitute(request: Request) -> StreamResponse:
    """Let another leader receive on a published day, and go to whom it lets down."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    day = await _day_of(request, actor)
    form = await form_of(request)
    affected = await day_changes.substitute(
        context.db,
        day_id=day.id,
        stand_in_id=form.required("stand_in"),
        reason=form.required("reason"),
        approved_by=form.required("approved_by"),
        actor=actor,
        now=context.clock.now(),
    )
    await _tell(request, affected)
    raise HTTPSeeOther(f"/planning/days/{day.id}")


async def cancel(request: Request) -> StreamResponse:
    """Cancel a published day and publish its make-up day."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    day = await _day_of(request, actor)
    form = await form_of(request)
    _, affected = await day_changes.cancel(
        context.db,
        day_id=day.id,
        makeup=form.day("makeup"),
        reason=form.required("reason"),
        approved_by=form.required("approved_by"),
        actor=actor,
        now=context.clock.now(),
    )
    await _tell(request, affected)
    raise HTTPSeeOther(f"/planning/days/{day.id}")


async def _tell(request: Request, affected: day_changes.Affected) -> None:
    """Bring the rooms of those who wait already up to date."""
    for session_id in affected.session_ids:
        await request.app[CONTEXT].live.changed(session_id)


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/planning", overview),
        get("/planning/days/{day_id}", day_page),
        post("/planning/days/{day_id}/substitute", substitute),
        post("/planning/days/{day_id}/cancel", cancel),
        get("/planning/{leader_id}", leader_page),
        post("/planning/{leader_id}/stand-ins", set_stand_ins),
        post("/planning/{leader_id}/absences", add_absence),
        post("/planning/{leader_id}/absences/{absence_id}/end", end_absence),
        post("/planning/{leader_id}/rules", add_rule),
        post("/planning/{leader_id}/plan", plan),
        post("/planning/{leader_id}/publish", publish),
        post("/planning/{leader_id}/days", add_day),
    ]
