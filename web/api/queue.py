"""The queue of a site on a reception day."""

from datetime import datetime
from http import HTTPStatus

from reception.domain.access import ROLES, Action
from reception.domain.errors import MovedMeanwhile, MoveRefused, NotFound
from reception.domain.queue import PriorityReason, TicketMove, TicketState
from reception.services import queue
from reception.services.errors import NoReceptionToday
from web.api.fields import Asked, Given, Id, Nothing
from web.api.operation import Call, Operations
from web.api.places import Site

OPERATIONS = Operations("queue")


class Wait(Given):
    """A range of whole minutes."""

    least: int
    most: int


class Ticket(Given):
    """A number; `before` counts who is received earlier, `wait` is null once it is called."""

    id: str
    number: str
    state: TicketState
    priority: PriorityReason | None
    taken_at: datetime
    calls: int
    before: int
    wait: Wait | None


class Queue(Given):
    """Who is called and received, who waits in order, who is away; `next_wait` for a new number."""

    site: Site
    opens: bool
    tickets: tuple[Ticket, ...]
    waiting: int
    next_wait: Wait


class AtSite(Asked):
    """Which site; a kiosk's is its own."""

    site_id: Id | None = None


class NumberWish(Asked):
    """At which site; a kiosk's is its own."""

    site_id: Id | None = None


class TicketStep(Asked):
    """What to do with a number."""

    move: TicketMove


class Preference(Asked):
    """Why a number gets an earlier place; null takes it back."""

    reason: PriorityReason | None


@OPERATIONS.operation(
    "GET", "/queue", summary="The queue", roles=ROLES[Action.TAKE_TICKET], errors=(NotFound,)
)
async def get_queue(call: Call[Nothing, AtSite]) -> Queue:
    """Today's queue of a site; no ticket says anything of a person."""
    found = await queue.queue(
        call.context.db, actor=call.actor, site_id=call.query.site_id, now=call.now
    )
    return Queue.model_validate(found)


@OPERATIONS.operation(
    "POST",
    "/queue",
    summary="Take a number",
    roles=ROLES[Action.TAKE_TICKET],
    status=HTTPStatus.CREATED,
    errors=(NoReceptionToday, NotFound),
)
async def take_ticket(call: Call[NumberWish, Nothing]) -> Ticket:
    """Take the next number of today."""
    taken = await queue.take(
        call.context.db, actor=call.actor, site_id=call.body.site_id, now=call.now
    )
    return Ticket.model_validate(taken)


@OPERATIONS.operation(
    "POST",
    "/queue/{ticket_id}/moves",
    summary="Call a number, pass it over, let it come back",
    roles=ROLES[Action.CALL_TICKET],
    errors=(MoveRefused, MovedMeanwhile),
)
async def move_ticket(call: Call[TicketStep, Nothing]) -> Queue:
    """Take one step with a number; the answer is the queue afterwards."""
    found = await queue.move(
        call.context.db,
        ticket_id=call.path["ticket_id"],
        move=call.body.move,
        actor=call.actor,
        now=call.now,
    )
    return Queue.model_validate(found)


@OPERATIONS.operation(
    "PUT",
    "/queue/{ticket_id}/priority",
    summary="Give a number an earlier place",
    roles=ROLES[Action.CALL_TICKET],
    errors=(MovedMeanwhile,),
)
async def prefer_ticket(call: Call[Preference, Nothing]) -> Queue:
    """Give a number an earlier place for a reason that is shown, or take it back."""
    found = await queue.prefer(
        call.context.db,
        ticket_id=call.path["ticket_id"],
        reason=call.body.reason,
        actor=call.actor,
        now=call.now,
    )
    return Queue.model_validate(found)
