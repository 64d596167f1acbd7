"""Bookings, check-in, and looking a case up by its query code."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len
from pydantic import model_validator

from reception.domain import groups
from reception.domain.access import ROLES, Action
from reception.domain.bookings import BookingState
from reception.domain.cases import CaseState
from reception.domain.codes import Category, Channel, Purpose
from reception.domain.errors import (
    CodeUnknown,
    DayNotPublished,
    IdempotencyMismatch,
    MovedMeanwhile,
    MoveRefused,
    NotFound,
    SlotNotBookable,
    SlotTaken,
    TooManyAttempts,
)
from reception.domain.groups import MOST_PEOPLE
from reception.domain.sessions import SessionState
from reception.services import booking, cases, matches
from reception.services.errors import (
    AgentNotAuthorised,
    AlreadyBooked,
    CheckInClosed,
    LeaderConcerned,
    SiteFull,
)
from reception.services.tries import looking_up
from scheduler.calendar import local_day
from scheduler.errors import YearNotLoaded
from web.api.agents import AgentDraft
from web.api.calendar import Slot
from web.api.fields import (
    AreaCode,
    Asked,
    Code,
    Day,
    Given,
    Id,
    IdNumber,
    Line,
    Name,
    Nothing,
    Phone,
    Text,
    Word,
)
from web.api.operation import Call, Operations
from web.api.places import Site

OPERATIONS = Operations("bookings")
_BOOKERS = ROLES[Action.BOOK]


class Companion(Asked):
    """Somebody who comes with the petitioner; who `speaks` represents the others."""

    name: Name
    speaks: bool = False


class CaseDraft(Asked):
    """What the petitioner comes for. Phone and identity number are never required.

    Only a clerk, who saw the card, takes an identity number down.
    """

    petitioner_name: Name
    phone: Phone | None = None
    id_number: IdNumber | None = None
    language: Word = "zh"
    needs: Annotated[tuple[Word, ...], Len(0, 10)] = ()
    channel: Channel = Channel.VIDEO
    purpose: Purpose
    category: Category
    problem_area_code: AreaCode
    summary: Annotated[Line, Len(1, 200)]
    facts: Text = ""
    persons_present: Annotated[int, Ge(1), Le(MOST_PEOPLE)] = 1
    companions: Annotated[tuple[Companion, ...], Len(0, MOST_PEOPLE - 1)] = ()
    agent: AgentDraft | None = None

    def as_draft(self) -> cases.CaseDraft:
        """The same for the services."""
        companions = tuple(groups.Companion(**dict(one)) for one in self.companions)
        agent = None if self.agent is None else self.agent.as_draft()
        return cases.CaseDraft(**dict(self) | {"companions": companions, "agent": agent})


class BookingRequest(Asked):
    """A slot at a site, for a case that is there (`case_id`) or a new one (`draft`).

    `agent_id`: the agent of the case who books for the petitioner. `told`: the petitioner says that
    the case is the same matter; this is what was told now, and is kept with it.
    """

    slot_id: Id
    site_id: Id
    case_id: Id | None = None
    draft: CaseDraft | None = None
    needs: Annotated[tuple[Word, ...], Len(0, 10)] = ()
    agent_id: Id | None = None
    told: Text = ""

    @model_validator(mode="after")
    def _one_case(self) -> "BookingRequest":
        if (self.case_id is None) == (self.draft is None):
            raise ValueError("either case_id or draft")
        return self


class Booking(Given):
    """A booked slot; `code` is what the petitioner types at the kiosk."""

    id: str
    code: str
    state: BookingState
    case_id: str
    case_no: str
    petitioner_name: str
    slot: Slot
    site: Site
    session_id: str | None
    session_state: SessionState | None
    prepared: bool
    rehearsal: bool
    needs: tuple[str, ...]


class Bookings(Given):
    """Bookings by time."""

    items: tuple[Booking, ...]


class Match(Given):
    """An earlier case of the same person that may be the same matter."""

    case_id: str
    case_no: str
    state: CaseState
    registered_at: datetime
    summary: str
    by: Literal["id_number", "name"]


class Matches(Given):
    """The most alike first."""

    items: tuple[Match, ...]


class Matter(Asked):
    """What another matter of the same person is about."""

    purpose: Purpose
    category: Category
    problem_area_code: AreaCode
    summary: Annotated[Line, Len(1, 200)]
    facts: Text = ""


class OnDay(Asked):
    """On this day, today when left out."""

    day: Day | None = None


class Cancellation(Asked):
    """Who cancels and why; a petitioner needs no reason."""

    by: booking.Wish
    reason: Line = ""


class NewSlot(Asked):
    """Where the booking moves to, and who wished it."""

    slot_id: Id
    by: booking.Wish


class CheckIn(Asked):
    """The check-in code on the petitioner's slip."""

    code: Code


