"""Booking at the counter: find a slot, write down who comes with what, hand over the slip."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import segno
from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post
from markupsafe import Markup

from reception.domain.access import Actor
from reception.domain.agents import AgentKind, AgentScope
from reception.domain.areas import is_within, path_of
from reception.domain.bookings import BookingState, DeclineReason
from reception.domain.codes import Category, Channel, Purpose, Role
from reception.domain.errors import BadInput, NotFound, Refused, SlotNotBookable, SlotTaken
from reception.domain.groups import MOST_PEOPLE, Companion
from reception.domain.people import Need, PetitionerLanguage
from reception.domain.refusals import sentence
from reception.services import booking, calendar, cases, groups, matches, places
from reception.services.booking import BookRequest
from reception.services.calendar import SlotView
from reception.services.errors import AgentNotAuthorised, AlreadyBooked, SiteFull
from reception.services.matches import Match
from reception.services.registration import CaseDraft
from scheduler.calendar import local_day
from web.auth import require
from web.errors import status_of
from web.forms import Form, form_of, query_of
from web.i18n import language_of
from web.keys import CONTEXT
from web.months import month_of, parse_month, weeks
from web.ops import METRICS
from web.pages.agents import agent_of
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

NEXT_FREE = 8
SUMMARY_LIMIT = 200
FACTS_LIMIT = 4000
ANOTHER_MATTER = "another"
COMPANION_ROWS = 6
"""Of the empty form; as many more as were filled come back."""


def _city_of(actor: Actor) -> str:
    return path_of(actor.area_code)[0]


def is_near(area_code: str, actor: Actor) -> bool:
    """Tell whether a leader of this area is booked at the actor's counter: of it, below or above."""
    own = actor.area_code
    return is_within(area_code, own) or is_within(own, area_code)


async def board(request: Request) -> Response:
    """Show the free slots that come next, and the month by leader with free and booked counts."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    now = context.clock.now()
    query = query_of(request)
    found = await _case_of(request, actor, query)
    month = parse_month(query.text("month")) if query.text("month") else month_of(local_day(now))
    leaders = [
        leader
        for leader in await places.leaders(context.db, within=_city_of(actor))
        if is_near(leader.area_code, actor)
    ]
    chosen = query.text("leader")
    shown = {leader.id for leader in leaders if chosen in ("", leader.id)}
    days = await calendar.public_days(
        context.db, within=_city_of(actor), first=month.first, last=month.last, now=now
    )
    free = await calendar.free_slots(
        context.db,
        within=_city_of(actor),
        leader_id=chosen or None,
        after=now,
        limit=NEXT_FREE * 5,
    )
    return await page(
        request,
        "booking/board.html",
        month=month,
        today=local_day(now),
        weeks=weeks(month, [day for day in days if day.leader.id in shown]),
        free=[slot for slot in free if slot.leader.id in shown][:NEXT_FREE],
        leaders=leaders,
        chosen=chosen,
        booking=await _moving(request, actor, query),
        case=None if found is None else found.case,
    )


async def _moving(request: Request, actor: Actor, fields: Form) -> booking.BookingView | None:
    """Find the booking a new time is being chosen for, if the address names one."""
    booking_id = fields.text("move")
    if not booking_id:
        return None
    return await booking.booking(request.app[CONTEXT].db, booking_id=booking_id, actor=actor)


async def _case_of(request: Request, actor: Actor, form: Form) -> cases.CasePage | None:
    case_id = form.text("case")
    if not case_id:
        return None
    context = request.app[CONTEXT]
    return await cases.case_page(context.db, case_id=case_id, actor=actor, now=context.clock.now())


async def day_slots(request: Request) -> Response:
    """Show one reception day with its slots."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    now = context.clock.now()
    day_id = request.match_info["day_id"]
    query = query_of(request)
    found = await _case_of(request, actor, query)
    return await page(
        request,
        "booking/day.html",
        day=await calendar.day(context.db, day_id=day_id, now=now),
        slots_of_day=await calendar.slots(context.db, day_id=day_id, now=now),
        booking=await _moving(request, actor, query),
        case=None if found is None else found.case,
    )


async def _slot_of(request: Request, day_id: str, slot_id: str) -> SlotView:
    context = request.app[CONTEXT]
    for slot in await calendar.slots(context.db, day_id=day_id, now=context.clock.now()):
        if slot.id == slot_id:
            return slot
    raise NotFound(thing="slot")


