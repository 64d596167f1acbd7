"""Whom a case accuses or who is recused from it, and that they learn nothing of it.

A clerk names them. From then on they and whoever works under them get the answers for a case that
is not there: pages, lists, searches, sessions, recordings. Removing one takes two persons.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from reception.domain.access import (
    Action,
    Actor,
    subject_of_account,
    subject_of_leader,
    subject_of_organ,
)
from reception.domain.audit import AuditAction
from reception.domain.codes import Code
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound
from reception.services import audit
from reception.services.case_access import require_case
from reception.services.timeline import note
from reception.storage import accounts, places
from reception.storage import subjects as rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import new_id
from reception.storage.tables import CaseSubject

SubjectKind = Literal["account", "leader", "organ"]


class SubjectReason(Code):
    """Why somebody is kept away from a case."""

    ACCUSED = "accused", "被反映", "accused"
    RECUSED = "recused", "回避", "recused"


@dataclass(frozen=True)
class Subject:
    """A person or organ to be kept away."""

    kind: SubjectKind
    id: str

    @property
    def name(self) -> str:
        """The name it is a subject under."""
        return _NAMES[self.kind](self.id)


_NAMES: Final = {
    "account": subject_of_account,
    "leader": subject_of_leader,
    "organ": subject_of_organ,
}


@dataclass(frozen=True)
class SubjectView:
    """A subject of a case; `removal_asked` when one person wants it removed."""

    id: str
    kind: SubjectKind
    title: str
    reason: SubjectReason
    added_at: datetime
    removal_asked: bool
    removed_at: datetime | None


async def add(
    db: Database,
    *,
    case_id: str,
    subject: Subject,
    reason: SubjectReason,
    actor: Actor,
    now: datetime,
) -> str:
    """Keep a person or organ away from a case from now on; return the id of the entry.

    Naming the same one again changes nothing.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.
        BadInput: there is no such person or organ.

    """
    try:
        async with db.transaction(actor) as tx:
            await require_case(tx, case_id, actor, Action.NAME_SUBJECT)
            return await put(tx, case_id, subject, reason, actor, now)
    except NotUnique:
        async with db.reading(actor) as tx:
            known = await rows.of_case(tx, case_id)
        return next(
            one.id for one in known if one.subject == subject.name and one.removed_at is None
        )


async def put(
    tx: Transaction,
    case_id: str,
    subject: Subject,
    reason: SubjectReason,
    actor: Actor,
    now: datetime,
) -> str:
    """Keep somebody away inside the caller's transaction; return the id of the entry.

    Raises:
        BadInput: there is no such person or organ.

    """
    await _title(tx, subject.kind, subject.id)
    # Who names themselves is kept away with this very row, and still writes the line below.
    await tx.admit(case_id)
    entry = CaseSubject(
        id=new_id(),
        case_id=case_id,
        subject=subject.name,
        reason=reason.value,
        added_at=now,
        added_by=actor.id,
        removal_asked_by=None,
        removed_at=None,
        removed_by=None,
    )
    await tx.put(entry)
    audit.record(
        tx,
        AuditAction.SUBJECT_NAMED,
        actor,
        "case",
        case_id,
        now,
        subject=subject.name,
        reason=reason.value,
    )
    await note(
        tx,
        case_id,
        "subject",
        zh="已设定回避，有关人员和单位不能查看本件。",
        en="Those concerned were named; they can no longer see this case.",
        actor=actor,
        now=now,
        public=False,
    )
    return entry.id


async def remove(
    db: Database, *, case_id: str, entry_id: str, actor: Actor, now: datetime
) -> Literal["asked", "removed"]:
    """Ask to let somebody back, or agree to what somebody else asked: it takes two persons.

    Raises:
        NotFound, NotAllowed: there is no such entry, or the case is none of the actor's.
        MovedMeanwhile: it is removed already, or the actor was the one who asked.

    """
    async with db.transaction(actor) as tx:
        await require_case(tx, case_id, actor, Action.NAME_SUBJECT)
        entry = await tx.get(CaseSubject, entry_id)
        if entry is None or entry.case_id != case_id:
            raise NotFound(thing="subject")
        subject = entry.subject
        if await rows.ask_to_remove(tx, entry_id, actor.id):
            audit.record(
                tx, AuditAction.SUBJECT_REMOVAL_ASKED, actor, "case", case_id, now, subject=subject
            )
            return "asked"
        if not await rows.remove(tx, entry_id, actor.id, now):
            raise MovedMeanwhile(thing="subject")
        audit.record(tx, AuditAction.SUBJECT_REMOVED, actor, "case", case_id, now, subject=subject)
    return "removed"


async def of_case(db: Database, *, case_id: str, actor: Actor) -> tuple[SubjectView, ...]:
    """Return who is or was kept away from a case.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        await require_case(tx, case_id, actor, Action.NAME_SUBJECT)
        return tuple([await _view(tx, row) for row in await rows.of_case(tx, case_id)])


async def _view(tx: Transaction, row: CaseSubject) -> SubjectView:
    kind, _, thing_id = row.subject.partition(":")
    known: SubjectKind = "account" if kind == "account" else _place_kind(kind)
    return SubjectView(
        id=row.id,
        kind=known,
        title=await _title(tx, known, thing_id),
        reason=SubjectReason(row.reason),
        added_at=row.added_at,
        removal_asked=row.removal_asked_by is not None and row.removed_at is None,
        removed_at=row.removed_at,
    )


def _place_kind(kind: str) -> SubjectKind:
    return "leader" if kind == "leader" else "organ"


async def _title(tx: Transaction, kind: SubjectKind, thing_id: str) -> str:
    """Return how a person or organ is called. Raises `BadInput` when there is none."""
    match kind:
        case "account":
            account = await accounts.account(tx, thing_id)
            title = None if account is None else account.name
        case "leader":
            leader = await places.leader(tx, thing_id)
            title = None if leader is None else f"{leader[0].name} {leader[0].title}"
        case "organ":
            organ = await places.organ(tx, thing_id)
            title = None if organ is None else organ.name
    if title is None:
        raise BadInput(field="subject", reason="unknown")
    return title
