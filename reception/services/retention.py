"""Retention: periods, legal holds, and destruction in two steps with a certificate.

A destruction is announced first, on the case's timeline, and done `GRACE` later by the program,
never by a person. A legal hold stops it; the database refuses it too. What was destroyed stays
known by its certificate: the row of the destruction and the event in the audit log.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from reception.domain.access import SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.cases import FINAL_STATES
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound
from reception.domain.retention import (
    GRACE,
    Cause,
    HoldReason,
    Kept,
    Period,
    check_days,
    expires_at,
    in_force,
)
from reception.services import audit
from reception.services.case_access import require_case
from reception.services.permission import require
from reception.services.session_access import require_for_session
from reception.services.timeline import note
from reception.storage import places
from reception.storage import recordings as recording_rows
from reception.storage import retention as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Destruction, LegalHold, PetitionCase, RetentionPeriod
from scheduler.calendar import local_day

LONGEST_BASIS: Final = 200
BATCH: Final = 100

Eraser = Callable[[Transaction, str], Awaitable[None]]
"""Makes one thing unreadable for ever, keys first; doing it twice is as good as once."""


@dataclass(frozen=True)
class PeriodView:
    """A period that was set, on which legal `basis`; the newest of an area counts."""

    kept: Kept
    area_code: str
    days: int
    basis: str
    set_at: datetime


@dataclass(frozen=True)
class HoldView:
    """A legal hold; `lift_asked` when one person wants it lifted and a second has not agreed."""

    id: str
    reason: HoldReason
    placed_at: datetime
    lift_asked: bool
    lifted_at: datetime | None


@dataclass(frozen=True)
class DestructionView:
    """A destruction, announced or (with `done_at`) done; `held` while a legal hold stops it."""

    kept: Kept
    object_id: str
    case_id: str
    case_no: str
    cause: Cause
    announced_at: datetime
    due_at: datetime
    done_at: datetime | None
    held: bool


@dataclass(frozen=True)
class Keeping:
    """What stops the destruction of a case, and what of it is or will be destroyed."""

    holds: tuple[HoldView, ...]
    destructions: tuple[DestructionView, ...]


async def set_period(
    db: Database, *, kept: Kept, area_code: str, days: int, basis: str, actor: Actor, now: datetime
) -> None:
    """Set how many days something is kept after its case ended, in an area and all below it.

    Args:
        basis: the rule the period follows, for whoever asks why.

    Raises:
        BadInput: too few or too many days, no basis, or an unknown area.
        NotAllowed: the actor does not set periods there.

    """
    check_days(days)
    words = basis.strip()
    if not words or len(words) > LONGEST_BASIS:
        raise BadInput(field="basis", reason="length", least=1, most=LONGEST_BASIS)
    require(actor, Action.SET_PERIOD, Target(area_code=area_code))
    async with db.transaction(actor) as tx:
        if await places.area(tx, area_code) is None:
            raise BadInput(field="area_code", reason="unknown")
        await tx.put(
            RetentionPeriod(
                id=new_id(),
                kept=kept,
                area_code=area_code,
                days=days,
                basis=words,
                set_at=now,
                set_by=actor.id,
            )
        )
        audit.record(
            tx,
            AuditAction.PERIOD_SET,
            actor,
            "area",
            area_code,
            now,
            kept=kept.value,
            days=days,
        )


async def periods(db: Database, *, actor: Actor) -> tuple[PeriodView, ...]:
    """Return every period that was ever set, newest first.

    Raises:
        NotAllowed: the role has nothing to do with periods.

    """
    require(actor, Action.SEE_PERIODS, Target(area_code=actor.area_code))
    async with db.reading(actor) as tx:
        return tuple(
            PeriodView(
                kept=row.kept,
                area_code=row.area_code,
                days=row.days,
                basis=row.basis,
                set_at=row.set_at,
            )
            for row in await rows.periods(tx)
        )


async def place_hold(
    db: Database, *, case_id: str, reason: HoldReason, actor: Actor, now: datetime
) -> str:
    """Stop every destruction of a case until two persons lift the hold; return its id.

    Raises:
        NotFound: there is no such case.
        NotAllowed: it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        await _require_case(tx, case_id, actor, Action.HOLD_CASE)
        placed = LegalHold(
            id=new_id(),
            case_id=case_id,
            reason=reason,
            placed_at=now,
            placed_by=actor.id,
            lift_asked_by=None,
            lifted_at=None,
            lifted_by=None,
        )
        await tx.put(placed)
        audit.record(tx, AuditAction.HOLD_PLACED, actor, "case", case_id, now, reason=reason.value)
        await note(
            tx,
            case_id,
            "hold",
            zh=f"本件材料暂停销毁：{reason.zh}。",
            en=f"Nothing of this case is destroyed for now: {reason.en}.",
            actor=actor,
            now=now,
        )
    return placed.id


