"""One's own account: password, second factor, and where one is logged in."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.errors import BadCredentials, BadInput
from reception.domain.factors import needs_key
from reception.domain.passwords import LONGEST, RULES, SHORTEST
from reception.domain.refusals import sentence
from reception.services import accounts, passwords, second_factor, security_keys
from web.agents import agent_words
from web.auth import current_login, refuse_stale
from web.errors import status_of
from web.forms import form_of
from web.i18n import language_of
from web.keys import CONTEXT
from web.pages.kiosk import qr_path
from web.pages.login import party_of
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef


LONGEST_INSTANT = 11
"""Digits of a Unix time, until the year 5138."""


async def sessions_page(request: Request) -> Response:
    """List where one is logged in."""
    login = await current_login(request)
    context = request.app[CONTEXT]
    return await page(
        request,
        "me/sessions.html",
        sessions=await accounts.sessions_of(
            context.db, actor=login.actor, account_id=login.actor.id
        ),
        has_factor=login.has_factor,
    )


async def end_session(request: Request) -> StreamResponse:
    """End one of one's own log-ins."""
    login = await current_login(request)
    context = request.app[CONTEXT]
    await accounts.end_session(
        context.db,
        account_id=login.actor.id,
        session_id=request.match_info["session_id"],
        actor=login.actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther("/me/sessions")


async def password_form(request: Request) -> Response:
    """Show the form for another password."""
    return await _password_page(request, None)


async def _password_page(request: Request, refused: BadInput | BadCredentials | None) -> Response:
    login = await current_login(request)
    context = request.app[CONTEXT]
    return await page(
        request,
        "me/password.html",
        status=200 if refused is None else status_of(refused.code).value,
        must_change=login.must_change,
        rules=RULES[context.password_profile],
        shortest=SHORTEST,
        longest=LONGEST,
        refused=None
        if refused is None
        else sentence(refused.code, language_of(request), refused.details),
    )


async def change_password(request: Request) -> StreamResponse:
    """Change one's own password; other log-ins of the account end."""
    login = await current_login(request)
    context = request.app[CONTEXT]
    form = await form_of(request)
    try:
        await passwords.change(
            context.db,
            old=form.exact("old"),
            new=form.exact("new"),
            profile=context.password_profile,
            actor=login.actor,
            keep=login.actor.credential.partition(":")[2],
            now=context.clock.now(),
        )
    except (BadInput, BadCredentials) as refused:
        return await _password_page(request, refused)
    raise HTTPSeeOther("/")


async def factor_form(request: Request) -> Response:
    """Show a fresh seed for an authenticator app."""
    await refuse_stale(request)
    return await _factor_page(request, second_factor.new_seed(await _login_name(request)), None)


async def _login_name(request: Request) -> str:
    return (await current_login(request)).actor.name


async def _factor_page(request: Request, seed: second_factor.Seed, refused: str | None) -> Response:
    login = await current_login(request)
    context = request.app[CONTEXT]
    return await page(
        request,
        "me/factor.html",
        status=200 if refused is None else status_of(BadCredentials.code).value,
        secret=seed.secret,
        qr=qr_path(seed.uri),
        has_app=login.has_app,
        keys=await security_keys.keys_of(context.db, actor=login.actor),
        offers_keys=context.party is not None,
        only_key=needs_key(login.actor.role, context.party),
        reset_at=_reset_at(request),
        refused=None if refused is None else sentence(refused, language_of(request), {}),
    )


def _reset_at(request: Request) -> datetime | None:
    """Read when an administrator took the second factor away, told right after the log-in."""
    text = request.query.get("reset", "")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_INSTANT):
        return None
    return datetime.fromtimestamp(int(text), UTC)


async def key_options(request: Request) -> Response:
    """Give the browser what a new security key is made with."""
    await refuse_stale(request)
    login = await current_login(request)
    context = request.app[CONTEXT]
    options = await security_keys.enrolment_options(
        context.db,
        login=login.actor.name,
        party=party_of(request),
        actor=login.actor,
        now=context.clock.now(),
    )
    return Response(text=options, content_type="application/json")


async def enrol_key(request: Request) -> StreamResponse:
    """Take a new security key; with the first one come recovery codes."""
    await refuse_stale(request)
    login = await current_login(request)
    context = request.app[CONTEXT]
    form = await form_of(request)
    try:
        codes = await security_keys.enrol(
            context.db,
            credential=form.text("credential"),
            party=party_of(request),
            agent=agent_words(request.headers.get("User-Agent", "")),
            actor=login.actor,
            now=context.clock.now(),
        )
    except BadCredentials:
        seed = second_factor.new_seed(login.actor.name)
        return await _factor_page(request, seed, "key_wrong")
    if codes:
        return await page(request, "me/recovery.html", codes=codes)
    raise HTTPSeeOther("/me/factor")


async def remove_key(request: Request) -> StreamResponse:
    """Forget one of one's own security keys."""
    await refuse_stale(request)
    login = await current_login(request)
    context = request.app[CONTEXT]
    await security_keys.remove(
        context.db,
        key_id=request.match_info["key_id"],
        actor=login.actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther("/me/factor")


async def enrol_factor(request: Request) -> Response:
    """Make the app the second factor, and show the recovery codes this once."""
    await refuse_stale(request)
    login = await current_login(request)
    context = request.app[CONTEXT]
    form = await form_of(request)
    secret = form.required("secret")
    try:
        codes = await second_factor.enrol(
            context.db,
            secret=secret,
            code=form.text("code"),
            actor=login.actor,
            now=context.clock.now(),
        )
    except BadCredentials:
        seed = second_factor.seed_of(secret, login.actor.name)
        return await _factor_page(request, seed, "code_wrong")
    return await page(request, "me/recovery.html", codes=codes)


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/me/sessions", sessions_page),
        post("/me/sessions/{session_id}/end", end_session),
        get("/me/password", password_form),
        post("/me/password", change_password),
        get("/me/factor", factor_form),
        post("/me/factor", enrol_factor),
        post("/me/keys", enrol_key),
        post("/me/keys/options", key_options),
        post("/me/keys/{key_id}/remove", remove_key),
    ]
