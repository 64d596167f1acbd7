"""Accounts of people, for the security administrator; never one's own."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from reception.domain.access import ROLES, Action
from reception.domain.codes import Role
from reception.services import account_admin, accounts
from web.api.fields import AreaCode, Asked, Given, Id, Instant, Name, Nothing
from web.api.operation import Call, Operations

OPERATIONS = Operations("accounts")
_ADMINS = ROLES[Action.MANAGE_USERS]


class Account(Given):
    """An account; nothing of what its person works on."""

    id: str
    login: str
    name: str
    role: Role
    area_code: str
    has_factor: bool
    must_change: bool
    created_at: Instant
    disabled_at: Instant | None


class Accounts(Given):
    """Accounts by log-in name."""

    items: tuple[Account, ...]


class AccountDraft(Asked):
    """A new account; a leader comes with `leader_id`, a handler or head of an organ with `organ_id`."""

    login: Name
    name: Name
    role: Role
    area_code: AreaCode
    leader_id: Id | None = None
    organ_id: Id | None = None


class NewAccount(Given):
    """A new account and its password, which is shown this once and has to be changed."""

    id: str
    password: str


class NewPassword(Given):
    """A password that is shown this once and has to be changed."""

    password: str


class NewRole(Asked):
    """Another role instead of the one the account has."""

    role: Role
    leader_id: Id | None = None
    organ_id: Id | None = None


class LogIn(Given):
    """A log-in that holds: browser and system in two words, and from where."""

    id: str
    created_at: Instant
    seen_at: Instant
    agent: str
    address: str


class LogIns(Given):
    """Log-ins, the one used last first."""

    items: tuple[LogIn, ...]


@OPERATIONS.operation("GET", "/accounts", summary="Accounts", roles=_ADMINS, fresh=True)
async def list_accounts(call: Call[Nothing, Nothing]) -> Accounts:
    """The accounts of the administrator's area, disabled ones too."""
    found = await account_admin.accounts(call.context.db, actor=call.actor)
    return Accounts.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/accounts",
    summary="Make an account",
    roles=_ADMINS,
    status=HTTPStatus.CREATED,
    fresh=True,
)
async def add_account(call: Call[AccountDraft, Nothing]) -> NewAccount:
    """Make an account in the administrator's area; its password is shown this once."""
    made = await account_admin.create(
        call.context.db,
        **call.body.model_dump(),
        profile=call.context.password_profile,
        actor=call.actor,
        now=call.now,
    )
    return NewAccount.model_validate(made)


@OPERATIONS.operation(
    "GET", "/accounts/{account_id}", summary="An account", roles=_ADMINS, fresh=True
)
async def get_account(call: Call[Nothing, Nothing]) -> Account:
    """One account of the administrator's area."""
    found = await account_admin.account(
        call.context.db, account_id=call.path["account_id"], actor=call.actor
    )
    return Account.model_validate(found)


@OPERATIONS.operation(
    "PUT", "/accounts/{account_id}/role", summary="Change a role", roles=_ADMINS, fresh=True
)
async def change_role(call: Call[NewRole, Nothing]) -> None:
    """Give the account another role instead of the one it has; its log-ins end."""
    await account_admin.change_role(
        call.context.db,
        account_id=call.path["account_id"],
        **call.body.model_dump(),
        actor=call.actor,
        now=call.now,
    )


@OPERATIONS.operation(
    "POST", "/accounts/{account_id}/disable", summary="Disable", roles=_ADMINS, fresh=True
)
async def disable_account(call: Call[Nothing, Nothing]) -> None:
    """Let the account log in no more; what it is logged in to ends within two seconds."""
    await _do(account_admin.disable, call)


@OPERATIONS.operation(
    "POST", "/accounts/{account_id}/enable", summary="Enable", roles=_ADMINS, fresh=True
)
async def enable_account(call: Call[Nothing, Nothing]) -> None:
    """Let the account log in again, and forget its failed tries."""
    await _do(account_admin.enable, call)


@OPERATIONS.operation(
    "DELETE",
    "/accounts/{account_id}/factor",
    summary="Take the second factor away",
    roles=_ADMINS,
    fresh=True,
)
async def reset_factor(call: Call[Nothing, Nothing]) -> None:
    """Take keys, app and recovery codes away; the person is told with the next log-in."""
    await _do(account_admin.reset_factor, call)


@OPERATIONS.operation(
    "POST",
    "/accounts/{account_id}/password",
    summary="Reset the password",
    roles=_ADMINS,
    fresh=True,
)
async def reset_password(call: Call[Nothing, Nothing]) -> NewPassword:
    """Give the account another password, shown this once; its log-ins end."""
    password = await account_admin.reset_password(
        call.context.db, account_id=call.path["account_id"], actor=call.actor, now=call.now
    )
    return NewPassword(password=password)


@OPERATIONS.operation(
    "GET",
    "/accounts/{account_id}/sessions",
    summary="Where an account is logged in",
    roles=_ADMINS,
    fresh=True,
)
async def list_log_ins(call: Call[Nothing, Nothing]) -> LogIns:
    """The log-ins of an account that hold."""
    found = await accounts.sessions_of(
        call.context.db, actor=call.actor, account_id=call.path["account_id"]
    )
    return LogIns.model_validate({"items": found})


@OPERATIONS.operation(
    "DELETE",
    "/accounts/{account_id}/sessions/{session_id}",
    summary="End a log-in",
    roles=_ADMINS,
    fresh=True,
)
async def end_log_in(call: Call[Nothing, Nothing]) -> None:
    """End a log-in with every page and room it is in; one that is over is no error."""
    await accounts.end_session(
        call.context.db,
        account_id=call.path["account_id"],
        session_id=call.path["session_id"],
        actor=call.actor,
        now=call.now,
    )


async def _do(act: Callable[..., Awaitable[None]], call: Call[Any, Any]) -> None:
    now: datetime = call.now
    await act(call.context.db, account_id=call.path["account_id"], actor=call.actor, now=now)
