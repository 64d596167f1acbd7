"""What happens to a published day: another leader receives, it is cancelled, or nobody came.

Whoever had booked keeps the choice: the stand-in, another slot before others, or not at all. It is
never counted as theirs (domain.md 4.3, scenarios 3 and 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from reception.domain.access import SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.bookings import BookingMove, BookingState
from reception.domain.bookings import after as booking_after
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound
from reception.domain.reception_days import (
    MISSED_AFTER,
    ChangeKind,
    DayMove,
    DayState,
    after,
    check_cancel,
    check_change,
    check_lead,
)
from reception.domain.slots import SlotState
from reception.services import audit
from reception.services.booking import (
    BookingView,
    booking_view,
    refuse_accused,
    refuse_second,
    require_booking,
)
from reception.services.errors import StandInBusy
from reception.services.permission import require
from reception.services.places import LeaderView, leader_view
from reception.services.reception_days import (
    ADDED,
    Span,
    change_notice,
    loaded_windows,
    new_day,
    not_offered_yet,
    publish_day,
    put_days,
    spans_of,
    without_overlaps,
)
from reception.services.timeline import note
from reception.services.wording import day_en, day_zh, instant_en, instant_zh
from reception.storage import bookings, calendar, places
from reception.storage import day_changes as rows
from reception.storage import sessions as session_rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import DayChange, Leader, ReceptionDay, ReceptionRule
from scheduler.calendar import local_day

MISSED_WITHIN: Final = timedelta(hours=12)
"""How long after its slot a waiting petitioner still makes the day a missed one."""
MOST_STAND_INS: Final = 20
OWED_WITHIN: Final = timedelta(days=31)
"""How far back and ahead the list of people who are owed an answer goes."""

_WAITED_FOR: Final = (DayState.PUBLISHED, DayState.BOOKING_OPEN, DayState.SUBSTITUTED)
_DEFAULT_SLOT: Final = (30, 10)


@dataclass(frozen=True)
class StandInView:
    """A leader who may receive instead; `busy` when slots of their own lie in the day's hours."""

    leader: LeaderView
    busy: bool


@dataclass(frozen=True)
class ChangeView:
    """One entry of a day's public history."""

    kind: ChangeKind
    at: datetime
    before: str
    after: str
    reason: str
    approved_by: str
    makeup_day_id: str | None
    makeup_on: date | None


@dataclass(frozen=True)
class Affected:
    """Whose bookings wait for an answer after a change, by id, soonest first."""

    booking_ids: tuple[str, ...]
    session_ids: tuple[str, ...]


async def set_stand_ins(
    db: Database, *, leader_id: str, stand_in_ids: Sequence[str], actor: Actor, now: datetime
) -> None:
    """Say who receives in a leader's place, the first to be asked first.

    Raises:
        NotFound: one of them is no leader.
        BadInput: one comes twice, is the leader, or there are more than 20.

    """
    if leader_id in stand_in_ids or len(set(stand_in_ids)) < len(stand_in_ids):
        raise BadInput(field="stand_ins", reason="twice")
    if len(stand_in_ids) > MOST_STAND_INS:
        raise BadInput(field="stand_ins", reason="too_many")
    async with db.transaction(actor) as tx:
        leader = await _leader(tx, leader_id)
        require(actor, Action.PLAN_DAY, Target(area_code=leader.area_code, leader_id=leader.id))
        for stand_in_id in stand_in_ids:
            await _leader(tx, stand_in_id)
        await rows.set_stand_ins(tx, leader_id, stand_in_ids)
        audit.record(
            tx,
            AuditAction.STAND_INS_SET,
            actor,
            "leader",
            leader_id,
            now,
            stand_ins=len(stand_in_ids),
        )


async def stand_ins(db: Database, *, leader_id: str) -> tuple[LeaderView, ...]:
    """Return who receives in a leader's place, the first to be asked first."""
    async with db.reading(SYSTEM) as tx:
        return tuple(leader_view(row[0], row[1]) for row in await rows.stand_ins(tx, leader_id))


async def candidates(db: Database, *, day_id: str, actor: Actor) -> tuple[StandInView, ...]:
    """Return the stand-ins of the day's first leader in their order, and whether they are free.

    After a missed day its own leader comes first: late is better than not at all.
    """
    async with db.reading(actor) as tx:
        day, leader = await _changeable(tx, day_id, actor)
        changed = await rows.changes(tx, day_id)
        planned = changed[0][0].before_leader_id if changed else day.leader_id
        listed = await rows.stand_ins(tx, planned)
        found = [(row[0], row[1]) for row in listed if row[0].id != day.leader_id]
        if day.state is DayState.MISSED:
            own = await places.leader(tx, leader.id)
            assert own is not None
            found.insert(0, own)
        spans = await _spans(tx, day_id)
        return tuple(
            [
                StandInView(leader_view(*one), busy=await _is_busy(tx, one[0].id, day_id, spans))
                for one in found
            ]
        )


