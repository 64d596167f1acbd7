"""A leader lets a secretary work for them, under the secretary's own name and for a while."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reception.domain.access import Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.delegations import check_last_day
from reception.domain.errors import BadInput, NotFound
from reception.services import audit
from reception.services.permission import require
from reception.storage import delegations as rows
from reception.storage import places
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Delegation
from scheduler.calendar import local, local_day


@dataclass(frozen=True)
class SecretaryView:
    """An account a leader may give work to."""

    id: str
    login: str
    name: str


@dataclass(frozen=True)
class DelegationView:
    """Who works for the leader, until the end of which day."""

    id: str
    secretary: SecretaryView
    last_day: date


@dataclass(frozen=True)
class ServiceView:
    """For whom a secretary works, until the end of which day."""

    leader_name: str
    leader_title: str
    last_day: date


async def of_leader(db: Database, *, actor: Actor, now: datetime) -> tuple[DelegationView, ...]:
    """Return who works for the leader now. Raises `NotAllowed`."""
    leader_id = _leader(actor)
    async with db.reading(actor) as tx:
        return tuple(
            DelegationView(
                id=row.id,
                secretary=SecretaryView(account.id, account.login, account.name),
                last_day=_last_day(row.until),
            )
            for row, account in await rows.of_leader(tx, leader_id, now)
        )


async def secretaries(db: Database, *, actor: Actor) -> tuple[SecretaryView, ...]:
    """Return the accounts the leader may choose among. Raises `NotAllowed`."""
    _leader(actor)
    async with db.reading(actor) as tx:
        return tuple(
            SecretaryView(row.id, row.login, row.name)
            for row in await rows.secretaries(tx, actor.area_code)
        )


async def give(
    db: Database, *, account_id: str, last_day: date, actor: Actor, now: datetime
) -> None:
    """Let a secretary work for the leader until the end of a day, 90 days at most.

    Given again, the new day holds.

    Raises:
        NotAllowed: only a leader gives away the own work.
        BadInput: the day is over or too far, the account is no secretary of the area, or works for
            another leader.

    """
    leader_id = _leader(actor)
    check_last_day(last_day, local_day(now))
    async with db.transaction(actor) as tx:
        known = {row.id for row in await rows.secretaries(tx, actor.area_code)}
        if account_id not in known:
            raise BadInput(field="account_id", reason="unknown")
        await _make_room(tx, account_id, leader_id, now)
        row = Delegation(
            id=new_id(),
            leader_id=leader_id,
            account_id=account_id,
            given_by=actor.id,
            given_at=now,
            until=local(last_day + timedelta(days=1), time.min),
            ended_at=None,
        )
        await tx.put(row)
        audit.record(
            tx,
            AuditAction.DELEGATED,
            actor,
            "account",
            account_id,
            now,
            leader_id=leader_id,
            last_day=last_day.isoformat(),
        )


async def end(db: Database, *, delegation_id: str, actor: Actor, now: datetime) -> None:
    """Take the work back; the secretary's next step is refused.

    Raises:
        NotAllowed: only a leader takes back the own work.
        NotFound: there is no such delegation of the leader's, or it is over.

    """
    leader_id = _leader(actor)
    async with db.transaction(actor) as tx:
        if not await rows.end(tx, delegation_id, leader_id, now):
            raise NotFound(thing="delegation")
        audit.record(tx, AuditAction.DELEGATION_ENDED, actor, "delegation", delegation_id, now)


async def service_of(db: Database, *, actor: Actor, now: datetime) -> ServiceView | None:
    """Return for whom a secretary works now."""
    async with db.reading(actor) as tx:
        row = await rows.live(tx, actor.id, now)
        found = None if row is None else await places.leader(tx, row.leader_id)
    if row is None or found is None:
        return None
    return ServiceView(found[0].name, found[0].title, _last_day(row.until))


async def _make_room(tx: Transaction, account_id: str, leader_id: str, now: datetime) -> None:
    """End what holds the secretary's place: the leader's own earlier word, or one that ran out."""
    current = await rows.open_of(tx, account_id)
    if current is None:
        return
    if current.leader_id != leader_id and current.until > now:
        raise BadInput(field="account_id", reason="serves_another")
    await rows.end(tx, current.id, current.leader_id, min(now, current.until))


def _leader(actor: Actor) -> str:
    require(actor, Action.DELEGATE, Target(leader_id=actor.leader_id))
    assert actor.leader_id is not None
    return actor.leader_id


def _last_day(until: datetime) -> date:
    return local_day(until) - timedelta(days=1)
