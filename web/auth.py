"""Who is asking: log-ins, sessions of kiosks and bearer tokens; and whether a change was meant."""

import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from aiohttp.typedefs import Handler
from aiohttp.web import Request, RequestKey, Response, StreamResponse, middleware

from reception.domain.access import Actor
from reception.domain.codes import Role
from reception.domain.errors import NotAllowed, NotLoggedIn, Refused
from reception.domain.factors import needs_key
from reception.domain.passwords import is_worn_out
from reception.services import accounts, kiosks, tokens
from reception.services.accounts import LoggedIn
from reception.services.tries import neighbourhood
from web.addresses import address_of
from web.headers import REPORTS_PATH
from web.keys import CONTEXT, WebContext

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Forms anyone may send; they act on what is typed into them and never on who is logged in.
# A kiosk's are proved by a signature, and are sent before there is a session to take a token from.
KIOSK_DOOR = frozenset({"/kiosk/enrol", "/kiosk/challenge", "/kiosk/session"})
TOKENLESS_PATHS = KIOSK_DOOR | frozenset(
    {REPORTS_PATH, "/login", "/login/code", "/login/key", "/login/key/options", "/query"}
)


class CsrfRefused(Refused):
    """The form carries no token of this log-in; it was open too long or is not ours."""

    code: ClassVar[str] = "csrf_refused"


class OriginRefused(Refused):
    """The request was made by another site's page."""

    code: ClassVar[str] = "origin_refused"


class PasswordChangeNeeded(Refused):
    """Somebody else chose this password, or it is too old: another one comes first."""

    code: ClassVar[str] = "password_change_needed"


class SecondFactorNeeded(Refused):
    """This office asks for a second factor, and the account has none yet."""

    code: ClassVar[str] = "second_factor_needed"


class ProofNeeded(Refused):
    """It is too long ago that this person proved who they are: once more, then it goes on."""

    code: ClassVar[str] = "proof_needed"


@dataclass(frozen=True)
class Who:
    """Who is asking, and the token their forms must carry (None: not a browser, needs none).

    `login` is the log-in of a person at a browser.
    """

    actor: Actor
    csrf: str | None
    login: LoggedIn | None = None


_WHO: RequestKey[Who | None] = RequestKey("who")


def session_cookie(context: WebContext) -> str:
    """Name the cookie of a logged-in person (`__Host-` binds it to this very host over HTTPS)."""
    return "__Host-sid" if context.secure_cookies else "sid"


def kiosk_cookie(context: WebContext) -> str:
    """Name the cookie of a kiosk."""
    return "__Host-kid" if context.secure_cookies else "kid"


def set_cookie(
    response: Response, context: WebContext, name: str, value: str, *, seconds: int | None = None
) -> None:
    """Give the browser a secret that scripts cannot read and other sites cannot send."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="Strict",
        secure=context.secure_cookies,
        path="/",
    )


def csrf_of_kiosk(token: str) -> str:
    """Derive the form token of a kiosk: it proves having read a page, and does not tell the token."""
    return hashlib.sha256(b"csrf of kiosk " + token.encode()).hexdigest()[:32]


def kiosk_token(request: Request) -> str | None:
    """Read the token of the kiosk's session that a request carries, if any."""
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "kiosk":
        return credential
    return request.cookies.get(kiosk_cookie(request.app[CONTEXT]))


def is_kiosk_request(request: Request) -> bool:
    """Tell whether a request speaks for the kiosk, also where a person is logged in beside it.

    All of `/kiosk` does; elsewhere (a room's ticket) the header `X-Kiosk: 1` says so.
    """
    path = request.path
    return path == "/kiosk" or path.startswith("/kiosk/") or request.headers.get("X-Kiosk") == "1"


async def _identify(request: Request) -> Who | None:
    context = request.app[CONTEXT]
    now = context.clock.now()
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Who(await tokens.actor_of_token(context.db, token=credential, now=now), None)
    if scheme.lower() == "kiosk" or is_kiosk_request(request):
        held = kiosk_token(request)
        if held is None:
            return None
        actor = await kiosks.actor_of_session(
            context.db, token=held, address=address_of(request), now=now
        )
        return Who(actor, None if scheme.lower() == "kiosk" else csrf_of_kiosk(held))
    token = request.cookies.get(session_cookie(context))
    if token is None:
        return None
    login = await accounts.actor_of_session(context.db, token=token, now=now)
    return Who(login.actor, login.csrf, login)


