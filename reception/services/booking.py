"""Bookings: from the free slot to the check-in at the kiosk."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from reception.crypto.vault import Vault
from reception.domain.access import SYSTEM, Action, Actor, Target, subject_of_leader
from reception.domain.agents import AgentScope
from reception.domain.audit import AuditAction
from reception.domain.bookings import SLOT_STATES, BookingMove, BookingState, after
from reception.domain.codes import Category, Purpose, Role
from reception.domain.errors import (
    BadInput,
    CodeUnknown,
    DayNotPublished,
    IdempotencyMismatch,
    MovedMeanwhile,
    MoveRefused,
    NotFound,
    SlotNotBookable,
    SlotTaken,
)
from reception.domain.people import new_check_in_code, read_check_in_code
from reception.domain.reception_days import BOOKABLE_STATES
from reception.domain.sessions import FINAL_STATES, SessionMove, SessionState
from reception.domain.slots import HOLD_FOR, SlotMove, SlotState, is_claimable
from reception.domain.slots import after as slot_after
from reception.services import agents, audit, matches
from reception.services.calendar import SlotView, slot_view
from reception.services.errors import (
    AlreadyBooked,
    CheckInClosed,
    LeaderAbsent,
    LeaderConcerned,
    SiteFull,
)
from reception.services.permission import require, require_one
from reception.services.places import SiteView, site_view
from reception.services.registration import CaseDraft, register_case
from reception.services.session_moves import advance
from reception.services.timeline import note
from reception.services.wording import instant_en, instant_zh
from reception.storage import bookings as rows
from reception.storage import calendar, places, subjects
from reception.storage import sessions as session_rows
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.errors import Contended, NotUnique, Overlapping
from reception.storage.ids import new_id
from reception.storage.tables import Booking, Idempotency, PetitionCase, Session, Site, Slot
from scheduler.calendar import local, local_day

CHECK_IN_BEFORE = timedelta(minutes=60)
CHECK_IN_AFTER = timedelta(minutes=60)
SEATS = 4
ALTERNATIVES = 5

_CODE_TRIES = 5


@dataclass(frozen=True)
class BookingView:
    """A booked slot; `code` is what the petitioner types at the kiosk."""

    id: str
    code: str
    state: BookingState
    case_id: str
    case_no: str
    petitioner_name: str
    slot: SlotView
    site: SiteView
    session_id: str | None
    session_state: SessionState | None
    prepared: bool
    rehearsal: bool
    needs: tuple[str, ...]


@dataclass(frozen=True)
class BookRequest:
    """A slot at a site, for a case that is there (`case_id`) or a new one (`draft`).

    `agent_id`: the agent of the case who books for the petitioner. `told`: the petitioner says that
    the case is the same matter; this is what was told now, and is kept with it.
    """

    slot_id: str
    site_id: str
    case_id: str | None = None
    draft: CaseDraft | None = None
    needs: tuple[str, ...] = ()
    agent_id: str | None = None
    told: str = ""


@dataclass(frozen=True)
class Matter:
    """What another matter of the same person is about."""

    purpose: Purpose
    category: Category
    problem_area_code: str
    summary: str
    facts: str = ""


Wish = Literal["petitioner", "government"]
"""At whose wish a booking ends or moves; neither has any consequence for the petitioner."""

_WISHERS: Final[Mapping[Wish, tuple[str, str]]] = {
    "petitioner": ("信访人", "the petitioner"),
    "government": ("接访单位", "the office"),
}


class _Lost(Exception):
    """Somebody else got the slot."""


async def book(
    db: Database,
    *,
    request: BookRequest,
    actor: Actor,
    idempotency_key: str | None,
    now: datetime,
) -> BookingView:
    """Book a slot, registering the case when a draft is given; wholly or not at all.

    Of many callers for one slot exactly one gets it. The same idempotency key with the same
    request returns the booking made first, in its present state.

    Raises:
        SlotTaken: `alternatives` lists up to 5 free slots, the leader's own first, as
            `{slot_id, starts_at, ends_at, leader, leader_id}`.
        SlotNotBookable: the slot is over or was withdrawn.
        DayNotPublished: its day is not published.
        SiteFull: every room of the site is taken then.
        AlreadyBooked: the case has a live booking (domain.md 4.4 rule 7).
        AgentNotAuthorised: the agent may not book for the petitioner.
        LeaderConcerned: the case accuses the slot's leader; another leader has to receive.
        IdempotencyMismatch: the key came with another request.
        NotFound: slot, site or case does not exist.
        BadInput: neither or both of case and draft, or the draft is incomplete.

    """
    if (request.case_id is None) == (request.draft is None):
        raise BadInput(field="case_id", reason="case_or_draft")
    key = None if idempotency_key is None else _key_hash(actor, idempotency_key)
    found = await _remembered(db, key, request, actor, now)
    if found is not None:
        return found
    slot = await _wanted(db, request.slot_id, actor, now)
    try:
        _give_up_if_hopeless(slot, actor, now)
        async with db.transaction(actor) as tx:
            booking_id = await _book(tx, request, actor, key, now)
            return await _view(tx, booking_id, now)
    except (_Lost, Overlapping, NotUnique, Contended):
        # The winner may have been the same request, sent twice at once.
        found = await _remembered(db, key, request, actor, now)
        if found is not None:
            return found
        await _refuse_second_anew(db, request.case_id, actor)
        raise await _taken(db, slot, now) from None


async def was_sent(db: Database, *, idempotency_key: str, actor: Actor) -> bool:
    """Tell whether this actor has booked with this key."""
    async with db.reading(actor) as tx, tx.as_program():
        return await rows.remembered(tx, _key_hash(actor, idempotency_key)) is not None


async def hold(db: Database, *, slot_id: str, actor: Actor, now: datetime) -> SlotView:
    """Keep a free slot for the actor for 5 minutes; holding it again renews the time.

    Raises:
        SlotTaken: with alternatives.
        SlotNotBookable, DayNotPublished, NotFound: as for `book`.

    """
    lost = False
    async with db.transaction(actor) as tx:
        slot = await _bookable(tx, slot_id, actor, now)
        by = holder(actor)
        if not await calendar.hold_slot(tx, slot.id, by=by, until=now + HOLD_FOR, now=now):
            lost = True
        found = await calendar.slot(tx, slot_id)
        assert found is not None
    if lost:
        raise await _taken(db, slot, now)
    slot, _, leader, area = found
    return slot_view(slot, leader, area, now)


async def release(db: Database, *, slot_id: str, actor: Actor, now: datetime) -> None:
    """Give up the actor's hold on a slot; a slot held by somebody else stays as it is."""
    async with db.transaction(actor) as tx:
        await calendar.release_slot(tx, slot_id, by=holder(actor))


