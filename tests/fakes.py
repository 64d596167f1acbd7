"""Stand-ins for what a unit test cannot use: each passes the tests of the real thing."""

from datetime import UTC, datetime, timedelta


class FixedClock:
    """A clock that stands still until it is told to move; fits `scheduler.clock.Clock`."""

    def __init__(self, now: datetime = datetime(2026, 4, 15, 1, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """The instant it was set to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds, moving with `advance`."""
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Move both readings forward."""
        self._now += by
        self._monotonic += by.total_seconds()