async def _form_page(
    request: Request,
    actor: Actor,
    form: Form,
    *,
    slot: SlotView,
    refused: Refused | None = None,
    found: Sequence[Match] = (),
) -> Response:
    """Show the booking form with everything typed so far, and a refusal with its ways out.

    `found` are earlier cases that may be the same matter: the clerk asks the petitioner.
    """
    context = request.app[CONTEXT]
    alternatives: object = ()
    of_case = await _case_of(request, actor, form)
    companions = _companions(form)
    group = await groups.rule_in(context.db, area_code=actor.area_code, actor=actor)
    if isinstance(refused, SlotTaken):
        alternatives = refused.details.get("alternatives", ())
    return await page(
        request,
        "booking/new.html",
        status=status_of(refused.code).value if refused else 200,
        form=form,
        slot=slot,
        matches=found,
        another_matter=ANOTHER_MATTER,
        case=None if of_case is None else of_case.case,
        case_agents=() if of_case is None else [one for one in of_case.agents if one.stands],
        today=local_day(context.clock.now()),
        decline_reasons=tuple(DeclineReason),
        alternatives_free=await _free_instead(request, actor, slot) if of_case else (),
        agent_kinds=tuple(AgentKind),
        agent_scopes=tuple(AgentScope),
        sites=await places.sites(context.db, within=actor.area_code),
        areas=await places.areas(context.db, within=actor.area_code),
        purposes=tuple(Purpose),
        categories=tuple(Category),
        needs=tuple(Need),
        languages=tuple(PetitionerLanguage),
        companions=companions,
        companion_rows=max(COMPANION_ROWS, len(companions) + 1),
        most_people=MOST_PEOPLE,
        most_speakers=group.rule.most_speakers(MOST_PEOPLE),
        key=secrets.token_hex(16),
        refused=sentence(refused.code, language_of(request), refused.details) if refused else None,
        wrong_field=refused.details.get("field") if isinstance(refused, BadInput) else None,
        alternatives=alternatives,
        summary_limit=SUMMARY_LIMIT,
        facts_limit=FACTS_LIMIT,
    )


async def _free_instead(request: Request, actor: Actor, slot: SlotView) -> list[SlotView]:
    """Return free slots that can be offered instead of this one, the soonest first."""
    context = request.app[CONTEXT]
    free = await calendar.free_slots(
        context.db, within=_city_of(actor), after=context.clock.now(), limit=NEXT_FREE * 5
    )
    return [one for one in free if one.id != slot.id and is_near(one.leader.area_code, actor)]


async def new_form(request: Request) -> Response:
    """Show the form for the chosen slot; `case` books a further talk of a registered case."""
    actor = await require(request, Role.CLERK)
    query = query_of(request)
    slot = await _slot_of(request, query.required("day"), query.required("slot"))
    return await _form_page(request, actor, query, slot=slot)


def _companions(form: Form) -> tuple[Companion, ...]:
    speakers = form.texts("speaks")
    return tuple(
        Companion(name=name, speaks=str(number) in speakers)
        for number in range(1, MOST_PEOPLE)
        if (name := form.text(f"companion_{number}"))
    )


def matter_of(form: Form) -> booking.Matter:
    """Read what somebody comes for from the fields of `booking/matter_parts.html`.

    Raises:
        BadInput: a field is missing or wrong.

    """
    return booking.Matter(
        purpose=form.choice("purpose", Purpose),
        category=form.choice("category", Category),
        problem_area_code=form.required("problem_area_code"),
        summary=form.required("summary")[:SUMMARY_LIMIT],
        facts=form.text("facts")[:FACTS_LIMIT],
    )


def _draft(form: Form) -> CaseDraft:
    return CaseDraft(
        petitioner_name=form.required("petitioner_name"),
        phone=form.text("phone") or None,
        id_number=form.text("id_number") or None,
        language=form.choice("language", PetitionerLanguage).value,
        needs=form.texts("needs"),
        channel=Channel.VIDEO,
        **asdict(matter_of(form)),
        persons_present=form.number("persons_present", 1, MOST_PEOPLE),
        companions=_companions(form),
        agent=agent_of(form) if form.text("agent_name") else None,
    )


async def _asked_about(
    request: Request, actor: Actor, form: Form, key: str | None
) -> Sequence[Match]:
    """Return earlier cases to ask the petitioner about; none when this very form was sent before."""
    context = request.app[CONTEXT]
    if key is not None and await booking.was_sent(context.db, idempotency_key=key, actor=actor):
        return ()
    return await matches.suggest(
        context.db, draft=_draft(form), actor=actor, now=context.clock.now()
    )


