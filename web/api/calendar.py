"""Reception days and slots, and the rules they are planned from."""

import datetime
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from annotated_types import Ge, Le, Len
from pydantic import model_validator

from reception.domain.access import ROLES, Action
from reception.domain.codes import Mode
from reception.domain.errors import (
    DayNotPublished,
    MovedMeanwhile,
    MoveRefused,
    NotFound,
    SlotNotBookable,
    SlotTaken,
)
from reception.domain.reception_days import PUBLIC_STATES, DayState
from reception.domain.slots import SlotState
from reception.services import booking, calendar, places
from scheduler.calendar import DayKind, DayRow, DaySpan
from scheduler.errors import RuleUnknown
from scheduler.rules import RestPolicy, expand, parse_rule
from web.api.fields import (
    FIRST_DAY,
    LAST_DAY,
    AreaCode,
    Asked,
    ClockTime,
    Day,
    Given,
    Id,
    Instant,
    Line,
    Name,
    Nothing,
    Window,
)
from web.api.operation import ANYONE, Call, Operations
from web.api.places import Leader, Made, check_area

OPERATIONS = Operations("calendar")
_PLANNERS = ROLES[Action.PLAN_DAY]
LONGEST_SPAN = timedelta(days=400)
LONGEST_LISTED = timedelta(days=100)  # a whole city's days stay a few hundred kilobytes

SlotMinutes = Annotated[int, Ge(5), Le(240)]
BufferMinutes = Annotated[int, Ge(0), Le(120)]
Windows = Annotated[tuple[Window, ...], Len(1, 8)]


def _check_span(first: datetime.date, last: datetime.date, longest: timedelta) -> None:
    """Accept a span of days that is not too much to ask for. Raises ValueError."""
    if not timedelta(0) <= last - first <= longest:
        raise ValueError(f"the span must be 0 to {longest.days} days long")


class ReceptionDay(Given):
    """A day on which a leader receives.

    `nominal_date` is where the rule put it; `moved` with `reason` (`weekend`, `holiday:…`) says
    that it takes place on `date` instead. `provisional`: the year's official calendar of working
    days is not out yet.
    """

    id: str
    leader: Leader
    date: datetime.date
    nominal_date: datetime.date
    moved: bool
    reason: str
    provisional: bool
    state: DayState
    mode: str
    topic: str
    windows: tuple[Window, ...]
    slots_open: int
    slots_booked: int
    published_at: datetime.datetime | None
    notice: str
    version: int


class ReceptionDays(Given):
    """Reception days by date."""

    items: tuple[ReceptionDay, ...]


class Slot(Given):
    """A time at which a petitioner can be received."""

    id: str
    day_id: str
    leader: Leader
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    state: SlotState


class Slots(Given):
    """Slots by time."""

    items: tuple[Slot, ...]


class RuleDraft(Asked):
    """When a leader receives.

    `text`: `monthly_day 15`, `weekly mon,thu`, `every_workday`, `nth_weekday 2 tue`,
    `monthly_count 2` or `on_demand`. A day that falls on a weekend or a public holiday is kept
    (`hold`), moved to the next or previous working day (`roll_forward`, `roll_back`), or
    cancelled with a make-up day (`cancel_with_makeup`).
    """

    leader_id: Id
    text: Line
    on_weekend: RestPolicy
    on_holiday: RestPolicy
    windows: Windows
    slot_minutes: SlotMinutes = 30
    buffer_minutes: BufferMinutes = 10
    lead_days: Annotated[int, Ge(0), Le(90)] = 7
    mode: Mode = Mode.VIDEO
    valid_from: Day
    valid_to: Day | None = None


class RulePreview(Asked):
    """A rule to try out in an area, from `first` to `last`, both included."""

    area_code: AreaCode
    text: Line
    on_weekend: RestPolicy
    on_holiday: RestPolicy
    first: Day
    last: Day

    @model_validator(mode="after")
    def _span(self) -> "RulePreview":
        _check_span(self.first, self.last, LONGEST_SPAN)
        return self


class Occurrence(Given):
    """One day a rule gives; see `ReceptionDay`."""

    nominal: datetime.date
    date: datetime.date
    moved: bool
    reason: str
    provisional: bool


class Occurrences(Given):
    """The days a rule gives, by nominal date."""

    items: tuple[Occurrence, ...]


class Rule(Given):
    """A stored rule."""

    id: str
    leader_id: str
    text: str
    on_weekend: str
    on_holiday: str
    windows: tuple[Window, ...]
    slot_minutes: int
    buffer_minutes: int
    lead_days: int
    mode: str
    valid_from: datetime.date
    valid_to: datetime.date | None


class Rules(Given):
    """Rules of a leader."""

    items: tuple[Rule, ...]


class OfLeader(Asked):
    """Of this leader."""

    leader_id: Id


