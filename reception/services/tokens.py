"""API tokens: which program is asking."""

from datetime import datetime

from reception.domain.access import SYSTEM, Actor
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import NotLoggedIn
from reception.services import audit
from reception.storage import accounts as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of, new_id, new_secret
from reception.storage.tables import ApiToken


async def create_token(
    db: Database, *, name: str, role: Role, area_code: str, now: datetime
) -> str:
    """Create an API token and return it; it is shown once, only its hash is kept."""
    async with db.transaction(SYSTEM) as tx:
        return add_token(tx, name=name, role=role, area_code=area_code, now=now)


def add_token(
    tx: Transaction,
    *,
    name: str,
    role: Role,
    area_code: str,
    leader_id: str | None = None,
    rehearsal: bool = False,
    by: Actor = SYSTEM,
    now: datetime,
) -> str:
    """Add an API token inside the caller's transaction and return it."""
    token, token_id = new_secret(), new_id()
    audit.record(
        tx,
        AuditAction.TOKEN_CREATED,
        by,
        "token",
        token_id,
        now,
        role=role.value,
        area_code=area_code,
    )
    tx.add(
        ApiToken(
            id=token_id,
            name=name,
            role=role,
            area_code=area_code,
            leader_id=leader_id,
            token_hash=hash_of(token),
            created_at=now,
            revoked_at=None,
            rehearsal=rehearsal,
        )
    )
    return token


async def actor_of_token(db: Database, *, token: str, now: datetime) -> Actor:
    """Return who is behind an API token.

    Raises:
        NotLoggedIn: unknown or revoked.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.token_by_hash(tx, hash_of(token))
    if found is None or found.revoked_at is not None:
        raise NotLoggedIn
    return Actor(
        kind="token",
        id=found.id,
        role=found.role,
        area_code=found.area_code,
        leader_id=found.leader_id,
        name=found.name,
        credential=f"token:{found.id}",
    )
