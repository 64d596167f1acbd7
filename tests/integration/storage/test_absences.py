"""Days on which a leader cannot receive: a stand-in is planned, and nothing public moves by itself."""

from datetime import date

import pytest
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.domain.codes import Mode
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.reception_days import DayState
from reception.services import absences, calendar, day_changes
from reception.services.calendar import DayView
from reception.services.planning import PlanResult
from reception.storage.database import Database
from reception.storage.tables import AuditEvent
from scheduler.errors import RuleUnknown
from scheduler.rules import RestPolicy
from tests.build import CLERK, NOW, TODAY, WINDOWS, Prefecture, open_day, prefecture

WINDOW = (TODAY, date(2026, 4, 30))
MONDAYS = [date(2026, 3, 16), date(2026, 3, 23), date(2026, 3, 30), date(2026, 4, 6)]


async def weekly(db: Database, made: Prefecture) -> str:
    """Every Monday; 2026-04-06 is a holiday and moves to the 7th."""
    return await calendar.add_rule(
        db,
        leader_id=made.leader_id,
        text="weekly mon",
        on_weekend=RestPolicy.HOLD,
        on_holiday=RestPolicy.ROLL_FORWARD,
        windows=WINDOWS,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=CLERK,
        now=NOW,
    )


async def absent(db: Database, leader_id: str, first: date, last: date, *, rule: str = "") -> str:
    return await absences.add(
        db,
        leader_id=leader_id,
        first_day=first,
        last_day=last,
        rule=rule,
        reason="外出培训",
        actor=CLERK,
        now=NOW,
    )


async def plan(db: Database, rule: str) -> PlanResult:
    return await calendar.plan(db, rule_id=rule, window=WINDOW, actor=CLERK, now=NOW)


async def days(db: Database, leader_id: str) -> list[DayView]:
    return list(
        await calendar.days(db, leader_id=leader_id, first=WINDOW[0], last=WINDOW[1], now=NOW)
    )


async def with_stand_in(db: Database, made: Prefecture) -> None:
    await day_changes.set_stand_ins(
        db, leader_id=made.leader_id, stand_in_ids=[made.other_leader_id], actor=CLERK, now=NOW
    )


async def test_a_stand_in_is_planned_where_the_leader_cannot_receive(db: Database) -> None:
    made = await prefecture(db)
    await with_stand_in(db, made)
    rule = await weekly(db, made)
    await absent(db, made.leader_id, MONDAYS[1], MONDAYS[1])

    result = await plan(db, rule)
    again = await plan(db, rule)

    assert result.conflicts == again.conflicts == ()
    assert (again.created, again.moved, again.removed) == (0, 0, 0)
    found = await days(db, made.leader_id)
    assert [day.leader.id for day in found[:3]] == [
        made.leader_id,
        made.other_leader_id,
        made.leader_id,
    ]
    assert found[1].date == MONDAYS[1]
    assert {day.state for day in found} == {DayState.PLANNED}


async def test_planned_days_follow_an_absence_and_its_end(db: Database) -> None:
    made = await prefecture(db)
    await with_stand_in(db, made)
    rule = await weekly(db, made)
    await plan(db, rule)

    absence = await absent(db, made.leader_id, MONDAYS[0], MONDAYS[2])
    moved = await plan(db, rule)
    assert moved.moved == 3
    assert [day.leader.id for day in await days(db, made.leader_id)][:3] == (
        [made.other_leader_id] * 3
    )

    await absences.end(db, leader_id=made.leader_id, absence_id=absence, actor=CLERK, now=NOW)
    back = await plan(db, rule)
    assert back.moved == 3
    assert {day.leader.id for day in await days(db, made.leader_id)} == {made.leader_id}
    async with db.reading(SYSTEM) as tx:
        log = set(await tx.scalars(select(AuditEvent.action)))
    assert {AuditAction.ABSENCE_ADDED, AuditAction.ABSENCE_ENDED} <= log


async def test_an_absence_may_follow_any_rule(db: Database) -> None:
    made = await prefecture(db)
    await with_stand_in(db, made)
    rule = await weekly(db, made)
    await absent(db, made.leader_id, TODAY, date(2026, 4, 30), rule="nth_weekday -1 mon")
    await plan(db, rule)
    away = [day.date for day in await days(db, made.leader_id) if day.leader.id != made.leader_id]
    assert away == [date(2026, 3, 30), date(2026, 4, 27)]


async def test_nobody_to_stand_in_is_told_and_not_dropped_in_silence(db: Database) -> None:
    made = await prefecture(db)
    rule = await weekly(db, made)
    await absent(db, made.leader_id, MONDAYS[0], MONDAYS[1])
    assert (await plan(db, rule)).conflicts == ("2026-03-16 absent", "2026-03-23 absent")

    await with_stand_in(db, made)
    await open_day(db, made.other_leader_id, day=MONDAYS[0])
    await absent(db, made.other_leader_id, MONDAYS[1], MONDAYS[1])
    assert (await plan(db, rule)).conflicts == ("2026-03-16 absent", "2026-03-23 absent")


async def test_a_published_day_stays_until_somebody_changes_it(db: Database) -> None:
    made = await prefecture(db)
    await with_stand_in(db, made)
    rule = await weekly(db, made)
    await plan(db, rule)
    first = (await days(db, made.leader_id))[0]
    await calendar.publish(db, day_ids=[first.id], actor=CLERK, now=NOW)
    await absent(db, made.leader_id, first.date, first.date)

    assert (await plan(db, rule)).conflicts == (f"{first.date} away",)
    shown = await calendar.day(db, day_id=first.id, now=NOW)
    assert (shown.leader.id, shown.state) == (made.leader_id, DayState.BOOKING_OPEN)
    await day_changes.substitute(
        db,
        day_id=first.id,
        stand_in_id=made.other_leader_id,
        reason="外出培训",
        approved_by="县委办主任",
        actor=CLERK,
        now=NOW,
    )
    assert (await plan(db, rule)).conflicts == ()


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 4, 2), date(2026, 4, 1), "last_day"),
        (date(2026, 3, 1), date(2026, 3, 9), "last_day"),
        (date(2026, 4, 1), date(2036, 4, 1), "last_day"),
    ],
)
async def test_a_span_that_makes_no_sense_is_refused(
    db: Database, first: date, last: date, field: str
) -> None:
    made = await prefecture(db)
    with pytest.raises(BadInput) as refused:
        await absent(db, made.leader_id, first, last)
    assert refused.value.details["field"] == field
    with pytest.raises(RuleUnknown):
        await absent(db, made.leader_id, TODAY, TODAY, rule="when it rains")
    assert await absences.coming(db, leader_id=made.leader_id, today=TODAY) == ()


async def test_only_a_planner_keeps_absences_and_each_ends_once(db: Database) -> None:
    made = await prefecture(db)
    absence = await absent(db, made.leader_id, TODAY, TODAY)
    with pytest.raises(NotAllowed):
        await absences.end(
            db, leader_id=made.leader_id, absence_id=absence, actor=made.leader, now=NOW
        )
    with pytest.raises(NotFound):
        await absences.end(
            db, leader_id=made.other_leader_id, absence_id=absence, actor=CLERK, now=NOW
        )
    await absences.end(db, leader_id=made.leader_id, absence_id=absence, actor=CLERK, now=NOW)
    with pytest.raises(NotFound):
        await absences.end(db, leader_id=made.leader_id, absence_id=absence, actor=CLERK, now=NOW)
