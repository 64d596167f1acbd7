"""Logging in and out, and the page each role begins its day on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.codes import Role
from reception.domain.errors import (
    BadCredentials,
    BadInput,
    NotFound,
    Refused,
    TooManyAttempts,
)
from reception.domain.factors import RelyingParty
from reception.domain.refusals import sentence
from reception.services import accounts, step_up
from reception.services.accounts import LoggedIn, Pending
from web.addresses import address_of
from web.agents import agent_words
from web.auth import current_login, session_cookie, set_cookie, who
from web.errors import status_of
from web.forms import form_of
from web.i18n import language_of
from web.keys import CONTEXT, WebContext
from web.ops import METRICS
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

PUBLIC_HOME = "/calendar"
LONGEST_CODE = 32
HOMES: Mapping[Role, str] = {
    Role.SYSADMIN: "/admin",
    Role.CLERK: "/clerk",
    Role.HANDLER: "/cases",
    Role.LEADER: "/leader",
    Role.KIOSK: "/kiosk",
    Role.ORG_HEAD: "/cases",
    Role.SECRETARY: "/leader",
    Role.SUPERVISOR: "/cases",
    Role.SECADMIN: "/accounts",
    Role.AUDITOR: "/audit",
}


def local_path(asked: str, otherwise: str) -> str:
    """Keep `asked` only if it is a path of our own, so that no link can lead people elsewhere."""
    is_ours = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if is_ours else otherwise


async def home(request: Request) -> StreamResponse:
    """Send people to where their work is, and the public to the calendar."""
    found = await who(request)
    target = HOMES.get(found.actor.role, PUBLIC_HOME) if found else PUBLIC_HOME
    raise HTTPSeeOther(target)


async def login_form(request: Request) -> Response:
    """Show the log-in form."""
    return await page(
        request, "login.html", next=request.query.get("next", ""), login="", refused=None
    )


async def log_in(request: Request) -> StreamResponse:
    """Check login and password, and begin a session of the browser."""
    context = request.app[CONTEXT]
    form = await form_of(request)
    login, target = form.text("login"), form.text("next")
    try:
        logged_in = await accounts.log_in(
            context.db,
            login=login,
            password=form.exact("password"),
            address=address_of(request),
            agent=agent_words(request.headers.get("User-Agent", "")),
            now=context.clock.now(),
        )
    except (BadCredentials, TooManyAttempts) as refused:
        request.app[METRICS].refusals.labels(refused.code).inc()
        return await page(
            request,
            "login.html",
            status=status_of(refused.code).value,
            next=target,
            login=login,
            refused=sentence(refused.code, language_of(request), refused.details),
        )
    if isinstance(logged_in, Pending):
        return await _second_step(request, logged_in, target, None)
    return _inside(context, logged_in, target)


async def log_in_with_code(request: Request) -> StreamResponse:
    """Check a code of the second factor, and begin a session of the browser."""
    context = request.app[CONTEXT]
    form = await form_of(request)
    pending, target = form.text("pending"), form.text("next")
    try:
        logged_in = await accounts.log_in_with_code(
            context.db,
            pending=pending,
            code=form.text("code")[:LONGEST_CODE],
            address=address_of(request),
            agent=agent_words(request.headers.get("User-Agent", "")),
            now=context.clock.now(),
        )
    except BadCredentials:
        return await _again(request, pending, target, "code_wrong")
    return _inside(context, logged_in, target)


async def log_in_with_key(request: Request) -> StreamResponse:
    """Check what a security key signed, and begin a session of the browser."""
    context = request.app[CONTEXT]
    form = await form_of(request)
    pending, target = form.text("pending"), form.text("next")
    try:
        logged_in = await accounts.log_in_with_key(
            context.db,
            pending=pending,
            credential=form.text("credential"),
            party=party_of(request),
            address=address_of(request),
            agent=agent_words(request.headers.get("User-Agent", "")),
            now=context.clock.now(),
        )
    except BadCredentials:
        return await _again(request, pending, target, "key_wrong")
    return _inside(context, logged_in, target)


async def key_options(request: Request) -> Response:
    """Give the browser what the security key of a waiting log-in is asked with."""
    context = request.app[CONTEXT]
    try:
        pending = str((await request.json())["pending"])
    except (ValueError, KeyError, TypeError):
        raise BadInput(field="pending", reason="missing") from None
    options = await accounts.key_options(
        context.db, pending=pending, party=party_of(request), now=context.clock.now()
    )
    return Response(text=options, content_type="application/json")


def party_of(request: Request) -> RelyingParty:
    """Tell who we are to a security key.

    Raises:
        NotFound: browsers have no security keys at our address.
    """
    party = request.app[CONTEXT].party
    if party is None:
        raise NotFound(thing="security_key")
    return party


async def _again(request: Request, pending: str, target: str, code: str) -> Response:
    context = request.app[CONTEXT]
    request.app[METRICS].refusals.labels(code).inc()
    waiting = await accounts.waiting_for(context.db, pending=pending, now=context.clock.now())
    return await _second_step(request, waiting, target, code)


async def _second_step(
    request: Request, waiting: Pending, target: str, code: str | None
) -> Response:
    has_key = waiting.has_key and request.app[CONTEXT].party is not None
    return await page(
        request,
        "login_code.html",
        status=200 if code is None else status_of(BadCredentials.code).value,
        next=target,
        pending=waiting.token,
        has_app=waiting.has_app,
        has_key=has_key,
        refused=None if code is None else sentence(code, language_of(request), {}),
    )


async def confirm_form(request: Request) -> Response:
    """Ask once more for the proof of who one is."""
    return await _confirm_page(request, request.query.get("next", ""), None)


async def _confirm_page(
    request: Request, target: str, refused: Refused | None, *, by_key: bool = False
) -> Response:
    login = await current_login(request)
    code = "" if refused is None else refused.code
    if code == BadCredentials.code and login.has_factor:
        code = "key_wrong" if by_key else "code_wrong"
    return await page(
        request,
        "confirm.html",
        status=200 if refused is None else status_of(refused.code).value,
        next=target,
        has_factor=login.has_factor,
        has_app=login.has_app,
        has_key=login.has_key and request.app[CONTEXT].party is not None,
        refused=None if refused is None else sentence(code, language_of(request), refused.details),
    )


async def confirm(request: Request) -> StreamResponse:
    """Take the proof; the browser's session goes on under another secret."""
    login = await current_login(request)
    context = request.app[CONTEXT]
    form = await form_of(request)
    target = form.text("next")
    try:
        confirmed = await step_up.confirm(
            context.db,
            token=login.token,
            proof=form.exact("proof"),
            now=context.clock.now(),
        )
    except (BadCredentials, TooManyAttempts) as refused:
        request.app[METRICS].refusals.labels(refused.code).inc()
        return await _confirm_page(request, target, refused)
    return _inside(context, confirmed, target)


