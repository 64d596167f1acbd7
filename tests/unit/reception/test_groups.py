"""A group chooses who speaks, and nobody is turned away for their number (REG22 art. 20)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.errors import BadInput
from reception.domain.groups import LEGAL_MOST, Companion, GroupRule, check_group

LAW = GroupRule()
ZJ2016 = GroupRule.read([(10, 3)])
"""Three for up to ten people, else five."""


def group(people: int, speakers: int) -> tuple[Companion, ...]:
    """Return who comes with the petitioner; of all of them, `speakers` speak."""
    return tuple(Companion(f"村民{n}（演示）", speaks=n < speakers) for n in range(1, people))


@pytest.mark.parametrize(
    ("rule", "people", "most"),
    [(LAW, 1, 5), (LAW, 50, 5), (ZJ2016, 7, 3), (ZJ2016, 10, 3), (ZJ2016, 11, 5)],
)
def test_as_many_speak_as_the_area_says(rule: GroupRule, people: int, most: int) -> None:
    assert rule.most_speakers(people) == most
    check_group(rule, people, group(people, min(most, people)))
    if people > most:
        with pytest.raises(BadInput, match="too_many_speakers") as refused:
            check_group(rule, people, group(people, most + 1))
        assert refused.value.details["most"] == most


def test_seven_who_have_not_chosen_are_asked_to_and_not_refused() -> None:
    with pytest.raises(BadInput, match="name_everybody"):
        check_group(LAW, 7, ())
    with pytest.raises(BadInput, match="name_everybody"):
        check_group(LAW, 7, group(6, 2))
    check_group(LAW, 7, group(7, 5))
    check_group(LAW, 7, group(7, 1))


def test_a_name_counts_whatever_number_was_typed() -> None:
    with pytest.raises(BadInput, match="too_many_speakers"):
        check_group(LAW, 1, group(6, 6))


def test_a_companion_has_a_name() -> None:
    with pytest.raises(BadInput, match="missing"):
        check_group(LAW, 2, (Companion(" "),))


@pytest.mark.parametrize(
    "steps",
    [[(10, 3), (5, 4)], [(10, 3), (10, 4)], [(5, 4), (10, 3)], [(10, 6)], [(10, 0)], [(0, 1)]],
)
def test_a_rule_rises_and_stays_inside_the_law(steps: list[tuple[int, int]]) -> None:
    with pytest.raises(BadInput, match="group_rule"):
        GroupRule.read(steps)


@given(st.integers(1, 50), st.integers(1, 50))
def test_no_number_of_people_is_refused(people: int, speakers: int) -> None:
    for rule in (LAW, ZJ2016):
        check_group(rule, people, group(people, min(speakers, rule.most_speakers(people))))
        assert 1 <= rule.most_speakers(people) <= LEGAL_MOST
