"""One run of planning: brings the stored days of a rule in line with what it gives now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from reception.domain.reception_days import DayState
from reception.services.absences import absent_days
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
from reception.storage.tables import Leader, ReceptionDay, ReceptionRule
from scheduler.rules import Occurrence


@dataclass(frozen=True)
class PlanResult:
    """How many days were created, kept, moved and removed.

    `conflicts` are for a person to settle: `2026-02-15 published` (the plan changed under a
    published day), `… booked`, `… overlap` (the leader has other slots then), `… absent` (the
    leader cannot receive, nor anybody who stands in) or `… away` (nor can the leader of a
    published day).
    """

    created: int
    kept: int
    moved: int
    removed: int
    conflicts: tuple[str, ...]


_OVER: Final = frozenset({DayState.CANCELLED, DayState.MISSED, DayState.COMPLETED})


class Planning:
    """One run of `plan`: decides day by day, then writes once."""

    def __init__(
        self, tx: Transaction, rule: ReceptionRule, people: Sequence[Leader], now: datetime
    ) -> None:
        """`people` are the rule's leader and those who stand in, the first to be asked first."""
        self._tx = tx
        self._rule = rule
        self._people = people
        self._now = now
        self._conflicts: list[str] = []
        self._absent: dict[str, set[date]] = {}

    async def run(self, wanted: Sequence[Occurrence], stored: Sequence[ReceptionDay]) -> PlanResult:
        """Create, keep, move and remove days; what is published or booked only conflicts."""
        by_nominal = {day.nominal_date: day for day in stored}
        async with self._tx.as_program():
            booked = await rows.booked_ever(self._tx, [day.id for day in stored])
        if wanted:
            dates = [occurrence.date for occurrence in wanted]
            self._absent = await absent_days(self._tx, self._people, min(dates), max(dates))
        kept = 0
        missing, leaving = [], []
        for occurrence in wanted:
            day = by_nominal.pop(occurrence.nominal, None)
            if day is None:
                missing.append(occurrence)
            elif day.day == occurrence.date and not self._changes_hands(day):
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

    def _changes_hands(self, day: ReceptionDay) -> bool:
        """Tell whether somebody else than now should receive on a planned day."""
        if day.state in _OVER:
            return False
        if day.day in self._absent.get(day.leader_id, ()):
            return True
        # The leader is back, and nobody knows of the stand-in yet.
        back = day.day not in self._absent[self._rule.leader_id]
        return day.state is DayState.PLANNED and day.leader_id != self._rule.leader_id and back

    def _may_change(self, day: ReceptionDay, booked: set[str]) -> bool:
        if day.day in self._absent.get(day.leader_id, ()) and day.state is not DayState.PLANNED:
            self._conflicts.append(f"{day.nominal_date} away")
            return False
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
        taken = {
            leader.id: list(await rows.spans_of_leader(self._tx, leader.id, first, last))
            for leader in self._people
        }
        made = []
        for occurrence in occurrences:
            wanted = spans[occurrence.nominal]
            leader_id = self._who(occurrence, wanted, taken)
            if leader_id is None:
                self._conflicts.append(f"{occurrence.nominal} absent")
                continue
            free = without_overlaps(wanted, taken[leader_id])
            if len(free) < len(wanted):
                self._conflicts.append(f"{occurrence.nominal} overlap")
            if free:
                made.append((self._day(occurrence, leader_id), free))
                taken[leader_id] += free
        await put_days(self._tx, made)
        return {day.nominal_date for day, _ in made}

    def _who(
        self, occurrence: Occurrence, wanted: Sequence[Span], taken: Mapping[str, list[Span]]
    ) -> str | None:
        """The rule's leader, or the first who stands in, is there and receives nowhere else."""
        present = [
            leader.id for leader in self._people if occurrence.date not in self._absent[leader.id]
        ]
        if self._rule.leader_id in present:
            return self._rule.leader_id
        for leader_id in present:
            if len(without_overlaps(wanted, taken[leader_id])) == len(wanted):
                return leader_id
        return None

    def _spans(self, occurrence: Occurrence) -> list[Span]:
        rule = self._rule
        windows = loaded_windows(rule.windows)
        return spans_of(occurrence.date, windows, rule.slot_minutes, rule.buffer_minutes)

    def _day(self, occurrence: Occurrence, leader_id: str) -> ReceptionDay:
        day = new_day(
            leader_id=leader_id,
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