async def cancel(
    db: Database,
    *,
    booking_id: str,
    by: Wish,
    reason: str,
    actor: Actor,
    now: datetime,
) -> BookingView:
    """Cancel a booking that has not begun; its slot is free again.

    A petitioner needs no reason and bears no consequence; the government gives one.

    Raises:
        BadInput: the government gave no reason.
        MoveRefused: the booking is over or in session.
        MovedMeanwhile: somebody changed it just now.

    """
    if by == "government" and not reason.strip():
        raise BadInput(field="reason", reason="missing")
    move = BookingMove.CANCEL_BY_PETITIONER if by == "petitioner" else BookingMove.CANCEL_BY_GOV
    async with db.transaction(actor) as tx:
        row = await require_booking(tx, booking_id, actor, Action.CANCEL_BOOKING)
        await _end(tx, row, move, reason)
        if row[9] is not None and row[9].state not in FINAL_STATES:
            await advance(tx, row[9], SessionMove.STOP, actor, now, reason="booking_cancelled")
        audit.record(
            tx, AuditAction.BOOKING_CANCELLED, actor, "booking", booking_id, now, purpose=by
        )
        who_zh, who_en = _WISHERS[by]
        at = row[0].starts_at
        await note(
            tx,
            row[0].case_id,
            "booking_cancelled",
            zh=f"{who_zh}取消了{instant_zh(at)}的视频接访预约。",
            en=f"The booking for {instant_en(at)} was cancelled by {who_en}.",
            actor=actor,
            now=now,
        )
        return await _view(tx, booking_id, now)


