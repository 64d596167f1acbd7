"""The kiosk: one page for a person's whole turn, and the few questions that page asks."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import segno
from aiohttp.web import Request, Response, StreamResponse, get, json_response, post

from reception.domain.access import Actor
from reception.domain.areas import is_within, path_of
from reception.domain.bookings import BookingState
from reception.domain.codes import Role, label
from reception.domain.consent import RECORDING_CONSENT, RIGHTS
from reception.domain.errors import BadInput, CodeUnknown, NotLoggedIn, Refused
from reception.domain.sessions import FINAL_STATES, LIVE_STATES, SessionState
from reception.services import booking, calendar, kiosks, places, sessions
from reception.services.booking import BookingView
from reception.services.calendar import DayView
from reception.services.places import KioskView, SiteView
from reception.services.sessions import ReceiptView
from scheduler.calendar import local_day
from web.auth import kiosk_cookie, require, who
from web.i18n import Language, language_of
from web.keys import CONTEXT, WebContext
from web.render import STATIC_ROOT, page, say
from web.writing import day_words, hours_words, when_words

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

TURN_COOKIE: Final = "turn"
"""Names the session a person at this kiosk is in, so that a restarted browser goes back to it."""
TURN_SECONDS: Final = 2 * 60 * 60
KEY_SECONDS: Final = 400 * 24 * 60 * 60  # as long as browsers keep a cookie at most
LONGEST_FIELD: Final = 64
RECEIPT_AFTER_END: Final = timedelta(minutes=10)
DOUBLE_SURNAMES: Final = frozenset(
    (
        "欧阳",
        "上官",
        "司马",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "司徒",
        "夏侯",
        "端木",
        "轩辕",
        "南宫",
        "独孤",
        "长孙",
        "宇文",
        "闻人",
        "申屠",
    )
)
_OVER: Final = frozenset({BookingState.COMPLETED, BookingState.NO_SHOW, BookingState.LEADER_ABSENT})
_GONE: Final = frozenset(
    {
        BookingState.DECLINED,
        BookingState.MOVED,
        BookingState.CANCELLED_BY_PETITIONER,
        BookingState.CANCELLED_BY_GOV,
    }
)


def masked(name: str) -> str:
    """Shorten a name so that its owner knows it and a bystander does not: `王**`, `Anna **`."""
    first = name.split()[0] if " " in name else name[:2]
    if " " not in name and first not in DOUBLE_SURNAMES:
        first = name[:1]
    return f"{first}**"


async def start(request: Request) -> StreamResponse:
    """Make this browser the kiosk whose key is in the address, and take the key out of it.

    Raises:
        NotLoggedIn: no kiosk has this key.
    """
    context = request.app[CONTEXT]
    key = request.query.get("key", "")
    try:
        await kiosks.actor_of_kiosk(context.db, key=key, now=context.clock.now())
    except NotLoggedIn:
        return await page(request, "kiosk/unset.html", status=403)
    response = Response(status=303, headers={"Location": "/kiosk"})
    response.set_cookie(
        kiosk_cookie(context),
        key,
        max_age=KEY_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=context.secure_cookies,
        path="/",
    )
    return response


async def show(request: Request) -> StreamResponse:
    """Show the kiosk's one page; a turn that was going on goes on."""
    found = await who(request)
    if found is None or found.actor.role is not Role.KIOSK:
        return await page(request, "kiosk/unset.html", status=401)
    context = request.app[CONTEXT]
    kiosk = await places.kiosk(context.db, kiosk_id=found.actor.id)
    site = await _site_of(context, kiosk)
    language = language_of(request)
    turn = await _turn_going_on(request, found.actor)
    rights, consent = RIGHTS.lines(language), RECORDING_CONSENT.lines(language)
    response = await page(
        request,
        "kiosk/kiosk.html",
        site=kiosk,
        site_phone=site.phone,
        rights=rights,
        consent_text=consent,
        data={
            "csrf": found.csrf,
            "language": language,
            "now": context.clock.now().isoformat(),
            "phone": site.phone,
            "rights": rights,
            "consent": consent,
            "consent_version": RECORDING_CONSENT.version,
            "audio": recorded_prompts(language),
            "turn": turn,
            "today": await _today(request, found.actor, site),
        },
    )
    if turn is None and TURN_COOKIE in request.cookies:
        _forget_turn(response, context)
    return response


def recorded_prompts(language: str) -> dict[str, str]:
    """List the voice recordings the office has put under `static/audio/`, by prompt."""
    folder = STATIC_ROOT / "audio" / language
    return {
        path.stem: f"/static/audio/{language}/{path.name}"
        for path in sorted(folder.glob("*"))
        if path.suffix in {".mp3", ".ogg", ".opus", ".m4a", ".wav"}
    }


async def today(request: Request) -> Response:
    """Answer what the idle screen shows; it names no petitioner."""
    actor = await require(request, Role.KIOSK)
    context = request.app[CONTEXT]
    kiosk = await places.kiosk(context.db, kiosk_id=actor.id)
    site = await _site_of(context, kiosk)
    return json_response(await _today(request, actor, site))


async def check_in(request: Request) -> Response:
    """Check a person in by the code on the booking slip.

    Raises:
        CodeUnknown: no booking for today at this site has the code.
    """
    actor = await require(request, Role.KIOSK)
    context = request.app[CONTEXT]
    code = await _field(request, "code")
    held = await booking.check_in(context.db, code=code, actor=actor, now=context.clock.now())
    if held.session_id is None:
        raise CodeUnknown(code=code)
    await context.live.changed(held.session_id)
    response = json_response(turn_body(held))
    response.set_cookie(
        TURN_COOKIE,
        held.session_id,
        max_age=TURN_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=context.secure_cookies,
        path="/kiosk",
    )
    return response


