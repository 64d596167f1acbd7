"""Sessions: how a reception moves, what is agreed, written, signed and rated.

Tickets and seats are in `admission`, the outcome in `outcomes`; both are part of this door.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from reception.domain.access import SYSTEM, Action, Actor
from reception.domain.audit import AuditAction
from reception.domain.bookings import BookingMove, BookingState
from reception.domain.bookings import after as booking_after
from reception.domain.codes import Role
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.errors import (
    BadInput,
    MovedMeanwhile,
    MoveRefused,
    NotAllowed,
    OutcomeIncomplete,
    SessionOver,
)
from reception.domain.sessions import (
    BREAK_OFF_AFTER,
    FINAL_STATES,
    LIVE_STATES,
    SessionMove,
    SessionState,
    StopReason,
    may,
    may_stop,
)
from reception.domain.slots import SlotMove, SlotState
from reception.domain.slots import after as slot_after
from reception.services import audit
from reception.services.admission import (
    Admission,
    issue_ticket,
    redeem_resume,
    redeem_ticket,
    set_online,
)
from reception.services.errors import RatedAlready
from reception.services.outcomes import OutcomeDraft, save_outcome
from reception.services.session_access import require_for_session, require_session
from reception.services.session_moves import advance
from reception.services.session_views import (
    ConsentView,
    OutcomeView,
    Person,
    RatingTarget,
    RatingView,
    RecordView,
    SessionView,
    Snapshot,
    outcome_view,
    session_view,
    snapshot_of,
)
from reception.services.timeline import note
from reception.storage import bookings as booking_rows
from reception.storage import calendar
from reception.storage import sessions as rows
from reception.storage.contents import Contents, contents_of
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import new_id
from reception.storage.tables import (
    Consent,
    ConsentText,
    PetitionCase,
    Rating,
    RecordVersion,
    Session,
    Signature,
)

__all__ = [
    "Admission",
    "ConsentView",
    "OutcomeDraft",
    "OutcomeView",
    "Person",
    "RatingView",
    "ReceiptView",
    "RecordView",
    "SessionView",
    "Snapshot",
    "consent",
    "issue_ticket",
    "live",
    "move",
    "rate",
    "receipt",
    "redeem_resume",
    "redeem_ticket",
    "save_outcome",
    "save_preparation",
    "save_record",
    "session",
    "set_online",
    "sign",
    "snapshot",
    "sweep",
]

LONGEST_NOTE: Final = 20_000
LONGEST_RECORD: Final = 100_000
LONGEST_SIGNATURE: Final = 64 * 1024

_PATH_DATA: Final = re.compile(
    r"[Mm][MmLlHhVvCcSsQqTtZz0-9 ,.+\-]*[0-9][MmLlHhVvCcSsQqTtZz0-9 ,.+\-]*"
)

_PREPARABLE: Final = frozenset({SessionState.SCHEDULED, SessionState.PREPARED, SessionState.LOBBY})
_RATEABLE: Final = FINAL_STATES | {SessionState.SIGNED, SessionState.SIGN_REFUSED}

_TEXTS: Final = {
    SessionMove.CONFIRM: ("视频接访开始。", "The reception began."),
    SessionMove.LOSE: ("视频连接中断，正在重新连接。", "The line was lost; reconnecting."),
    SessionMove.RESTORE: ("视频连接已恢复。", "The line came back."),
    SessionMove.BREAK_OFF: (
        "视频接访因故障中断，将优先另行安排。",
        "The reception was broken off by a fault; a priority slot is due.",
    ),
    SessionMove.SIGN: ("信访人已在笔录上签字。", "The petitioner signed the record."),
    SessionMove.REFUSE_SIGN: (
        "信访人未在笔录上签字，对事项办理没有影响。",
        "The petitioner did not sign the record, which has no consequence.",
    ),
    SessionMove.CLOSE: ("视频接访结束。", "The reception ended."),
    SessionMove.ADJOURN: ("视频接访择期再谈。", "The reception was adjourned."),
    SessionMove.STOP: (
        "视频接访中止，事项办理不受影响。",
        "The reception was stopped; the case goes on.",
    ),
}
"""Moves that belong on the case's timeline."""


@dataclass(frozen=True)
class ReceiptView:
    """What the petitioner takes home: where to ask, and what was promised."""

    case_no: str
    query_code: str
    outcome: OutcomeView | None
    owner_organ_name: str
    due_on: date | None
    leader_name: str
    site_name: str
    ended_at: datetime | None
    phone: str