async def move(
    db: Database, *, booking_id: str, slot_id: str, by: Wish, actor: Actor, now: datetime
) -> BookingView:
    """Move a booking to another free slot, keeping code, case and preparation.

    The old booking ends as `moved`; the returned one is new. `by` says who wished it: a clerk
    who moves at the petitioner's wish moves for the petitioner.

    Raises:
        SlotTaken, SlotNotBookable, DayNotPublished, SiteFull, AlreadyBooked, NotFound: as for
            `book`.
        MoveRefused: the booking is over or in session.

    """
    slot = await _wanted(db, slot_id, actor, now)
    try:
        _give_up_if_hopeless(slot, actor, now)
        async with db.transaction(actor) as tx:
            row = await require_booking(tx, booking_id, actor, Action.MOVE_BOOKING)
            new = await _move(tx, row, slot_id, by, actor, now)
            return await _view(tx, new, now)
    except (_Lost, Overlapping, NotUnique, Contended):
        raise await _taken(db, slot, now) from None


async def separate(
    db: Database, *, booking_id: str, matter: Matter, actor: Actor, now: datetime
) -> BookingView:
    """Give a booking a case of its own when the petitioner says it is another matter.

    Slot, site and check-in code stay; the person's data come from the case it was booked for.

    Raises:
        MoveRefused: the petitioner has checked in, or the booking is over.
        MovedMeanwhile: somebody changed it just now.
        NotFound, NotAllowed: no such booking, or it is none of the actor's.
        BadInput: the matter is incomplete.

    """
    async with db.transaction(actor) as tx:
        row = await require_booking(tx, booking_id, actor, Action.MOVE_BOOKING)
        old, slot, _, _, _, site, _, case, petitioner, session = row
        if old.state is BookingState.CHECKED_IN:
            raise MoveRefused(state=old.state.value, move=BookingMove.MOVE_BY_PETITIONER.value)
        contents = Contents(tx.vault, case)
        draft = CaseDraft(
            petitioner_name=contents.open(petitioner, "name"),
            phone=contents.open(petitioner, "phone") or None,
            id_number=contents.open(petitioner, "id_number") or None,
            language=petitioner.language,
            needs=tuple(petitioner.needs),
            channel=case.channel,
            **asdict(matter),
        )
        new_case = await register_case(tx, draft, actor, now, rehearsal=old.rehearsal)
        await _end(tx, row, BookingMove.MOVE_BY_PETITIONER, "another_matter")
        if session is not None and session.state not in FINAL_STATES:
            await advance(tx, session, SessionMove.STOP, actor, now, reason="booking_cancelled")
        if not await calendar.claim_slot(tx, slot.id, by=holder(actor), now=now):
            raise MovedMeanwhile(thing="slot")
        new = await _put_booking(
            tx, new_case.id, slot, site, code=old.code, needs=old.needs, now=now
        )
        await tx.put(_session(new))
        audit.record(
            tx,
            AuditAction.MATTER_SEPARATED,
            actor,
            "case",
            case.id,
            now,
            new_case_id=new_case.id,
            new_booking_id=new.id,
        )
        for told, other in ((case, new_case), (new_case, case)):
            await note(
                tx,
                told.id,
                "separated",
                zh=f"信访人提出这是另一件事，单独登记；相关编号{other.case_no}。",
                en=f"The petitioner said it is another matter; the other number is {other.case_no}.",
                actor=actor,
                now=now,
            )
        return await _view(tx, new.id, now)


