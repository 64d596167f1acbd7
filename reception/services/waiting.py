"""The waiting list: who waits, what is offered to whom, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from reception.domain.access import SYSTEM, Action, Actor, Target, subject_of_leader
from reception.domain.areas import is_within
from reception.domain.audit import AuditAction
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound, Refused
from reception.domain.queue import PriorityReason
from reception.domain.slots import HOLD_FOR
from reception.domain.waiting import SOONEST, WaitMove, WaitState, after, offer_until
from reception.services import audit, booking
from reception.services.booking import BookingView, BookRequest
from reception.services.case_access import require_case
from reception.services.permission import require
from reception.services.places import SiteView, site_view
from reception.services.registration import CaseDraft, register_case
from reception.services.timeline import note
from reception.services.wording import instant_en, instant_zh
from reception.storage import bookings, calendar, places, subjects
from reception.storage import waiting as rows
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.errors import NotUnique
from reception.storage.ids import new_id
from reception.storage.tables import Booking, Leader, Site, Slot, WaitEntry
from scheduler.calendar import local_day

LOOKED_AT: Final = 200
"""Free slots that one sweep looks at, the soonest first."""


@dataclass(frozen=True)
class WaitView:
    """Somebody on the waiting list; the offer's fields are None while none stands."""

    id: str
    case_id: str
    case_no: str
    petitioner_name: str
    site: SiteView
    leader_name: str | None
    first_day: date
    last_day: date
    priority: PriorityReason | None
    asked_at: datetime
    state: WaitState
    slot_starts_at: datetime | None
    offered_until: datetime | None


@dataclass(frozen=True)
class WaitDraft:
    """What somebody waits for: a site, days from first to last, one leader or any."""

    case_id: str
    site_id: str
    first_day: date
    last_day: date
    leader_id: str | None = None
    priority: PriorityReason | None = None


async def join(
    db: Database,
    *,
    draft: WaitDraft,
    new_case: CaseDraft | None = None,
    actor: Actor,
    now: datetime,
) -> WaitView:
    """Put a case on the waiting list; who is booked may wait for an earlier slot.

    A `new_case` is registered, and `draft.case_id` not looked at.

    Raises:
        BadInput: the days make no sense, or the case waits already.
        NotFound, NotAllowed: no such case, site or leader, or it is none of the actor's.

    """
    if draft.last_day < max(draft.first_day, local_day(now)):
        raise BadInput(field="last_day", reason="over")
    try:
        async with db.transaction(actor) as tx:
            case_id = draft.case_id
            if new_case is None:
                await require_case(tx, case_id, actor, Action.BOOK)
            else:
                case_id = (await register_case(tx, new_case, actor, now)).id
            if await places.site(tx, draft.site_id) is None:
                raise NotFound(thing="site")
            if draft.leader_id is not None and await places.leader(tx, draft.leader_id) is None:
                raise NotFound(thing="leader")
            entry = WaitEntry(
                id=new_id(),
                case_id=case_id,
                site_id=draft.site_id,
                leader_id=draft.leader_id,
                first_day=draft.first_day,
                last_day=draft.last_day,
                priority=draft.priority,
                asked_at=now,
                state=WaitState.WAITING,
                slot_id=None,
                offered_until=None,
                passed=[],
            )
            await tx.put(entry)
            audit.record(
                tx,
                AuditAction.WAIT_JOINED,
                actor,
                "case",
                case_id,
                now,
                purpose="" if draft.priority is None else draft.priority.value,
            )
            await note(
                tx,
                case_id,
                "wait_joined",
                zh="已列入视频接访候补，有空时段会按先后通知。",
                en="The case is on the waiting list; a free slot is offered in turn.",
                actor=actor,
                now=now,
            )
            return await _view(tx, entry.id)
    except NotUnique:
        raise BadInput(field="case_id", reason="waits_already") from None


async def waiting(db: Database, *, actor: Actor) -> tuple[WaitView, ...]:
    """Return who waits at sites of the actor's area: who has an offer first, then in turn."""
    require(actor, Action.BOOK, Target(area_code=actor.area_code))
    async with db.reading(actor) as tx:
        found = [_view_of(tx, row) for row in await rows.live(tx, actor.area_code)]
    return tuple(sorted(found, key=lambda one: one.state is not WaitState.OFFERED))