async def lift_hold(
    db: Database, *, hold_id: str, actor: Actor, now: datetime
) -> Literal["asked", "lifted"]:
    """Ask to lift a hold, or agree to what somebody else asked: it takes two persons.

    Raises:
        NotFound: there is no such hold.
        NotAllowed: the case is none of the actor's.
        MovedMeanwhile: it is lifted already, or the actor was the one who asked.

    """
    async with db.transaction(actor) as tx:
        async with tx.as_program():
            found = await rows.hold(tx, hold_id)
        if found is None:
            raise NotFound(thing="hold")
        await _require_case(tx, found.case_id, actor, Action.HOLD_CASE)
        if await rows.ask_to_lift(tx, hold_id, actor.id):
            audit.record(
                tx, AuditAction.HOLD_LIFT_ASKED, actor, "case", found.case_id, now, hold_id=hold_id
            )
            return "asked"
        if not await rows.lift(tx, hold_id, actor.id, now):
            raise MovedMeanwhile(thing="hold")
        audit.record(
            tx, AuditAction.HOLD_LIFTED, actor, "case", found.case_id, now, hold_id=hold_id
        )
        await note(
            tx,
            found.case_id,
            "hold_lifted",
            zh="本件材料恢复按规定期限保存。",
            en="The usual periods hold again for this case.",
            actor=actor,
            now=now,
        )
    return "lifted"


async def ask_deletion(
    db: Database, *, recording_id: str, actor: Actor, now: datetime
) -> DestructionView:
    """Write down that the petitioner wants a recording deleted; it is, `GRACE` later.

    Consent can be withdrawn at any time (PIPL arts 15 and 47), so nobody has to agree. A legal
    hold stops it until it is lifted, and the petitioner is told so. Asking again changes nothing.

    Raises:
        NotFound: there is no such recording, or it is still being made.
        NotAllowed: the session is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        async with tx.as_program():
            recording = await recording_rows.recording(tx, recording_id)
        if recording is None:
            raise NotFound(thing="recording")
        row = await require_for_session(tx, recording.session_id, actor, Action.ASK_DELETION)
        if recording.state not in ("ready", "failed"):
            raise NotFound(thing="recording")
        case = await tx.get_one(PetitionCase, row[0].case_id)
        known = await rows.destruction(tx, Kept.RECORDING, recording_id)
        if known is None:
            known = await _announce(
                tx, Kept.RECORDING, recording_id, case.id, Cause.ASKED, actor, now
            )
        elif known.done_at is None:
            known.cause = Cause.ASKED
        return _view(known, case.case_no, held=await rows.is_held(tx, case.id))


async def keeping_of(db: Database, *, case_id: str, actor: Actor) -> Keeping:
    """Return what stops and what awaits a case, lifted holds and done destructions too.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        case = await _require_case(tx, case_id, actor, Action.SEE_CASE)
        held = await rows.is_held(tx, case_id)
        return Keeping(
            holds=tuple(_hold_view(row) for row in await rows.holds_of(tx, case_id)),
            destructions=tuple(
                _view(row, case.case_no, held=held and row.done_at is None)
                for row in await rows.destructions_of(tx, case_id)
            ),
        )


async def announced(db: Database, *, actor: Actor) -> tuple[DestructionView, ...]:
    """Return what is to be destroyed in the actor's area, the next first.

    Raises:
        NotAllowed: the role has nothing to do with periods.

    """
    require(actor, Action.SEE_PERIODS, Target(area_code=actor.area_code))
    # Whoever watches over the periods sees no case, but its number here.
    async with db.reading(actor) as tx, tx.as_program():
        return tuple(
            [
                _view(row, case.case_no, held=await rows.is_held(tx, case.id))
                for row, case in await rows.announced(tx, actor.area_code)
            ]
        )