_ALSO_TODAY: Final = frozenset(
    {BookingState.COMPLETED, BookingState.NO_SHOW, BookingState.LEADER_ABSENT}
)
_VISITED: Final = FINAL_STATES | {SessionState.LOBBY}
_OF_A_LEADER: Final = frozenset({Role.LEADER, Role.SECRETARY})


async def today(db: Database, *, actor: Actor, day: date, now: datetime) -> tuple[BookingView, ...]:
    """Return the bookings of a day, soonest first, cancelled and moved ones left out.

    A clerk sees the area's, a leader and the secretary the leader's, a kiosk its site's; a rehearsal's kiosk and
    leader see the rehearsal's.
    """
    # A secretary sees the list and never comes into the room.
    looks_on = actor.role is Role.SECRETARY
    require(actor, Action.SEE_CASE if looks_on else Action.JOIN_ROOM, _own(actor))
    async with db.reading(actor) as tx:
        site_id, rehearsal = None, False
        if actor.role is Role.KIOSK:
            found = await places.kiosk(tx, actor.id)
            if found is None:
                raise NotFound(thing="kiosk")
            site_id, rehearsal = found[1].id, found[1].rehearsal
        if actor.role is Role.LEADER and actor.leader_id is not None:
            leader = await places.leader(tx, actor.leader_id)
            rehearsal = leader is not None and leader[0].rehearsal
        shown = await rows.bookings_between(
            tx,
            local(day, time.min),
            local(day + timedelta(days=1), time.min),
            within=actor.area_code if actor.role is Role.CLERK else None,
            leader_id=actor.leader_id if actor.role in _OF_A_LEADER else None,
            site_id=site_id,
            rehearsal=rehearsal,
            states=SLOT_STATES | _ALSO_TODAY,
        )
    return tuple(booking_view(row, db.vault, now) for row in shown)


async def check_in(db: Database, *, code: str, actor: Actor, now: datetime) -> BookingView:
    """Check a petitioner in at a kiosk of the booked site; the session is then in the lobby.

    Checking in again, also at another kiosk of the site, is no error while the booking is live.

    Raises:
        CodeUnknown: no live booking at this site has the code.
        CheckInClosed: too early or too late; details say when it is open.
        LeaderAbsent: the leader cannot come; the petitioner chooses with the staff.

    """
    async with db.transaction(actor) as tx:
        kiosk = await places.kiosk(tx, actor.id)
        code = read_check_in_code(code)
        row = await rows.live_booking_by_code(tx, code)
        if kiosk is not None and row is None:
            async with tx.as_program():
                if await rows.let_down_by_code(tx, code, kiosk[0].site_id):
                    raise LeaderAbsent
        if row is None or kiosk is None or kiosk[0].site_id != row[0].site_id:
            raise CodeUnknown
        require(actor, Action.CHECK_IN, Target(kiosk_id=kiosk[0].id))
        booked: Booking = row[0]
        if booked.state in {BookingState.CHECKED_IN, BookingState.IN_SESSION}:
            await rows.move_booking(tx, booked.id, booked.state, booked.state, kiosk_id=kiosk[0].id)
            return await _view(tx, booked.id, now)
        _require_check_in_open(booked, now)
        await _follow(tx, booked, BookingMove.CHECK_IN, kiosk_id=kiosk[0].id)
        audit.record(tx, AuditAction.CHECKED_IN, actor, "booking", booked.id, now)
        if row[9] is not None:
            await advance(tx, row[9], SessionMove.CHECK_IN, actor, now)
        await note(
            tx,
            booked.case_id,
            "checked_in",
            zh="信访人已在接访点签到。",
            en="The petitioner checked in at the site.",
            actor=actor,
            now=now,
        )
        return await _view(tx, booked.id, now)