async def substitute(
    db: Database,
    *,
    day_id: str,
    stand_in_id: str,
    reason: str,
    approved_by: str,
    actor: Actor,
    now: datetime,
) -> Affected:
    """Let another leader receive on a published day. Who has booked is asked, and keeps the slot.

    Raises:
        BadInput: reason or approver is missing.
        StandInBusy: the stand-in receives elsewhere at that time.
        MoveRefused: the day is not open for booking, or over.
        NotFound: there is no such day or leader.

    """
    check_change(reason=reason, approved_by=approved_by)
    async with db.transaction(actor) as tx:
        day, leader = await _changeable(tx, day_id, actor)
        after(day.state, DayMove.SUBSTITUTE)
        came_late = day.state is DayState.MISSED and stand_in_id == leader.id
        stand_in = leader if came_late else await _leader(tx, stand_in_id)
        if stand_in.id == leader.id and not came_late:
            raise BadInput(field="stand_in_id", reason="same_leader")
        await places.lock_leader(tx, stand_in.id)
        if await _is_busy(tx, stand_in.id, day_id, await _spans(tx, day_id)):
            raise StandInBusy(leader_id=stand_in.id)
        await _change_day(
            tx,
            day,
            DayMove.SUBSTITUTE,
            leader_id=stand_in.id,
            notice=change_notice(day, stand_in, instead_of=leader, reason=reason),
        )
        # Whoever was let down before this keeps waiting for an answer, now with one more choice.
        affected = await _let_down(
            tx,
            day_id,
            actor,
            now,
            zh=f"原定接访领导不能到场，改由{stand_in.title}{stand_in.name}接访，请您选择。",
            en=f"Another leader, {stand_in.name}, receives on that day; the choice is yours.",
        )
        await rows.give_slots(tx, day_id, stand_in.id)
        await _put_change(
            tx,
            day,
            leader,
            ChangeKind.SUBSTITUTED,
            actor,
            now,
            reason=reason,
            approved_by=approved_by,
            after=stand_in.id,
        )
        audit.record(
            tx,
            AuditAction.DAY_SUBSTITUTED,
            actor,
            "day",
            day_id,
            now,
            leader_id=leader.id,
            stand_in_id=stand_in.id,
            bookings=len(affected.booking_ids),
        )
    return affected


async def cancel(
    db: Database,
    *,
    day_id: str,
    makeup: date | None,
    reason: str,
    approved_by: str,
    actor: Actor,
    now: datetime,
) -> tuple[str, Affected]:
    """Cancel a day that has not begun and publish its make-up day; return that and who is let down.

    The make-up day has the same leader, hours and slots.

    Raises:
        BadInput: reason, approver or make-up day is missing, or the make-up day is not after the
            day, not after today, or holds no free slot.
        MoveRefused: the day is over, missed or cancelled.
        NotFound: there is no such day.

    """
    async with db.transaction(actor) as tx:
        day, leader = await _changeable(tx, day_id, actor)
        after(day.state, DayMove.CANCEL)  # nobody is asked for a make-up day in vain
        check_cancel(day=day.day, reason=reason, approved_by=approved_by, makeup=makeup)
        assert makeup is not None
        makeup_id = await _make_up(tx, day, leader, makeup, actor, now)
        await _change_day(tx, day, DayMove.CANCEL)
        affected = await _let_down(
            tx,
            day_id,
            actor,
            now,
            zh=f"{day_zh(day.day)}的接访取消，{day_zh(makeup)}补接，请您选择。",
            en=f"The reception of {day_en(day.day)} is cancelled, with a make-up day on"
            f" {day_en(makeup)}; the choice is yours.",
        )
        await rows.end_slots(tx, day_id, (SlotState.BOOKED,), SlotState.LOST)
        await rows.end_slots(tx, day_id, (SlotState.OPEN, SlotState.HELD), SlotState.FREED)
        await _put_change(
            tx,
            day,
            leader,
            ChangeKind.CANCELLED,
            actor,
            now,
            reason=reason,
            approved_by=approved_by,
            makeup=makeup_id,
        )
        audit.record(
            tx,
            AuditAction.DAY_CANCELLED,
            actor,
            "day",
            day_id,
            now,
            leader_id=leader.id,
            makeup_day_id=makeup_id,
            bookings=len(affected.booking_ids),
        )
    return makeup_id, affected


