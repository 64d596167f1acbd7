"""What a day offers: local windows cut into slots of one length with a buffer between them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise

from scheduler.calendar import local
from scheduler.intervals import Interval


@dataclass(frozen=True, slots=True, order=True)
class LocalWindow:
    """Hours of reception by the clocks in China, `08:30` up to `12:00`, within one day.

    Raises:
        ValueError: the end is not after the start, or a time carries a zone.
    """

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("a local time carries no time zone")
        if self.end <= self.start:
            raise ValueError(f"the end {self.end} is not after the start {self.start}")


def day_slots(
    day: date, windows: Iterable[LocalWindow], length: timedelta, buffer: timedelta
) -> tuple[Interval, ...]:
    """The slots of a day in order, each `length` long, `buffer` after one before the next.

    A slot ends inside its window; the buffer after the last one may run over. The intervals
    are the talks alone, without the buffer.

    Raises:
        ValueError: the length is not positive, the buffer is negative, or windows overlap.
    """
    if length <= timedelta(0) or buffer < timedelta(0):
        raise ValueError("a slot has a positive length and no negative buffer")
    ordered = sorted(windows)
    if any(later.start < earlier.end for earlier, later in pairwise(ordered)):
        raise ValueError("windows of one day overlap")
    slots = []
    for window in ordered:
        start, end = local(day, window.start), local(day, window.end)
        while start + length <= end:
            slots.append(Interval(start, start + length))
            start += length + buffer
    return tuple(slots)
