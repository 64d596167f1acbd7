"""Accounts, for the security administrator: make, lock, reset; never one's own."""

from typing import TYPE_CHECKING, Protocol

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.codes import ROLES_OF_PEOPLE, Role
from reception.domain.errors import BadInput
from reception.domain.refusals import sentence
from reception.services import account_admin, accounts, places
from web.auth import require_fresh
from web.errors import status_of
from web.forms import Form, form_of, query_of
from web.i18n import language_of
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp.web_routedef import RouteDef

    from reception.domain.access import Actor
    from reception.storage.database import Database


class Act(Protocol):
    """Something the security administrator does with another's account."""

    async def __call__(
        self, db: "Database", *, account_id: str, actor: "Actor", now: "datetime"
    ) -> None:
        """Do it. Raises `NotFound`, `NotAllowed`."""


async def overview(request: Request) -> Response:
    """List the accounts of the area."""
    return await _overview(request, query_of(request), None)


async def _overview(request: Request, form: Form, refused: BadInput | None) -> Response:
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    return await page(
        request,
        "accounts/overview.html",
        status=200 if refused is None else status_of(refused.code).value,
        accounts=await account_admin.accounts(context.db, actor=actor),
        areas=await places.areas(context.db, within=actor.area_code),
        leaders=await places.leaders(context.db, within=actor.area_code),
        organs=await places.organs(context.db, within=actor.area_code),
        roles=ROLES_OF_PEOPLE,
        form=form,
        refused=None
        if refused is None
        else sentence(refused.code, language_of(request), refused.details),
    )


async def create(request: Request) -> Response:
    """Make an account; its password is shown this once, and the person has to change it."""
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    form = await form_of(request)
    try:
        made = await account_admin.create(
            context.db,
            login=form.required("login"),
            name=form.required("name"),
            role=form.choice("role", Role),
            area_code=form.required("area_code"),
            leader_id=form.text("leader_id"),
            organ_id=form.text("organ_id"),
            profile=context.password_profile,
            actor=actor,
            now=context.clock.now(),
        )
    except BadInput as refused:
        return await _overview(request, form, refused)
    return await _one(request, made.id, made.password)


async def change_role(request: Request) -> StreamResponse:
    """Give the account another role."""
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    form = await form_of(request)
    account_id = request.match_info["account_id"]
    await account_admin.change_role(
        context.db,
        account_id=account_id,
        role=form.choice("role", Role),
        leader_id=form.text("leader_id"),
        organ_id=form.text("organ_id"),
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/accounts/{account_id}")


async def one(request: Request) -> Response:
    """Show one account and where it is logged in."""
    return await _one(request, request.match_info["account_id"], None)


async def _one(request: Request, account_id: str, password: str | None) -> Response:
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    return await page(
        request,
        "accounts/account.html",
        account=await account_admin.account(context.db, account_id=account_id, actor=actor),
        sessions=await accounts.sessions_of(context.db, actor=actor, account_id=account_id),
        password=password,
        leaders=await places.leaders(context.db, within=actor.area_code),
        organs=await places.organs(context.db, within=actor.area_code),
        roles=ROLES_OF_PEOPLE,
    )


async def disable(request: Request) -> StreamResponse:
    """Let the account log in no more."""
    return await _do(request, account_admin.disable)


async def enable(request: Request) -> StreamResponse:
    """Let the account log in again."""
    return await _do(request, account_admin.enable)


async def reset_factor(request: Request) -> StreamResponse:
    """Take the account's second factor away."""
    return await _do(request, account_admin.reset_factor)


async def _do(request: Request, act: Act) -> StreamResponse:
    """Do something with the account of the address, and show it."""
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    account_id = request.match_info["account_id"]
    await act(context.db, account_id=account_id, actor=actor, now=context.clock.now())
    raise HTTPSeeOther(f"/accounts/{account_id}")


async def reset_password(request: Request) -> Response:
    """Give the account another password, shown this once."""
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    account_id = request.match_info["account_id"]
    password = await account_admin.reset_password(
        context.db, account_id=account_id, actor=actor, now=context.clock.now()
    )
    return await _one(request, account_id, password)


async def end_session(request: Request) -> StreamResponse:
    """End a log-in of the account, with every page and room it is in."""
    actor = await require_fresh(request, Role.SECADMIN)
    context = request.app[CONTEXT]
    account_id = request.match_info["account_id"]
    await accounts.end_session(
        context.db,
        account_id=account_id,
        session_id=request.match_info["session_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/accounts/{account_id}")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/accounts", overview),
        post("/accounts", create),
        get("/accounts/{account_id}", one),
        post("/accounts/{account_id}/disable", disable),
        post("/accounts/{account_id}/enable", enable),
        post("/accounts/{account_id}/role", change_role),
        post("/accounts/{account_id}/password", reset_password),
        post("/accounts/{account_id}/factor", reset_factor),
        post("/accounts/{account_id}/sessions/{session_id}/end", end_session),
    ]
