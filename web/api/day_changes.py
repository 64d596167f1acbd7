"""Who stands in, when a leader cannot receive, and what happens to published days."""

import datetime
from http import HTTPStatus
from typing import Annotated

from annotated_types import Len

from reception.domain.access import ROLES, Action
from reception.domain.errors import MovedMeanwhile, MoveRefused, NotFound
from reception.domain.reception_days import PUBLIC_STATES, ChangeKind
from reception.services import absences, calendar, day_changes, places
from reception.services.errors import AlreadyBooked, LeaderConcerned, StandInBusy
from scheduler.calendar import local_day
from scheduler.errors import RuleUnknown
from web.api.bookings import Booking, told
from web.api.fields import Asked, Day, Given, Id, Line, Name, Nothing
from web.api.operation import ANYONE, Call, Operations
from web.api.places import Leader, Made

OPERATIONS = Operations("day changes")
_PLANNERS = ROLES[Action.PLAN_DAY]
_CHANGERS = ROLES[Action.CHANGE_DAY]


class DayChange(Given):
    """One entry of a day's public history; `before` and `after` name leaders."""

    kind: ChangeKind
    at: datetime.datetime
    before: str
    after: str
    reason: str
    approved_by: str
    makeup_day_id: str | None
    makeup_on: datetime.date | None


class DayChanges(Given):
    """A day's history, oldest first."""

    items: tuple[DayChange, ...]


class Substitution(Asked):
    """Another leader for a published day; why and who approved go into its public history."""

    stand_in_id: Id
    reason: Name
    approved_by: Name


class Cancellation(Asked):
    """The end of a published day, and the day that makes up for it."""

    makeup: Day
    reason: Name
    approved_by: Name


class LetDown(Given):
    """Whose bookings wait for an answer now, by id, soonest first; and the make-up day."""

    booking_ids: tuple[str, ...]
    makeup_day_id: str | None = None


class StandIns(Given):
    """Who receives in a leader's place, the first to be asked first."""

    items: tuple[Leader, ...]


class StandInIds(Asked):
    """The same, as ids."""

    leader_ids: Annotated[tuple[Id, ...], Len(0, day_changes.MOST_STAND_INS)]


class Absence(Given):
    """Days on which a leader cannot receive; with a `rule` only those of it."""

    id: str
    first_day: datetime.date
    last_day: datetime.date
    rule: str
    reason: str


class Absences(Given):
    """A leader's absences that are not over, soonest first."""

    items: tuple[Absence, ...]


class AbsenceDraft(Asked):
    """From `first_day` to `last_day`, both included; `rule` is a rule's text, as `weekly mon`."""

    first_day: Day
    last_day: Day
    rule: Line = ""
    reason: Line = ""


@OPERATIONS.operation("GET", "/days/{day_id}/changes", summary="History of a day", roles=ANYONE)
async def list_changes(call: Call[Nothing, Nothing]) -> DayChanges:
    """What happened to a published day since: public, and never changed."""
    day = await calendar.day(call.context.db, day_id=call.path["day_id"], now=call.now)
    if day.state not in PUBLIC_STATES:
        raise NotFound(thing="day")
    found = await day_changes.history(call.context.db, day_id=day.id)
    return DayChanges.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/days/{day_id}/substitute",
    summary="Let another leader receive",
    roles=_CHANGERS,
    errors=(MoveRefused, MovedMeanwhile, StandInBusy),
)
async def substitute(call: Call[Substitution, Nothing]) -> LetDown:
    """Another leader receives on a published day; everyone booked is asked and keeps the slot."""
    affected = await day_changes.substitute(
        call.context.db,
        day_id=call.path["day_id"],
        stand_in_id=call.body.stand_in_id,
        reason=call.body.reason,
        approved_by=call.body.approved_by,
        actor=call.actor,
        now=call.now,
    )
    await _tell(call, affected)
    return LetDown(booking_ids=affected.booking_ids)