async def booking(db: Database, *, booking_id: str, actor: Actor) -> BookingView:
    """Return a booking.

    Raises:
        NotFound: there is none with this id.
        NotAllowed: it is none of the actor's.

    """
    async with db.reading(actor) as tx:
        row = await require_booking(tx, booking_id, actor, Action.JOIN_ROOM)
    return booking_view(row, db.vault, row[0].created_at)


def booking_view(row: rows.BookingRow, vault: Vault, now: datetime) -> BookingView:
    """Return a booking as others see it at `now`."""
    booked, slot, _, leader, leader_area, site, site_area, case, petitioner, session = row
    return BookingView(
        id=booked.id,
        code=booked.code,
        state=booked.state,
        case_id=case.id,
        case_no=case.case_no,
        petitioner_name=Contents(vault, case).open(petitioner, "name"),
        slot=slot_view(slot, leader, leader_area, now),
        site=site_view(site, site_area),
        session_id=None if session is None else session.id,
        session_state=None if session is None else session.state,
        prepared=session is not None and bool(session.preparation),
        rehearsal=booked.rehearsal,
        needs=tuple(booked.needs),
    )


async def _book(
    tx: Transaction, request: BookRequest, actor: Actor, key: str | None, now: datetime
) -> str:
    # The claim comes first: whoever lost the race leaves the database to the others at once.
    await _claim(tx, request.slot_id, actor, now)
    slot = await _bookable(tx, request.slot_id, actor, now)
    site = await _site(tx, request.site_id, rehearsal=slot.rehearsal)
    case = await _case(tx, request, actor, now, rehearsal=slot.rehearsal)
    await refuse_accused(tx, case.id, slot)
    if request.draft is None:
        await refuse_second(tx, case.id)
    if request.told:
        await matches.join(tx, case, request.told, actor, now)
    agent_id, for_them = await _by_agent(tx, request, case.id, now)
    needs = request.needs or (() if request.draft is None else request.draft.needs)
    booked = await _put_booking(tx, case.id, slot, site, code=await _code(tx), needs=needs, now=now)
    await tx.put(_session(booked))
    if key is not None:
        await tx.put(
            Idempotency(
                key_hash=key,
                request_hash=_request_hash(tx, request),
                booking_id=booked.id,
                created_at=now,
            )
        )
    audit.record(
        tx,
        AuditAction.BOOKED,
        actor,
        "booking",
        booked.id,
        now,
        case_id=case.id,
        slot_id=slot.id,
        site_id=site.id,
        agent_id=agent_id,
    )
    await note(
        tx,
        case.id,
        "booked",
        zh=f"{for_them[0]}已预约{instant_zh(slot.starts_at)}在{site.name}视频接访。",
        en=f"A video reception was booked for {instant_en(slot.starts_at)}{for_them[1]}.",
        actor=actor,
        now=now,
    )
    return booked.id


async def _by_agent(
    tx: Transaction, request: BookRequest, case_id: str, now: datetime
) -> tuple[str | None, tuple[str, str]]:
    """Return which agent books, if one does, and how the timeline says so."""
    agent_id = request.agent_id
    if agent_id is None and request.draft is not None and request.draft.agent is not None:
        agent_id = (await agents.newest(tx, case_id)).id
    if agent_id is None:
        return None, ("", "")
    kind = await agents.require(tx, case_id, agent_id, AgentScope.BOOK, local_day(now))
    return agent_id, (f"{kind.zh}代信访人", f" by the petitioner's agent ({kind.en})")


