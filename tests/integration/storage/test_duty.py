"""A leader's duty record, rebuilt from the days themselves."""

from datetime import date, timedelta

from reception.domain.codes import Mode
from reception.domain.duty import Fate, Period
from reception.services import calendar, day_changes, duty
from reception.storage.database import Database
from scheduler.rules import RestPolicy
from tests.build import CLERK, NOW, TODAY, WINDOWS, open_day, prefecture

WHY = {"reason": "抢险", "approved_by": "县委办主任"}


async def test_the_record_shows_whose_day_it_was_and_what_became_of_it(db: Database) -> None:
    made = await prefecture(db)
    days = [
        (await open_day(db, made.leader_id, day=TODAY + timedelta(days=number)))[0].day_id
        for number in (1, 2, 3)
    ]
    await day_changes.substitute(
        db, day_id=days[0], stand_in_id=made.other_leader_id, actor=CLERK, now=NOW, **WHY
    )
    await day_changes.cancel(
        db, day_id=days[1], makeup=date(2026, 4, 2), actor=CLERK, now=NOW, **WHY
    )
    for text in ("monthly_count 2", "quarterly_count 1"):
        await calendar.add_rule(
            db,
            leader_id=made.leader_id,
            text=text,
            on_weekend=RestPolicy.HOLD,
            on_holiday=RestPolicy.HOLD,
            windows=WINDOWS,
            mode=Mode.VIDEO,
            valid_from=TODAY,
            actor=CLERK,
            now=NOW,
        )

    record = await duty.record(db, leader_id=made.leader_id, today=TODAY)

    assert [month.first for month in record.months][-1] == date(2026, 3, 1)
    assert len(record.months) == 6
    assert record.months[-1].fates == (Fate.GIVEN_AWAY, Fate.CANCELLED, Fate.COMING)
    assert {one.period: (one.needed, one.held, one.coming) for one in record.standings} == {
        Period.MONTH: (2, 0, 1),
        Period.QUARTER: (1, 0, 1),
    }
    late = await duty.record(db, leader_id=made.leader_id, today=date(2026, 3, 20))
    assert {one.period: one.warned for one in late.standings} == {
        Period.MONTH: True,
        Period.QUARTER: False,
    }
    other = await duty.record(db, leader_id=made.other_leader_id, today=TODAY)
    assert other.months[-1].fates == (Fate.COMING,)
    assert other.standings == ()
