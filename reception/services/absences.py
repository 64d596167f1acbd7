"""Days on which a leader cannot receive: kept beforehand, so that planning can ask a stand-in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from reception.domain.access import SYSTEM, Action, Actor
from reception.domain.audit import AuditAction
from reception.domain.errors import BadInput, NotFound
from reception.services import audit
from reception.services.day_tables import table_of
from reception.services.reception_days import require_planner
from reception.storage import absences as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Absence, Leader
from scheduler.calendar import DaySpan, DayTable, local_day
from scheduler.rules import RestPolicy, expand, format_rule, parse_rule

LONGEST: Final = timedelta(days=3 * 366)


@dataclass(frozen=True)
class AbsenceView:
    """From `first_day` to `last_day`, both included; with a `rule` only on its days."""

    id: str
    first_day: date
    last_day: date
    rule: str
    reason: str


async def add(
    db: Database,
    *,
    leader_id: str,
    first_day: date,
    last_day: date,
    rule: str = "",
    reason: str,
    actor: Actor,
    now: datetime,
) -> str:
    """Keep that a leader cannot receive; return the absence's id.

    `rule` is a rule's text, as `weekly mon` for every Monday of the span. What is planned changes
    with the next planning; what is published stays, for people to settle.

    Raises:
        RuleUnknown: the text is not a rule.
        BadInput: the span is over, ends before it begins or is longer than three years.
        NotFound: there is no such leader.

    """
    rule_text = format_rule(parse_rule(rule)) if rule.strip() else ""
    if last_day < first_day:
        raise BadInput(field="last_day", reason="before_first_day")
    if last_day < local_day(now):
        raise BadInput(field="last_day", reason="over")
    if last_day - first_day > LONGEST:
        raise BadInput(field="last_day", reason="too_long")
    async with db.transaction(actor) as tx:
        await require_planner(tx, actor, leader_id, Action.PLAN_DAY)
        absence = Absence(
            id=new_id(),
            leader_id=leader_id,
            first_day=first_day,
            last_day=last_day,
            rule=rule_text,
            reason=reason.strip(),
            created_at=now,
            ended_at=None,
        )
        await tx.put(absence)
        audit.record(tx, AuditAction.ABSENCE_ADDED, actor, "leader", leader_id, now)
    return absence.id


async def end(
    db: Database, *, leader_id: str, absence_id: str, actor: Actor, now: datetime
) -> None:
    """Take an absence back.

    Raises:
        NotFound: the leader has no such absence.

    """
    async with db.transaction(actor) as tx:
        await require_planner(tx, actor, leader_id, Action.PLAN_DAY)
        if not await rows.end(tx, absence_id, leader_id, now):
            raise NotFound(thing="absence")
        audit.record(tx, AuditAction.ABSENCE_ENDED, actor, "leader", leader_id, now)


async def coming(db: Database, *, leader_id: str, today: date) -> tuple[AbsenceView, ...]:
    """Return the absences of a leader that are not over, soonest first."""
    async with db.reading(SYSTEM) as tx:
        found = await rows.standing(tx, [leader_id], today, date.max)
    return tuple(
        AbsenceView(row.id, row.first_day, row.last_day, row.rule, row.reason) for row in found
    )


async def absent_days(
    tx: Transaction, leaders: Collection[Leader], first: date, last: date
) -> dict[str, set[date]]:
    """Return the days from `first` to `last` on which each leader cannot receive."""
    by_leader: dict[str, set[date]] = {leader.id: set() for leader in leaders}
    found = await rows.standing(tx, list(by_leader), first, last)
    tables = {leader.id: await table_of(tx, leader.area_code) for leader in leaders if found}
    for row in found:
        span = DaySpan(max(first, row.first_day), min(last, row.last_day) + timedelta(days=1))
        by_leader[row.leader_id] |= _days(row.rule, span, tables[row.leader_id])
    return by_leader


def _days(rule: str, span: DaySpan, table: DayTable) -> set[date]:
    if not rule:
        return set(span)
    hold = RestPolicy.HOLD
    return {one.date for one in expand(parse_rule(rule), hold, hold, table, span)}
