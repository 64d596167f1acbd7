"""Receptions that were not arranged, objections to that, and what a supervisor decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reception.domain.access import PUBLIC, SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.bookings import DeclineReason
from reception.domain.declines import ObjectionState, check_reason
from reception.domain.errors import (
    BadInput,
    MovedMeanwhile,
    MoveRefused,
    NotFound,
    SlotNotBookable,
)
from reception.domain.people import read_query_code
from reception.domain.reception_days import BOOKABLE_STATES
from reception.domain.slots import is_claimable
from reception.services import audit
from reception.services.booking import refuse_accused
from reception.services.case_access import case_of_code, require_case
from reception.services.permission import require
from reception.services.timeline import note
from reception.services.wording import instant_en, instant_zh
from reception.storage import calendar
from reception.storage import declines as rows
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Decline, ReceptionDay, Slot
from scheduler.calendar import local_day

LONGEST_WORDS: Final = 1000


@dataclass(frozen=True)
class DeclineView:
    """A refusal: the slot that was asked for, what is offered instead, and the objection.

    To whoever has the query code the clerk is not named.
    """

    id: str
    case_id: str
    case_no: str
    reason: DeclineReason
    starts_at: datetime
    leader: str
    alternative_id: str
    alternative_day_id: str
    alternative_starts_at: datetime
    alternative_leader: str
    declined_at: datetime
    declined_by: str
    objection: ObjectionState
    objected_at: datetime | None
    words: str
    decision: str


async def decline(
    db: Database,
    *,
    case_id: str,
    slot_id: str,
    alternative_id: str,
    reason: DeclineReason,
    actor: Actor,
    now: datetime,
) -> DeclineView:
    """Not arrange a slot for a case, for a reason that is true of it; another slot is offered.

    Raises:
        BadInput: the reason is not true of the case, or the same slot is offered.
        SlotNotBookable: what is offered instead is not free.
        LeaderConcerned: the case accuses the leader who is offered.
        NotFound, NotAllowed: no such case or slot, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        row = await require_case(tx, case_id, actor, Action.DECLINE)
        case = row[0]
        wanted, _ = await _slot(tx, slot_id)
        instead, its_day = await _slot(tx, alternative_id)
        if wanted.id == instead.id:
            raise BadInput(field="alternative", reason="same_slot")
        _require_free(instead, its_day, now)
        await refuse_accused(tx, case.id, instead)
        check_reason(
            reason,
            case_state=case.state,
            registered_on=local_day(case.registered_at),
            today=local_day(now),
            other_leader=instead.leader_id != wanted.leader_id,
        )
        made = Decline(
            id=new_id(),
            case_id=case.id,
            slot_id=wanted.id,
            alternative_id=instead.id,
            reason=reason,
            declined_at=now,
            declined_by=actor.name,
            objection=ObjectionState.NONE,
            objected_at=None,
            words=None,
            decided_at=None,
            decision=None,
        )
        await tx.put(made)
        audit.record(
            tx,
            AuditAction.RECEPTION_DECLINED,
            actor,
            "case",
            case.id,
            now,
            purpose=reason.value,
            slot_id=wanted.id,
        )
        at, then = wanted.starts_at, instead.starts_at
        await note(
            tx,
            case.id,
            "declined",
            zh=f"{instant_zh(at)}的接访不予安排：{reason.zh}。另有{instant_zh(then)}可约；"
            "不同意可以提出异议，由督查人员决定。",
            en=f"{instant_en(at)} was not arranged: {reason.en}. {instant_en(then)} is offered"
            " instead. You may object; a supervisor decides.",
            actor=actor,
            now=now,
        )
        return await _view(tx, made.id)


async def object_to(
    db: Database, *, decline_id: str, words: str, actor: Actor, now: datetime
) -> DeclineView:
    """Take down at the counter that the petitioner objects; no reason has to be given.

    Raises:
        MoveRefused: an objection was made already.
        NotFound, NotAllowed: no such refusal, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        found = await _require(tx, decline_id, actor, Action.DECLINE)
        return await _object(tx, found, words, actor, now)


async def object_by_code(
    db: Database, *, query_code: str, decline_id: str, words: str, now: datetime
) -> None:
    """Object by the query code, which only the petitioner has.

    Raises:
        CodeUnknown: not a query code, or no case has it.
        NotFound: the case has no such refusal.
        MoveRefused: an objection was made already.

    """
    code = read_query_code(query_code)
    async with db.transaction(SYSTEM) as tx:
        row = await case_of_code(tx, code)
        found = await rows.decline(tx, decline_id)
        if found is None or found[1].id != row[0].id:
            raise NotFound(thing="decline")
        await _object(tx, found, words, PUBLIC, now)


async def objections(db: Database, *, actor: Actor) -> tuple[DeclineView, ...]:
    """Return the objections of the actor's area that wait for a decision, oldest first."""
    require(actor, Action.DECIDE_OBJECTION, Target(area_code=actor.area_code))
    async with db.reading(actor) as tx:
        return tuple(_view_of(tx, row) for row in await rows.objected(tx, actor.area_code))