async def miss_unattended(db: Database, *, now: datetime) -> tuple[str, ...]:
    """Set the days missed on which a petitioner waited ten minutes and no leader came.

    Nobody has to say so, and nobody can keep it from being said. Returns the sessions to tell.
    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.days_waited_on(tx, now - MISSED_WITHIN, now - MISSED_AFTER, _WAITED_FOR)
    told: list[str] = []
    for day_id in found:
        async with db.transaction(SYSTEM) as tx:
            row = await calendar.day(tx, day_id)
            if row is None or row[0].state not in _WAITED_FOR:
                continue
            day: ReceptionDay = row[0]
            await _change_day(tx, day, DayMove.MISS)
            affected = await _let_down(
                tx,
                day_id,
                SYSTEM,
                now,
                zh="接访领导没有按时到场，非常抱歉。请您选择由其他领导接访、优先改期或取消。",
                en="The leader did not come in time; we are sorry. You may choose another leader,"
                " an early other slot, or to cancel.",
            )
            await _put_change(tx, day, row[1], ChangeKind.MISSED, SYSTEM, now)
            audit.record(
                tx,
                AuditAction.DAY_MISSED,
                SYSTEM,
                "day",
                day_id,
                now,
                leader_id=day.leader_id,
                bookings=len(affected.booking_ids),
            )
            told += affected.session_ids
    return tuple(told)


async def history(db: Database, *, day_id: str) -> tuple[ChangeView, ...]:
    """Return what happened to a day since it was published, oldest first; anybody may know."""
    async with db.reading(SYSTEM) as tx:
        found = await rows.changes(tx, day_id)
    return tuple(
        ChangeView(
            kind=change.kind,
            at=change.at,
            before=f"{before.name} {before.title}",
            after="" if instead is None else f"{instead.name} {instead.title}",
            reason=change.reason,
            approved_by=change.approved_by,
            makeup_day_id=change.makeup_day_id,
            makeup_on=None if makeup is None else makeup.day,
        )
        for change, before, instead, makeup in found
    )


async def let_down(db: Database, *, actor: Actor, now: datetime) -> tuple[BookingView, ...]:
    """Return the bookings of the actor's area whose leader is absent: people owed an answer."""
    require(actor, Action.MOVE_BOOKING, Target(area_code=actor.area_code))
    async with db.reading(actor) as tx:
        found = await bookings.bookings_between(
            tx,
            now - OWED_WITHIN,
            now + OWED_WITHIN,
            within=actor.area_code,
            rehearsal=False,
            states={BookingState.LEADER_ABSENT},
        )
    return tuple(booking_view(row, db.vault, now) for row in found)


async def accept_stand_in(
    db: Database, *, booking_id: str, actor: Actor, now: datetime
) -> BookingView:
    """Confirm a booking with the stand-in, at the petitioner's word; who waits goes on waiting.

    Raises:
        LeaderConcerned: the case accuses the stand-in.
        AlreadyBooked: the petitioner has another slot for this matter by now.
        MoveRefused: the booking's leader is not absent.
        BadInput: nobody stands in on that day.
        NotFound: there is no such booking.

    """
    async with db.transaction(actor) as tx:
        row = await require_booking(tx, booking_id, actor, Action.MOVE_BOOKING)
        booked, slot, day, _, _, _, _, _, _, session = row
        then = booking_after(booked.state, BookingMove.ACCEPT_STAND_IN)
        if day.state not in {DayState.SUBSTITUTED, DayState.IN_PROGRESS}:
            raise BadInput(field="stand_in", reason="nobody_stands_in")
        await refuse_accused(tx, booked.case_id, slot)
        await refuse_second(tx, booked.case_id)
        if booked.kiosk_id is not None:
            then = booking_after(then, BookingMove.CHECK_IN)
        if not await bookings.move_booking(
            tx, booked.id, booked.state, then, leader_id=slot.leader_id
        ):
            raise MovedMeanwhile(thing="booking")
        if session is not None:
            await session_rows.give_to_leader(tx, session.id, slot.leader_id)
        audit.record(
            tx,
            AuditAction.STAND_IN_ACCEPTED,
            actor,
            "booking",
            booked.id,
            now,
            leader_id=slot.leader_id,
        )
        await note(
            tx,
            booked.case_id,
            "stand_in_accepted",
            zh=f"信访人同意{instant_zh(booked.starts_at)}由补位领导接访。",
            en=f"The petitioner agreed to the stand-in for {instant_en(booked.starts_at)}.",
            actor=actor,
            now=now,
        )
        shown = await bookings.booking(tx, booking_id)
        assert shown is not None
        return booking_view(shown, tx.vault, now)


