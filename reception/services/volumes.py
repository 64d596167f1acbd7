"""How much one person may look at in a while; the audit log is the meter."""

from datetime import datetime, timedelta

from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.services.errors import VolumeExceeded
from reception.storage import audit as rows
from reception.storage.database import Transaction


async def require_volume(
    tx: Transaction,
    actor: Actor,
    action: AuditAction,
    *,
    most: int,
    within: timedelta,
    now: datetime,
) -> None:
    """Go on only while the actor did this fewer than `most` times in the time before now.

    Raises:
        VolumeExceeded: `hours` says in how much time, `most` how often.

    """
    done = await rows.count_of(tx, actor.kind, actor.id, action, since=now - within, most=most)
    if done >= most:
        raise VolumeExceeded(most=most, hours=round(within.total_seconds() / 3600))
