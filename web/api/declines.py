"""Receptions that were not arranged, and objections to that."""

from datetime import datetime
from http import HTTPStatus

from reception.domain.access import ROLES, Action
from reception.domain.bookings import DeclineReason
from reception.domain.declines import ObjectionState
from reception.domain.errors import (
    CodeUnknown,
    MovedMeanwhile,
    MoveRefused,
    NotFound,
    SlotNotBookable,
    TooManyAttempts,
)
from reception.services import declines
from reception.services.errors import LeaderConcerned
from reception.services.tries import looking_up
from web.api.fields import Asked, Code, Given, Id, Nothing, Text
from web.api.operation import ANYONE, Call, Operations

OPERATIONS = Operations("declines")


class Refusal(Asked):
    """Which slot is not arranged, why, and which one is offered instead."""

    slot_id: Id
    alternative_id: Id
    reason: DeclineReason


class Decline(Given):
    """A refusal with what is offered instead, and the objection; to the public nobody is named."""

    id: str
    case_id: str
    case_no: str
    reason: DeclineReason
    starts_at: datetime
    leader: str
    alternative_id: str
    alternative_day_id: str
    alternative_starts_at: datetime
    alternative_leader: str
    declined_at: datetime
    declined_by: str
    objection: ObjectionState
    objected_at: datetime | None
    words: str
    decision: str


class Declines(Given):
    """Refusals, the oldest objection first."""

    items: tuple[Decline, ...]


class Objection(Asked):
    """What the petitioner says against it; it may be nothing."""

    words: Text = ""


class ObjectionByCode(Asked):
    """The query code on the petitioner's slip, which refusal, and what is said against it."""

    query_code: Code
    decline_id: Id
    words: Text = ""


class ObjectionDecision(Asked):
    """Whether a reception has to be arranged after all, and why."""

    upheld: bool
    words: Text


@OPERATIONS.operation(
    "POST",
    "/cases/{case_id}/declines",
    summary="Not arrange a reception",
    roles=ROLES[Action.DECLINE],
    status=HTTPStatus.CREATED,
    errors=(SlotNotBookable, LeaderConcerned),
)
async def decline(call: Call[Refusal, Nothing]) -> Decline:
    """Not arrange a slot for a reason that is true of the case; another free one is offered."""
    made = await declines.decline(
        call.context.db,
        case_id=call.path["case_id"],
        slot_id=call.body.slot_id,
        alternative_id=call.body.alternative_id,
        reason=call.body.reason,
        actor=call.actor,
        now=call.now,
    )
    return Decline.model_validate(made)


@OPERATIONS.operation(
    "POST",
    "/declines/{decline_id}/objection",
    summary="Object to a refusal",
    roles=ROLES[Action.DECLINE],
    errors=(MoveRefused, MovedMeanwhile),
)
async def object_to(call: Call[Objection, Nothing]) -> Decline:
    """Take down that the petitioner objects; a supervisor decides."""
    made = await declines.object_to(
        call.context.db,
        decline_id=call.path["decline_id"],
        words=call.body.words,
        actor=call.actor,
        now=call.now,
    )
    return Decline.model_validate(made)


@OPERATIONS.operation(
    "POST",
    "/queries/objections",
    summary="Object by the query code",
    roles=ANYONE,
    errors=(CodeUnknown, TooManyAttempts, NotFound, MoveRefused, MovedMeanwhile),
)
async def object_by_code(call: Call[ObjectionByCode, Nothing]) -> None:
    """Object to a refusal: whoever has the query code is the petitioner."""
    async with looking_up(call.context.db, by=call.asker, now=call.now):
        await declines.object_by_code(
            call.context.db,
            query_code=call.body.query_code,
            decline_id=call.body.decline_id,
            words=call.body.words,
            now=call.now,
        )


@OPERATIONS.operation(
    "GET", "/objections", summary="Objections", roles=ROLES[Action.DECIDE_OBJECTION]
)
async def list_objections(call: Call[Nothing, Nothing]) -> Declines:
    """Refusals of the area that somebody objects to and nobody has decided on."""
    found = await declines.objections(call.context.db, actor=call.actor)
    return Declines.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/declines/{decline_id}/decision",
    summary="Decide an objection",
    roles=ROLES[Action.DECIDE_OBJECTION],
    errors=(MoveRefused, MovedMeanwhile),
)
async def decide(call: Call[ObjectionDecision, Nothing]) -> Decline:
    """Say whether a reception has to be arranged, with a reason the petitioner reads."""
    made = await declines.decide(
        call.context.db,
        decline_id=call.path["decline_id"],
        upheld=call.body.upheld,
        words=call.body.words,
        actor=call.actor,
        now=call.now,
    )
    return Decline.model_validate(made)
