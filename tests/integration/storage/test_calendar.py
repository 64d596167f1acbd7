"""Rules become planned days, published days and slots that can be booked."""

import re
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import Engine, event

from reception.domain.access import SYSTEM
from reception.domain.codes import Mode
from reception.domain.errors import BadInput, MoveRefused, NotAllowed, SlotTaken
from reception.domain.reception_days import DayState
from reception.services import booking, calendar
from reception.storage.database import Database
from scheduler.calendar import DayKind, DayRow, DaySpan
from scheduler.errors import RuleUnknown
from scheduler.rules import RestPolicy
from tests.build import CITY, CLERK, COUNTY, NOW, TODAY, VAULT, WINDOWS, later, open_day, prefecture


async def _rule(db: Database, leader_id: str, text: str = "monthly_day 15") -> str:
    return await calendar.add_rule(
        db,
        leader_id=leader_id,
        text=text,
        on_weekend=RestPolicy.HOLD,
        on_holiday=RestPolicy.ROLL_FORWARD,
        windows=WINDOWS,
        mode=Mode.ANNOUNCED,
        valid_from=date(2026, 1, 1),
        actor=CLERK,
        now=NOW,
    )


async def test_a_plan_creates_days_with_slots_and_planning_again_keeps_them(db: Database) -> None:
    made = await prefecture(db)
    rule = await _rule(db, made.leader_id)
    window = (TODAY, date(2026, 5, 31))

    first = await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)
    again = await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)

    assert (first.created, first.conflicts) == (3, ())
    assert (again.created, again.kept, again.moved, again.removed) == (0, 3, 0, 0)
    days = await calendar.days(db, first=window[0], last=window[1], now=NOW)
    assert [day.date for day in days] == [
        date(2026, 3, 15),
        date(2026, 4, 15),
        date(2026, 5, 15),
    ]
    assert days[0].reason == "weekend"
    assert days[0].slots_open == 4
    assert days[0].state is DayState.PLANNED


async def test_a_planned_day_is_hidden_and_not_bookable_until_it_is_published(
    db: Database,
) -> None:
    made = await prefecture(db)
    rule = await _rule(db, made.leader_id)
    window = (TODAY, date(2026, 4, 30))
    await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)
    planned = await calendar.days(db, first=window[0], last=window[1], now=NOW)
    span = {"first": window[0], "last": window[1], "now": NOW}

    assert await calendar.public_days(db, **span) == ()  # type: ignore[arg-type]  # one span for both calls
    assert await calendar.free_slots(db, after=NOW) == ()

    ids = [day.id for day in planned]
    await calendar.publish(db, day_ids=ids, actor=CLERK, now=NOW)

    public = await calendar.public_days(db, within=CITY, **span)  # type: ignore[arg-type]  # as above
    assert [day.state for day in public] == [DayState.BOOKING_OPEN] * 2
    assert "2026年3月15日（周日） 09:00–12:00" in public[0].notice
    free = await calendar.free_slots(db, within=COUNTY, after=NOW, limit=3)
    assert [slot.starts_at for slot in free] == sorted(slot.starts_at for slot in free)
    assert len(free) == 3
    with pytest.raises(MoveRefused):
        await calendar.publish(db, day_ids=ids, actor=CLERK, now=NOW)


async def test_a_day_nearer_than_three_days_cannot_be_published(db: Database) -> None:
    made = await prefecture(db)
    rule = await _rule(db, made.leader_id, "every_workday")
    await calendar.plan(db, rule_id=rule, window=(TODAY, date(2026, 3, 12)), actor=CLERK, now=NOW)
    days = await calendar.days(db, first=TODAY, last=date(2026, 3, 12), now=NOW)
    with pytest.raises(BadInput) as refusal:
        await calendar.publish(db, day_ids=[days[0].id], actor=CLERK, now=NOW)
    assert refusal.value.details["reason"] == "too_soon"


async def test_a_new_holiday_moves_planned_days_and_only_flags_published_ones(
    db: Database,
) -> None:
    made = await prefecture(db)
    rule = await _rule(db, made.leader_id)
    window = (date(2027, 1, 1), date(2027, 3, 31))
    first = await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)
    days = await calendar.days(db, first=window[0], last=window[1], now=NOW)
    assert first.created == 3
    assert all(day.provisional for day in days)
    await calendar.publish(db, day_ids=[days[0].id], actor=CLERK, now=NOW)

    await calendar.load_day_table(
        db,
        area_code=CITY,
        year=2027,
        rows=_year_2027(holidays={date(2027, 1, 15): "甲", date(2027, 2, 15): "乙"}),
        source="test",
        now=NOW,
    )
    again = await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)

    assert (again.kept, again.moved) == (1, 1)
    assert again.conflicts == ("2027-01-15 published",)
    shown = await calendar.days(db, first=window[0], last=window[1], now=NOW)
    assert [day.date for day in shown] == [
        date(2027, 1, 15),
        date(2027, 2, 16),
        date(2027, 3, 15),
    ]
    assert shown[1].reason == "holiday:乙"
    assert not shown[2].provisional