async def announce_expired(db: Database, *, now: datetime) -> int:
    """Announce what the periods say is over, and take back what belongs to a reopened case.

    Returns how many destructions were announced.
    """
    made = 0
    async with db.transaction(SYSTEM) as tx:
        set_ = [
            Period(row.kept, row.area_code, row.days, row.set_at) for row in await rows.periods(tx)
        ]
        ended = {
            case_id: (area, at)
            for area_code in {one.area_code for one in set_}
            for case_id, area, at in await rows.ended_cases(tx, area_code, now)
        }
        await _take_back_reopened(tx, now)
        for case_id, (area, at) in ended.items():
            for kept in Kept:
                period = in_force(set_, kept, area)
                if period is None or now < expires_at(at, period):
                    continue
                ids = [case_id] if kept is Kept.CASE else await rows.recordings_of(tx, case_id)
                for object_id in ids:
                    if await rows.destruction(tx, kept, object_id) is None:
                        await _announce(tx, kept, object_id, case_id, Cause.EXPIRED, SYSTEM, now)
                        made += 1
    return made


async def destroy_due(db: Database, *, erasers: Mapping[Kept, Eraser], now: datetime) -> int:
    """Destroy what is due and not held, each thing in a transaction of its own; return how many.

    Its key goes first, inside the transaction: after a crash the thing is gone or it is done
    again, never half of it.
    """
    async with db.reading(SYSTEM) as tx:
        due = [
            (row.id, row.kept, row.object_id, row.case_id) for row in await rows.due(tx, now, BATCH)
        ]
    done = 0
    for destruction_id, kept, object_id, case_id in due:
        async with db.transaction(SYSTEM) as tx:
            # First, since the trigger refuses it when a hold came meanwhile.
            if await rows.is_held(tx, case_id) or not await rows.finish(tx, destruction_id, now):
                continue
            await erasers[kept](tx, object_id)
            audit.record(
                tx, AuditAction.DESTROYED, SYSTEM, kept.value, object_id, now, case_id=case_id
            )
            await note(
                tx,
                case_id,
                "destroyed",
                zh=f"{kept.zh}已按规定销毁。",
                en=f"Destroyed under the retention rule: {kept.en}.",
                actor=SYSTEM,
                now=now,
            )
            done += 1
    return done


async def _take_back_reopened(tx: Transaction, now: datetime) -> None:
    for row, case in await rows.announced(tx, None):
        if row.cause is Cause.EXPIRED and case.state not in FINAL_STATES:
            await rows.take_back(tx, row.id)
            audit.record(
                tx,
                AuditAction.DESTRUCTION_TAKEN_BACK,
                SYSTEM,
                "case",
                case.id,
                now,
                thing_id=row.object_id,
            )


async def _announce(
    tx: Transaction,
    kept: Kept,
    object_id: str,
    case_id: str,
    cause: Cause,
    actor: Actor,
    now: datetime,
) -> Destruction:
    row = Destruction(
        id=new_id(),
        kept=kept,
        object_id=object_id,
        case_id=case_id,
        cause=cause,
        announced_at=now,
        due_at=now + GRACE,
        done_at=None,
    )
    await tx.put(row)
    audit.record(
        tx,
        AuditAction.DESTRUCTION_ANNOUNCED,
        actor,
        "case",
        case_id,
        now,
        kept=kept.value,
        thing_id=object_id,
        cause=cause.value,
    )
    day = local_day(row.due_at)
    await note(
        tx,
        case_id,
        "destruction",
        zh=f"{cause.zh}：{kept.zh}将于{day.year}年{day.month}月{day.day}日销毁。"
        "需要保留的，请在此之前告诉信访部门。",
        en=f"The {kept.en} will be destroyed on {day.isoformat()} ({cause.en})."
        " Tell the petition office before then if they should be kept.",
        actor=actor,
        now=now,
    )
    return row


async def _require_case(
    tx: Transaction, case_id: str, actor: Actor, action: Action
) -> PetitionCase:
    return (await require_case(tx, case_id, actor, action))[0]


def _hold_view(row: LegalHold) -> HoldView:
    return HoldView(
        id=row.id,
        reason=row.reason,
        placed_at=row.placed_at,
        lift_asked=row.lift_asked_by is not None and row.lifted_at is None,
        lifted_at=row.lifted_at,
    )


def _view(row: Destruction, case_no: str, *, held: bool) -> DestructionView:
    return DestructionView(
        kept=row.kept,
        object_id=row.object_id,
        case_id=row.case_id,
        case_no=case_no,
        cause=row.cause,
        announced_at=row.announced_at,
        due_at=row.due_at,
        done_at=row.done_at,
        held=held,
    )
