"""Half-open spans of time: the start belongs to the span, the end does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The instants from `start` up to, and without, `end`; kept in UTC.

    Raises:
        ValueError: an instant carries no time zone, or the end is not after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None:
            raise ValueError("an interval needs instants with a time zone")
        # Python subtracts two times of one zone by the wall clock; in UTC the two agree.
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end <= self.start:
            raise ValueError(f"the end {self.end} is not after the start {self.start}")

    @property
    def length(self) -> timedelta:
        """How long the span lasts."""
        return self.end - self.start

    def contains(self, instant: datetime) -> bool:
        """Whether the instant lies in the span."""
        return self.start <= instant < self.end

    def covers(self, other: Self) -> bool:
        """Whether all of the other span lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Self) -> bool:
        """Whether some instant lies in both; spans that only touch do not overlap."""
        return self.start < other.end and other.start < self.end

    def intersect(self, other: Self) -> Self | None:
        """The instants in both, `None` when there are none."""
        if not self.overlaps(other):
            return None
        return type(self)(max(self.start, other.start), min(self.end, other.end))


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same instants as the fewest spans, in order; touching spans become one."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return tuple(merged)


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> tuple[Interval, ...]:
    """The instants of `intervals` that are in none of `taken`, as the fewest spans in order."""
    free = list(merge(intervals))
    for gone in merge(taken):
        free = [rest for interval in free for rest in _without(interval, gone)]
    return tuple(free)


def _without(interval: Interval, gone: Interval) -> list[Interval]:
    if not interval.overlaps(gone):
        return [interval]
    rest = []
    if interval.start < gone.start:
        rest.append(Interval(interval.start, gone.start))
    if gone.end < interval.end:
        rest.append(Interval(gone.end, interval.end))
    return rest
