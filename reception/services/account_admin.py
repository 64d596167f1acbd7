"""What the security administrator does with accounts; never with their own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reception.domain.access import Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.codes import ROLES_OF_PEOPLE, Role
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.passwords import Profile
from reception.services import audit
from reception.services.accounts import create_account, new_password
from reception.services.hashing import hash_password
from reception.services.permission import require
from reception.storage import accounts as rows
from reception.storage import places, security_keys
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of
from reception.storage.tables import Account

_OF_AN_ORGAN: Final = frozenset({Role.HANDLER, Role.ORG_HEAD})


@dataclass(frozen=True)
class AccountView:
    """An account as its administrator sees it; nothing of what the person works on."""

    id: str
    login: str
    name: str
    role: Role
    area_code: str
    has_factor: bool
    must_change: bool
    created_at: datetime
    disabled_at: datetime | None


async def accounts(db: Database, *, actor: Actor) -> tuple[AccountView, ...]:
    """Return the accounts of the actor's area by log-in name, disabled ones too.

    Raises:
        NotAllowed: the role administers no accounts.

    """
    require(actor, Action.MANAGE_USERS, Target(area_code=actor.area_code))
    async with db.reading(actor) as tx:
        with_key = await security_keys.accounts_with_key(tx)
        return tuple(
            _view(row, has_key=row.id in with_key)
            for row in await rows.accounts(tx, actor.area_code)
        )


async def account(db: Database, *, account_id: str, actor: Actor) -> AccountView:
    """Return one account. Raises `NotFound`, `NotAllowed`."""
    async with db.reading(actor) as tx:
        row = await _of_others(tx, account_id, actor)
        return _view(row, has_key=await security_keys.has_key(tx, account_id))


@dataclass(frozen=True)
class NewAccount:
    """A new account; `password` is shown once, and its person has to change it."""

    id: str
    password: str


async def create(
    db: Database,
    *,
    login: str,
    name: str,
    role: Role,
    area_code: str,
    leader_id: str | None = None,
    organ_id: str | None = None,
    profile: Profile,
    actor: Actor,
    now: datetime,
) -> NewAccount:
    """Make an account in the actor's area; leader and organ count only for roles that have one.

    Raises:
        NotAllowed: area, leader or organ are none of the actor's, or the role administers nobody.
        BadInput: as `accounts.create_account`, or the role is no person's.

    """
    leader_id, organ_id = await _of_role(db, role, area_code, leader_id, organ_id, actor)
    password = new_password()
    account_id = await create_account(
        db,
        login=login,
        name=name,
        role=role,
        area_code=area_code,
        password=password,
        leader_id=leader_id,
        organ_id=organ_id,
        must_change=True,
        profile=profile,
        by=actor,
        now=now,
    )
    return NewAccount(account_id, password)


async def change_role(
    db: Database,
    *,
    account_id: str,
    role: Role,
    leader_id: str | None = None,
    organ_id: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Give an account another role instead of the one it has; its log-ins end.

    So nobody ever has two roles, and of the three administrators least of all.

    Raises:
        NotFound, NotAllowed: there is no such account, or it is the actor's own or none of theirs;
            or leader or organ are none of the actor's.
        BadInput: the role is no person's, or lacks the leader or organ it is about.

    """
    async with db.reading(actor) as tx:
        area_code = (await _of_others(tx, account_id, actor)).area_code
    leader_id, organ_id = await _of_role(db, role, area_code, leader_id, organ_id, actor)
    async with db.transaction(actor) as tx:
        before = (await _of_others(tx, account_id, actor)).role
        await rows.change_account(tx, account_id, role=role, leader_id=leader_id, organ_id=organ_id)
        await rows.end_sessions_of(tx, account_id)
        audit.record(
            tx,
            AuditAction.ROLE_CHANGED,
            actor,
            "account",
            account_id,
            now,
            before=before.value,
            role=role.value,
        )