async def snapshot(db: Database, *, session_id: str) -> Snapshot:
    """Return the facts of a session for its room.

    Raises:
        NotFound: there is no such session.

    """
    async with db.reading(SYSTEM) as tx:
        return await snapshot_of(tx, await require_session(tx, session_id))


async def session(db: Database, *, session_id: str, actor: Actor) -> SessionView:
    """Return a session with everything that came of it.

    Raises:
        NotFound: there is no such session.
        NotAllowed: it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        action = Action.JOIN_ROOM if actor.role is Role.KIOSK else Action.SEE_CASE
        row = await require_for_session(tx, session_id, actor, action)
        return await session_view(tx, row)


async def live(db: Database) -> tuple[str, ...]:
    """Return the ids of the sessions in which people are together now."""
    async with db.reading(SYSTEM) as tx:
        return tuple(await rows.live_ids(tx))


async def save_preparation(
    db: Database, *, session_id: str, note: str, actor: Actor, now: datetime
) -> None:
    """Save the preparation note for the leader; the first one makes the session prepared.

    Raises:
        BadInput: the note is empty or too long.
        MoveRefused: the session has begun or is over.

    """
    text = _text(note, "note", LONGEST_NOTE)
    async with db.transaction(actor) as tx:
        row = await _allowed(tx, session_id, actor, SessionMove.PREPARE)
        current: Session = row[0]
        contents = await contents_of(tx, current.case_id)
        sealed = contents.seal(current, "preparation", text)
        if current.state not in _PREPARABLE:
            raise MoveRefused(state=current.state.value, move=SessionMove.PREPARE.value)
        if current.state is SessionState.SCHEDULED:
            await advance(tx, current, SessionMove.PREPARE, actor, now, preparation=sealed)
        elif not await rows.change_session(
            tx, session_id, version=current.version, preparation=sealed
        ):
            raise MovedMeanwhile(thing="session")


async def move(
    db: Database,
    *,
    session_id: str,
    move: SessionMove,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Snapshot:
    """Move a session on; booking and slot follow.

    The petitioner stops for any reason, staff only with the reason `danger`. Signing goes
    through `sign`. Closing needs a saved outcome.

    Raises:
        NotAllowed: the role may not make the move, or the session is none of the actor's.
        MoveRefused: the state does not allow it.
        MovedMeanwhile: somebody moved it at the same time.
        OutcomeIncomplete: closing without an outcome.

    """
    if move in {SessionMove.PREPARE, SessionMove.CHECK_IN, SessionMove.SIGN}:
        raise MoveRefused(move=move.value, reason="has_its_own_request")
    async with db.transaction(actor) as tx:
        await _move(tx, session_id, move, actor, now, reason)
        return await snapshot_of(tx, await require_session(tx, session_id))


async def consent(
    db: Database,
    *,
    session_id: str,
    answer: bool,
    text_version: str,
    how: Literal["button", "voice"],
    actor: Actor,
    now: datetime,
) -> Snapshot:
    """Write down the petitioner's answer about recording; a later answer replaces it.

    The words that were answered are kept for as long as the answer.

    Raises:
        BadInput: `text_version` is no text of ours: the page is too old and has to be loaded anew.
        NotAllowed: only the petitioner answers.
        MoveRefused: nobody has asked yet, or the session is over.

    """
    async with db.transaction(actor) as tx:
        row = await require_for_session(tx, session_id, actor, Action.ANSWER_CONSENT)
        current: Session = row[0]
        if current.state not in LIVE_STATES:
            raise MoveRefused(state=current.state.value, move="consent")
        await _keep_words(tx, text_version, now)
        await tx.put(
            Consent(
                session_id=session_id,
                answer=answer,
                text_version=text_version,
                how=how,
                at=now,
                actor_name=actor.name,
            )
        )
        audit.record(
            tx,
            AuditAction.CONSENT_ANSWERED,
            actor,
            "session",
            session_id,
            now,
            answer=answer,
            how=how,
        )
        await note(
            tx,
            current.case_id,
            "consent",
            zh="信访人同意录音录像。" if answer else "信访人不同意录音录像，没有任何影响。",
            en="The petitioner agreed to be recorded."
            if answer
            else "The petitioner did not agree to be recorded, which has no consequence.",
            actor=actor,
            now=now,
        )
        await rows.touch(tx, session_id)
        return await snapshot_of(tx, await require_session(tx, session_id))


async def save_record(
    db: Database, *, session_id: str, text: str, actor: Actor, now: datetime
) -> None:
    """Add a version of the written record; earlier versions stay.

    Raises:
        NotAllowed: only the leader and clerks write it.
        MoveRefused: the talk has not begun, or the record is signed or refused.

    """
    body = _text(text, "text", LONGEST_RECORD)
    async with db.transaction(actor) as tx:
        row = await require_for_session(tx, session_id, actor, Action.WRITE_RECORD)
        current: Session = row[0]
        # What was signed is what was read back: from then on it stays.
        signed = {SessionState.SIGNED, SessionState.SIGN_REFUSED}
        if current.state not in LIVE_STATES - signed:
            raise MoveRefused(state=current.state.value, move="record")
        before = await rows.record(tx, session_id)
        version = 1 if before is None else before.version + 1
        audit.record(
            tx, AuditAction.RECORD_SAVED, actor, "session", session_id, now, version=version
        )
        written = RecordVersion(
            id=new_id(), session_id=session_id, version=version, at=now, by_name=actor.name
        )
        (await contents_of(tx, current.case_id)).put(written, text=body)
        await tx.put(written)
        await rows.touch(tx, session_id)


async def sign(
    db: Database, *, session_id: str, strokes: str | None, actor: Actor, now: datetime
) -> Snapshot:
    """Sign the record as it was read back, or (`strokes` None) decline to.

    Raises:
        BadInput: the strokes are not SVG path data.
        NotAllowed: only the petitioner signs.
        MoveRefused: the record is not being read back.

    """
    if strokes is not None and not (
        len(strokes) <= LONGEST_SIGNATURE and _PATH_DATA.fullmatch(strokes)
    ):
        raise BadInput(field="strokes", reason="not_path_data")
    step = SessionMove.REFUSE_SIGN if strokes is None else SessionMove.SIGN
    async with db.transaction(actor) as tx:
        await _move(tx, session_id, step, actor, now, "")
        record = await rows.record(tx, session_id)
        version = 0 if record is None else record.version
        if strokes is not None:
            audit.record(
                tx, AuditAction.RECORD_SIGNED, actor, "session", session_id, now, version=version
            )
            signature = Signature(session_id=session_id, record_version=version, at=now)
            case_id = (await tx.get_one(Session, session_id)).case_id
            (await contents_of(tx, case_id)).put(signature, strokes=strokes)
            await tx.put(signature)
        return await snapshot_of(tx, await require_session(tx, session_id))


async def rate(
    db: Database,
    *,
    session_id: str,
    target: RatingTarget,
    level: Literal[0, 1, 3],
    actor: Actor,
    now: datetime,
) -> None:
    """Write down the petitioner's rating, once per target: 0, 1 or 3 (not satisfied).

    Raises:
        NotAllowed: only the petitioner rates.
        BadInput: no such target or level.
        MoveRefused: the talk is not over.
        RatedAlready: it was rated before.

    """
    if target not in {"session", "petition_office", "organ"} or level not in {0, 1, 3}:
        raise BadInput(field="rating", reason="unknown")
    try:
        async with db.transaction(actor) as tx:
            # Rating by code is open to anybody; in the room it is the kiosk of this session.
            action = Action.ANSWER_CONSENT if actor.role is Role.KIOSK else Action.RATE
            row = await require_for_session(tx, session_id, actor, action)
            if row[0].state not in _RATEABLE:
                raise MoveRefused(state=row[0].state.value, move="rate")
            await tx.put(
                Rating(id=new_id(), session_id=session_id, target=target, level=level, at=now)
            )
            audit.record(
                tx,
                AuditAction.RATED,
                actor,
                "session",
                session_id,
                now,
                target=target,
                level=level,
            )
            await rows.touch(tx, session_id)
    except NotUnique:
        raise RatedAlready(target=target) from None


async def receipt(db: Database, *, session_id: str, actor: Actor, now: datetime) -> ReceiptView:
    """Return what the petitioner takes home.

    Raises:
        NotFound: there is no such session.
        NotAllowed: it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        row = await require_for_session(tx, session_id, actor, Action.JOIN_ROOM)
        current, _, leader, _, site, _ = row
        case = await tx.get_one(PetitionCase, current.case_id)
        found = await rows.outcome(tx, session_id)
        contents = Contents(tx.vault, case)
        outcome = None if found is None else outcome_view(*found, contents)
    organ = None if outcome is None else outcome.owner_organ
    return ReceiptView(
        case_no=case.case_no,
        query_code=contents.open(case, "query_code"),
        outcome=outcome,
        owner_organ_name="" if organ is None else organ.name,
        due_on=None if outcome is None else outcome.due_on,
        leader_name=leader.name,
        site_name=site.name,
        ended_at=current.ended_at,
        phone=site.phone,
    )