async def take(db: Database, *, entry_id: str, actor: Actor, now: datetime) -> BookingView:
    """Book the slot that is offered; who was booked for the matter is moved to it.

    Whoever cannot be booked after all waits on, in their place.

    Raises:
        MoveRefused: nothing is offered any more.
        MovedMeanwhile: the offer ran out just now.
        NotFound, NotAllowed: no such entry, or it is none of the actor's.
        SiteFull, LeaderConcerned, SlotNotBookable: as for `booking.book`.

    """
    async with db.transaction(actor) as tx:
        entry = await _entry(tx, entry_id, actor)
        then = after(entry.state, WaitMove.TAKE)
        assert entry.slot_id is not None
        slot_id, until = entry.slot_id, now + HOLD_FOR
        # From here on the slot waits for this very clerk; the entry stays as it is until it is booked.
        if not (
            await calendar.pass_hold(
                tx, slot_id, by=_holder(entry_id), to=booking.holder(actor), until=until
            )
            and await rows.move(tx, entry_id, entry.state, entry.state, offered_until=until)
        ):
            raise MovedMeanwhile(thing="slot")
        async with tx.as_program():
            live = await bookings.live_booking_of_case(tx, entry.case_id)
    try:
        booked = await _book(db, entry, slot_id, live, actor, now)
    except Refused:
        async with db.transaction(actor) as tx:
            await calendar.release_slot(tx, slot_id, by=booking.holder(actor))
            await _leave_offer(tx, entry, WaitMove.PASS, actor, now)
        raise
    async with db.transaction(actor) as tx:
        await _settle(tx, entry, then, actor, now)
    return booked


async def _book(
    db: Database,
    entry: WaitEntry,
    slot_id: str,
    live: Booking | None,
    actor: Actor,
    now: datetime,
) -> BookingView:
    if live is not None:
        return await booking.move(
            db, booking_id=live.id, slot_id=slot_id, by="petitioner", actor=actor, now=now
        )
    return await booking.book(
        db,
        request=BookRequest(slot_id=slot_id, site_id=entry.site_id, case_id=entry.case_id),
        actor=actor,
        idempotency_key=None,
        now=now,
    )


async def _settle(
    tx: Transaction, entry: WaitEntry, then: WaitState, actor: Actor, now: datetime
) -> None:
    """Close an entry whose slot is booked; the sweep does it where the process ended in between."""
    if await rows.move(tx, entry.id, entry.state, then, offered_until=None):
        audit.record(
            tx, AuditAction.WAIT_ENDED, actor, "case", entry.case_id, now, move=WaitMove.TAKE.value
        )


async def give_up(
    db: Database, *, entry_id: str, move: WaitMove, actor: Actor, now: datetime
) -> None:
    """Pass an offer on to the next, keeping the place; or leave the list for good.

    Raises:
        BadInput: the move is neither.
        MoveRefused: the entry's state does not allow it.
        MovedMeanwhile: the offer ran out just now.
        NotFound, NotAllowed: no such entry, or it is none of the actor's.

    """
    if move not in {WaitMove.PASS, WaitMove.WITHDRAW}:
        raise BadInput(field="move", reason="not_in_list")
    async with db.transaction(actor) as tx:
        entry = await _entry(tx, entry_id, actor)
        await _leave_offer(tx, entry, move, actor, now)


async def offer(db: Database, *, now: datetime) -> int:
    """Take back offers that ran out, and offer what is free to who is first; return how many.

    A slot is held while it is offered, and offered to one person at a time.
    """
    made = 0
    async with db.transaction(SYSTEM) as tx:
        for entry in await rows.run_out(tx, now):
            live = await bookings.live_booking_of_case(tx, entry.case_id)
            if live is not None and live.slot_id == entry.slot_id:
                await _settle(tx, entry, after(entry.state, WaitMove.TAKE), SYSTEM, now)
            else:
                await _leave_offer(tx, entry, WaitMove.PASS, SYSTEM, now)
        if not await rows.wanted(tx, local_day(now)):
            return 0
        free = list(
            await calendar.free_slots(
                tx, after=now + SOONEST, now=now, limit=LOOKED_AT, rehearsal=False
            )
        )
        for row in await rows.live(tx):
            entry, site = row[0], row[3]
            if entry.state is not WaitState.WAITING:
                continue
            chosen = await _first_match(tx, entry, site, [(one[0], one[2]) for one in free], now)
            if chosen is None:
                continue
            free = [one for one in free if one[0].id != chosen.id]
            made += await _offer(tx, entry, chosen, now)
    return made


