"""The clock: the machine's, and the one tests set."""

from datetime import UTC, timedelta

from scheduler.clock import Clock, SystemClock
from tests.fakes import FixedClock


def test_every_clock_tells_aware_utc_and_never_goes_back() -> None:
    clocks: list[Clock] = [SystemClock(), FixedClock()]
    for clock in clocks:
        first, before = clock.now(), clock.monotonic()
        assert first.tzinfo is UTC
        assert clock.now() >= first
        assert clock.monotonic() >= before


def test_a_fixed_clock_moves_when_told() -> None:
    clock = FixedClock()
    first, before = clock.now(), clock.monotonic()
    clock.advance(timedelta(minutes=10))
    assert clock.now() - first == timedelta(minutes=10)
    assert clock.monotonic() - before == 600.0
