"""When a stored slot can be claimed."""

from datetime import UTC, datetime, timedelta

from reception.domain.slots import HOLD_FOR, SlotState, is_claimable

NOW = datetime(2026, 4, 15, 1, 0, tzinfo=UTC)


def test_an_open_slot_is_claimable_and_a_held_one_when_its_hold_has_run_out() -> None:
    assert is_claimable(SlotState.OPEN, None, NOW)
    assert not is_claimable(SlotState.HELD, NOW + HOLD_FOR, NOW)
    assert not is_claimable(SlotState.HELD, NOW + timedelta(microseconds=1), NOW)
    assert is_claimable(SlotState.HELD, NOW, NOW)
    assert not is_claimable(SlotState.HELD, None, NOW)


def test_no_other_slot_is_ever_claimable() -> None:
    for state in set(SlotState) - {SlotState.OPEN, SlotState.HELD}:
        assert not is_claimable(state, NOW - HOLD_FOR, NOW)