async def who(request: Request) -> Who | None:
    """Tell who is asking, None when nobody is logged in or the log-in has ended.

    Raises:
        Refused: it is a kiosk that may not go on; the page that says so is shown to a stranger.
    """
    if _WHO not in request:
        request[_WHO] = None
        with suppress(NotLoggedIn):
            request[_WHO] = await _identify(request)
    return request[_WHO]


def treat_as_unknown(request: Request) -> None:
    """Answer this request as to a stranger, without asking the database who it is."""
    request[_WHO] = None


async def asker_of(request: Request) -> str:
    """Tell one who guesses at codes from another: by log-in or machine, else by address."""
    found = await who(request)
    if found is None:
        return f"address {neighbourhood(address_of(request))}"
    return f"{found.actor.kind} {found.actor.id}"


async def current_actor(request: Request) -> Actor:
    """Tell who is asking.

    Raises:
        NotLoggedIn: nobody.
    """
    found = await who(request)
    if found is None:
        raise NotLoggedIn
    return found.actor


async def require(request: Request, *roles: Role) -> Actor:
    """Let only these roles go on.

    Raises:
        NotLoggedIn: nobody is logged in.
        PasswordChangeNeeded, SecondFactorNeeded: the account has to be set up first.
        NotAllowed: the person has another role.
    """
    found = await who(request)
    if found is None:
        raise NotLoggedIn
    _require_set_up(request, found)
    if found.actor.role not in roles:
        raise NotAllowed(role=found.actor.role.value)
    return found.actor


async def require_fresh(
    request: Request, *roles: Role, within: timedelta = accounts.PROOF_HOLDS
) -> Actor:
    """Let only these roles go on, and a person only while their proof is fresh.

    For what must not be done by whoever finds a screen open. A program's token is its own proof.

    Raises:
        NotLoggedIn, PasswordChangeNeeded, SecondFactorNeeded, NotAllowed: as `require`.
        ProofNeeded: the last proof is older than `within`.
    """
    actor = await require(request, *roles)
    await refuse_stale(request, within)
    return actor


async def refuse_stale(request: Request, within: timedelta = accounts.PROOF_HOLDS) -> None:
    """Go on only while the proof of the person at the browser is fresh. Raises `ProofNeeded`."""
    found = await who(request)
    if found is None or found.login is None:
        return
    if not found.login.is_fresh(request.app[CONTEXT].clock.now(), within):
        raise ProofNeeded


def page_of(request: Request) -> str:
    """Tell the page a person is at: the one asked for, or the one whose form was sent."""
    if request.method in SAFE_METHODS:
        return request.path
    return urlsplit(request.headers.get("Referer", "")).path or "/"


def _require_set_up(request: Request, found: Who) -> None:
    """Let nobody at anything while the password or the second factor is still to be set."""
    context = request.app[CONTEXT]
    login = found.login
    if login is None:
        return
    now = context.clock.now()
    if login.must_change or is_worn_out(login.password_changed_at, context.password_profile, now):
        raise PasswordChangeNeeded
    only_key = needs_key(found.actor.role, context.party)
    is_guarded = login.has_key if only_key else login.has_factor
    if context.second_factor_required and not is_guarded:
        raise SecondFactorNeeded


async def current_login(request: Request) -> LoggedIn:
    """Tell which person at a browser is asking, also before everything is set up.

    Raises:
        NotLoggedIn: nobody, or a machine.
    """
    found = await who(request)
    if found is None or found.login is None:
        raise NotLoggedIn
    return found.login


def is_same_origin(request: Request) -> bool:
    """Tell whether a page of our own made this request (Fetch metadata, else the Origin header)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    ours = {request.host, urlsplit(request.app[CONTEXT].base_url).netloc}
    return origin != "" and origin in ours


async def _sent_token(request: Request) -> str:
    header = request.headers.get("X-CSRF")
    if header is not None:
        return header
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        value = (await request.post()).get("csrf")
        return value if isinstance(value, str) else ""
    return ""


@middleware
async def refuse_forged(request: Request, handler: Handler) -> StreamResponse:
    """Let a change through only when a page of our own asked for it.

    A request with an `Authorization` header is exempt: no other site's page can make a browser
    send one.
    """
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return await handler(request)
    if not is_same_origin(request):
        raise OriginRefused
    if request.path in KIOSK_DOOR:
        treat_as_unknown(request)
    found = await who(request)
    if found is not None and found.csrf is not None and request.path not in TOKENLESS_PATHS:
        sent = await _sent_token(request)
        if not hmac.compare_digest(sent.encode(), found.csrf.encode()):
            raise CsrfRefused
    return await handler(request)