async def _first_match(
    tx: Transaction,
    entry: WaitEntry,
    site: Site,
    free: Sequence[tuple[Slot, Leader]],
    now: datetime,
) -> Slot | None:
    accused = await subjects.names_of_case(tx, entry.case_id)
    live = await bookings.live_booking_of_case(tx, entry.case_id)
    for slot, leader in free:
        if (
            slot.id in entry.passed
            or not entry.first_day <= local_day(slot.starts_at) <= entry.last_day
            or entry.leader_id not in {None, slot.leader_id}
            or not is_within(site.area_code, leader.area_code)
            or subject_of_leader(slot.leader_id) in accused
            # Who is booked waits for something earlier.
            or (live is not None and slot.starts_at >= live.starts_at)
            or offer_until(now, slot.starts_at) is None
        ):
            continue
        taken = await bookings.rooms_taken(tx, site.id, slot.starts_at, slot.ends_at)
        if len(taken) < site.rooms:
            return slot
    return None


async def _offer(tx: Transaction, entry: WaitEntry, slot: Slot, now: datetime) -> bool:
    until = offer_until(now, slot.starts_at)
    assert until is not None
    if not await calendar.hold_slot(tx, slot.id, by=_holder(entry.id), until=until, now=now):
        return False
    then = after(entry.state, WaitMove.OFFER)
    if not await rows.move(tx, entry.id, entry.state, then, slot_id=slot.id, offered_until=until):
        await calendar.release_slot(tx, slot.id, by=_holder(entry.id))
        return False
    audit.record(tx, AuditAction.WAIT_OFFERED, SYSTEM, "case", entry.case_id, now, slot_id=slot.id)
    await note(
        tx,
        entry.case_id,
        "wait_offered",
        zh=f"候补有空时段：{instant_zh(slot.starts_at)}，为您保留到{instant_zh(until)}。",
        en=f"A slot is free: {instant_en(slot.starts_at)}, kept for you until {instant_en(until)}.",
        actor=SYSTEM,
        now=now,
    )
    return True


async def _leave_offer(
    tx: Transaction, entry: WaitEntry, move: WaitMove, actor: Actor, now: datetime
) -> None:
    then = after(entry.state, move)
    passed = entry.passed if entry.slot_id is None else [*entry.passed, entry.slot_id]
    if not await rows.move(
        tx, entry.id, entry.state, then, slot_id=None, offered_until=None, passed=passed
    ):
        raise MovedMeanwhile(thing="wait_entry")
    if entry.slot_id is not None:
        await calendar.release_slot(tx, entry.slot_id, by=_holder(entry.id))
    audit.record(tx, AuditAction.WAIT_ENDED, actor, "case", entry.case_id, now, move=move.value)
    if move is WaitMove.WITHDRAW:
        await note(
            tx,
            entry.case_id,
            "wait_left",
            zh="不再候补；以后可以再列入。",
            en="No longer on the waiting list; it can be joined again.",
            actor=actor,
            now=now,
        )


async def _entry(tx: Transaction, entry_id: str, actor: Actor) -> WaitEntry:
    async def decide(row: rows.WaitRow) -> str:
        await require_case(tx, row[0].case_id, actor, Action.BOOK)
        return row[0].case_id

    row = await tx.decided(lambda: rows.entry(tx, entry_id), decide)
    if row is None:
        raise NotFound(thing="wait_entry")
    return row[0]


async def _view(tx: Transaction, entry_id: str) -> WaitView:
    row = await rows.entry(tx, entry_id)
    assert row is not None
    return _view_of(tx, row)


def _view_of(tx: Transaction, row: rows.WaitRow) -> WaitView:
    entry, case, petitioner, site, area, slot, leader = row
    return WaitView(
        id=entry.id,
        case_id=case.id,
        case_no=case.case_no,
        petitioner_name=Contents(tx.vault, case).open(petitioner, "name"),
        site=site_view(site, area),
        leader_name=None if leader is None else f"{leader.name} {leader.title}",
        first_day=entry.first_day,
        last_day=entry.last_day,
        priority=entry.priority,
        asked_at=entry.asked_at,
        state=entry.state,
        slot_starts_at=None if slot is None else slot.starts_at,
        offered_until=entry.offered_until,
    )


def _holder(entry_id: str) -> str:
    return f"wait:{entry_id}"
