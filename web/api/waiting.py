"""The waiting list."""

from datetime import date, datetime
from http import HTTPStatus

from pydantic import model_validator

from reception.domain.access import ROLES, Action
from reception.domain.errors import (
    DayNotPublished,
    MovedMeanwhile,
    MoveRefused,
    NotFound,
    SlotNotBookable,
    SlotTaken,
)
from reception.domain.queue import PriorityReason
from reception.domain.waiting import WaitMove, WaitState
from reception.services import waiting
from reception.services.errors import AlreadyBooked, LeaderConcerned, SiteFull
from scheduler.errors import YearNotLoaded
from web.api.bookings import Booking, CaseDraft, told
from web.api.fields import Asked, Day, Given, Id, Nothing
from web.api.operation import Call, Operations
from web.api.places import Site

OPERATIONS = Operations("waiting")
_CLERKS = ROLES[Action.NAME_SUBJECT]


class Wish(Asked):
    """What somebody waits for; for a case that is there (`case_id`) or a new one (`draft`)."""

    case_id: Id | None = None
    draft: CaseDraft | None = None
    site_id: Id
    leader_id: Id | None = None
    first_day: Day
    last_day: Day
    priority: PriorityReason | None = None

    @model_validator(mode="after")
    def _one_case(self) -> "Wish":
        if (self.case_id is None) == (self.draft is None):
            raise ValueError("either case_id or draft")
        return self


class Waiter(Given):
    """Somebody on the waiting list; the offer's fields are null while none stands."""

    id: str
    case_id: str
    case_no: str
    petitioner_name: str
    site: Site
    leader_name: str | None
    first_day: date
    last_day: date
    priority: PriorityReason | None
    asked_at: datetime
    state: WaitState
    slot_starts_at: datetime | None
    offered_until: datetime | None


class Waiters(Given):
    """Who has an offer first, then in turn."""

    items: tuple[Waiter, ...]


class GivingUp(Asked):
    """`pass` gives the offer to the next and keeps the place, `withdraw` leaves the list."""

    move: WaitMove


@OPERATIONS.operation("GET", "/waiting", summary="The waiting list", roles=_CLERKS)
async def list_waiting(call: Call[Nothing, Nothing]) -> Waiters:
    """Who waits at sites of the caller's area."""
    found = await waiting.waiting(call.context.db, actor=call.actor)
    return Waiters.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/waiting",
    summary="Join the waiting list",
    roles=_CLERKS,
    status=HTTPStatus.CREATED,
    errors=(NotFound, YearNotLoaded),
)
async def join_waiting(call: Call[Wish, Nothing]) -> Waiter:
    """Wait for a free slot; who is booked may wait for an earlier one."""
    wish = call.body
    joined = await waiting.join(
        call.context.db,
        draft=waiting.WaitDraft(
            case_id=wish.case_id or "",
            site_id=wish.site_id,
            leader_id=wish.leader_id,
            first_day=wish.first_day,
            last_day=wish.last_day,
            priority=wish.priority,
        ),
        new_case=None if wish.draft is None else wish.draft.as_draft(),
        actor=call.actor,
        now=call.now,
    )
    return Waiter.model_validate(joined)


@OPERATIONS.operation(
    "POST",
    "/waiting/{wait_id}/booking",
    summary="Book what is offered",
    roles=_CLERKS,
    errors=(
        MoveRefused,
        MovedMeanwhile,
        SiteFull,
        LeaderConcerned,
        AlreadyBooked,
        DayNotPublished,
        SlotNotBookable,
        SlotTaken,
    ),
)
async def take_offer(call: Call[Nothing, Nothing]) -> Booking:
    """Book the slot that is offered; who was booked for the matter is moved to it."""
    booked = await waiting.take(
        call.context.db, entry_id=call.path["wait_id"], actor=call.actor, now=call.now
    )
    return await told(call, booked)


@OPERATIONS.operation(
    "POST",
    "/waiting/{wait_id}/moves",
    summary="Pass an offer on, or leave the list",
    roles=_CLERKS,
    errors=(MoveRefused, MovedMeanwhile),
)
async def give_up(call: Call[GivingUp, Nothing]) -> None:
    """Say no to an offer, or stop waiting; what is free then is offered to the next at once."""
    await waiting.give_up(
        call.context.db,
        entry_id=call.path["wait_id"],
        move=call.body.move,
        actor=call.actor,
        now=call.now,
    )
    await waiting.offer(call.context.db, now=call.now)