async def book(request: Request) -> StreamResponse:
    """Book; a slot taken meanwhile brings the form back with other times, one press each."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    form = await form_of(request)
    case_id = form.text("case") or None
    key = form.text("key") or None
    slot_id = form.text("instead") or form.required("slot")
    told = ""
    try:
        if case_id is None and not form.text("matter"):
            found = await _asked_about(request, actor, form, key)
            if found:
                slot = await _slot_of(request, form.required("day"), form.required("slot"))
                return await _form_page(request, actor, form, slot=slot, found=found)
        elif case_id is None and form.text("matter") != ANOTHER_MATTER:
            case_id, draft = form.text("matter"), _draft(form)
            told = "\n".join(part for part in (draft.summary, draft.facts) if part)
        made = await booking.book(
            context.db,
            request=BookRequest(
                slot_id=slot_id,
                site_id=form.required("site"),
                case_id=case_id,
                draft=None if case_id else _draft(form),
                needs=form.texts("needs"),
                agent_id=form.text("agent") or None,
                told=told,
            ),
            actor=actor,
            idempotency_key=key,
            now=context.clock.now(),
        )
    except (
        AgentNotAuthorised,
        AlreadyBooked,
        BadInput,
        SiteFull,
        SlotNotBookable,
        SlotTaken,
    ) as refused:
        request.app[METRICS].refusals.labels(refused.code).inc()
        slot = await _slot_of(request, form.required("day"), form.required("slot"))
        return await _form_page(request, actor, form, slot=slot, refused=refused)
    request.app[METRICS].bookings.labels("page").inc()
    raise HTTPSeeOther(f"/booking/{made.id}")


def can_change(state: BookingState, starts_at: datetime, now: datetime) -> bool:
    """Tell whether a booking can still be moved or cancelled: it stands and has not begun.

    Who was let down by a leader has the choice for as long as it takes.
    """
    if state is BookingState.LEADER_ABSENT:
        return True
    return state in (BookingState.CONFIRMED, BookingState.REMINDED) and now < starts_at


def _qr(text: str) -> Markup:
    """Draw a QR code as inline SVG; segno writes nothing but numbers and our own address in it."""
    return Markup(segno.make(text, error="m").svg_inline(omitsize=True))  # noqa: S704 (made by segno)


async def confirmation(request: Request) -> Response:
    """Show a booking with its printable slip."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    now = context.clock.now()
    held = await booking.booking(
        context.db, booking_id=request.match_info["booking_id"], actor=actor
    )
    case = (await cases.case_page(context.db, case_id=held.case_id, actor=actor, now=now)).case
    return await page(
        request,
        "booking/confirmation.html",
        booking=held,
        case=case,
        # The code is in the fragment: a browser never sends it, so no log can keep it.
        qr=_qr(f"{context.base_url}/query#{case.query_code}"),
        form=query_of(request),
        areas=await places.areas(context.db, within=actor.area_code),
        purposes=tuple(Purpose),
        categories=tuple(Category),
        summary_limit=SUMMARY_LIMIT,
        facts_limit=FACTS_LIMIT,
        can_change=can_change(held.state, held.slot.starts_at, now),
    )


def _wish(form: Form) -> booking.Wish:
    by = form.text("by")
    if by == "petitioner":
        return "petitioner"
    if by == "government":
        return "government"
    raise BadInput(field="by", reason="not_in_list")


async def cancel(request: Request) -> StreamResponse:
    """Cancel a booking; the slot is free again at once."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    form = await form_of(request)
    cancelled = await booking.cancel(
        context.db,
        booking_id=request.match_info["booking_id"],
        by=_wish(form),
        reason=form.required("reason"),
        actor=actor,
        now=context.clock.now(),
    )
    if cancelled.session_id is not None:
        await context.live.changed(cancelled.session_id)
    raise HTTPSeeOther(f"/booking/{cancelled.id}")


async def move(request: Request) -> StreamResponse:
    """Move a booking to another slot and show the new slip."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    form = await form_of(request)
    booking_id = request.match_info["booking_id"]
    before = await booking.booking(context.db, booking_id=booking_id, actor=actor)
    moved = await booking.move(
        context.db,
        booking_id=booking_id,
        slot_id=form.required("slot"),
        by=_wish(form),
        actor=actor,
        now=context.clock.now(),
    )
    if before.session_id is not None:
        await context.live.changed(before.session_id)
    raise HTTPSeeOther(f"/booking/{moved.id}")


async def separate(request: Request) -> StreamResponse:
    """Give a booking a case of its own, when the petitioner says it is another matter."""
    actor = await require(request, Role.CLERK)
    context = request.app[CONTEXT]
    form = await form_of(request)
    booking_id = request.match_info["booking_id"]
    before = await booking.booking(context.db, booking_id=booking_id, actor=actor)
    booked = await booking.separate(
        context.db,
        booking_id=booking_id,
        matter=matter_of(form),
        actor=actor,
        now=context.clock.now(),
    )
    if before.session_id is not None:
        await context.live.changed(before.session_id)
    raise HTTPSeeOther(f"/booking/{booked.id}")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/booking", board),
        get("/booking/days/{day_id}", day_slots),
        get("/booking/new", new_form),
        post("/booking/new", book),
        get("/booking/{booking_id}", confirmation),
        post("/booking/{booking_id}/cancel", cancel),
        post("/booking/{booking_id}/move", move),
        post("/booking/{booking_id}/separate", separate),
    ]
