"""The audit log: what is written into it, and the checkpoints that pin it down."""

from datetime import datetime, timedelta
from typing import Final

from reception.domain.access import SYSTEM, Actor
from reception.domain.audit import AuditAction, AuditFact, Checkpoint, Decision, Tree, leaf_hash
from reception.domain.codes import Role
from reception.storage import audit as rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.signing import Signer
from reception.storage.tables import AuditCheckpoint

CHECKPOINT_AFTER: Final = timedelta(minutes=10)
CHECKPOINT_AFTER_EVENTS: Final = 1000

HASH_BYTES: Final = 32
BATCH: Final = 1000


def record(
    tx: Transaction,
    action: AuditAction,
    actor: Actor,
    object_kind: str,
    object_id: str,
    now: datetime,
    *,
    decision: Decision = "allowed",
    purpose: str = "",
    **detail: str | int | bool | None,
) -> None:
    """Let the audit log say that this was done, if the transaction commits.

    Everything given must be an id, a number or a stable word: the log is never cleaned, so no
    name and no text somebody typed may get into it. What a secretary does is said to be done for
    the leader.
    """
    if actor.role is Role.SECRETARY:
        detail["for_leader"] = actor.leader_id
    tx.facts.append(
        AuditFact(
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_role=actor.role.value,
            action=action.value,
            object_kind=object_kind,
            object_id=object_id,
            decision=decision,
            purpose=purpose,
            detail=detail,
        )
    )


async def turned_away(
    db: Database, *, actor: Actor, place: str, code: str, thing: str, now: datetime
) -> None:
    """Write down that somebody known tried what they may not do.

    Args:
        place: the door, by the program's own name for it.
        code: the refusal.
        thing: the id of what was asked for; empty when the door names none.

    """
    async with db.transaction(actor) as tx:
        record(
            tx,
            AuditAction.ACCESS_REFUSED,
            actor,
            "door",
            place,
            now,
            decision="refused",
            refusal=code,
            thing=thing,
        )


async def is_checkpoint_due(db: Database, *, now: datetime) -> bool:
    """Return whether there are 1,000 new events, or any and the last checkpoint is 10 minutes old."""
    async with db.reading(SYSTEM) as tx:
        size, _ = await rows.head(tx)
        last = await rows.last_checkpoint(tx)
    if last is None:
        return size > 0
    is_old = now - last.at >= CHECKPOINT_AFTER
    return size - last.size >= CHECKPOINT_AFTER_EVENTS or (is_old and size > last.size)


async def checkpoint(db: Database, *, signer: Signer, now: datetime) -> str | None:
    """Sign where the log stands; return the signed note, or None when nothing was added since."""
    async with db.reading(SYSTEM) as tx:
        last = await rows.last_checkpoint(tx)
        tree = Tree() if last is None else Tree(last.size, _split(last.peaks))
        before, chain = tree.size, b""
        while events := await rows.events_after(tx, tree.size, BATCH):
            for event in events:
                tree.append(leaf_hash(event.canon))
                chain = event.chain
    if tree.size == before:
        return None
    made = Checkpoint(
        origin=signer.verifier.name, size=tree.size, root=tree.root(), chain=chain, at=now
    )
    note = signer.sign(made.text())
    try:
        async with db.transaction(SYSTEM) as tx:
            newest = await rows.last_checkpoint(tx)
            if newest is not None and newest.size >= made.size:
                return None
            tx.add(AuditCheckpoint(size=made.size, at=now, peaks=b"".join(tree.peaks), note=note))
    except NotUnique:
        return None  # another process signed the same events just now
    return note


async def newest_checkpoint(db: Database) -> str | None:
    """Return the newest signed note; None while there is none."""
    async with db.reading(SYSTEM) as tx:
        last = await rows.last_checkpoint(tx)
    return None if last is None else last.note


def _split(peaks: bytes) -> list[bytes]:
    return [peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)]
