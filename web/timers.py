"""How a due date is drawn: where today stands between the start and the last day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from reception.services.cases import DeadlineView
from scheduler.calendar import local_day

SOON_DAYS = 5
Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True)
class Timer:
    """One due date as a bar; places on the bar are per cent of its length."""

    deadline: DeadlineView
    days_left: int
    tone: Tone
    elapsed: int
    strict_at: int


def _day_met(met_at: datetime | None) -> date | None:
    return None if met_at is None else local_day(met_at)


def timer(deadline: DeadlineView, today: date) -> Timer:
    """Place `today` (or the day it was met) between the start and the legal due date.

    `days_left` counts to the strict due date, the one the government is measured on; below zero
    it is over.
    """
    end = _day_met(deadline.met_at) or today
    length = max((deadline.due_legal - deadline.started_on).days, 1)

    def place(day: date) -> int:
        return round(100 * min(max((day - deadline.started_on).days / length, 0), 1))

    days_left = (deadline.due_strict - end).days
    return Timer(
        deadline=deadline,
        days_left=days_left,
        tone=_tone(deadline, days_left),
        elapsed=place(end),
        strict_at=place(deadline.due_strict),
    )


def _tone(deadline: DeadlineView, days_left: int) -> Tone:
    if deadline.overdue:
        return "bad"
    if deadline.met_at is None and days_left <= SOON_DAYS:
        return "warn"
    return "good"
