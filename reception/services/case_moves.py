"""One move of a case: by its table, by compare-and-set, with its deadlines and its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.domain.cases import CaseMove, after
from reception.domain.errors import BadInput, MovedMeanwhile
from reception.services import audit, deadlines
from reception.services.timeline import note
from reception.storage import cases as rows
from reception.storage import places
from reception.storage.contents import Contents
from reception.storage.database import Transaction
from reception.storage.tables import PetitionCase


@dataclass(frozen=True)
class _Effect:
    """Which time limits a move meets and which it starts."""

    meets: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()


_EVERY: Final = tuple(f"D{number}" for number in range(1, 10))

# Articles of REG22: 22 (D1), 23 (D2, D3), 34 (D4), 35 (D6, D7), 36 (D8, D9).
_EFFECTS: Final[Mapping[CaseMove, _Effect]] = {
    CaseMove.FORWARD: _Effect(meets=("D1",), starts=("D2",)),
    CaseMove.ASSIGN: _Effect(meets=("D1",), starts=("D2",)),
    CaseMove.DIVERT: _Effect(meets=("D1",)),
    CaseMove.REDIRECT: _Effect(meets=("D1",)),
    CaseMove.SEAL_TRANSFER: _Effect(meets=("D1",)),
    CaseMove.ACCEPT: _Effect(meets=("D1", "D2"), starts=("D4",)),
    CaseMove.NOT_ACCEPT: _Effect(meets=("D1", "D2")),
    CaseMove.NO_LONGER_ACCEPT: _Effect(meets=("D1", "D2")),
    CaseMove.TAKE_LEGAL_PATH: _Effect(meets=("D4",)),
    CaseMove.MEDIATE: _Effect(meets=("D4",)),
    CaseMove.SERVE: _Effect(meets=("D4",), starts=("D6",)),
    CaseMove.ASK_REVIEW: _Effect(meets=("D6",), starts=("D7",)),
    CaseMove.SERVE_REVIEW: _Effect(meets=("D7",), starts=("D8",)),
    CaseMove.HANDLE_AGAIN: _Effect(meets=("D7",), starts=("D4",)),
    CaseMove.ASK_RECHECK: _Effect(meets=("D8",), starts=("D9",)),
    CaseMove.TERMINATE: _Effect(meets=("D9",)),
    CaseMove.CLOSE: _Effect(meets=_EVERY),
    CaseMove.WITHDRAW: _Effect(meets=_EVERY),
}

NEEDS_ORGAN: Final = frozenset({CaseMove.FORWARD, CaseMove.ASSIGN})


async def advance_case(
    tx: Transaction,
    case: PetitionCase,
    move: CaseMove,
    actor: Actor,
    now: datetime,
    *,
    organ_id: str | None = None,
    remark: str = "",
) -> None:
    """Move a case on; an organ, where given, becomes its owner.

    `remark` is for the staff: it goes into the timeline as a line that is not public.

    Raises:
        MoveRefused: the case's state does not allow the move.
        MovedMeanwhile: somebody moved it since it was read.
        BadInput: the move needs an organ, or the organ is unknown.

    """
    organ = None if organ_id is None else await places.organ(tx, organ_id)
    if organ is None and (organ_id is not None or move in NEEDS_ORGAN):
        raise BadInput(field="organ_id", reason="missing" if organ_id is None else "unknown")
    then = after(case.state, move)
    # Its new owner may be somebody else; this move is written to its end all the same.
    await tx.admit(case.id)
    if not await rows.move_case(tx, case.id, case.state, then, organ_id):
        raise MovedMeanwhile(thing="case")
    audit.record(
        tx,
        AuditAction.CASE_MOVED,
        actor,
        "case",
        case.id,
        now,
        move=move.value,
        before=case.state.value,
        after=then.value,
        organ_id=organ_id,
    )
    effect = _EFFECTS.get(move, _Effect())
    if effect.meets:
        await rows.meet_deadlines(tx, case.id, effect.meets, now)
    for rule in effect.starts:
        await deadlines.start(tx, case, rule, now)
    to_zh, to_en = ("", "") if organ is None else (f"，责任单位：{organ.name}", f": {organ.name}")
    await note(
        tx,
        case.id,
        f"case_{move.value}",
        zh=f"{move.zh}{to_zh}。",
        en=f"{move.en.capitalize()}{to_en}.",
        actor=actor,
        now=now,
    )
    if remark:
        sealed = Contents(tx.vault, case).seal_remark(remark)
        await note(
            tx,
            case.id,
            "remark",
            zh="",
            en="",
            actor=actor,
            now=now,
            public=False,
            remark=sealed,
        )
