"""What an outcome must say before it can be saved."""

from dataclasses import replace
from datetime import date

import pytest

from reception.domain.errors import OutcomeIncomplete
from reception.domain.outcomes import PROMISES, OutcomeDraft, OutcomeType, check_outcome

TODAY = date(2026, 4, 15)
FULL = OutcomeDraft(OutcomeType.ASSIGNED, "水务局修复水管", "water", date(2026, 6, 14))


def missing(draft: OutcomeDraft) -> object:
    with pytest.raises(OutcomeIncomplete) as refused:
        check_outcome(draft, TODAY)
    return refused.value.details["missing"]


@pytest.mark.parametrize("kind", list(OutcomeType))
def test_a_full_outcome_is_accepted_whatever_its_type(kind: OutcomeType) -> None:
    check_outcome(replace(FULL, type=kind), TODAY)


@pytest.mark.parametrize("kind", sorted(PROMISES))
def test_a_promise_needs_words_an_owner_and_a_due_date(kind: OutcomeType) -> None:
    assert missing(OutcomeDraft(kind)) == ["text", "owner_organ_id", "due_on"]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (OutcomeType.ON_SPOT, ["text"]),
        (OutcomeType.ANSWERED, ["text"]),
        (OutcomeType.WITHDRAWN, ["text"]),
        (OutcomeType.LEGAL_CHANNEL, ["text", "owner_organ_id"]),
        (OutcomeType.REDIRECT, ["text", "owner_organ_id"]),
        (OutcomeType.ADJOURNED, ["text", "due_on"]),
    ],
)
def test_other_outcomes_need_what_fits_them(kind: OutcomeType, fields: list[str]) -> None:
    assert missing(OutcomeDraft(kind, text="  ")) == fields


def test_a_due_date_in_the_past_is_no_due_date_and_today_is_one() -> None:
    assert missing(replace(FULL, due_on=date(2026, 4, 14))) == ["due_on"]
    check_outcome(replace(FULL, due_on=TODAY), TODAY)
