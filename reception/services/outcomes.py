"""What a reception ends with: the promise on the case, with owner and due date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from reception.domain.access import Action, Actor
from reception.domain.audit import AuditAction
from reception.domain.cases import MOVES, CaseMove
from reception.domain.errors import BadInput, MoveRefused
from reception.domain.outcomes import OutcomeDraft as Claim
from reception.domain.outcomes import OutcomeType, check_outcome
from reception.domain.sessions import LIVE_STATES
from reception.services import audit
from reception.services.case_moves import advance_case
from reception.services.day_tables import table_of
from reception.services.deadlines import legal_day
from reception.services.session_access import require_for_session
from reception.services.session_views import OutcomeView, outcome_view
from reception.services.timeline import note
from reception.services.wording import day_en, day_zh
from reception.storage import places
from reception.storage import sessions as rows
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Outcome, PetitionCase
from scheduler.calendar import local_day

_CASE_MOVES: Final[Mapping[OutcomeType, CaseMove]] = {
    OutcomeType.ASSIGNED: CaseMove.ASSIGN,
    OutcomeType.JOINT: CaseMove.ASSIGN,
    OutcomeType.MEDIATION: CaseMove.ASSIGN,
    OutcomeType.RELIEF: CaseMove.ASSIGN,
    OutcomeType.LEGAL_CHANNEL: CaseMove.DIVERT,
    OutcomeType.REDIRECT: CaseMove.REDIRECT,
}


@dataclass(frozen=True)
class OutcomeDraft:
    """An outcome as the leader's form gives it."""

    type: OutcomeType
    text: str
    owner_organ_id: str | None = None
    due_on: date | None = None
    legal_basis: str = ""


async def save_outcome(
    db: Database, *, session_id: str, draft: OutcomeDraft, actor: Actor, now: datetime
) -> OutcomeView:
    """Save what was promised; saving again before the close adds a version, the last counts.

    A promise moves the case to its owner (`assigned`), which ends D1 and starts D2; a legal
    channel and another competent organ move it there. A case that has moved on already stays
    where it is.

    Raises:
        NotAllowed: only the slot's leader sets the outcome.
        MoveRefused: the talk has not begun or is over.
        OutcomeIncomplete: `missing` lists what the type needs.
        BadInput: the organ is unknown.

    """
    check_outcome(Claim(draft.type, draft.text, draft.owner_organ_id, draft.due_on), local_day(now))
    async with db.transaction(actor) as tx:
        session = (await require_for_session(tx, session_id, actor, Action.SET_OUTCOME))[0]
        if session.state not in LIVE_STATES:
            raise MoveRefused(state=session.state.value, move="outcome")
        case = await tx.get_one(PetitionCase, session.case_id)
        outcome = await _put(tx, case, session_id, draft, actor, now)
        audit.record(
            tx,
            AuditAction.OUTCOME_SAVED,
            actor,
            "session",
            session_id,
            now,
            version=outcome.version,
            type=outcome.type.value,
            owner_organ_id=outcome.owner_organ_id,
            due_on=None if outcome.due_on is None else outcome.due_on.isoformat(),
        )
        await _tell(tx, case, outcome, actor, now)
        await _move_case(tx, case, draft, actor, now)
        await rows.touch(tx, session_id)
        saved = await rows.outcome(tx, session_id)
        assert saved is not None
        return outcome_view(*saved, Contents(tx.vault, case))


async def _put(
    tx: Transaction,
    case: PetitionCase,
    session_id: str,
    draft: OutcomeDraft,
    actor: Actor,
    now: datetime,
) -> Outcome:
    organ_id = draft.owner_organ_id
    if organ_id is not None and await places.organ(tx, organ_id) is None:
        raise BadInput(field="owner_organ_id", reason="unknown")
    before = await rows.outcome(tx, session_id)
    table = await table_of(tx, case.area_code)
    outcome = Outcome(
        id=new_id(),
        session_id=session_id,
        version=1 if before is None else before[0].version + 1,
        type=draft.type,
        owner_organ_id=organ_id,
        due_on=draft.due_on,
        due_strict=draft.due_on,
        due_legal=None if draft.due_on is None else legal_day(draft.due_on, table),
        legal_basis=draft.legal_basis,
        saved_at=now,
        by_name=actor.name,
    )
    Contents(tx.vault, case).put(outcome, text=draft.text.strip())
    await tx.put(outcome)
    return outcome


async def _tell(
    tx: Transaction, case: PetitionCase, outcome: Outcome, actor: Actor, now: datetime
) -> None:
    by_zh, by_en = "", ""
    if outcome.due_on is not None:
        by_zh = f"，期限：{day_zh(outcome.due_on)}"
        by_en = f", due {day_en(outcome.due_on)}"
    await note(
        tx,
        case.id,
        "outcome",
        zh=f"接访结果：{outcome.type.zh}{by_zh}。",
        en=f"Outcome of the reception: {outcome.type.en}{by_en}.",
        actor=actor,
        now=now,
    )


async def _move_case(
    tx: Transaction, case: PetitionCase, draft: OutcomeDraft, actor: Actor, now: datetime
) -> None:
    move = _CASE_MOVES.get(draft.type)
    if move is not None and (case.state, move) in MOVES:
        await advance_case(tx, case, move, actor, now, organ_id=draft.owner_organ_id)
