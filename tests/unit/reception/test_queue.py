"""Who is called when, and how long it may take: a range, never a single number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.queue import (
    FEWEST_TALKS,
    Place,
    PriorityReason,
    Wait,
    in_order,
    place_after_next,
    wait_of,
)


def line(*places: float, first: tuple[int, ...] = ()) -> list[Place]:
    """Return people at these places; those named by `first` have a reason to be called earlier."""
    return [
        Place(f"t{index}", PriorityReason.CAME_FAR if index in first else None, place)
        for index, place in enumerate(places)
    ]


def called(waiting: list[Place]) -> list[str]:
    """Return the tickets as they are called."""
    return [one.ticket_id for one in in_order(waiting)]


def test_the_first_to_take_a_number_is_called_first() -> None:
    assert called(line(3, 1, 2)) == ["t1", "t2", "t0"]


def test_a_reason_comes_first_and_among_reasons_the_number_counts() -> None:
    assert called(line(1, 2, 3, 4, first=(3, 1))) == ["t1", "t3", "t0", "t2"]


@pytest.mark.parametrize(
    ("own", "waiting", "after"),
    [(1, [2, 3, 4], ["t0", "back", "t1", "t2"]), (1, [2], ["t0", "back"]), (1, [], ["back"])],
)
def test_who_was_passed_over_comes_after_the_next_one(
    own: float, waiting: list[float], after: list[str]
) -> None:
    others = line(*waiting)
    back = Place("back", None, place_after_next(own, others))
    assert called([*others, back]) == after


def test_coming_back_is_never_a_way_forward() -> None:
    others = line(2, 3)
    assert place_after_next(9, others) == 9


places = st.lists(st.integers(1, 200), unique=True, max_size=30)


@given(places, st.integers(1, 200))
def test_coming_back_never_passes_more_than_one_is_passed_by(taken: list[int], own: int) -> None:
    others = line(*(place for place in taken if place != own))
    back = Place("back", None, place_after_next(own, others))
    order = called([*others, back])
    assert order[: 1 if others else 0] == called(others)[:1] or order[0] == "back" == order[-1]
    ahead = [one for one in others if one.place < own]
    assert order.index("back") >= len(ahead)


minutes = st.lists(st.floats(0, 300), max_size=40)


@given(st.integers(0, 60), minutes, st.integers(10, 60), st.integers(1, 6), st.integers(0, 6))
def test_a_range_is_one_and_grows_with_those_before(
    before: int, talks: list[float], slot: int, at_once: int, running: int
) -> None:
    wait = wait_of(before, talks, slot, places=at_once, running=running)
    assert 0 <= wait.least <= wait.most
    longer = wait_of(before + 1, talks, slot, places=at_once, running=running)
    assert wait.least <= longer.least
    assert wait.most <= longer.most


def test_before_anything_was_held_today_it_is_half_a_slot_to_a_slot_each() -> None:
    assert wait_of(2, [5.0] * (FEWEST_TALKS - 1), 30, places=1, running=1) == Wait(30, 90)


def test_then_it_is_what_half_of_todays_talks_took() -> None:
    talks = [10.0, 20.0, 20.0, 20.0, 60.0]
    assert wait_of(2, talks, 30, places=1, running=0) == Wait(40, 60)
    assert wait_of(2, talks, 30, places=2, running=0) == Wait(20, 40)


def test_who_can_go_in_at_once_may_not_have_to_wait() -> None:
    assert wait_of(0, [], 30, places=2, running=1) == Wait(0, 0)
