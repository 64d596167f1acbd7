"""The audit log as people read it: the auditor's list, and the petitioner's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reception.domain.access import PUBLIC, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.case_files import FilePurpose
from reception.domain.codes import Role
from reception.domain.people import read_query_code
from reception.services import audit
from reception.services.case_access import case_of_code, require_case
from reception.services.permission import require
from reception.services.petitioners import Purpose
from reception.storage import accounts, places
from reception.storage import audit as rows
from reception.storage.database import Database, Transaction
from reception.storage.tables import AuditEvent

MOST_LISTED: Final = 100
MOST_OF_CASE: Final = 500

_LOOKS: Final[Mapping[str, tuple[str, str]]] = {
    AuditAction.CASE_OPENED.value: ("打开了信访件", "opened the case"),
    AuditAction.REVEALED.value: ("查看了完整的号码", "saw a number in full"),
    AuditAction.RECORDING_VIEWED.value: ("观看了录音录像", "watched the recording"),
    AuditAction.ATTACHMENT_OPENED.value: ("打开了附件", "opened an attachment"),
    AuditAction.CORRECTED.value: ("更正了登记信息", "put registered data right"),
    AuditAction.CASE_EXPORTED.value: ("打印或导出了信访件", "printed or exported the case"),
}
"""What somebody did with a petitioner's data, in words for the petitioner."""


@dataclass(frozen=True)
class EventLine:
    """One event: who (kind, role and, of an account, the name), what, to what, when."""

    seq: int
    at: datetime
    actor_kind: str
    actor_role: str
    actor_name: str
    action: str
    object_kind: str
    object_id: str
    decision: str
    purpose: str


@dataclass(frozen=True)
class Look:
    """Somebody looked at a petitioner's data: in which role, of which organ, what for."""

    at: datetime
    role_zh: str
    role_en: str
    organ: str
    what_zh: str
    what_en: str
    purpose_zh: str
    purpose_en: str


async def events(
    db: Database,
    *,
    actor: Actor,
    now: datetime,
    action: str = "",
    actor_id: str = "",
    object_id: str = "",
    before: int | None = None,
) -> tuple[EventLine, ...]:
    """Return the newest events, 100 at a time; that they were read is an event itself.

    Args:
        before: only events with a smaller number, for the next page.

    Raises:
        NotAllowed: only an auditor reads the whole log.

    """
    require(actor, Action.SEE_AUDIT_LOG, Target(area_code=actor.area_code))
    async with db.transaction(actor) as tx:
        found = await rows.newest(
            tx,
            action=action,
            actor_id=actor_id,
            object_id=object_id,
            before=before,
            limit=MOST_LISTED,
        )
        audit.record(tx, AuditAction.AUDIT_READ, actor, "audit", "log", now)
        return tuple([await _line(tx, event) for event in found])


async def of_case(db: Database, *, case_id: str, actor: Actor) -> tuple[EventLine, ...]:
    """Return what was done with one case, newest first.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        await require_case(tx, case_id, actor, Action.SEE_AUDIT)
        found = await rows.of_objects(tx, await _things_of(tx, case_id), limit=MOST_OF_CASE)
        return tuple([await _line(tx, event) for event in found])


async def looks(db: Database, *, query_code: str) -> tuple[Look, ...]:
    """Return who looked at a case, newest first, for whoever holds its query code.

    Nobody is named: role, organ, time and purpose tell enough to ask on.

    Raises:
        CodeUnknown: not a query code, or no case has it.

    """
    code = read_query_code(query_code)
    async with db.reading(PUBLIC) as tx:
        row = await case_of_code(tx, code)
        return await looks_at(tx, row[0].id)


async def looks_at(tx: Transaction, case_id: str) -> tuple[Look, ...]:
    """Return who looked at a case, newest first."""
    things = await _things_of(tx, case_id)
    found = await rows.of_objects(tx, things, actions=tuple(_LOOKS), limit=MOST_OF_CASE)
    return tuple([await _look(tx, event) for event in found])


async def _things_of(tx: Transaction, case_id: str) -> tuple[str, ...]:
    return (case_id, *await rows.things_of_case(tx, case_id))


async def _look(tx: Transaction, event: AuditEvent) -> Look:
    role = next(role for role in Role if role.value == event.actor_role)
    organ = ""
    if event.actor_kind == "account":
        account = await accounts.account(tx, event.actor_id)
        if account is not None and account.organ_id is not None:
            row = await places.organ(tx, account.organ_id)
            organ = "" if row is None else row.name
    purpose = next((one for one in (*Purpose, *FilePurpose) if one.value == event.purpose), None)
    zh, en = _LOOKS[event.action]
    return Look(
        at=event.at,
        role_zh=role.zh,
        role_en=role.en,
        organ=organ,
        what_zh=zh,
        what_en=en,
        purpose_zh="" if purpose is None else purpose.zh,
        purpose_en="" if purpose is None else purpose.en,
    )


async def _line(tx: Transaction, event: AuditEvent) -> EventLine:
    account = None
    if event.actor_kind == "account":
        account = await accounts.account(tx, event.actor_id)
    return EventLine(
        seq=event.seq,
        at=event.at,
        actor_kind=event.actor_kind,
        actor_role=event.actor_role,
        actor_name="" if account is None else account.name,
        action=event.action,
        object_kind=event.object_kind,
        object_id=event.object_id,
        decision=event.decision,
        purpose=event.purpose,
    )
