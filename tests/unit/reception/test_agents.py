"""An agent acts only with a written authority, for its days, as far as it says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from reception.domain.agents import (
    LONGEST,
    AgentDraft,
    AgentKind,
    AgentScope,
    check_authority,
    why_not,
)
from reception.domain.errors import BadInput

TODAY = date(2026, 3, 10)
DRAFT = AgentDraft(
    name="代办员（演示）",
    kind=AgentKind.VILLAGE_AGENT,
    scope=(AgentScope.BOOK,),
    valid_from=TODAY,
    valid_to=TODAY + timedelta(days=30),
    seen=True,
)


def test_a_complete_authority_is_taken() -> None:
    check_authority(DRAFT, TODAY)
    check_authority(replace(DRAFT, valid_to=TODAY), TODAY)
    check_authority(replace(DRAFT, valid_to=TODAY + LONGEST), TODAY)


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"name": " "}, "agent_name", "missing"),
        ({"scope": ()}, "agent_scope", "missing"),
        ({"seen": False}, "agent_authority", "paper_not_seen"),
        ({"valid_to": TODAY - timedelta(days=1)}, "agent_valid_to", "over"),
        ({"valid_from": TODAY + timedelta(days=31)}, "agent_valid_to", "over"),
        ({"valid_to": TODAY + LONGEST + timedelta(days=1)}, "agent_valid_to", "not_in_range"),
    ],
)
def test_anything_less_is_not(changes: dict[str, object], field: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_authority(replace(DRAFT, **changes), TODAY)  # type: ignore[arg-type]  # by name
    assert (refused.value.details["field"], refused.value.details["reason"]) == (field, reason)


@pytest.mark.parametrize(
    ("day", "wanted", "revoked", "reason"),
    [
        (TODAY, AgentScope.BOOK, False, ""),
        (DRAFT.valid_to, AgentScope.BOOK, False, ""),
        (TODAY, AgentScope.BOOK, True, "revoked"),
        (TODAY - timedelta(days=1), AgentScope.BOOK, False, "outside_its_days"),
        (DRAFT.valid_to + timedelta(days=1), AgentScope.BOOK, False, "outside_its_days"),
        (TODAY, AgentScope.FILE, False, "not_in_scope"),
    ],
)
def test_why_an_agent_may_not(day: date, wanted: AgentScope, revoked: bool, reason: str) -> None:
    scope = [one.value for one in DRAFT.scope]
    assert (
        why_not(scope, DRAFT.valid_from, DRAFT.valid_to, revoked=revoked, wanted=wanted, day=day)
        == reason
    )