async def sweep(db: Database, *, now: datetime) -> tuple[str, ...]:
    """Break off the sessions that have been reconnecting for 10 minutes; return their ids."""
    async with db.reading(SYSTEM) as tx:
        lost = [one.id for one in await rows.lost_since(tx, now - BREAK_OFF_AFTER)]
    broken = []
    for session_id in lost:
        try:
            async with db.transaction(SYSTEM) as tx:
                await _move(tx, session_id, SessionMove.BREAK_OFF, SYSTEM, now, "too_long")
        except (MoveRefused, MovedMeanwhile):
            continue  # somebody came back just now
        broken.append(session_id)
    return tuple(broken)


async def _allowed(
    tx: Transaction, session_id: str, actor: Actor, step: SessionMove
) -> rows.SessionRow:
    # Before looking: the answer must not tell whether there is such a session.
    if not may(actor.role, step):
        raise NotAllowed(action=step.value, reason="role")
    action = Action.PREPARE if step is SessionMove.PREPARE else Action.MOVE_SESSION
    return await require_for_session(tx, session_id, actor, action)


async def _move(
    tx: Transaction, session_id: str, step: SessionMove, actor: Actor, now: datetime, reason: str
) -> None:
    row = await _allowed(tx, session_id, actor, step)
    current, booked = row[0], row[1]
    if current.state in FINAL_STATES:
        raise SessionOver(state=current.state.value)
    if step is SessionMove.STOP and not may_stop(actor.role, _stop_reason(reason)):
        raise NotAllowed(action=step.value, reason="only_for_danger")
    if step is SessionMove.CLOSE and await rows.outcome(tx, session_id) is None:
        raise OutcomeIncomplete(missing=["outcome"])
    then = await advance(tx, current, step, actor, now, reason=reason)
    if step is SessionMove.CONFIRM:
        await _move_booking(tx, booked.id, booked.state, BookingMove.START)
    if then.state in FINAL_STATES:
        await _end_booking(tx, row, then.state, actor)
    if step in _TEXTS:
        zh, en = _TEXTS[step]
        kind = f"session_{step.value}"
        await note(tx, current.case_id, kind, zh=zh, en=en, actor=actor, now=now)