def _year_2027(holidays: dict[date, str]) -> list[DayRow]:
    days = DaySpan(date(2027, 1, 1), date(2028, 1, 1))
    return [
        DayRow(
            day,
            DayKind.REST if day in holidays or day.weekday() >= 5 else DayKind.WORKDAY,
            holidays.get(day),
        )
        for day in days
    ]


async def test_a_second_day_of_a_leader_leaves_out_the_times_already_offered(
    db: Database,
) -> None:
    made = await prefecture(db)
    await open_day(db, made.leader_id)
    with pytest.raises(BadInput) as refusal:
        await open_day(db, made.leader_id)
    assert refusal.value.details["reason"] == "no_free_slot"
    more = await calendar.add_day(
        db,
        leader_id=made.leader_id,
        date=TODAY,
        windows=((time(11, 0), time(14, 0)),),
        mode=Mode.VIDEO,
        actor=CLERK,
        now=NOW,
    )
    starts = [slot.starts_at for slot in await calendar.slots(db, day_id=more, now=NOW)]
    assert starts == [later(160), later(200), later(240)]


async def test_a_held_slot_returns_when_the_hold_expires(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    held = await booking.hold(db, slot_id=slots[0].id, actor=made.clerk, now=NOW)
    assert held.state == "held"
    before = await calendar.free_slots(db, after=later(4))
    after = await calendar.free_slots(db, after=later(5))
    assert slots[0].id not in {slot.id for slot in before}
    assert slots[0].id in {slot.id for slot in after}
    counts = await calendar.public_days(db, first=TODAY, last=TODAY, now=later(5))
    assert counts[0].slots_open == len(slots)


async def test_only_slots_that_can_still_be_booked_count_as_open(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    await booking.hold(db, slot_id=slots[2].id, actor=made.clerk, now=NOW)
    counts = [
        (await calendar.day(db, day_id=slots[0].day_id, now=now)).slots_open
        for now in (NOW, slots[0].ends_at, slots[-1].ends_at)
    ]
    assert counts == [len(slots) - 1, len(slots) - 1, 0]
    listed = await calendar.public_days(db, first=TODAY, last=TODAY, now=slots[0].ends_at)
    assert listed[0].slots_open == len(slots) - 1


async def test_a_rule_nobody_understands_is_refused(db: Database) -> None:
    made = await prefecture(db)
    with pytest.raises(RuleUnknown):
        await _rule(db, made.leader_id, "now and then")


async def test_only_a_clerk_of_the_area_plans(db: Database) -> None:
    made = await prefecture(db)
    with pytest.raises(NotAllowed):
        await calendar.add_day(
            db,
            leader_id=made.leader_id,
            date=TODAY,
            windows=WINDOWS,
            mode=Mode.VIDEO,
            actor=made.handler,
            now=NOW,
        )


async def test_a_search_for_free_slots_never_reads_them_all(sqlite_database_url: str) -> None:
    db = Database(sqlite_database_url, VAULT)
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    await booking.hold(db, slot_id=slots[0].id, actor=made.kiosk, now=NOW)
    searches: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, sql: str, parameters: object, *_rest: object) -> None:
        if "FROM slot" in sql and "LIMIT" in sql:
            searches.append((sql, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for leader_id in (None, made.leader_id):
            assert await calendar.free_slots(db, leader_id=leader_id, after=NOW)
        with pytest.raises(SlotTaken):
            await booking.hold(db, slot_id=slots[0].id, actor=made.clerk, now=NOW)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(searches) == 3
    found: set[str] = set()
    async with db.reading(SYSTEM) as tx:
        connection = await tx.connection()
        for sql, parameters in searches:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
            steps = [str(row[-1]) for row in plan.all()]
            found |= {step for step in steps if re.match(r"(SCAN|SEARCH|MULTI).*\bslot\b", step)}
    assert found == {
        "SEARCH slot USING INDEX ix_slot_starts_at (starts_at>?)",
        "SEARCH slot USING INDEX uq_slot_leader_id_starts_at (leader_id=? AND starts_at>?)",
    }
    await db.close()
