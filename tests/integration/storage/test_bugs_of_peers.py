"""What other booking systems got wrong, each tried on ours.

The bugs were read in the sources of nine systems. Those of browsers and sessions are tried beside the
code they concern.
"""

import asyncio
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Select, select

from reception.domain.bookings import BookingState
from reception.domain.codes import Mode
from reception.domain.errors import BadInput, SlotTaken
from reception.services import absences, booking, calendar, day_changes
from reception.services.booking import BookingView, BookRequest
from reception.storage.database import Database
from reception.storage.tables import Booking
from scheduler.calendar import SHANGHAI
from scheduler.intervals import Interval
from scheduler.rules import RestPolicy
from tests.build import CLERK, NOW, TODAY, VAULT, WINDOWS, Prefecture, draft, open_day, prefecture

TOMORROW = TODAY + timedelta(days=1)


async def book(db: Database, made: Prefecture, slot_id: str) -> BookingView:
    request = BookRequest(slot_id=slot_id, site_id=made.site_id, draft=draft())
    return await booking.book(db, request=request, actor=CLERK, idempotency_key=None, now=NOW)


async def fifteenth(db: Database, leader_id: str, *, windows: calendar.Windows = WINDOWS) -> str:
    return await calendar.add_rule(
        db,
        leader_id=leader_id,
        text="monthly_day 15",
        on_weekend=RestPolicy.HOLD,
        on_holiday=RestPolicy.ROLL_FORWARD,
        windows=windows,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=CLERK,
        now=NOW,
    )


async def test_every_day_is_counted_whatever_the_one_before_it_had(db: Database) -> None:
    """A loop that returned at the first person with few hearings left all others uncounted."""
    made = await prefecture(db)
    days = [TOMORROW + timedelta(days=number) for number in range(3)]
    slots = [await open_day(db, made.leader_id, day=day) for day in days]
    await book(db, made, slots[2][0].id)
    shown = await calendar.days(db, first=days[0], last=days[2], now=NOW)
    assert [(day.slots_open, day.slots_booked) for day in shown] == [(4, 0), (4, 0), (3, 1)]


async def test_a_long_talk_takes_all_of_its_time(db: Database) -> None:
    """A gap counted from start to start let a second hearing begin within the first."""
    made = await prefecture(db)
    await open_day(db, made.leader_id, day=TOMORROW, slot_minutes=120)
    with pytest.raises(BadInput, match="no_free_slot"):
        await calendar.add_day(
            db,
            leader_id=made.leader_id,
            date=TOMORROW,
            windows=((time(10, 30), time(11, 0)),),
            mode=Mode.VIDEO,
            actor=CLERK,
            now=NOW,
        )


async def test_what_ends_at_ten_leaves_ten_free(db: Database) -> None:
    """A closed interval kept a slot from beginning where an absence or a talk ended."""
    made = await prefecture(db)
    for start, end in ((time(9), time(10)), (time(10), time(11))):
        await calendar.add_day(
            db,
            leader_id=made.leader_id,
            date=TOMORROW,
            windows=((start, end),),
            slot_minutes=60,
            mode=Mode.VIDEO,
            actor=CLERK,
            now=NOW,
        )
    free = await calendar.free_slots(db, leader_id=made.leader_id, after=NOW)
    assert len(free) == 2
    first, second = (Interval(slot.starts_at, slot.ends_at) for slot in free)
    assert first.end == second.start
    assert not first.overlaps(second)


async def test_two_absences_side_by_side_are_two(db: Database) -> None:
    """A lookup for the one row that starts or ends then threw at two near rows."""
    made = await prefecture(db)
    for first, last in ((TOMORROW, TOMORROW), (TOMORROW, TOMORROW + timedelta(days=1))):
        await absences.add(
            db,
            leader_id=made.leader_id,
            first_day=first,
            last_day=last,
            reason="",
            actor=CLERK,
            now=NOW,
        )
    assert len(await absences.coming(db, leader_id=made.leader_id, today=TODAY)) == 2


async def test_an_evening_belongs_to_its_day_in_china(db: Database) -> None:
    """A query by UTC days moved the bookings of the evening to the day before or after."""
    made = await prefecture(db)
    windows = ((time(7, 0), time(7, 30)), (time(22, 0), time(22, 30)))
    day_id = await calendar.add_day(
        db,
        leader_id=made.leader_id,
        date=TOMORROW,
        windows=windows,
        mode=Mode.VIDEO,
        actor=CLERK,
        now=NOW,
    )
    for slot in await calendar.slots(db, day_id=day_id, now=NOW):
        await book(db, made, slot.id)
    listed = await booking.today(db, actor=CLERK, day=TOMORROW, now=NOW)
    assert [one.slot.starts_at.astimezone(SHANGHAI).time() for one in listed] == [
        time(7, 0),
        time(22, 0),
    ]
    for other in (TODAY, TOMORROW + timedelta(days=1)):
        assert await booking.today(db, actor=CLERK, day=other, now=NOW) == ()


async def test_who_is_offered_next_is_the_same_for_everybody_who_asks(db: Database) -> None:
    """The officer was drawn by lot, so that nobody could say why it was this one."""
    made = await prefecture(db)
    for leader in (made.other_leader_id, made.leader_id):
        await open_day(db, leader, day=TOMORROW)
    offers = {tuple(slot.id for slot in await calendar.free_slots(db, after=NOW)) for _ in range(5)}
    assert len(offers) == 1
    starts = [slot.starts_at for slot in await calendar.free_slots(db, after=NOW)]
    assert starts == sorted(starts)