async def decide(
    db: Database, *, decline_id: str, upheld: bool, words: str, actor: Actor, now: datetime
) -> DeclineView:
    """Decide an objection, with a reason that the petitioner reads.

    Raises:
        BadInput: no reason was given.
        MoveRefused: it is decided, or nobody objected.
        MovedMeanwhile: somebody decided it just now.
        NotFound, NotAllowed: no such refusal, or it is none of the actor's.

    """
    if not 0 < len(words.strip()) <= LONGEST_WORDS:
        raise BadInput(field="decision", reason="length", least=1, most=LONGEST_WORDS)
    async with db.transaction(actor) as tx:
        found = await _require(tx, decline_id, actor, Action.DECIDE_OBJECTION)
        row, case = found[0], found[1]
        then = ObjectionState.UPHELD if upheld else ObjectionState.REJECTED
        if row.objection is not ObjectionState.MADE:
            raise MoveRefused(state=row.objection.value, move=then.value)
        contents = Contents(tx.vault, case)
        if not await rows.move(
            tx,
            row.id,
            row.objection,
            then,
            decided_at=now,
            decision=contents.seal(row, "decision", words.strip()),
        ):
            raise MovedMeanwhile(thing="decline")
        audit.record(
            tx, AuditAction.OBJECTION_DECIDED, actor, "case", case.id, now, purpose=then.value
        )
        await note(
            tx,
            case.id,
            "objection_decided",
            zh="对不予安排接访的异议成立，接访单位应当安排。"
            if upheld
            else "对不予安排接访的异议，督查人员决定维持。",
            en="The objection was upheld: a reception has to be arranged."
            if upheld
            else "The objection was rejected by the supervisor.",
            actor=actor,
            now=now,
            remark=contents.seal_remark(words.strip()),
        )
        return await _view(tx, row.id)


async def of_case(tx: Transaction, case_id: str, *, named: bool = True) -> tuple[DeclineView, ...]:
    """Return what was not arranged for a case, oldest first."""
    found = [_view_of(tx, row, named=named) for row in await rows.of_case(tx, case_id)]
    return tuple(found)


async def _object(
    tx: Transaction, found: rows.DeclineRow, words: str, actor: Actor, now: datetime
) -> DeclineView:
    row, case = found[0], found[1]
    if row.objection is not ObjectionState.NONE:
        raise MoveRefused(state=row.objection.value, move=ObjectionState.MADE.value)
    told = Contents(tx.vault, case).seal(row, "words", words.strip()[:LONGEST_WORDS])
    if not await rows.move(
        tx, row.id, row.objection, ObjectionState.MADE, objected_at=now, words=told
    ):
        raise MovedMeanwhile(thing="decline")
    audit.record(tx, AuditAction.OBJECTION_MADE, actor, "case", case.id, now)
    await note(
        tx,
        case.id,
        "objection_made",
        zh="信访人对不予安排接访提出异议，等督查人员决定。",
        en="The petitioner objected; a supervisor decides.",
        actor=actor,
        now=now,
    )
    return await _view(tx, row.id)


async def _slot(tx: Transaction, slot_id: str) -> tuple[Slot, ReceptionDay]:
    found = await calendar.slot(tx, slot_id)
    if found is None:
        raise NotFound(thing="slot")
    return found[0], found[1]


def _require_free(slot: Slot, day: ReceptionDay, now: datetime) -> None:
    if day.state not in BOOKABLE_STATES or slot.ends_at <= now:
        raise SlotNotBookable(reason="over")
    if not is_claimable(slot.state, slot.held_until, now):
        raise SlotNotBookable(reason="taken")


async def _require(
    tx: Transaction, decline_id: str, actor: Actor, action: Action
) -> rows.DeclineRow:
    async def decide_case(row: rows.DeclineRow) -> str:
        await require_case(tx, row[1].id, actor, action)
        return row[1].id

    found = await tx.decided(lambda: rows.decline(tx, decline_id), decide_case)
    if found is None:
        raise NotFound(thing="decline")
    return found


async def _view(tx: Transaction, decline_id: str) -> DeclineView:
    row = await rows.decline(tx, decline_id)
    assert row is not None
    return _view_of(tx, row)


def _view_of(tx: Transaction, row: rows.DeclineRow, *, named: bool = True) -> DeclineView:
    made, case, slot, leader, instead, instead_leader = row
    contents = Contents(tx.vault, case)
    return DeclineView(
        id=made.id,
        case_id=case.id,
        case_no=case.case_no,
        reason=made.reason,
        starts_at=slot.starts_at,
        leader=f"{leader.name} {leader.title}",
        alternative_id=instead.id,
        alternative_day_id=instead.day_id,
        alternative_starts_at=instead.starts_at,
        alternative_leader=f"{instead_leader.name} {instead_leader.title}",
        declined_at=made.declined_at,
        declined_by=made.declined_by if named else "",
        objection=made.objection,
        objected_at=made.objected_at,
        words=contents.open(made, "words"),
        decision=contents.open(made, "decision"),
    )
