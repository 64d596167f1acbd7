"""What a reception ends with (接访结果, domain.md 3.4), and what each kind must say."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from reception.domain.codes import Code
from reception.domain.errors import OutcomeIncomplete


class OutcomeType(Code):
    """The kind of outcome."""

    ON_SPOT = "on_spot", "当场解决", "settled on the spot"
    ANSWERED = "answered", "当场答复", "answered on the spot"
    ASSIGNED = "assigned", "交办限期", "assigned with a due date"
    JOINT = "joint", "提请联席会议", "put to the joint conference"
    LEGAL_CHANNEL = "legal_channel", "法定途径", "legal channel"
    MEDIATION = "mediation", "调解", "mediation"
    RELIEF = "relief", "帮扶救助", "relief"
    REDIRECT = "redirect", "告知有权单位", "directed to the competent organ"
    ADJOURNED = "adjourned", "择期再谈", "to be continued"
    WITHDRAWN = "withdrawn", "信访人撤回", "withdrawn by the petitioner"


@dataclass(frozen=True, slots=True)
class OutcomeDraft:
    """An outcome as the leader's or the clerk's form gives it.

    Args:
        text: what was promised, answered or explained, in words the petitioner understands;
            for `withdrawn` the petitioner's own words.
        owner_organ_id: who must act, or for `legal_channel` and `redirect` where to turn.
        due_on: the day until which the promise is kept, or for `adjourned` the day of the
            next talk.
    """

    type: OutcomeType
    text: str = ""
    owner_organ_id: str | None = None
    due_on: date | None = None


PROMISES: Final = frozenset(
    {OutcomeType.ASSIGNED, OutcomeType.JOINT, OutcomeType.MEDIATION, OutcomeType.RELIEF}
)
"""Somebody owes something after the talk: an owner and a due date are needed."""

_NEEDS_ORGAN: Final = PROMISES | {OutcomeType.LEGAL_CHANNEL, OutcomeType.REDIRECT}
_NEEDS_DUE: Final = PROMISES | {OutcomeType.ADJOURNED}


def needed_fields(outcome: OutcomeType) -> tuple[str, ...]:
    """The fields a form must ask for, in their order; every outcome needs its text."""
    return (
        "text",
        *(("owner_organ_id",) if outcome in _NEEDS_ORGAN else ()),
        *(("due_on",) if outcome in _NEEDS_DUE else ()),
    )


def check_outcome(draft: OutcomeDraft, today: date) -> None:
    """Accept an outcome that says all its type needs.

    Raises:
        OutcomeIncomplete: `missing` lists fields that are empty, and `due_on` also when it
            lies before today.
    """
    given = {
        "text": bool(draft.text.strip()),
        "owner_organ_id": bool(draft.owner_organ_id),
        "due_on": draft.due_on is not None,
    }
    missing = [field for field in needed_fields(draft.type) if not given[field]]
    if draft.due_on is not None and draft.due_on < today:
        missing.append("due_on")
    if missing:
        raise OutcomeIncomplete(missing=missing, type=draft.type.value)
