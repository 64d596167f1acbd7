"""Kiosks and their keys: which machine is asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reception.domain.access import SYSTEM, Actor
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import NotFound, NotLoggedIn
from reception.services import audit
from reception.storage import kiosks as rows
from reception.storage import places
from reception.storage.database import Database, Transaction
from reception.storage.ids import hash_of, new_id, new_secret
from reception.storage.tables import Kiosk

SEEN_EVERY = timedelta(minutes=1)
"""How often a use is written down: often enough to see who is up, seldom enough for the disk."""


@dataclass(frozen=True)
class KioskKey:
    """A new kiosk; `key` is shown once and cannot be read again."""

    kiosk_id: str
    key: str


async def create_kiosk(
    db: Database, *, site_id: str, name: str, by: Actor = SYSTEM, now: datetime
) -> KioskKey:
    """Enrol a kiosk at a site; its key is shown once, only the hash is kept.

    Raises:
        NotFound: there is no such site.

    """
    async with db.transaction(by) as tx:
        if await places.site(tx, site_id) is None:
            raise NotFound(thing="site")
        return add_kiosk(tx, site_id=site_id, name=name, by=by, now=now)


def add_kiosk(
    tx: Transaction,
    *,
    site_id: str,
    name: str,
    rehearsal: bool = False,
    by: Actor = SYSTEM,
    now: datetime,
) -> KioskKey:
    """Enrol a kiosk inside the caller's transaction."""
    made = KioskKey(kiosk_id=new_id(), key=new_secret())
    audit.record(tx, AuditAction.KIOSK_CREATED, by, "kiosk", made.kiosk_id, now, site_id=site_id)
    tx.add(
        Kiosk(
            id=made.kiosk_id,
            site_id=site_id,
            name=name,
            key_hash=hash_of(made.key),
            created_at=now,
            last_seen_at=None,
            rehearsal=rehearsal,
        )
    )
    return made


async def actor_of_kiosk(db: Database, *, key: str, now: datetime) -> Actor:
    """Return the kiosk with this key, and note that it was heard of (once a minute at most).

    Raises:
        NotLoggedIn: no kiosk has this key.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.kiosk_by_hash(tx, hash_of(key))
    if found is None:
        raise NotLoggedIn
    kiosk, site = found
    if kiosk.last_seen_at is None or now - kiosk.last_seen_at >= SEEN_EVERY:
        async with db.transaction(SYSTEM) as tx:
            await rows.see_kiosk(tx, kiosk.id, now)
    return Actor(
        kind="kiosk",
        id=kiosk.id,
        role=Role.KIOSK,
        area_code=site.area_code,
        name=f"{site.name} {kiosk.name}",
    )
