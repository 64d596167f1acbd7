"""Who acts for a petitioner: with a written authority, for a time, and only as far as it says.

SD15 art. 28 and BJ06 art. 27: one or two agents, their relation, what they may do, and until when. The
petitioner takes the authority back at any moment without a reason. An agent never rates: that is
the petitioner's own (domain.md 1.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from reception.domain.codes import Code
from reception.domain.errors import BadInput

MOST_AGENTS: Final = 2
LONGEST: Final = timedelta(days=366)


class AgentKind(Code):
    """What the agent is to the petitioner."""

    RELATIVE = "relative", "近亲属", "close relative"
    VILLAGE_AGENT = "village_agent", "村级代办员", "village agent"
    LAWYER = "lawyer", "律师", "lawyer"


class AgentScope(Code):
    """What an authority allows; whatever is not in it stays with the petitioner."""

    FILE = "file", "代为登记", "file the matter"
    BOOK = "book", "代为预约、改期和取消", "book, move and cancel"
    ACCOMPANY = "accompany", "陪同接访", "come along"


@dataclass(frozen=True, slots=True)
class AgentDraft:
    """An authority as it stands on paper; the clerk has `seen` the paper."""

    name: str
    kind: AgentKind
    scope: tuple[AgentScope, ...]
    valid_from: date
    valid_to: date
    seen: bool
    phone: str = ""


def check_authority(draft: AgentDraft, today: date) -> None:
    """Go on only with an authority that is complete and has not run out.

    Raises:
        BadInput: something is missing, nobody saw the paper, or the days make no sense.

    """
    if not draft.name.strip():
        raise BadInput(field="agent_name", reason="missing")
    if not draft.scope:
        raise BadInput(field="agent_scope", reason="missing")
    if not draft.seen:
        raise BadInput(field="agent_authority", reason="paper_not_seen")
    if draft.valid_to < max(draft.valid_from, today):
        raise BadInput(field="agent_valid_to", reason="over")
    if draft.valid_to > draft.valid_from + LONGEST:
        raise BadInput(field="agent_valid_to", reason="not_in_range", most=LONGEST.days)


def why_not(
    scope: Sequence[str],
    valid_from: date,
    valid_to: date,
    *,
    revoked: bool,
    wanted: AgentScope,
    day: date,
) -> str:
    """Return why an agent may not do what is `wanted` on a day; empty when they may."""
    if revoked:
        return "revoked"
    if not valid_from <= day <= valid_to:
        return "outside_its_days"
    return "" if wanted in scope else "not_in_scope"
