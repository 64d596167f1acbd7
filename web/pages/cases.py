"""Cases for those who work on them: the list, and one case with all that has happened."""

from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.access import ROLES, Action, Actor
from reception.domain.agents import AgentKind, AgentScope
from reception.domain.areas import path_of
from reception.domain.attachments import MEDIA_TYPES
from reception.domain.deadlines import TIME_LIMITS
from reception.domain.retention import HoldReason
from reception.services import audit_views, cases, petitioners, places, retention, subjects
from reception.services.petitioners import Correction, Purpose, Shown
from reception.services.subjects import Subject, SubjectReason
from scheduler.calendar import local_day
from web.auth import require
from web.forms import form_of, query_of
from web.keys import CONTEXT
from web.pages.keeping import HOLDERS
from web.render import page
from web.timers import promise_timer, timer

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

STAFF = tuple(sorted(ROLES[Action.SEE_CASE]))
PER_PAGE = 50


async def case_list(request: Request) -> Response:
    """List the cases the actor may see, the newest first."""
    actor = await require(request, *STAFF)
    context = request.app[CONTEXT]
    query = query_of(request)
    number = query.number("page", 1, 10_000) if query.text("page") else 1
    found = await cases.list_cases(
        context.db,
        actor=actor,
        search=query.text("search"),
        limit=PER_PAGE + 1,
        offset=(number - 1) * PER_PAGE,
    )
    return await page(
        request,
        "cases/list.html",
        search=query.text("search"),
        cases=found[:PER_PAGE],
        number=number,
        has_more=len(found) > PER_PAGE,
    )


async def case_page(request: Request) -> Response:
    """Show one case: facts, due dates, talks, timeline."""
    actor = await require(request, *STAFF)
    context = request.app[CONTEXT]
    now = context.clock.now()
    found = await cases.case_page(
        context.db, case_id=request.match_info["case_id"], actor=actor, now=now
    )
    today = local_day(now)
    return await page(
        request,
        "cases/case.html",
        case=found.case,
        parties=found.parties,
        agents=found.agents,
        declines=found.declines,
        may_decline=actor.role in ROLES[Action.DECLINE],
        today=today,
        agent_kinds=tuple(AgentKind),
        agent_scopes=tuple(AgentScope),
        may_name_agent=actor.role in ROLES[Action.NAME_AGENT],
        promise=promise_timer(found.sessions, found.case.state, today),
        timers=[timer(deadline, today) for deadline in found.deadlines],
        timeline=found.timeline,
        sessions=found.sessions,
        deadline_names=TIME_LIMITS,
        keeping=await retention.keeping_of(context.db, case_id=found.case.id, actor=actor),
        recordings=[
            recording
            for session in found.sessions
            for recording in session.recordings
            if recording.state in ("ready", "failed")
        ],
        may_hold=actor.role in HOLDERS,
        may_play=actor.role in ROLES[Action.PLAY_RECORDING],
        may_export=actor.role in ROLES[Action.EXPORT_CASE],
        may_reveal=actor.role in ROLES[Action.REVEAL],
        may_correct=actor.role in ROLES[Action.CORRECT],
        may_add=actor.role in ROLES[Action.ADD_ATTACHMENT],
        attachments=found.attachments,
        taken=",".join(MEDIA_TYPES.values()),
        purposes=tuple(Purpose),
        log=await audit_views.of_case(context.db, case_id=found.case.id, actor=actor)
        if actor.role in ROLES[Action.SEE_AUDIT]
        else (),
        away=await _kept_away(request, found.case.id, actor),
        hold_reasons=tuple(HoldReason),
    )


async def _kept_away(request: Request, case_id: str, actor: Actor) -> dict[str, object] | None:
    """Return what the page shows of who is kept away from the case, to those who may name them."""
    if actor.role not in ROLES[Action.NAME_SUBJECT]:
        return None
    db = request.app[CONTEXT].db
    top = path_of(actor.area_code)[0]
    return {
        "subjects": await subjects.of_case(db, case_id=case_id, actor=actor),
        "leaders": await places.leaders(db, within=top),
        "organs": await places.organs(db, within=top),
        "reasons": tuple(SubjectReason),
    }


async def name_subject(request: Request) -> StreamResponse:
    """Keep a leader or an organ away from the case."""
    actor = await require(request, *ROLES[Action.NAME_SUBJECT])
    context = request.app[CONTEXT]
    form = await form_of(request)
    case_id = request.match_info["case_id"]
    kind, _, thing_id = form.required("subject").partition(":")
    await subjects.add(
        context.db,
        case_id=case_id,
        subject=Subject("leader" if kind == "leader" else "organ", thing_id),
        reason=form.choice("reason", SubjectReason),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}#kept-away")


async def remove_subject(request: Request) -> StreamResponse:
    """Ask to let somebody back to the case, or agree to it."""
    actor = await require(request, *ROLES[Action.NAME_SUBJECT])
    context = request.app[CONTEXT]
    case_id = request.match_info["case_id"]
    await subjects.remove(
        context.db,
        case_id=case_id,
        entry_id=request.match_info["entry_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}#kept-away")


async def reveal(request: Request) -> Response:
    """Show one number in full for a minute."""
    actor = await require(request, *ROLES[Action.REVEAL])
    context = request.app[CONTEXT]
    form = await form_of(request)
    what: Shown = "phone" if form.required("what") == "phone" else "id_number"
    purpose = form.choice("purpose", Purpose)
    case_id = request.match_info["case_id"]
    now = context.clock.now()
    value = await petitioners.reveal(
        context.db, case_id=case_id, what=what, purpose=purpose, actor=actor, now=now
    )
    return await page(
        request,
        "cases/revealed.html",
        case_id=case_id,
        case_no=await cases.number_of(context.db, case_id=case_id, actor=actor),
        what=what,
        purpose=purpose,
        value=value,
    )


async def correct(request: Request) -> StreamResponse:
    """Put a petitioner's data right."""
    actor = await require(request, *ROLES[Action.CORRECT])
    context = request.app[CONTEXT]
    form = await form_of(request)
    case_id = request.match_info["case_id"]
    await petitioners.correct(
        context.db,
        case_id=case_id,
        correction=Correction(
            name=form.text("name") or None,
            phone=form.text("phone") or None,
            id_number=form.text("id_number") or None,
        ),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/cases", case_list),
        get("/cases/{case_id}", case_page),
        post("/cases/{case_id}/reveal", reveal),
        post("/cases/{case_id}/correct", correct),
        post("/cases/{case_id}/subjects", name_subject),
        post("/cases/{case_id}/subjects/{entry_id}/remove", remove_subject),
    ]
