"""The kiosk: how its browser proves who it is, one page for a whole turn, and what that page asks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import segno
from aiohttp.web import Request, Response, StreamResponse, get, json_response, post
from yarl import URL

from reception.domain.access import Actor
from reception.domain.bookings import BookingState
from reception.domain.codes import Role, label
from reception.domain.consent import RECORDING_CONSENT, RIGHTS
from reception.domain.errors import BadInput, CodeUnknown, Refused
from reception.domain.fingerprint_words import FINGERPRINT_WORDS
from reception.domain.kiosks import SESSION_HOLDS, KioskAddress
from reception.domain.queue import TicketState
from reception.domain.sessions import FINAL_STATES, LIVE_STATES, SessionState
from reception.services import booking, kiosks, places, queue, sessions
from reception.services.booking import BookingView
from reception.services.calendar import DayView
from reception.services.kiosks import Proof
from reception.services.places import KioskView, SiteView
from reception.services.queue import QueueView, TicketView
from reception.services.sessions import ReceiptView
from reception.services.tries import looking_up
from scheduler.calendar import local_day
from web.addresses import address_of
from web.auth import asker_of, csrf_of_kiosk, kiosk_cookie, kiosk_token, require, set_cookie, who
from web.doors import DOORS
from web.i18n import LANGUAGE_COOKIE, Language, language_of
from web.keys import CONTEXT, WebContext
from web.render import STATIC_ROOT, page, say
from web.writing import day_words, hours_words, when_words

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

TURN_COOKIE: Final = "turn"
"""Names the session a person at this kiosk is in, so that a restarted browser goes back to it."""
TURN_SECONDS: Final = 2 * 60 * 60
LONGEST_FIELD: Final = 64
LONGEST_PROOF: Final = 256
LOOPBACK: Final = ("localhost", "127.0.0.1")
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


async def enrol_page(request: Request) -> StreamResponse:
    """Show the page on which a browser makes its key; the code is in the fragment, or typed."""
    return await page(
        request,
        "kiosk/enrol.html",
        data={"language": language_of(request), "words": FINGERPRINT_WORDS},
    )


async def enrol(request: Request) -> Response:
    """Take the key of a machine that knows a one-time code."""
    context = request.app[CONTEXT]
    body = await _body(request)
    done = await kiosks.enrol(
        context.db,
        code=_text(body, "code"),
        public_key=_bytes(body, "public_key"),
        nonce=_text(body, "nonce"),
        signature=_bytes(body, "signature"),
        origins=origins_of(request),
        now=context.clock.now(),
    )
    return json_response(
        {"kiosk_id": done.kiosk_id, "state": done.state.value, "words": done.words}
    )


async def challenge(request: Request) -> Response:
    """Give a machine something to sign."""
    context = request.app[CONTEXT]
    origins_of(request)
    body = await _body(request)
    given = kiosks.challenge(
        context.db.vault, kiosk_id=_text(body, "kiosk_id"), now=context.clock.now()
    )
    return json_response({"challenge": given})


async def open_session(request: Request) -> Response:
    """Begin a session of a machine that has signed its challenge."""
    context = request.app[CONTEXT]
    body = await _body(request)
    proof = Proof(
        kiosk_id=_text(body, "kiosk_id"),
        challenge=_text(body, "challenge"),
        signature=_bytes(body, "signature"),
        origins=origins_of(request),
        address=address_of(request),
        held=kiosk_token(request),
    )
    begun = await request.app[DOORS].open(context.db, proof, context.clock.now())
    told: dict[str, object] = {
        "csrf": csrf_of_kiosk(begun.token),
        "seconds": round(SESSION_HOLDS.total_seconds()),
    }
    if "Sec-Fetch-Site" not in request.headers and body.get("token") is True:
        # A program keeps its token itself; a browser's scripts never see it.
        return json_response(told | {"token": begun.token})
    response = json_response(told)
    seconds = round(SESSION_HOLDS.total_seconds())
    set_cookie(response, context, kiosk_cookie(context), begun.token, seconds=seconds)
    return response


def origins_of(request: Request) -> tuple[str, ...]:
    """Tell which origins a kiosk may sign for: this system's address, on loopback by either name.

    The `Host` of a request is never one of them: whoever stands in between chooses it.

    Raises:
        KioskAddress: the page that asks was opened at another address.
    """
    ours = URL(request.app[CONTEXT].base_url).origin()
    known = {ours, *(ours.with_host(name) for name in LOOPBACK if ours.host in LOOPBACK)}
    origins = tuple(sorted(str(origin) for origin in known))
    asked = request.headers.get("Origin")
    if asked is not None and asked not in origins:
        raise KioskAddress(expected=str(ours))
    return origins


async def show(request: Request) -> StreamResponse:
    """Show the kiosk's one page; a turn that was going on goes on.

    A browser without a session gets the small page that proves who it is and comes back here.
    """
    try:
        found = await who(request)
    except Refused:
        found = None
    if found is None or found.actor.role is not Role.KIOSK:
        return await page(
            request, "kiosk/door.html", status=401, data={"language": language_of(request)}
        )
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
            "today": await _today(request, found.actor),
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
    return json_response(await _today(request, actor))


async def check_in(request: Request) -> Response:
    """Check a person in by the code on the booking slip.

    Raises:
        CodeUnknown: no booking for today at this site has the code.
    """
    actor = await require(request, Role.KIOSK)
    context = request.app[CONTEXT]
    code = await _field(request, "code")
    now = context.clock.now()
    async with looking_up(context.db, by=await asker_of(request), now=now):
        held = await booking.check_in(context.db, code=code, actor=actor, now=now)
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


async def take_number(request: Request) -> Response:
    """Give the next number of today's queue; nobody has to say who they are.

    Raises:
        NoReceptionToday: no leader receives here today.
    """
    actor = await require(request, Role.KIOSK)
    context = request.app[CONTEXT]
    return json_response(
        _ticket(await queue.take(context.db, actor=actor, now=context.clock.now()))
    )


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
    """End a person's turn: the browser drops what it kept, the kiosk stays a kiosk.

    Not "storage": that would take the machine's key along. The page empties its storage itself.
    """
    await require(request, Role.KIOSK)
    response = json_response({}, headers={"Clear-Site-Data": '"cache"'})
    _forget_turn(response, request.app[CONTEXT])
    response.del_cookie(LANGUAGE_COOKIE)
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


async def _body(request: Request) -> Mapping[str, object]:
    try:
        body = await request.json()
    except ValueError:
        raise BadInput(field="body", reason="not_json") from None
    return body if isinstance(body, dict) else {}


async def _field(request: Request, name: str) -> str:
    return _text(await _body(request), name, LONGEST_FIELD)


def _text(body: Mapping[str, object], name: str, longest: int = LONGEST_PROOF) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise BadInput(field=name, reason="missing")
    return value


def _bytes(body: Mapping[str, object], name: str) -> bytes:
    try:
        return bytes.fromhex(_text(body, name))
    except ValueError:
        raise BadInput(field=name, reason="missing") from None


async def _site_of(context: WebContext, kiosk: KioskView) -> SiteView:
    return next(site for site in await places.sites(context.db) if site.id == kiosk.site_id)


async def _today(request: Request, actor: Actor) -> dict[str, object]:
    context = request.app[CONTEXT]
    now = context.clock.now()
    day = local_day(now)
    held = await booking.today(context.db, actor=actor, day=day, now=now)
    here = await queue.queue(context.db, actor=actor, now=now)
    return {
        "now": now.isoformat(),
        "receptions": [_reception(request, one) for one in held if one.state not in _GONE],
        "on_duty": [_on_duty(request, one) for one in here.published],
        "queue": _queue(here),
    }


def _queue(found: QueueView) -> dict[str, object]:
    waiting = [one for one in found.tickets if one.state is TicketState.WAITING]
    return {
        "opens": found.opens,
        "waiting": found.waiting,
        "called": [
            {"number": one.number, "calls": one.calls}
            for one in found.tickets
            if one.state is TicketState.CALLED
        ],
        "next": waiting[0].number if waiting else None,
    }


def _ticket(taken: TicketView) -> dict[str, object]:
    return {
        "number": taken.number,
        "taken_at": taken.taken_at.isoformat(),
        "before": taken.before,
        "least": taken.wait.least if taken.wait else 0,
        "most": taken.wait.most if taken.wait else 0,
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
        get("/kiosk/enrol", enrol_page),
        post("/kiosk/enrol", enrol),
        post("/kiosk/challenge", challenge),
        post("/kiosk/session", open_session),
        get("/kiosk/today", today),
        post("/kiosk/check-in", check_in),
        post("/kiosk/queue", take_number),
        post("/kiosk/receipt", receipt),
        post("/kiosk/end", end),
    ]