async def _case(
    tx: Transaction, request: BookRequest, actor: Actor, now: datetime, *, rehearsal: bool
) -> PetitionCase:
    if request.draft is not None:
        return await register_case(tx, request.draft, actor, now, rehearsal=rehearsal)

    async def decide(case: PetitionCase) -> str:
        if case.rehearsal != rehearsal:
            raise NotFound(thing="case")
        accused = await subjects.names_of_case(tx, case.id)
        require_one(
            actor,
            Action.BOOK,
            [Target(area_code=case.area_code, subjects=accused)],
            standing=await subjects.standing(tx),
        )
        return case.id

    case = await tx.decided(lambda: tx.get(PetitionCase, request.case_id), decide)
    if case is None:
        raise NotFound(thing="case")
    return case


async def _put_booking(
    tx: Transaction,
    case_id: str,
    slot: Slot,
    site: Site,
    *,
    code: str,
    needs: Sequence[str],
    now: datetime,
) -> Booking:
    async with tx.as_program():
        taken = await rows.rooms_taken(tx, site.id, slot.starts_at, slot.ends_at)
    free = [room for room in range(1, site.rooms + 1) if room not in taken]
    if not free:
        raise SiteFull(site_id=site.id)
    state = BookingState.REQUESTED
    for step in (BookingMove.CHECK, BookingMove.CONFIRM):
        state = after(state, step)
    booked = Booking(
        id=new_id(),
        code=code,
        state=state,
        case_id=case_id,
        slot_id=slot.id,
        leader_id=slot.leader_id,
        site_id=site.id,
        room=free[0],
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        needs=list(needs),
        kiosk_id=None,
        ended_reason="",
        created_at=now,
        rehearsal=slot.rehearsal,
    )
    await tx.put(booked)
    return booked


def _session(booked: Booking, preparation: bytes | None = None) -> Session:
    """Return the session of a booking, not begun; nothing is stored yet."""
    return Session(
        id=new_id(),
        booking_id=booked.id,
        case_id=booked.case_id,
        leader_id=booked.leader_id,
        site_id=booked.site_id,
        room_id=new_id(),
        state=SessionState.SCHEDULED if preparation is None else SessionState.PREPARED,
        resumes=None,
        lost_at=None,
        seats=SEATS,
        slot_starts_at=booked.starts_at,
        slot_ends_at=booked.ends_at,
        started_at=None,
        ended_at=None,
        preparation=preparation,
        version=1,
        rehearsal=booked.rehearsal,
    )


async def _move(
    tx: Transaction, row: rows.BookingRow, slot_id: str, by: Wish, actor: Actor, now: datetime
) -> str:
    old: Booking = row[0]
    await _claim(tx, slot_id, actor, now)
    slot = await _bookable(tx, slot_id, actor, now)
    site = await _site(tx, old.site_id, rehearsal=slot.rehearsal)
    step = BookingMove.MOVE_BY_PETITIONER if by == "petitioner" else BookingMove.MOVE_BY_GOV
    # The old booking goes first: its code and room are the new one's to take.
    await _end(tx, row, step, "")
    await refuse_accused(tx, old.case_id, slot)
    await refuse_second(tx, old.case_id)
    new = await _put_booking(tx, old.case_id, slot, site, code=old.code, needs=old.needs, now=now)
    session: Session | None = row[9]
    if session is not None and session.state in _VISITED:
        # The petitioner waited for a leader who did not come: that visit is over, the next is new.
        if session.state not in FINAL_STATES:
            await advance(tx, session, SessionMove.STOP, actor, now, reason="leader_absent")
        await tx.put(_session(new, preparation=session.preparation))
    elif session is not None and not await session_rows.rebook(tx, session.id, new):
        raise MovedMeanwhile(thing="session")
    audit.record(
        tx,
        AuditAction.BOOKING_MOVED,
        actor,
        "booking",
        old.id,
        now,
        purpose=by,
        new_booking_id=new.id,
        slot_id=slot.id,
    )
    who_zh, who_en = _WISHERS[by]
    then_zh, then_en = instant_zh(new.starts_at), instant_en(new.starts_at)
    await note(
        tx,
        old.case_id,
        "booking_moved",
        zh=f"{who_zh}将预约由{instant_zh(old.starts_at)}改到{then_zh}。",
        en=f"The booking for {instant_en(old.starts_at)} was moved to {then_en} by {who_en}.",
        actor=actor,
        now=now,
    )
    return new.id


