"""The only reader of the clock; everything else is handed a `Clock` or an instant."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment, never going back; for durations only."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment, never going back."""
        return time.monotonic()