async def _end_booking(
    tx: Transaction, row: rows.SessionRow, state: SessionState, actor: Actor
) -> None:
    """Let booking and slot end as the session did."""
    booked = row[1]
    let_down = booked.state is BookingState.LEADER_ABSENT
    if let_down and actor.role is not Role.KIOSK:
        return  # an answer is still owed: only the petitioner gives it up
    if state is SessionState.BROKEN_OFF:
        # Neither held nor missed: the office owes a priority slot.
        step, slot_step = BookingMove.MOVE_BY_GOV, SlotMove.LOSE
    elif booked.state is BookingState.IN_SESSION:
        step, slot_step = BookingMove.COMPLETE, SlotMove.FINISH
    elif actor.role is Role.KIOSK:
        step, slot_step = BookingMove.CANCEL_BY_PETITIONER, SlotMove.FINISH
    else:
        step, slot_step = BookingMove.CANCEL_BY_GOV, SlotMove.FINISH
    await _move_booking(tx, booked.id, booked.state, step)
    slot_then = slot_after(SlotState.BOOKED, slot_step)
    changed = await calendar.change_slot(tx, booked.slot_id, SlotState.BOOKED, slot_then)
    # The slot of a cancelled day is lost already.
    if not changed and not let_down:
        raise MovedMeanwhile(thing="slot")


async def _move_booking(
    tx: Transaction, booking_id: str, before: BookingState, step: BookingMove
) -> None:
    then = booking_after(before, step)
    if not await booking_rows.move_booking(tx, booking_id, before, then):
        raise MovedMeanwhile(thing="booking")


async def _keep_words(tx: Transaction, version: str, now: datetime) -> None:
    """Keep the words of the text that was answered; one of an earlier program is kept already."""
    if version == RECORDING_CONSENT.version:
        text = ConsentText(
            version=version,
            zh=list(RECORDING_CONSENT.zh),
            en=list(RECORDING_CONSENT.en),
            first_used_at=now,
        )
        await rows.keep_consent_text(tx, text)
    elif await rows.consent_text(tx, version) is None:
        raise BadInput(field="text_version", reason="unknown")


def _stop_reason(reason: str) -> StopReason:
    return StopReason.DANGER if reason == StopReason.DANGER.value else StopReason.PETITIONER_WISH


def _text(text: str, field: str, longest: int) -> str:
    stripped = text.strip()
    if not stripped:
        raise BadInput(field=field, reason="missing")
    if len(stripped) > longest:
        raise BadInput(field=field, reason="too_long", most=longest)
    return stripped
