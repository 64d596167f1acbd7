"""Files of a case: added by a clerk, opened by who may see the case, taken away again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reception.domain.access import Action, Actor
from reception.domain.attachments import (
    MOST_BYTES,
    MOST_IN_CASE,
    AttachmentsFull,
    AttachmentTooLarge,
    CaseHeld,
    Kind,
    kind_of,
    shown_name,
)
from reception.domain.audit import AuditAction
from reception.domain.errors import NotFound
from reception.services import audit
from reception.services.case_access import require_case
from reception.services.file_cleaning import cleaned, scan
from reception.services.timeline import note
from reception.storage import attachments as rows
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.retention import is_held
from reception.storage.tables import Attachment, PetitionCase


@dataclass(frozen=True)
class Opened:
    """What a file holds, and what it is called."""

    name: str
    kind: Kind
    content: bytes


async def require_room(db: Database, *, case_id: str, actor: Actor) -> None:
    """Go on only where one more file may be added; to be asked before the file is read.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.
        AttachmentsFull: it has 20.

    """
    async with db.reading(actor) as tx:
        await _require_room(tx, case_id, actor)


async def add(
    db: Database,
    *,
    case_id: str,
    name: str,
    declared: str,
    content: bytes,
    actor: Actor,
    now: datetime,
    scanner: Path | None = None,
) -> str:
    """Keep a file that was made harmless, sealed under the case's key; returns its id.

    Args:
        name: as the file is called where it comes from.
        declared: its media type, as whoever sends it says.
        scanner: the socket of a virus scanner that looks at it first.

    Raises:
        NotFound, NotAllowed, AttachmentsFull: as `require_room`.
        AttachmentTooLarge, AttachmentKindRefused: by its size, name, type and first bytes.
        AttachmentDamaged, AttachmentUnsafe, ScannerAway: as `file_cleaning` says.

    """
    if len(content) > MOST_BYTES:
        raise AttachmentTooLarge(most=MOST_BYTES)
    await require_room(db, case_id=case_id, actor=actor)
    kept_name = shown_name(name)
    kind = kind_of(kept_name, declared, content)
    if scanner is not None:
        await scan(scanner, content)
    harmless = await cleaned(kind, content)
    if len(harmless) > MOST_BYTES:
        raise AttachmentTooLarge(most=MOST_BYTES)
    async with db.transaction(actor) as tx:
        case = await _require_room(tx, case_id, actor)
        contents = Contents(tx.vault, case)
        row = Attachment(
            id=new_id(),
            case_id=case_id,
            kind=kind,
            bytes=len(harmless),
            sha256=hashlib.sha256(harmless).hexdigest(),
            added_at=now,
            added_by=actor.name,
            removed_at=None,
        )
        contents.put(row, name=kept_name)
        row.content = contents.seal_bytes(row, "content", harmless)
        await tx.put(row)
        audit.record(
            tx,
            AuditAction.ATTACHMENT_ADDED,
            actor,
            "case",
            case_id,
            now,
            attachment=row.id,
            kind=kind.value,
            bytes=row.bytes,
            sha256=row.sha256,
        )
        await note(
            tx,
            case_id,
            "attachment_added",
            zh="添加了一份附件。",
            en="A file was added.",
            actor=actor,
            now=now,
        )
    return row.id


async def open_one(
    db: Database, *, case_id: str, attachment_id: str, actor: Actor, now: datetime
) -> Opened:
    """Return a file; that it was opened is in the audit log before it is returned.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's; or the file is
            not its, was removed, or destroyed with the case.

    """
    async with db.transaction(actor) as tx:
        case, _, _, _ = await require_case(tx, case_id, actor, Action.SEE_CASE)
        row = await rows.attachment(tx, case_id, attachment_id)
        contents = Contents(tx.vault, case)
        content = None if row is None else contents.open_bytes(row, "content")
        if row is None or content is None:
            raise NotFound(thing="attachment")
        audit.record(
            tx,
            AuditAction.ATTACHMENT_OPENED,
            actor,
            "case",
            case_id,
            now,
            attachment=attachment_id,
        )
        return Opened(contents.open(row, "name"), row.kind, content)


async def remove(
    db: Database, *, case_id: str, attachment_id: str, actor: Actor, now: datetime
) -> None:
    """Take a file away: what it held and its name are gone, that it was there stays.

    Raises:
        NotFound, NotAllowed: as `open_one`, for who may add.
        CaseHeld: a legal hold stands on the case.

    """
    async with db.transaction(actor) as tx:
        await require_case(tx, case_id, actor, Action.ADD_ATTACHMENT)
        row = await rows.attachment(tx, case_id, attachment_id)
        if row is None or row.removed_at is not None:
            raise NotFound(thing="attachment")
        if await is_held(tx, case_id):
            raise CaseHeld
        row.content, row.name, row.removed_at = None, None, now
        audit.record(
            tx,
            AuditAction.ATTACHMENT_REMOVED,
            actor,
            "case",
            case_id,
            now,
            attachment=attachment_id,
            sha256=row.sha256,
        )
        await note(
            tx,
            case_id,
            "attachment_removed",
            zh="移除了一份附件。",
            en="A file was taken away.",
            actor=actor,
            now=now,
        )


async def _require_room(tx: Transaction, case_id: str, actor: Actor) -> PetitionCase:
    case, _, _, _ = await require_case(tx, case_id, actor, Action.ADD_ATTACHMENT)
    if Contents(tx.vault, case).destroyed:
        raise NotFound(thing="case")
    if await rows.count(tx, case_id) >= MOST_IN_CASE:
        raise AttachmentsFull(most=MOST_IN_CASE)
    return case