async def _of_role(
    db: Database,
    role: Role,
    area_code: str,
    leader_id: str | None,
    organ_id: str | None,
    actor: Actor,
) -> tuple[str | None, str | None]:
    """Return the leader and the organ that count for a role, both inside the actor's area."""
    require(actor, Action.MANAGE_USERS, Target(area_code=area_code))
    if role not in ROLES_OF_PEOPLE:
        raise BadInput(field="role", reason="not_in_list")
    leader_id = (leader_id or None) if role is Role.LEADER else None
    organ_id = (organ_id or None) if role in _OF_AN_ORGAN else None
    if role is Role.LEADER and leader_id is None:
        raise BadInput(field="leader_id", reason="missing")
    if role in _OF_AN_ORGAN and organ_id is None:
        raise BadInput(field="organ_id", reason="missing")
    async with db.reading(actor) as tx:
        leader = await places.leader(tx, leader_id) if leader_id else None
        organ = await places.organ(tx, organ_id) if organ_id else None
    for field, wanted, found in (
        ("leader_id", leader_id, leader and leader[0].area_code),
        ("organ_id", organ_id, organ and organ.area_code),
    ):
        if wanted is None:
            continue
        if not found:
            raise BadInput(field=field, reason="unknown")
        # Whoever makes a leader's account could log in as it and see that leader's cases.
        require(actor, Action.MANAGE_USERS, Target(area_code=found))
    return leader_id, organ_id


async def disable(db: Database, *, account_id: str, actor: Actor, now: datetime) -> None:
    """Let an account log in no more; what it is logged in to ends.

    Raises:
        NotFound, NotAllowed: there is no such account, or it is the actor's own or none of theirs.

    """
    async with db.transaction(actor) as tx:
        await _of_others(tx, account_id, actor)
        await rows.change_account(tx, account_id, disabled_at=now)
        await rows.end_sessions_of(tx, account_id)
        audit.record(tx, AuditAction.ACCOUNT_DISABLED, actor, "account", account_id, now)


async def enable(db: Database, *, account_id: str, actor: Actor, now: datetime) -> None:
    """Let an account log in again, and forget its failed tries. Raises `NotFound`, `NotAllowed`."""
    async with db.transaction(actor) as tx:
        row = await _of_others(tx, account_id, actor)
        await rows.change_account(tx, account_id, disabled_at=None)
        await rows.forgive(tx, hash_of(f"login:{row.login}"))
        audit.record(tx, AuditAction.ACCOUNT_ENABLED, actor, "account", account_id, now)


async def reset_password(db: Database, *, account_id: str, actor: Actor, now: datetime) -> str:
    """Give an account a new password and return it, this once; the person has to change it.

    Every log-in of the account ends. Raises `NotFound`, `NotAllowed`.
    """
    password = new_password()
    hashed = await hash_password(password)
    async with db.transaction(actor) as tx:
        await _of_others(tx, account_id, actor)
        await rows.change_account(
            tx, account_id, password_hash=hashed, password_changed_at=now, must_change=True
        )
        await rows.end_sessions_of(tx, account_id)
        audit.record(tx, AuditAction.PASSWORD_RESET, actor, "account", account_id, now)
    return password


async def reset_factor(db: Database, *, account_id: str, actor: Actor, now: datetime) -> None:
    """Take an account's second factor away, when phone, key and paper are lost; its log-ins end.

    The person is told with the next log-in: it may not have been their wish.
    Raises `NotFound`, `NotAllowed`.
    """
    async with db.transaction(actor) as tx:
        await _of_others(tx, account_id, actor)
        await rows.change_account(
            tx, account_id, totp_seed=None, totp_step=0, recovery=[], factor_reset_at=now
        )
        await security_keys.remove_keys(tx, account_id)
        await rows.end_sessions_of(tx, account_id)
        audit.record(tx, AuditAction.FACTOR_REMOVED, actor, "account", account_id, now)


async def _of_others(tx: Transaction, account_id: str, actor: Actor) -> Account:
    found = await rows.account(tx, account_id)
    if found is None:
        raise NotFound(thing="account")
    require(actor, Action.MANAGE_USERS, Target(area_code=found.area_code))
    if actor.kind == "account" and actor.id == account_id:
        raise NotAllowed(action=Action.MANAGE_USERS.value, reason="own_account")
    return found


def _view(row: Account, *, has_key: bool) -> AccountView:
    return AccountView(
        id=row.id,
        login=row.login,
        name=row.name,
        role=row.role,
        area_code=row.area_code,
        has_factor=has_key or row.totp_seed is not None,
        must_change=row.must_change,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