@OPERATIONS.operation(
    "POST",
    "/bookings",
    summary="Book a slot",
    roles=_BOOKERS,
    status=HTTPStatus.CREATED,
    idempotent=True,
    errors=(
        SlotTaken,
        SlotNotBookable,
        DayNotPublished,
        SiteFull,
        LeaderConcerned,
        AlreadyBooked,
        AgentNotAuthorised,
        IdempotencyMismatch,
        NotFound,
        YearNotLoaded,
    ),
)
async def create_booking(call: Call[BookingRequest, Nothing]) -> Booking:
    """Book a slot, registering the case when a draft is given.

    Exactly one caller gets a slot; the others are refused with `slot_taken` and at least three
    `alternatives` where so many are free.
    """
    wish = call.body
    made = await booking.book(
        call.context.db,
        request=booking.BookRequest(
            slot_id=wish.slot_id,
            site_id=wish.site_id,
            case_id=wish.case_id,
            draft=None if wish.draft is None else wish.draft.as_draft(),
            needs=wish.needs,
            agent_id=wish.agent_id,
            told=wish.told,
        ),
        actor=call.actor,
        idempotency_key=call.idempotency_key,
        now=call.now,
    )
    call.metrics.bookings.labels("api").inc()
    return Booking.model_validate(made)


@OPERATIONS.operation(
    "GET", "/bookings", summary="Bookings of a day", roles=ROLES[Action.JOIN_ROOM]
)
async def list_bookings(call: Call[Nothing, OnDay]) -> Bookings:
    """A clerk sees the area's, a leader the own, a kiosk its site's."""
    day: date = call.query.day or local_day(call.now)
    found = await booking.today(call.context.db, actor=call.actor, day=day, now=call.now)
    return Bookings.model_validate({"items": found})


@OPERATIONS.operation(
    "GET", "/bookings/{booking_id}", summary="A booking", roles=ROLES[Action.JOIN_ROOM]
)
async def get_booking(call: Call[Nothing, Nothing]) -> Booking:
    """One booking."""
    found = await booking.booking(
        call.context.db, booking_id=call.path["booking_id"], actor=call.actor
    )
    return Booking.model_validate(found)


@OPERATIONS.operation(
    "DELETE",
    "/bookings/{booking_id}",
    summary="Cancel a booking",
    roles=ROLES[Action.CANCEL_BOOKING],
    errors=(MoveRefused, MovedMeanwhile),
)
async def cancel_booking(call: Call[Cancellation, Nothing]) -> Booking:
    """Cancel; the slot is free again at once."""
    cancelled = await booking.cancel(
        call.context.db,
        booking_id=call.path["booking_id"],
        by=call.body.by,
        reason=call.body.reason,
        actor=call.actor,
        now=call.now,
    )
    return await told(call, cancelled)


@OPERATIONS.operation(
    "POST",
    "/bookings/{booking_id}/move",
    summary="Move a booking",
    roles=ROLES[Action.MOVE_BOOKING],
    errors=(
        LeaderConcerned,
        SlotTaken,
        SlotNotBookable,
        DayNotPublished,
        SiteFull,
        AlreadyBooked,
        MoveRefused,
        MovedMeanwhile,
    ),
)
async def move_booking(call: Call[NewSlot, Nothing]) -> Booking:
    """Take another slot and free the old one, in one step; case and codes stay."""
    moved = await booking.move(
        call.context.db,
        booking_id=call.path["booking_id"],
        slot_id=call.body.slot_id,
        by=call.body.by,
        actor=call.actor,
        now=call.now,
    )
    return await told(call, moved)


@OPERATIONS.operation(
    "POST", "/matches", summary="Likely earlier cases", roles=ROLES[Action.NAME_SUBJECT]
)
async def suggest_matches(call: Call[CaseDraft, Nothing]) -> Matches:
    """Cases of the same person that read alike; a clerk asks whether it is the same matter."""
    found = await matches.suggest(
        call.context.db, draft=call.body.as_draft(), actor=call.actor, now=call.now
    )
    return Matches.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/bookings/{booking_id}/separation",
    summary="Give a booking a case of its own",
    roles=ROLES[Action.NAME_SUBJECT],
    errors=(MoveRefused, MovedMeanwhile, SiteFull, YearNotLoaded),
)
async def separate_booking(call: Call[Matter, Nothing]) -> Booking:
    """The petitioner says it is another matter: it gets a number of its own, the slot stays."""
    booked = await booking.separate(
        call.context.db,
        booking_id=call.path["booking_id"],
        matter=booking.Matter(**dict(call.body)),
        actor=call.actor,
        now=call.now,
    )
    return await told(call, booked)


@OPERATIONS.operation(
    "POST",
    "/check-ins",
    summary="Check in at a kiosk",
    roles=ROLES[Action.CHECK_IN],
    errors=(CodeUnknown, TooManyAttempts, CheckInClosed, MoveRefused, MovedMeanwhile),
)
async def check_in(call: Call[CheckIn, Nothing]) -> Booking:
    """The petitioner is there: from 60 minutes before the slot until 60 minutes after it.

    Doing it again changes nothing.
    """
    async with looking_up(call.context.db, by=call.asker, now=call.now):
        checked_in = await booking.check_in(
            call.context.db, code=call.body.code, actor=call.actor, now=call.now
        )
    return await told(call, checked_in)


async def told(call: Call[Any, Nothing], view: booking.BookingView) -> Booking:
    """Tell the room of a booking, if there is one, before answering."""
    if view.session_id is not None:
        await call.context.live.changed(view.session_id)
    return Booking.model_validate(view)
