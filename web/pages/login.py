"""Logging in and out, and the page each role begins its day on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.codes import Role
from reception.domain.errors import BadCredentials, TooManyAttempts
from reception.domain.refusals import sentence
from reception.services import accounts
from web.auth import session_cookie, set_cookie, who
from web.errors import status_of
from web.i18n import language_of
from web.keys import CONTEXT
from web.ops import METRICS
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

PUBLIC_HOME = "/calendar"
HOMES: Mapping[Role, str] = {
    Role.SYSADMIN: "/admin",
    Role.CLERK: "/clerk",
    Role.HANDLER: "/cases",
    Role.LEADER: "/leader",
    Role.KIOSK: "/kiosk",
    Role.ORG_HEAD: "/cases",
    Role.SECRETARY: "/cases",
    Role.SUPERVISOR: "/cases",
    Role.SECADMIN: "/keeping",
    Role.AUDITOR: "/keeping",
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
    form = await request.post()
    login, target = str(form.get("login", "")), str(form.get("next", ""))
    try:
        logged_in = await accounts.log_in(
            context.db,
            login=login.strip(),
            password=str(form.get("password", "")),
            address=request.remote or "",
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
    otherwise = HOMES.get(logged_in.actor.role, PUBLIC_HOME)
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
        post("/logout", log_out),
    ]
