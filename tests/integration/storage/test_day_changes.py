"""A published day whose leader cannot come: who is told, what they may choose, what stays public."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.domain.bookings import BookingState
from reception.domain.codes import Role
from reception.domain.errors import BadInput, MoveRefused, NotAllowed
from reception.domain.reception_days import MISSED_AFTER, ChangeKind, DayState
from reception.domain.sessions import SessionMove, SessionState
from reception.domain.slots import SlotState
from reception.services import booking, calendar, day_changes, sessions, subjects
from reception.services.booking import BookingView, BookRequest
from reception.services.errors import LeaderAbsent, LeaderConcerned, StandInBusy
from reception.services.subjects import Subject, SubjectReason
from reception.storage.database import Database
from reception.storage.tables import AuditEvent
from tests.build import CLERK, NOW, TODAY, Prefecture, draft, open_day, prefecture

WHY = {"reason": "赴灾区指挥抢险", "approved_by": "县委办主任 张某（演示）"}
TOMORROW = TODAY + timedelta(days=1)
STARTS = NOW  # the first slot of today begins at 09:00, which is now


async def booked(db: Database, made: Prefecture, slot_id: str, name: str) -> BookingView:
    request = BookRequest(slot_id=slot_id, site_id=made.site_id, draft=draft(petitioner_name=name))
    return await booking.book(
        db, request=request, actor=CLERK, idempotency_key=None, now=NOW - timedelta(minutes=30)
    )


async def three_booked(
    db: Database, *, day: date = TODAY
) -> tuple[Prefecture, str, list[BookingView]]:
    """A prefecture with a published day on which three people are booked."""
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id, day=day)
    people = [
        await booked(db, made, slot.id, f"群众{number}（演示）")
        for number, slot in enumerate(slots[:3])
    ]
    return made, slots[0].day_id, people


async def with_stand_in(db: Database, made: Prefecture) -> None:
    await day_changes.set_stand_ins(
        db,
        leader_id=made.leader_id,
        stand_in_ids=[made.other_leader_id],
        actor=CLERK,
        now=NOW,
    )


async def substitute(db: Database, made: Prefecture, day_id: str) -> day_changes.Affected:
    return await day_changes.substitute(
        db, day_id=day_id, stand_in_id=made.other_leader_id, actor=CLERK, now=NOW, **WHY
    )


async def check_in(db: Database, made: Prefecture, code: str) -> BookingView:
    return await booking.check_in(db, code=code, actor=made.kiosk, now=NOW - timedelta(minutes=5))


async def logged(db: Database) -> list[str]:
    async with db.reading(SYSTEM) as tx:
        query = select(AuditEvent.action).order_by(AuditEvent.seq)
        return [str(action) for action in await tx.scalars(query)]


async def test_a_stand_in_receives_and_everyone_booked_chooses(db: Database) -> None:
    made, day_id, people = await three_booked(db)
    await with_stand_in(db, made)
    free_elsewhere = await open_day(db, made.leader_id, day=TOMORROW)
    (candidate,) = await day_changes.candidates(db, day_id=day_id, actor=CLERK)
    assert (candidate.leader.id, candidate.busy) == (made.other_leader_id, False)

    affected = await substitute(db, made, day_id)

    assert affected.booking_ids == tuple(one.id for one in people)
    day = await calendar.day(db, day_id=day_id, now=NOW)
    assert (day.state, day.leader.id, day.slots_booked) == (
        DayState.SUBSTITUTED,
        made.other_leader_id,
        3,
    )
    assert "原定副县长领导甲" in day.notice
    owed = await day_changes.let_down(db, actor=CLERK, now=NOW)
    assert [one.id for one in owed] == [one.id for one in people]
    assert {one.state for one in owed} == {BookingState.LEADER_ABSENT}

    with pytest.raises(LeaderAbsent):
        await check_in(db, made, people[0].code)
    for person in people[:2]:
        accepted = await day_changes.accept_stand_in(db, booking_id=person.id, actor=CLERK, now=NOW)
        assert accepted.state is BookingState.CONFIRMED
        assert accepted.slot.leader.id == made.other_leader_id
    moved = await booking.move(
        db,
        booking_id=people[2].id,
        slot_id=free_elsewhere[0].id,
        by="government",
        actor=CLERK,
        now=NOW,
    )
    assert (moved.state, moved.code) == (BookingState.CONFIRMED, people[2].code)
    assert await day_changes.let_down(db, actor=CLERK, now=NOW) == ()
    assert (await check_in(db, made, people[0].code)).state is BookingState.CHECKED_IN

    # The slot nobody waits for any more is the stand-in's to give.
    free = await calendar.free_slots(db, leader_id=made.other_leader_id, after=NOW)
    assert people[2].slot.id in {slot.id for slot in free}
    (entry,) = await day_changes.history(db, day_id=day_id)
    assert (entry.kind, entry.reason) == (ChangeKind.SUBSTITUTED, WHY["reason"])
    assert (entry.before, entry.after) == ("领导甲 副县长", "领导乙 副县长")
    log = await logged(db)
    assert {AuditAction.STAND_INS_SET, AuditAction.DAY_SUBSTITUTED} <= set(log)
    assert log.count(AuditAction.STAND_IN_ACCEPTED) == 2


async def test_the_leader_who_did_not_come_is_missed_without_anyone_saying_so(db: Database) -> None:
    made, day_id, people = await three_booked(db)
    await check_in(db, made, people[0].code)
    nearly = STARTS + MISSED_AFTER - timedelta(seconds=1)
    assert await day_changes.miss_unattended(db, now=nearly) == ()

    told = await day_changes.miss_unattended(db, now=STARTS + MISSED_AFTER)

    assert set(told) == {one.session_id for one in people}
    assert (await calendar.day(db, day_id=day_id, now=NOW)).state is DayState.MISSED
    assert await day_changes.miss_unattended(db, now=STARTS + MISSED_AFTER) == ()
    owed = await day_changes.let_down(db, actor=CLERK, now=NOW)
    assert {one.state for one in owed} == {BookingState.LEADER_ABSENT}
    (entry,) = await day_changes.history(db, day_id=day_id)
    assert (entry.kind, entry.before) == (ChangeKind.MISSED, "领导甲 副县长")
    assert (await logged(db)).count(AuditAction.DAY_MISSED) == 1


async def test_a_leader_who_is_in_the_room_misses_nothing(db: Database) -> None:
    made, day_id, people = await three_booked(db)
    await check_in(db, made, people[0].code)
    assert people[0].session_id is not None
    ticket = await sessions.issue_ticket(
        db, session_id=people[0].session_id, actor=made.leader, now=NOW
    )
    await sessions.redeem_ticket(db, ticket=ticket, now=NOW)
    assert await day_changes.miss_unattended(db, now=STARTS + MISSED_AFTER) == ()
    assert (await calendar.day(db, day_id=day_id, now=NOW)).state is DayState.BOOKING_OPEN


async def test_a_late_leader_and_who_still_waits_may_simply_begin(db: Database) -> None:
    made, day_id, people = await three_booked(db)
    await check_in(db, made, people[0].code)
    late = STARTS + MISSED_AFTER
    await day_changes.miss_unattended(db, now=late)
    session_id = people[0].session_id
    assert session_id is not None
    for move, actor in (
        (SessionMove.BEGIN_NOTICE, made.leader),
        (SessionMove.CONFIRM, made.kiosk),
    ):
        await sessions.move(db, session_id=session_id, move=move, actor=actor, now=late)
    talking = await booking.booking(db, booking_id=people[0].id, actor=CLERK)
    assert (talking.state, talking.session_state) == (
        BookingState.IN_SESSION,
        SessionState.ACTIVE,
    )
    # That he came late stays what it is.
    assert (await calendar.day(db, day_id=day_id, now=late)).state is DayState.MISSED


@pytest.mark.parametrize("by_petitioner", [True, False])
async def test_a_visit_stopped_after_a_miss_leaves_the_answer_to_the_petitioner(
    db: Database, *, by_petitioner: bool
) -> None:
    made, _, people = await three_booked(db)
    await check_in(db, made, people[0].code)
    late = STARTS + MISSED_AFTER
    await day_changes.miss_unattended(db, now=late)
    session_id = people[0].session_id
    assert session_id is not None
    await sessions.move(
        db,
        session_id=session_id,
        move=SessionMove.STOP,
        actor=made.kiosk if by_petitioner else made.clerk,
        now=late,
        reason="" if by_petitioner else "danger",
    )
    shown = await booking.booking(db, booking_id=people[0].id, actor=CLERK)
    assert shown.state is (
        BookingState.CANCELLED_BY_PETITIONER if by_petitioner else BookingState.LEADER_ABSENT
    )
    if not by_petitioner:
        elsewhere = await open_day(db, made.leader_id, day=TOMORROW)
        moved = await booking.move(
            db,
            booking_id=people[0].id,
            slot_id=elsewhere[0].id,
            by="government",
            actor=CLERK,
            now=late,
        )
        assert moved.session_state is SessionState.SCHEDULED


async def test_after_a_missed_day_the_waiting_may_have_the_late_leader_or_another_day(
    db: Database,
) -> None:
    made, day_id, people = await three_booked(db)
    elsewhere = await open_day(db, made.leader_id, day=TOMORROW)
    for person in people[:2]:
        await check_in(db, made, person.code)
    late = STARTS + MISSED_AFTER
    await day_changes.miss_unattended(db, now=late)
    candidates = await day_changes.candidates(db, day_id=day_id, actor=CLERK)
    assert candidates[0].leader.id == made.leader_id

    await day_changes.substitute(
        db, day_id=day_id, stand_in_id=made.leader_id, actor=CLERK, now=late, **WHY
    )
    waiting = await day_changes.accept_stand_in(db, booking_id=people[0].id, actor=CLERK, now=late)
    assert waiting.state is BookingState.CHECKED_IN
    assert waiting.session_state is SessionState.LOBBY

    moved = await booking.move(
        db,
        booking_id=people[1].id,
        slot_id=elsewhere[0].id,
        by="government",
        actor=CLERK,
        now=late,
    )
    assert moved.session_state is SessionState.SCHEDULED
    assert moved.session_id != people[1].session_id
    kinds = [entry.kind for entry in await day_changes.history(db, day_id=day_id)]
    assert kinds == [ChangeKind.MISSED, ChangeKind.SUBSTITUTED]


async def test_a_cancelled_day_has_a_make_up_day_and_loses_nobody(db: Database) -> None:
    made, day_id, people = await three_booked(db, day=TOMORROW)
    makeup = TOMORROW + timedelta(days=7)

    makeup_id, affected = await day_changes.cancel(
        db, day_id=day_id, makeup=makeup, actor=CLERK, now=NOW, **WHY
    )

    assert len(affected.booking_ids) == 3
    assert (await calendar.day(db, day_id=day_id, now=NOW)).state is DayState.CANCELLED
    added = await calendar.day(db, day_id=makeup_id, now=NOW)
    assert (added.date, added.state, added.leader.id) == (
        makeup,
        DayState.BOOKING_OPEN,
        made.leader_id,
    )
    states = [slot.state for slot in await calendar.slots(db, day_id=day_id, now=NOW)]
    assert states == [SlotState.LOST] * 3 + [SlotState.FREED]
    slots = await calendar.slots(db, day_id=makeup_id, now=NOW)
    moved = await booking.move(
        db, booking_id=people[0].id, slot_id=slots[0].id, by="government", actor=CLERK, now=NOW
    )
    assert moved.state is BookingState.CONFIRMED
    gone = await booking.cancel(
        db, booking_id=people[1].id, by="petitioner", reason="", actor=CLERK, now=NOW
    )
    assert gone.state is BookingState.CANCELLED_BY_PETITIONER
    with pytest.raises(BadInput, match="stand_in"):
        await day_changes.accept_stand_in(db, booking_id=people[2].id, actor=CLERK, now=NOW)
    (entry,) = await day_changes.history(db, day_id=day_id)
    assert (entry.kind, entry.makeup_on) == (ChangeKind.CANCELLED, makeup)
    assert (await logged(db)).count(AuditAction.DAY_CANCELLED) == 1


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("reason", {"reason": " "}),
        ("approved_by", {"approved_by": ""}),
        ("makeup", {"makeup": None}),
        ("makeup", {"makeup": TOMORROW}),
    ],
)
async def test_a_day_is_not_cancelled_without_reason_approver_and_make_up(
    db: Database, field: str, changes: dict[str, object]
) -> None:
    _, day_id, people = await three_booked(db, day=TOMORROW)
    wish = {"makeup": TOMORROW + timedelta(days=7), **WHY, **changes}
    with pytest.raises(BadInput) as refused:
        await day_changes.cancel(db, day_id=day_id, actor=CLERK, now=NOW, **wish)  # type: ignore[arg-type]
    assert refused.value.details["field"] == field
    shown = await booking.booking(db, booking_id=people[0].id, actor=CLERK)
    assert shown.state is BookingState.CONFIRMED


async def test_a_stand_in_who_receives_elsewhere_is_refused(db: Database) -> None:
    made, day_id, _ = await three_booked(db)
    await with_stand_in(db, made)
    await open_day(db, made.other_leader_id)
    (candidate,) = await day_changes.candidates(db, day_id=day_id, actor=CLERK)
    assert candidate.busy
    with pytest.raises(StandInBusy):
        await substitute(db, made, day_id)
    assert (await calendar.day(db, day_id=day_id, now=NOW)).state is DayState.BOOKING_OPEN


async def test_nobody_is_received_by_a_stand_in_the_case_accuses(db: Database) -> None:
    made, day_id, people = await three_booked(db)
    await subjects.add(
        db,
        case_id=people[0].case_id,
        subject=Subject("leader", made.other_leader_id),
        reason=SubjectReason.ACCUSED,
        actor=CLERK,
        now=NOW,
    )
    await substitute(db, made, day_id)
    with pytest.raises(LeaderConcerned):
        await day_changes.accept_stand_in(db, booking_id=people[0].id, actor=CLERK, now=NOW)


async def test_only_planners_change_a_day_and_only_once(db: Database) -> None:
    made, day_id, _ = await three_booked(db, day=TOMORROW)
    assert made.leader.role is Role.LEADER
    with pytest.raises(NotAllowed):
        await day_changes.cancel(
            db,
            day_id=day_id,
            makeup=TOMORROW + timedelta(days=7),
            actor=made.leader,
            now=NOW,
            **WHY,
        )
    for expected in (None, MoveRefused):
        wish = day_changes.cancel(
            db,
            day_id=day_id,
            makeup=TOMORROW + timedelta(days=7 if expected is None else 8),
            actor=CLERK,
            now=NOW,
            **WHY,
        )
        if expected is None:
            await wish
        else:
            with pytest.raises(expected):
                await wish


@pytest.mark.parametrize("twice", [True, False])
async def test_a_list_of_stand_ins_names_nobody_twice_and_not_the_leader(
    db: Database, *, twice: bool
) -> None:
    made = await prefecture(db)
    wrong = [made.other_leader_id] * 2 if twice else [made.leader_id]
    with pytest.raises(BadInput):
        await day_changes.set_stand_ins(
            db, leader_id=made.leader_id, stand_in_ids=wrong, actor=CLERK, now=NOW
        )
    assert await day_changes.stand_ins(db, leader_id=made.leader_id) == ()