async def _end(tx: Transaction, row: rows.BookingRow, step: BookingMove, reason: str) -> None:
    """End a booking that has not begun and open its slot again, unless that is lost."""
    booked: Booking = row[0]
    await _follow(tx, booked, step, ended_reason=reason)
    if row[1].state is SlotState.LOST:
        return  # its day is cancelled
    reopened = slot_after(slot_after(SlotState.BOOKED, SlotMove.FREE), SlotMove.REOPEN)
    if not await calendar.change_slot(tx, booked.slot_id, SlotState.BOOKED, reopened):
        raise MovedMeanwhile(thing="slot")


async def _follow(tx: Transaction, booked: Booking, step: BookingMove, **values: object) -> None:
    state = after(booked.state, step)
    if not await rows.move_booking(tx, booked.id, booked.state, state, **values):
        raise MovedMeanwhile(thing="booking")


async def _claim(tx: Transaction, slot_id: str, actor: Actor, now: datetime) -> None:
    if not await calendar.claim_slot(tx, slot_id, by=holder(actor), now=now):
        raise _Lost


async def _bookable(tx: Transaction, slot_id: str, actor: Actor, now: datetime) -> Slot:
    """Return a slot that could be booked if it is free."""
    found = await calendar.slot(tx, slot_id)
    if found is None:
        raise NotFound(thing="slot")
    slot, day, leader, _ = found
    require(actor, Action.BOOK, Target(area_code=leader.area_code))
    if day.state not in BOOKABLE_STATES:
        raise DayNotPublished(day_id=day.id)
    if slot.ends_at <= now:
        raise SlotNotBookable(reason="over")
    if slot.state in {SlotState.FREED, SlotState.LOST}:
        raise SlotNotBookable(reason="withdrawn")
    return slot


async def refuse_accused(tx: Transaction, case_id: str, slot: Slot) -> None:
    """Refuse a slot of somebody the case accuses (REG22 arts 28 and 30).

    Raises:
        LeaderConcerned: the slot's leader is a subject of the case.

    """
    if subject_of_leader(slot.leader_id) in await subjects.names_of_case(tx, case_id):
        raise LeaderConcerned


async def refuse_second(tx: Transaction, case_id: str) -> None:
    """Refuse a second live booking of one matter; any number of matters may be booked.

    Raises:
        AlreadyBooked: the case has a live booking.

    """
    # It may be at another county's site, where the actor sees nothing.
    async with tx.as_program():
        live = await rows.live_booking_of_case(tx, case_id)
    if live is not None:
        raise AlreadyBooked(booking_id=live.id, booked_at=live.starts_at.isoformat())


async def _refuse_second_anew(db: Database, case_id: str | None, actor: Actor) -> None:
    """Say so when what was lost is not the slot, but the race for the matter's one booking."""
    if case_id is not None:
        async with db.reading(actor) as tx:
            await refuse_second(tx, case_id)


async def _site(tx: Transaction, site_id: str, *, rehearsal: bool) -> Site:
    found = await places.site(tx, site_id)
    if found is None or found[0].rehearsal != rehearsal:
        raise NotFound(thing="site")
    return found[0]


async def _wanted(db: Database, slot_id: str, actor: Actor, now: datetime) -> Slot:
    async with db.reading(actor) as tx:
        return await _bookable(tx, slot_id, actor, now)


def _give_up_if_hopeless(slot: Slot, actor: Actor, now: datetime) -> None:
    """Lose a slot that is plainly taken without waiting for the right to write."""
    mine = slot.state is SlotState.HELD and slot.held_by == holder(actor)
    if not mine and not is_claimable(slot.state, slot.held_until, now):
        raise _Lost