async def test_who_has_checked_in_has_still_done_so_after_a_restart(
    database_url: str, db: Database
) -> None:
    """The flag lived in a cache that a nightly job wiped."""
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    booked = await book(db, made, slots[0].id)
    await booking.check_in(db, code=booked.code, actor=made.kiosk, now=NOW)
    restarted = Database(database_url, VAULT)
    try:
        (listed,) = await booking.today(
            restarted, actor=CLERK, day=TODAY, now=NOW + timedelta(hours=12)
        )
        assert listed.state is BookingState.CHECKED_IN
    finally:
        await restarted.close()


async def test_the_thirty_first_is_every_month(db: Database) -> None:
    """Months without such a day were left out, and nobody was told."""
    made = await prefecture(db)
    rule = await calendar.add_rule(
        db,
        leader_id=made.leader_id,
        text="monthly_day 31",
        on_weekend=RestPolicy.HOLD,
        on_holiday=RestPolicy.HOLD,
        windows=WINDOWS,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=CLERK,
        now=NOW,
    )
    window = (TODAY, date(2026, 6, 30))
    await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)
    days = await calendar.days(db, first=window[0], last=window[1], now=NOW)
    assert [(day.date.month, day.date.day) for day in days] == [
        (3, 31),
        (4, 30),
        (5, 31),
        (6, 30),
    ]


async def test_a_clash_with_oneself_is_said_and_costs_nothing(db: Database) -> None:
    """Clashing dates of a series were dropped in silence when the clash was with one's own."""
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, day=date(2026, 3, 15))
    kept = await book(db, made, slots[0].id)
    rule = await fifteenth(db, made.leader_id)
    window = (TODAY, date(2026, 4, 30))
    result = await calendar.plan(db, rule_id=rule, window=window, actor=CLERK, now=NOW)
    assert result.conflicts == ("2026-03-15 overlap",)
    shown = await booking.booking(db, booking_id=kept.id, actor=CLERK)
    assert shown.state is BookingState.CONFIRMED
    assert len(await calendar.slots(db, day_id=slots[0].day_id, now=NOW)) == len(slots)


async def test_who_loses_a_race_keeps_what_they_had(db: Database) -> None:
    """The draft was deleted before the new time was looked at: the loser lost both."""
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, day=TOMORROW)
    mine = await book(db, made, slots[0].id)
    await book(db, made, slots[1].id)
    with pytest.raises(SlotTaken) as lost:
        await booking.move(
            db, booking_id=mine.id, slot_id=slots[1].id, by="petitioner", actor=CLERK, now=NOW
        )
    offered = lost.value.details["alternatives"]
    assert isinstance(offered, list)
    assert offered[0]["slot_id"] == slots[2].id
    shown = await booking.booking(db, booking_id=mine.id, actor=CLERK)
    assert (shown.state, shown.slot.id) == (BookingState.CONFIRMED, slots[0].id)


async def test_planning_and_booking_at_once_end_well_for_both(db: Database) -> None:
    """Rebuilding slots and reserving one locked each other out until the database gave up."""
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, day=TOMORROW)
    rule = await fifteenth(db, made.leader_id, windows=((time(14), time(17)),))
    window = (TODAY, date(2027, 2, 28))

    async def plan_again(number: int) -> None:
        first = window[0] + timedelta(days=number)
        await calendar.plan(db, rule_id=rule, window=(first, window[1]), actor=CLERK, now=NOW)

    done = await asyncio.gather(
        *(plan_again(number) for number in range(4)),
        *(book(db, made, slot.id) for slot in slots),
        return_exceptions=True,
    )
    assert [one for one in done if isinstance(one, BaseException)] == []
    async with db.reading(CLERK) as tx:
        assert len({row.slot_id for row in await tx.scalars(_bookings())}) == len(slots)


def _bookings() -> Select[Booking]:
    return select(Booking)


async def test_a_change_of_hours_finds_the_booked_and_cancels_nobody(db: Database) -> None:
    """Blackouts cancelled what was booked under them."""
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, day=TOMORROW)
    kept = await book(db, made, slots[0].id)
    await absences.add(
        db,
        leader_id=made.leader_id,
        first_day=TOMORROW,
        last_day=TOMORROW,
        reason="",
        actor=CLERK,
        now=NOW,
    )
    shown = await booking.booking(db, booking_id=kept.id, actor=CLERK)
    assert shown.state is BookingState.CONFIRMED
    assert await day_changes.let_down(db, actor=CLERK, now=NOW) == ()


def test_an_instant_is_one_instant_wherever_it_is_written() -> None:
    """One booking had two times, because two parts of a program carried two tables of zones."""
    noon = datetime(2026, 3, 15, 12, 0, tzinfo=SHANGHAI)
    assert noon.utcoffset() == timedelta(hours=8)
    assert {
        datetime(year, month, 15, 12, tzinfo=SHANGHAI).utcoffset()
        for year in range(2015, 2036)
        for month in range(1, 13)
    } == {timedelta(hours=8)}