async def confirm_with_key(request: Request) -> StreamResponse:
    """Take what a security key signed as proof."""
    login = await current_login(request)
    context = request.app[CONTEXT]
    form = await form_of(request)
    target = form.text("next")
    try:
        confirmed = await step_up.confirm_with_key(
            context.db,
            token=login.token,
            credential=form.text("credential"),
            party=party_of(request),
            now=context.clock.now(),
        )
    except (BadCredentials, TooManyAttempts) as refused:
        request.app[METRICS].refusals.labels(refused.code).inc()
        return await _confirm_page(request, target, refused, by_key=True)
    return _inside(context, confirmed, target)


async def confirm_key_options(request: Request) -> Response:
    """Give the browser what the person's security key is asked with."""
    login = await current_login(request)
    context = request.app[CONTEXT]
    options = await step_up.key_options(
        context.db, token=login.token, party=party_of(request), now=context.clock.now()
    )
    return Response(text=options, content_type="application/json")


def _inside(context: WebContext, logged_in: LoggedIn, target: str) -> Response:
    otherwise = HOMES.get(logged_in.actor.role, PUBLIC_HOME)
    if logged_in.factor_reset_at is not None:
        target = f"/me/factor?reset={logged_in.factor_reset_at.timestamp():.0f}"
    response = Response(status=303, headers={"Location": local_path(target, otherwise)})
    set_cookie(response, context, session_cookie(context), logged_in.token)
    return response


async def log_out(request: Request) -> Response:
    """End the session and let the browser forget what it kept."""
    context = request.app[CONTEXT]
    token = request.cookies.get(session_cookie(context))
    if token is not None:
        await accounts.log_out(context.db, token=token, now=context.clock.now())
    response = Response(
        status=303, headers={"Location": "/login", "Clear-Site-Data": '"cache", "storage"'}
    )
    response.del_cookie(
        session_cookie(context), path="/", secure=context.secure_cookies, httponly=True
    )
    return response


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/", home),
        get("/login", login_form),
        post("/login", log_in),
        post("/login/code", log_in_with_code),
        post("/login/key", log_in_with_key),
        post("/login/key/options", key_options),
        get("/confirm", confirm_form),
        post("/confirm", confirm),
        post("/confirm/key", confirm_with_key),
        post("/confirm/key/options", confirm_key_options),
        post("/logout", log_out),
    ]