async def _taken(db: Database, slot: Slot, now: datetime) -> SlotTaken:
    """Return the refusal for a lost slot, with what is free instead."""
    async with db.reading(SYSTEM) as tx:
        free = await calendar.alternatives(tx, slot, now=now, limit=ALTERNATIVES)
    return SlotTaken(
        slot_id=slot.id,
        alternatives=[
            {
                "slot_id": other.slot_id,
                "starts_at": other.starts_at.isoformat(),
                "ends_at": other.ends_at.isoformat(),
                "leader": f"{other.leader_name} {other.leader_title}",
                "leader_id": other.leader_id,
            }
            for other in free
        ],
    )


async def _remembered(
    db: Database, key: str | None, request: BookRequest, actor: Actor, now: datetime
) -> BookingView | None:
    if key is None:
        return None
    # The key is the actor's own, and the booking what they got for it.
    async with db.reading(actor) as tx, tx.as_program():
        found = await rows.remembered(tx, key)
        if found is None:
            return None
        if found.request_hash != _request_hash(tx, request):
            raise IdempotencyMismatch
        return await _view(tx, found.booking_id, now)


async def require_booking(
    tx: Transaction, booking_id: str, actor: Actor, action: Action
) -> rows.BookingRow:
    """Return a booking the actor may do this to.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        NotAllowed: it is none of the actor's.

    """

    async def decide(row: rows.BookingRow) -> str:
        booked, _, _, leader, _, site, _, _, _, _ = row
        kiosk = await places.kiosk(tx, actor.id) if actor.role is Role.KIOSK else None
        at_site = kiosk is not None and kiosk[0].site_id == booked.site_id
        # The petitioner's side and the leader's side may lie in different areas.
        areas = (site.area_code, leader.area_code)
        accused = await subjects.names_of_case(tx, booked.case_id)
        require_one(
            actor,
            action,
            [
                Target(
                    area_code=area,
                    leader_id=booked.leader_id,
                    kiosk_id=actor.id if at_site else None,
                    subjects=accused,
                )
                for area in areas
            ],
            standing=await subjects.standing(tx),
            thing="booking",
        )
        return booked.case_id

    row = await tx.decided(lambda: rows.booking(tx, booking_id), decide)
    if row is None:
        raise NotFound(thing="booking")
    return row


async def _view(tx: Transaction, booking_id: str, now: datetime) -> BookingView:
    row = await rows.booking(tx, booking_id)
    assert row is not None
    return booking_view(row, tx.vault, now)


async def _code(tx: Transaction) -> str:
    async with tx.as_program():
        for _ in range(_CODE_TRIES):
            code = new_check_in_code(secrets.token_bytes(16))
            if not await rows.code_in_use(tx, code):
                return code
    raise Contended(reason="check_in_codes")


def _require_check_in_open(booked: Booking, now: datetime) -> None:
    opens_at, closes_at = booked.starts_at - CHECK_IN_BEFORE, booked.ends_at + CHECK_IN_AFTER
    if not opens_at <= now < closes_at:
        raise CheckInClosed(opens_at=opens_at.isoformat(), closes_at=closes_at.isoformat())


def holder(actor: Actor) -> str:
    """Return by what name an actor holds a slot."""
    return f"{actor.kind}:{actor.id}"


def _own(actor: Actor) -> Target:
    return Target(area_code=actor.area_code, leader_id=actor.leader_id, kiosk_id=actor.id)


def _key_hash(actor: Actor, key: str) -> str:
    # Keys are the caller's own: two callers that choose the same one do not meet.
    return hashlib.sha256(f"{holder(actor)} {key}".encode()).hexdigest()


def _request_hash(tx: Transaction, request: BookRequest) -> str:
    # With a key: a plain hash of a name and a number could be found by trying.
    plain = json.dumps(asdict(request), sort_keys=True, ensure_ascii=False, default=str)
    return tx.vault.index("request", plain).hex()
