"""A leader's duty record: which published days were held, by whom, and what the rules ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from reception.domain.access import SYSTEM
from reception.domain.duty import (
    DutyDay,
    Fate,
    Period,
    Standing,
    fate_of,
    months_before,
    span_of,
    standing,
)
from reception.storage import calendar, duty
from reception.storage.database import Database, Transaction
from scheduler.rules import MonthlyCount, QuarterlyCount, parse_rule

MONTHS: Final = 6


@dataclass(frozen=True)
class MonthRecord:
    """One month and what became of each of its published days, by date."""

    first: date
    fates: tuple[Fate, ...]


@dataclass(frozen=True)
class DutyRecord:
    """Where each quota stands now, and the last six months, oldest first."""

    standings: tuple[Standing, ...]
    months: tuple[MonthRecord, ...]


async def record(db: Database, *, leader_id: str, today: date) -> DutyRecord:
    """Return the record of a leader; it is rebuilt from the days themselves each time."""
    async with db.reading(SYSTEM) as tx:
        quotas = await _quotas(tx, leader_id, today)
        months = months_before(today, MONTHS)
        first = min(months[0], *(span_of(period, today)[0] for period in Period))
        last = span_of(Period.QUARTER, today)[1]
        days = await _days(tx, leader_id, first, last, today)
    return DutyRecord(
        standings=tuple(standing(period, needed, days, today) for period, needed in quotas),
        months=tuple(_month(month, days) for month in months),
    )


async def _quotas(tx: Transaction, leader_id: str, today: date) -> list[tuple[Period, int]]:
    found = []
    for row in await calendar.rules_of(tx, leader_id):
        if row.valid_from > today or (row.valid_to is not None and row.valid_to < today):
            continue
        match parse_rule(row.text):
            case MonthlyCount(at_least=needed):
                found.append((Period.MONTH, needed))
            case QuarterlyCount(at_least=needed):
                found.append((Period.QUARTER, needed))
            case _:
                pass
    return found


async def _days(
    tx: Transaction, leader_id: str, first: date, last: date, today: date
) -> list[DutyDay]:
    own = await duty.published_days(tx, leader_id, first, last)
    away = await duty.given_away(tx, leader_id, first, last)
    days = [DutyDay(day, fate_of(day, state, today)) for day, state in own]
    return sorted(
        [*days, *(DutyDay(day, Fate.GIVEN_AWAY) for day in away)], key=lambda one: one.day
    )


def _month(month: date, days: Sequence[DutyDay]) -> MonthRecord:
    _, last = span_of(Period.MONTH, month)
    return MonthRecord(month, tuple(one.fate for one in days if month <= one.day <= last))