async def _leader(tx: Transaction, leader_id: str) -> Leader:
    found = await places.leader(tx, leader_id)
    if found is None or found[0].rehearsal:
        raise NotFound(thing="leader")
    return found[0]


async def _changeable(tx: Transaction, day_id: str, actor: Actor) -> tuple[ReceptionDay, Leader]:
    found = await calendar.day(tx, day_id)
    if found is None:
        raise NotFound(thing="day")
    day, leader, _ = found
    require(actor, Action.CHANGE_DAY, Target(area_code=leader.area_code, leader_id=leader.id))
    return day, leader


async def _spans(tx: Transaction, day_id: str) -> list[Span]:
    found = await calendar.slots_of_day(tx, day_id)
    return [
        (slot.starts_at, slot.ends_at)
        for slot, _, _, _ in found
        if slot.state not in {SlotState.DONE, SlotState.LOST, SlotState.FREED}
    ]


async def _is_busy(tx: Transaction, leader_id: str, day_id: str, spans: list[Span]) -> bool:
    if not spans:
        return False
    first, last = spans[0][0], max(end for _, end in spans)
    taken = await calendar.spans_of_leader(tx, leader_id, first, last, leave_out_day=day_id)
    return len(without_overlaps(spans, taken)) < len(spans)


async def _change_day(tx: Transaction, day: ReceptionDay, move: DayMove, **values: object) -> None:
    """Move a day on; the row in hand shows what it has become."""
    then = after(day.state, move)
    if not await calendar.change_day(
        tx, day.id, day.state, state=then, version=day.version + 1, **values
    ):
        raise MovedMeanwhile(thing="day")
    await tx.refresh(day)


async def _let_down(
    tx: Transaction, day_id: str, actor: Actor, now: datetime, *, zh: str, en: str
) -> Affected:
    """Take the leader from every standing booking of a day, cases the actor may not see included."""
    async with tx.as_program():
        found = await rows.standing_bookings(tx, day_id)
        ids = [(booked.id, booked.case_id, booked.state) for booked in found]
        for booking_id, case_id, state in ids:
            then = booking_after(state, BookingMove.LOSE_LEADER)
            if not await bookings.move_booking(tx, booking_id, state, then):
                raise MovedMeanwhile(thing="booking")
            await note(tx, case_id, "leader_absent", zh=zh, en=en, actor=actor, now=now)
        told = await session_rows.of_bookings(tx, [booking_id for booking_id, _, _ in ids])
    return Affected(tuple(booking_id for booking_id, _, _ in ids), tuple(told))


async def _make_up(
    tx: Transaction, day: ReceptionDay, leader: Leader, makeup: date, actor: Actor, now: datetime
) -> str:
    check_lead(makeup, local_day(now), added=True)
    rule = None if day.rule_id is None else await tx.get(ReceptionRule, day.rule_id)
    slot, buffer = _DEFAULT_SLOT if rule is None else (rule.slot_minutes, rule.buffer_minutes)
    windows = loaded_windows(day.windows)
    await places.lock_leader(tx, leader.id)
    free = await not_offered_yet(tx, leader.id, spans_of(makeup, windows, slot, buffer))
    if not free:
        raise BadInput(field="makeup", reason="no_free_slot")
    added = new_day(
        leader_id=leader.id, day=makeup, windows=windows, mode=day.mode, topic=day.topic, now=now
    )
    added.reason = ADDED
    await put_days(tx, [(added, free)])
    await publish_day(tx, added, leader, actor, now)
    return added.id


async def _put_change(
    tx: Transaction,
    day: ReceptionDay,
    leader: Leader,
    kind: ChangeKind,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    approved_by: str = "",
    after: str | None = None,
    makeup: str | None = None,
) -> None:
    await tx.put(
        DayChange(
            id=new_id(),
            day_id=day.id,
            version=day.version,
            kind=kind,
            at=now,
            actor=f"{actor.kind}:{actor.id}",
            approved_by=approved_by.strip(),
            reason=reason.strip(),
            before_leader_id=leader.id,
            after_leader_id=after,
            makeup_day_id=makeup,
        )
    )
