"""The arithmetic of freezes."""

from signaling.bot import Arrivals


def _steady(arrivals: Arrivals, *, start: float, pictures: int, gap: float) -> float:
    at = start
    for _ in range(pictures):
        arrivals.arrived(at)
        at += gap
    return at - gap


def test_a_steady_stream_has_no_freeze() -> None:
    arrivals = Arrivals()
    last = _steady(arrivals, start=5.0, pictures=50, gap=1 / 15)
    assert arrivals.freezes_until(last + 0.05) == 0
    assert arrivals.frames == 50
    assert arrivals.first_at == 5.0


def test_a_gap_past_200_ms_and_three_times_the_mean_is_one_freeze() -> None:
    arrivals = Arrivals()
    last = _steady(arrivals, start=0.0, pictures=30, gap=1 / 15)
    last = _steady(arrivals, start=last + 0.25, pictures=30, gap=1 / 15)
    assert arrivals.freezes_until(last) == 1


def test_a_slow_stream_is_not_a_frozen_one() -> None:
    arrivals = Arrivals()
    last = _steady(arrivals, start=0.0, pictures=10, gap=0.15)
    last = _steady(arrivals, start=last + 0.3, pictures=2, gap=0.15)
    assert arrivals.freezes_until(last) == 0


def test_a_picture_that_stands_still_at_the_end_counts() -> None:
    arrivals = Arrivals()
    last = _steady(arrivals, start=0.0, pictures=30, gap=1 / 15)
    assert arrivals.freezes_until(last + 1) == 1


def test_no_picture_at_all_is_no_freeze() -> None:
    assert Arrivals().freezes_until(99.0) == 0