async def receipt(request: Request) -> Response:
    """Answer what is printed on the slip, with the query code as a QR picture."""
    actor = await require(request, Role.KIOSK)
    context = request.app[CONTEXT]
    session_id = await _field(request, "session_id")
    view = await sessions.receipt(
        context.db, session_id=session_id, actor=actor, now=context.clock.now()
    )
    return json_response(receipt_body(view, language_of(request), context.base_url))


async def end(request: Request) -> Response:
    """End a person's turn: the browser drops what it kept, the kiosk stays a kiosk."""
    await require(request, Role.KIOSK)
    response = json_response({}, headers={"Clear-Site-Data": '"cache", "storage"'})
    _forget_turn(response, request.app[CONTEXT])
    return response


def turn_body(held: BookingView) -> dict[str, object]:
    """A booking as the kiosk page sees it."""
    return {
        "session_id": held.session_id,
        "session_state": held.session_state or "",
        "greeting_name": masked(held.petitioner_name),
        "starts_at": held.slot.starts_at.isoformat(),
        "ends_at": held.slot.ends_at.isoformat(),
        "leader_name": held.slot.leader.name,
        "leader_title": held.slot.leader.title,
    }


def receipt_body(view: ReceiptView, language: Language, base_url: str) -> dict[str, object]:
    """The slip as the kiosk page prints it; its code is in the fragment, which no log ever sees."""
    address = f"{base_url}/query#{view.query_code}"
    return {
        "case_no": view.case_no,
        "query_code": view.query_code,
        "query_url": address,
        "qr": qr_path(address),
        "outcome_label": label(view.outcome.type, language) if view.outcome else "",
        "outcome_text": view.outcome.text if view.outcome else "",
        "owner_organ": view.owner_organ_name or "",
        "due_words": day_words(view.due_on, language) if view.due_on else "",
        "leader_name": view.leader_name,
        "site_name": view.site_name,
        "ended_words": when_words(view.ended_at, language) if view.ended_at else "",
        "phone": view.phone,
    }


def qr_path(text: str) -> dict[str, object]:
    """Draw a QR code as one SVG path of dark squares on a sheet of `size` squares each way."""
    rows = [tuple(row) for row in segno.make(text, error="m").matrix_iter(border=4)]
    squares = (
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return {"size": len(rows), "path": "".join(squares)}


async def _field(request: Request, name: str) -> str:
    try:
        body = await request.json()
    except json.JSONDecodeError:
        raise BadInput(field=name, reason="not_json") from None
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_FIELD:
        raise BadInput(field=name, reason="missing")
    return value


async def _site_of(context: WebContext, kiosk: KioskView) -> SiteView:
    return next(site for site in await places.sites(context.db) if site.id == kiosk.site_id)


async def _today(request: Request, actor: Actor, site: SiteView) -> dict[str, object]:
    context = request.app[CONTEXT]
    now = context.clock.now()
    day = local_day(now)
    held = await booking.today(context.db, actor=actor, day=day, now=now)
    published = await calendar.public_days(
        context.db, within=path_of(site.area_code)[0], first=day, last=day, now=now
    )
    return {
        "now": now.isoformat(),
        "receptions": [_reception(request, one) for one in held if one.state not in _GONE],
        "on_duty": [
            _on_duty(request, one)
            for one in published
            if is_within(site.area_code, one.leader.area_code)
        ],
    }


def _reception(request: Request, held: BookingView) -> dict[str, object]:
    tone, status = _standing(request, held)
    return {
        "starts_at": held.slot.starts_at.isoformat(),
        "ends_at": held.slot.ends_at.isoformat(),
        "leader_name": held.slot.leader.name,
        "leader_title": held.slot.leader.title,
        "tone": tone,
        "status": status,
    }


def _standing(request: Request, held: BookingView) -> tuple[str, str]:
    state = held.session_state or SessionState.SCHEDULED
    if held.state in _OVER or state in FINAL_STATES:
        return "over", say(request, "已结束")
    if state in LIVE_STATES:
        return "live", say(request, "正在接谈")
    if state is SessionState.LOBBY:
        return "live", say(request, "已签到")
    return "waiting", say(request, "等候签到")


def _on_duty(request: Request, day: DayView) -> dict[str, object]:
    return {
        "leader_name": day.leader.name,
        "leader_title": day.leader.title,
        "hours": hours_words(day.windows, language_of(request)),
    }


async def _turn_going_on(request: Request, actor: Actor) -> dict[str, object] | None:
    session_id = request.cookies.get(TURN_COOKIE)
    if session_id is None:
        return None
    context = request.app[CONTEXT]
    try:
        view = await sessions.session(context.db, session_id=session_id, actor=actor)
        held = await booking.booking(context.db, booking_id=view.booking_id, actor=actor)
    except Refused:
        return None
    over_for = context.clock.now() - view.ended_at if view.ended_at else timedelta(0)
    if view.state in FINAL_STATES - {SessionState.CLOSED} or over_for > RECEIPT_AFTER_END:
        return None
    return turn_body(held)


def _forget_turn(response: Response, context: WebContext) -> None:
    response.del_cookie(
        TURN_COOKIE, path="/kiosk", secure=context.secure_cookies, httponly=True, samesite="Strict"
    )


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/kiosk", show),
        get("/kiosk/start", start),
        get("/kiosk/today", today),
        post("/kiosk/check-in", check_in),
        post("/kiosk/receipt", receipt),
        post("/kiosk/end", end),
    ]
