"""One run of planning: brings the stored days of a rule in line with what it gives now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reception.domain.reception_days import DayState
from reception.services.reception_days import (
    Span,
    loaded_windows,
    new_day,
    put_days,
    spans_of,
    without_overlaps,
)
from reception.storage import calendar as rows
from reception.storage.database import Transaction
from reception.storage.tables import ReceptionDay, ReceptionRule
from scheduler.rules import Occurrence


@dataclass(frozen=True)
class PlanResult:
    """How many days were created, kept, moved and removed.

    `conflicts` are for a person to settle: `2026-02-15 published` (the plan changed under a
    published day), `… booked`, or `… overlap` (the leader has other slots then).
    """

    created: int
    kept: int
    moved: int
    removed: int
    conflicts: tuple[str, ...]


class Planning:
    """One run of `plan`: decides day by day, then writes once."""

    def __init__(self, tx: Transaction, rule: ReceptionRule, now: datetime) -> None:
        self._tx = tx
        self._rule = rule
        self._now = now
        self._conflicts: list[str] = []

    async def run(self, wanted: Sequence[Occurrence], stored: Sequence[ReceptionDay]) -> PlanResult:
        """Create, keep, move and remove days; what is published or booked only conflicts."""
        by_nominal = {day.nominal_date: day for day in stored}
        async with self._tx.as_program():
            booked = await rows.booked_ever(self._tx, [day.id for day in stored])
        kept = 0
        missing, leaving = [], []
        for occurrence in wanted:
            day = by_nominal.pop(occurrence.nominal, None)
            if day is None:
                missing.append(occurrence)
            elif day.day == occurrence.date:
                # Loading a year turns a provisional day into a certain one, published or not.
                day.reason, day.provisional = occurrence.reason, occurrence.provisional
                kept += 1
            elif self._may_change(day, booked):
                leaving.append(day)
                missing.append(occurrence)
        gone = [day for day in by_nominal.values() if self._may_change(day, booked)]
        await rows.remove_days(self._tx, [day.id for day in (*leaving, *gone)])
        created = await self._create(missing)
        moved = len(created & {day.nominal_date for day in leaving})
        return PlanResult(
            created=len(created) - moved,
            kept=kept,
            moved=moved,
            removed=len(gone),
            conflicts=tuple(self._conflicts),
        )

    def _may_change(self, day: ReceptionDay, booked: set[str]) -> bool:
        if day.id in booked:
            self._conflicts.append(f"{day.nominal_date} booked")
            return False
        if day.state is not DayState.PLANNED:
            self._conflicts.append(f"{day.nominal_date} published")
            return False
        return True

    async def _create(self, occurrences: Sequence[Occurrence]) -> set[date]:
        """Store the days that have at least one free slot; return their nominal dates."""
        spans = {occurrence.nominal: self._spans(occurrence) for occurrence in occurrences}
        if not spans:
            return set()
        first = min(span[0][0] for span in spans.values())
        last = max(span[-1][1] for span in spans.values())
        taken = list(await rows.spans_of_leader(self._tx, self._rule.leader_id, first, last))
        made = []
        for occurrence in occurrences:
            wanted = spans[occurrence.nominal]
            free = without_overlaps(wanted, taken)
            if len(free) < len(wanted):
                self._conflicts.append(f"{occurrence.nominal} overlap")
            if free:
                made.append((self._day(occurrence), free))
                taken += free
        await put_days(self._tx, made)
        return {day.nominal_date for day, _ in made}

    def _spans(self, occurrence: Occurrence) -> list[Span]:
        rule = self._rule
        windows = loaded_windows(rule.windows)
        return spans_of(occurrence.date, windows, rule.slot_minutes, rule.buffer_minutes)

    def _day(self, occurrence: Occurrence) -> ReceptionDay:
        day = new_day(
            leader_id=self._rule.leader_id,
            day=occurrence.date,
            windows=loaded_windows(self._rule.windows),
            mode=self._rule.mode,
            topic="",
            now=self._now,
        )
        day.rule_id = self._rule.id
        day.nominal_date = occurrence.nominal
        day.moved = occurrence.moved
        day.reason = occurrence.reason
        day.provisional = occurrence.provisional
        return day
