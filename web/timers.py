"""How a due date is drawn: where today stands between the start and the last day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from reception.domain.cases import FINAL_STATES, CaseState
from reception.services.cases import DeadlineView
from reception.services.sessions import SessionView
from scheduler.calendar import local_day

SOON_DAYS = 5
PROMISE = "promise"
"""The id of the day a leader promised; not one of the law's time limits."""
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


def promise_timer(talks: Sequence[SessionView], state: CaseState, today: date) -> Timer | None:
    """Draw the latest promise that names a day, as long as the case is open; None without one."""
    promises = [talk.outcome for talk in talks if talk.outcome and talk.outcome.due_on]
    if not promises or state in FINAL_STATES:
        return None
    promise = max(promises, key=lambda outcome: outcome.saved_at)
    strict = promise.due_strict or promise.due_on
    assert strict is not None, "only outcomes with a day were taken"
    legal = promise.due_legal or strict
    kept = DeadlineView(
        rule=PROMISE,
        started_on=local_day(promise.saved_at),
        due_strict=strict,
        due_legal=legal,
        met_at=None,
        overdue=today > legal,
        provisional=False,
    )
    return timer(kept, today)


def _tone(deadline: DeadlineView, days_left: int) -> Tone:
    if deadline.overdue:
        return "bad"
    if deadline.met_at is None and days_left <= SOON_DAYS:
        return "warn"
    return "good"