@OPERATIONS.operation(
    "POST",
    "/days/{day_id}/cancel",
    summary="Cancel a reception day",
    roles=_CHANGERS,
    errors=(MoveRefused, MovedMeanwhile),
)
async def cancel(call: Call[Cancellation, Nothing]) -> LetDown:
    """Cancel a published day and publish its make-up day, with the same leader and hours."""
    makeup_id, affected = await day_changes.cancel(
        call.context.db,
        day_id=call.path["day_id"],
        makeup=call.body.makeup,
        reason=call.body.reason,
        approved_by=call.body.approved_by,
        actor=call.actor,
        now=call.now,
    )
    await _tell(call, affected)
    return LetDown(booking_ids=affected.booking_ids, makeup_day_id=makeup_id)


@OPERATIONS.operation(
    "POST",
    "/bookings/{booking_id}/accept-stand-in",
    summary="Accept the stand-in",
    roles=ROLES[Action.MOVE_BOOKING],
    errors=(MoveRefused, MovedMeanwhile, LeaderConcerned, AlreadyBooked),
)
async def accept_stand_in(call: Call[Nothing, Nothing]) -> Booking:
    """Confirm a booking with the stand-in, at the petitioner's word."""
    accepted = await day_changes.accept_stand_in(
        call.context.db, booking_id=call.path["booking_id"], actor=call.actor, now=call.now
    )
    return await told(call, accepted)


@OPERATIONS.operation(
    "GET", "/leaders/{leader_id}/stand-ins", summary="Stand-ins of a leader", roles=_PLANNERS
)
async def list_stand_ins(call: Call[Nothing, Nothing]) -> StandIns:
    """Who receives in a leader's place."""
    found = await day_changes.stand_ins(call.context.db, leader_id=await _leader_of(call))
    return StandIns.model_validate({"items": found})


@OPERATIONS.operation(
    "PUT", "/leaders/{leader_id}/stand-ins", summary="Set the stand-ins", roles=_PLANNERS
)
async def set_stand_ins(call: Call[StandInIds, Nothing]) -> None:
    """Replace the list; planning and substitution ask in this order."""
    await day_changes.set_stand_ins(
        call.context.db,
        leader_id=call.path["leader_id"],
        stand_in_ids=call.body.leader_ids,
        actor=call.actor,
        now=call.now,
    )


@OPERATIONS.operation(
    "GET", "/leaders/{leader_id}/absences", summary="Absences of a leader", roles=_PLANNERS
)
async def list_absences(call: Call[Nothing, Nothing]) -> Absences:
    """Days on which a leader cannot receive, from today on."""
    found = await absences.coming(
        call.context.db, leader_id=await _leader_of(call), today=local_day(call.now)
    )
    return Absences.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/leaders/{leader_id}/absences",
    summary="Keep an absence",
    roles=_PLANNERS,
    status=HTTPStatus.CREATED,
    errors=(RuleUnknown,),
)
async def add_absence(call: Call[AbsenceDraft, Nothing]) -> Made:
    """Keep that a leader cannot receive; what is published stays, for people to settle."""
    draft = call.body
    made = await absences.add(
        call.context.db,
        leader_id=call.path["leader_id"],
        first_day=draft.first_day,
        last_day=draft.last_day,
        rule=draft.rule,
        reason=draft.reason,
        actor=call.actor,
        now=call.now,
    )
    return Made(id=made)


@OPERATIONS.operation(
    "DELETE",
    "/leaders/{leader_id}/absences/{absence_id}",
    summary="Take an absence back",
    roles=_PLANNERS,
)
async def end_absence(call: Call[Nothing, Nothing]) -> None:
    """The leader can receive again; planning goes back to them."""
    await absences.end(
        call.context.db,
        leader_id=call.path["leader_id"],
        absence_id=call.path["absence_id"],
        actor=call.actor,
        now=call.now,
    )


async def _leader_of(call: Call[Nothing, Nothing]) -> str:
    """The leader of the address, if there is one in the caller's area."""
    wanted = call.path["leader_id"]
    for leader in await places.leaders(call.context.db, within=call.actor.area_code):
        if leader.id == wanted:
            return wanted
    raise NotFound(thing="leader")


async def _tell(
    call: Call[Substitution, Nothing] | Call[Cancellation, Nothing],
    affected: day_changes.Affected,
) -> None:
    """Bring the rooms of those who wait already up to date."""
    for session_id in affected.session_ids:
        await call.context.live.changed(session_id)