class Span(Asked):
    """From `first` to `last`, both included, at most 400 days."""

    first: Day
    last: Day

    @model_validator(mode="after")
    def _span(self) -> "Span":
        _check_span(self.first, self.last, LONGEST_SPAN)
        return self


class Plan(Given):
    """What planning did: days created, kept, moved and removed; `conflicts` need a person."""

    created: int
    kept: int
    moved: int
    removed: int
    conflicts: tuple[str, ...]


class DayDraft(Asked):
    """A reception day outside the rules; it is published at once."""

    leader_id: Id
    date: Day
    windows: Windows
    slot_minutes: SlotMinutes = 30
    buffer_minutes: BufferMinutes = 10
    mode: Mode = Mode.VIDEO
    topic: Line = ""


class DayIds(Asked):
    """Which days."""

    day_ids: Annotated[tuple[Id, ...], Len(1, 500)]


class DayRowDraft(Asked):
    """One day of a year: `holiday` names the public holiday a rest day belongs to."""

    day: Day
    kind: DayKind
    holiday: Name | None = None

    @model_validator(mode="after")
    def _rests_on_holidays(self) -> "DayRowDraft":
        if self.holiday is not None and self.kind is not DayKind.REST:
            raise ValueError("only a rest day belongs to a holiday")
        return self


class DayTableDraft(Asked):
    """Every day of a year for an area, and the notice it is taken from."""

    area_code: AreaCode
    year: Annotated[int, Ge(FIRST_DAY.year), Le(LAST_DAY.year)]
    source: Name
    rows: Annotated[tuple[DayRowDraft, ...], Len(365, 366)]


class DayTableLoaded(Given):
    """The version under which the working days are known."""

    version: int


class CalendarQuery(Asked):
    """Days from `first` to `last`, both included, at most 100 days; of an area, or all."""

    first: Day
    last: Day
    within: AreaCode | None = None

    @model_validator(mode="after")
    def _span(self) -> "CalendarQuery":
        _check_span(self.first, self.last, LONGEST_LISTED)
        return self


class FreeQuery(Asked):
    """Free slots after a moment (now when left out), of an area or a leader."""

    within: AreaCode | None = None
    leader_id: Id | None = None
    after: Instant | None = None
    limit: Annotated[int, Ge(1), Le(200)] = 20


@OPERATIONS.operation("GET", "/days", summary="Published reception days", roles=ANYONE)
async def list_days(call: Call[Nothing, CalendarQuery]) -> ReceptionDays:
    """The public calendar of reception days, with how many slots are open."""
    query = call.query
    found = await calendar.public_days(
        call.context.db, within=query.within, first=query.first, last=query.last, now=call.now
    )
    return ReceptionDays.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/days",
    summary="Add a reception day",
    roles=_PLANNERS,
    status=HTTPStatus.CREATED,
    errors=(NotFound,),
)
async def add_day(call: Call[DayDraft, Nothing]) -> Made:
    """Add a day outside the rules, on demand; it is published at once."""
    draft = call.body
    made = await calendar.add_day(
        call.context.db,
        leader_id=draft.leader_id,
        date=draft.date,
        windows=_pairs(draft.windows),
        slot_minutes=draft.slot_minutes,
        buffer_minutes=draft.buffer_minutes,
        mode=draft.mode,
        topic=draft.topic,
        actor=call.actor,
        now=call.now,
    )
    return Made(id=made)


@OPERATIONS.operation(
    "POST",
    "/days/publish",
    summary="Publish reception days",
    roles=ROLES[Action.PUBLISH_DAY],
    errors=(NotFound, MoveRefused, MovedMeanwhile),
)
async def publish_days(call: Call[DayIds, Nothing]) -> None:
    """Publish planned days; from then on they can be booked."""
    await calendar.publish(
        call.context.db, day_ids=call.body.day_ids, actor=call.actor, now=call.now
    )


@OPERATIONS.operation("GET", "/days/{day_id}", summary="A reception day", roles=ANYONE)
async def get_day(call: Call[Nothing, Nothing]) -> ReceptionDay:
    """A published day; planners see planned ones too."""
    return await _visible_day(call)


@OPERATIONS.operation("GET", "/days/{day_id}/slots", summary="Slots of a day", roles=ANYONE)
async def list_slots(call: Call[Nothing, Nothing]) -> Slots:
    """All slots of a day with their state; a hold that ran out shows as open."""
    day = await _visible_day(call)
    found = await calendar.slots(call.context.db, day_id=day.id, now=call.now)
    return Slots.model_validate({"items": found})


@OPERATIONS.operation("GET", "/slots/free", summary="Free slots", roles=ANYONE)
async def list_free_slots(call: Call[Nothing, FreeQuery]) -> Slots:
    """The next free slots of published days, soonest first."""
    query = call.query
    found = await calendar.free_slots(
        call.context.db,
        within=query.within,
        leader_id=query.leader_id,
        after=query.after or call.now,
        limit=query.limit,
    )
    return Slots.model_validate({"items": found})


