"""Time limits of cases: started by what happens, kept true when a year's calendar arrives."""

from datetime import date, datetime, timedelta

from reception.domain.deadlines import TIME_LIMITS, Due, due
from reception.services.day_tables import table_of
from reception.storage import cases as rows
from reception.storage.database import Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Deadline, PetitionCase
from scheduler.calendar import DayTable, local_day
from scheduler.errors import YearNotLoaded


async def start(tx: Transaction, case: PetitionCase, rule: str, now: datetime) -> None:
    """Start a time limit of a case today, unless the same one already started today."""
    started_on = local_day(now)
    running = await rows.deadlines(tx, case.id)
    if any(other.rule == rule and other.started_on == started_on for other in running):
        return
    found, provisional = _due(rule, started_on, await table_of(tx, case.area_code))
    await tx.put(
        Deadline(
            id=new_id(),
            case_id=case.id,
            rule=rule,
            started_on=started_on,
            due_strict=found.strict,
            due_legal=found.legal,
            provisional=provisional,
            met_at=None,
        )
    )


async def settle_year(tx: Transaction, year: int) -> None:
    """Give deadlines and promises that waited for a year their legal day, now that it is loaded."""
    tables: dict[str, DayTable] = {}
    for deadline, area_code in await rows.provisional_deadlines(tx):
        table = await _table(tx, area_code, tables)
        found, provisional = _due(deadline.rule, deadline.started_on, table)
        if not provisional:
            await rows.settle_deadline(tx, deadline.id, found.legal)
    # A day at the end of the year before may have been waiting for a workday of this one.
    for outcome, area_code in await rows.unmoved_promises(
        tx, date(year - 1, 12, 1), date(year, 12, 31)
    ):
        assert outcome.due_on is not None, "the query asks for it"
        legal = legal_day(outcome.due_on, await _table(tx, area_code, tables))
        if legal != outcome.due_legal:
            await rows.settle_promise(tx, outcome.id, legal)


async def _table(tx: Transaction, area_code: str, known: dict[str, DayTable]) -> DayTable:
    if area_code not in known:
        known[area_code] = await table_of(tx, area_code)
    return known[area_code]


def legal_day(promised: date, table: DayTable) -> date:
    """Return a promised day moved past rest days; itself while its year is not loaded."""
    try:
        return promised if table.is_workday(promised) else table.next_workday(promised)
    except YearNotLoaded:
        return promised


def _due(rule: str, started_on: date, table: DayTable) -> tuple[Due, bool]:
    """Return the dates, and whether the legal one is provisional.

    A petition in December must not wait for next year's holidays. The law only ever moves a
    last day later, so until the year is loaded the strict date stands for both.
    """
    try:
        return due(rule, started_on, table), False
    except YearNotLoaded:
        limit = TIME_LIMITS[rule]
        if limit.unit == "calendar":
            strict = started_on + timedelta(days=limit.days)
        else:
            by_weekends = table.or_provisional(range(started_on.year, started_on.year + 2))
            strict = by_weekends.add_working_days(started_on, limit.days)
        return Due(strict=strict, legal=strict), True
