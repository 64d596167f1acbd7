"""A job as data: what is to be done once, when, and how long to wait after a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Self

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Work due at an instant; two jobs of one name and key are the same work.

    Args:
        name: what kind of work.
        key: what it is about; with the name it makes the effect unique.
        due_at: not before this instant, UTC.
        args: JSON values the work needs.
        failures: how often it was tried in vain.
    """

    name: str
    key: str
    due_at: datetime
    args: Mapping[str, object] = field(default_factory=dict)
    failures: int = 0

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to do it."""
        return self.due_at <= now

    def failed(self, now: datetime) -> Self:
        """The same job after one more failure, due again after the back-off."""
        failures = self.failures + 1
        return replace(self, failures=failures, due_at=now + back_off(failures))


def back_off(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: 5 s, doubled each time, at most 1 h.

    Raises:
        ValueError: there was no failure.
    """
    if failures < 1:
        raise ValueError("a wait follows a failure")
    doublings = min(failures - 1, 16)  # 5 s · 2**16 is days: past it only the number grows
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