@OPERATIONS.operation(
    "GET", "/rules", summary="Rules of a leader", roles=_PLANNERS, errors=(NotFound,)
)
async def list_rules(call: Call[Nothing, OfLeader]) -> Rules:
    """When a leader receives."""
    found = await calendar.rules(call.context.db, leader_id=call.query.leader_id)
    return Rules.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/rules",
    summary="Add a rule",
    roles=_PLANNERS,
    status=HTTPStatus.CREATED,
    errors=(NotFound, RuleUnknown),
)
async def add_rule(call: Call[RuleDraft, Nothing]) -> Made:
    """Store a rule; nothing is planned before `POST /rules/{rule_id}/plan`."""
    draft = call.body
    made = await calendar.add_rule(
        call.context.db,
        leader_id=draft.leader_id,
        text=draft.text,
        on_weekend=draft.on_weekend,
        on_holiday=draft.on_holiday,
        windows=_pairs(draft.windows),
        slot_minutes=draft.slot_minutes,
        buffer_minutes=draft.buffer_minutes,
        lead_days=draft.lead_days,
        mode=draft.mode,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        actor=call.actor,
        now=call.now,
    )
    return Made(id=made)


@OPERATIONS.operation(
    "POST", "/rules/preview", summary="Try a rule out", roles=ANYONE, errors=(RuleUnknown,)
)
async def preview_rule(call: Call[RulePreview, Nothing]) -> Occurrences:
    """The days a rule would give, with the area's working days; nothing is stored."""
    wish = call.body
    rule = parse_rule(wish.text)
    table = await calendar.day_table(call.context.db, area_code=wish.area_code)
    window = DaySpan(wish.first, wish.last + timedelta(days=1))
    found = expand(rule, wish.on_weekend, wish.on_holiday, table, window)
    return Occurrences.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/rules/{rule_id}/plan",
    summary="Plan reception days",
    roles=_PLANNERS,
    errors=(RuleUnknown, MovedMeanwhile),
)
async def plan_rule(call: Call[Span, Nothing]) -> Plan:
    """Make reception days and slots from a rule; booked slots are never taken away."""
    planned = await calendar.plan(
        call.context.db,
        rule_id=call.path["rule_id"],
        window=(call.body.first, call.body.last),
        actor=call.actor,
        now=call.now,
    )
    return Plan.model_validate(planned)


@OPERATIONS.operation(
    "POST",
    "/slots/{slot_id}/hold",
    summary="Hold a slot",
    roles=ROLES[Action.BOOK],
    errors=(SlotTaken, SlotNotBookable, DayNotPublished),
)
async def hold_slot(call: Call[Nothing, Nothing]) -> Slot:
    """Keep a slot for five minutes while the booking is filled in."""
    held = await booking.hold(
        call.context.db, slot_id=call.path["slot_id"], actor=call.actor, now=call.now
    )
    return Slot.model_validate(held)


@OPERATIONS.operation(
    "DELETE", "/slots/{slot_id}/hold", summary="Release a hold", roles=ROLES[Action.BOOK]
)
async def release_slot(call: Call[Nothing, Nothing]) -> None:
    """Give a held slot back; nothing happens when it is not held by the caller."""
    await booking.release(
        call.context.db, slot_id=call.path["slot_id"], actor=call.actor, now=call.now
    )


@OPERATIONS.operation(
    "POST",
    "/day-tables",
    summary="Load the working days of a year",
    roles=ROLES[Action.LOAD_HOLIDAYS],
    status=HTTPStatus.CREATED,
    errors=(NotFound,),
)
async def load_day_table(call: Call[DayTableDraft, Nothing]) -> DayTableLoaded:
    """Load the working days, rest days and make-up days of a year as a new version."""
    draft = call.body
    check_area(call.actor, draft.area_code)
    if not await places.areas(call.context.db, within=draft.area_code):
        raise NotFound(thing="area")
    version = await calendar.load_day_table(
        call.context.db,
        area_code=draft.area_code,
        year=draft.year,
        rows=[DayRow(row.day, row.kind, row.holiday) for row in draft.rows],
        source=draft.source,
        now=call.now,
    )
    return DayTableLoaded(version=version)


async def _visible_day(call: Call[Nothing, Nothing]) -> ReceptionDay:
    found = await calendar.day(call.context.db, day_id=call.path["day_id"], now=call.now)
    if found.state not in PUBLIC_STATES and call.actor.role not in _PLANNERS:
        raise NotFound(thing="day")
    return ReceptionDay.model_validate(found)


def _pairs(windows: tuple[Window, ...]) -> tuple[tuple[ClockTime, ClockTime], ...]:
    return tuple((window.starts, window.ends) for window in windows)
