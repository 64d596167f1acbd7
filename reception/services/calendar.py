"""Working days, rules, reception days and slots: from the published plan to the free slot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from reception.domain.access import SYSTEM, Action, Actor, Target
from reception.domain.codes import Mode
from reception.domain.errors import BadInput, NotFound
from reception.domain.reception_days import MOVES, DayMove, DayState, after, check_lead
from reception.domain.sessions import FINAL_STATES, SessionState
from reception.domain.slots import SlotState, is_claimable
from reception.services.day_tables import table_of
from reception.services.deadlines import settle_year
from reception.services.permission import require
from reception.services.places import LeaderView, leader_view
from reception.services.planning import Planning, PlanResult
from reception.services.reception_days import (
    ADDED,
    Windows,
    loaded_windows,
    new_day,
    not_offered_yet,
    publish_day,
    put_days,
    require_planner,
    spans_of,
    stored_windows,
)
from reception.storage import calendar as rows
from reception.storage import day_changes, places
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import (
    Area,
    Leader,
    ReceptionDay,
    ReceptionRule,
    Slot,
)
from reception.storage.tables import DayRow as DayRowTable
from reception.storage.tables import DayTable as DayTableTable
from scheduler.calendar import DayRow, DaySpan, DayTable, local_day
from scheduler.rules import RestPolicy, expand, format_rule, parse_rule
from scheduler.seed import seed_rows, seed_version

Day = date  # a field named `date` hides the type inside its class

__all__ = [
    "ADDED",
    "DayView",
    "PlanResult",
    "RuleView",
    "SlotView",
    "Windows",
    "add_day",
    "add_rule",
    "day",
    "day_table",
    "days",
    "free_slots",
    "load_day_table",
    "load_seeded_year",
    "plan",
    "public_days",
    "publish",
    "rules",
    "slot_view",
    "slots",
    "sweep",
]

# How far a search for days that follow their sessions goes; it keeps to the newest rows.
_BEGUN_WITHIN: Final = timedelta(days=2)
_COMPLETED_WITHIN: Final = timedelta(days=31)

_STATES_BEFORE_BEGIN: Final = tuple(state for state, move in MOVES if move is DayMove.BEGIN)
_SESSIONS_GOING_ON: Final = tuple(
    set(SessionState) - FINAL_STATES - {SessionState.SCHEDULED, SessionState.PREPARED}
)


@dataclass(frozen=True)
class DayView:
    """A reception day; `windows` are local times in China, `slots_open` what can be booked."""

    id: str
    leader: LeaderView
    date: Day
    nominal_date: Day
    moved: bool
    reason: str
    provisional: bool
    state: DayState
    mode: Mode
    topic: str
    windows: Windows
    slots_open: int
    slots_booked: int
    published_at: datetime | None
    notice: str
    version: int


@dataclass(frozen=True)
class SlotView:
    """A time a petitioner can be received; a hold that ran out shows as open."""

    id: str
    day_id: str
    leader: LeaderView
    starts_at: datetime
    ends_at: datetime
    state: SlotState


@dataclass(frozen=True)
class RuleView:
    """A rule as it is stored; `text` is what `scheduler.rules.parse_rule` reads."""

    id: str
    leader_id: str
    text: str
    on_weekend: RestPolicy
    on_holiday: RestPolicy
    windows: Windows
    slot_minutes: int
    buffer_minutes: int
    lead_days: int
    mode: Mode
    valid_from: date
    valid_to: date | None


async def load_day_table(
    db: Database,
    *,
    area_code: str,
    year: int,
    rows: Iterable[DayRow],
    source: str,
    now: datetime,
) -> int:
    """Load the working days of a year for an area as a new version; return its number.

    Deadlines that were provisional for want of this year get their legal date.

    Raises:
        BadInput: the rows are not exactly the days of this year.

    """
    days = tuple(rows)
    try:
        loaded = DayTable(area_code, source, days).years
    except ValueError as error:
        raise BadInput(field="rows", reason=str(error)) from None
    if loaded != {year}:
        raise BadInput(field="rows", reason="wrong_year")
    async with db.transaction(SYSTEM) as tx:
        return await _load(tx, area_code, year, days, source, now)


async def load_seeded_year(db: Database, *, area_code: str, year: int, now: datetime) -> int:
    """Load a year from the packaged State Council notices; return the version.

    Raises:
        YearNotLoaded: they do not cover this year yet.

    """
    days = seed_rows(year)
    return await load_day_table(
        db, area_code=area_code, year=year, rows=days, source=seed_version(), now=now
    )


async def _load(
    tx: Transaction,
    area_code: str,
    year: int,
    days: tuple[DayRow, ...],
    source: str,
    now: datetime,
) -> int:
    version = await rows.newest_version(tx, area_code, year) + 1
    table = DayTableTable(
        id=new_id(), area_code=area_code, year=year, version=version, source=source, loaded_at=now
    )
    await tx.put(table)
    tx.add_all(
        DayRowTable(table_id=table.id, day=row.day, kind=row.kind.value, holiday=row.holiday)
        for row in days
    )
    await tx.flush()
    await settle_year(tx, year)
    return version


async def day_table(db: Database, *, area_code: str) -> DayTable:
    """Return the working days of the nearest area, upwards, that has some loaded.

    Without any, every question to the table raises `YearNotLoaded`.
    """
    async with db.reading(SYSTEM) as tx:
        return await table_of(tx, area_code)


async def add_rule(
    db: Database,
    *,
    leader_id: str,
    text: str,
    on_weekend: RestPolicy,
    on_holiday: RestPolicy,
    windows: Windows,
    slot_minutes: int = 30,
    buffer_minutes: int = 10,
    lead_days: int = 7,
    mode: Mode,
    valid_from: date,
    valid_to: date | None = None,
    actor: Actor,
    now: datetime,
) -> str:
    """Store when a leader receives; return the rule's id. Days come with `plan`.

    Raises:
        RuleUnknown: the text is not a rule.
        BadInput: windows, slot length or validity make no sense.

    """
    rule_text = format_rule(parse_rule(text))
    spans_of(valid_from, windows, slot_minutes, buffer_minutes)
    if valid_to is not None and valid_to < valid_from:
        raise BadInput(field="valid_to", reason="before_valid_from")
    async with db.transaction(actor) as tx:
        await require_planner(tx, actor, leader_id, Action.PLAN_DAY)
        rule = ReceptionRule(
            id=new_id(),
            leader_id=leader_id,
            text=rule_text,
            on_weekend=RestPolicy(on_weekend).value,
            on_holiday=RestPolicy(on_holiday).value,
            windows=stored_windows(windows),
            slot_minutes=slot_minutes,
            buffer_minutes=buffer_minutes,
            lead_days=lead_days,
            mode=mode,
            valid_from=valid_from,
            valid_to=valid_to,
            created_at=now,
            created_by=actor.name,
        )
        await tx.put(rule)
    return rule.id


async def rules(db: Database, *, leader_id: str) -> tuple[RuleView, ...]:
    """Return a leader's rules, oldest first."""
    async with db.reading(SYSTEM) as tx:
        return tuple(_rule_view(rule) for rule in await rows.rules_of(tx, leader_id))


async def plan(
    db: Database, *, rule_id: str, window: tuple[date, date], actor: Actor, now: datetime
) -> PlanResult:
    """Bring the stored days of a rule from `window[0]` to `window[1]` in line with it.

    Membership in the window goes by the nominal date; days before today are left alone, and so
    is what is published or was ever booked: where the plan wants it otherwise, that is a
    conflict. Planning twice changes nothing.

    Raises:
        NotFound: there is no such rule.

    """
    async with db.transaction(actor) as tx:
        rule = await tx.get(ReceptionRule, rule_id)
        if rule is None:
            raise NotFound(thing="rule")
        leader = await require_planner(tx, actor, rule.leader_id, Action.PLAN_DAY)
        stand_ins = [row[0] for row in await day_changes.stand_ins(tx, leader.id)]
        # In one order, so that two plans that stand in for each other do not wait for each other.
        for leader_id in sorted({leader.id, *(one.id for one in stand_ins)}):
            await places.lock_leader(tx, leader_id)
        first = max(window[0], rule.valid_from, local_day(now))
        last = min(window[1], rule.valid_to or date.max)
        if last < first:
            return PlanResult(0, 0, 0, 0, ())
        wanted = expand(
            parse_rule(rule.text),
            RestPolicy(rule.on_weekend),
            RestPolicy(rule.on_holiday),
            await table_of(tx, leader.area_code),
            DaySpan(first, last + timedelta(days=1)),
        )
        stored = await rows.days_of_rule(tx, rule_id, first, last)
        return await Planning(tx, rule, [leader, *stand_ins], now).run(wanted, stored)


async def add_day(
    db: Database,
    *,
    leader_id: str,
    date: Day,
    windows: Windows,
    slot_minutes: int = 30,
    buffer_minutes: int = 10,
    mode: Mode,
    topic: str = "",
    actor: Actor,
    now: datetime,
) -> str:
    """Add a day outside the rules and publish it at once; return its id.

    Slots on which the leader is already offered elsewhere are left out.

    Raises:
        BadInput: the day is over, the windows make no sense or hold no free slot.

    """
    check_lead(date, local_day(now), added=True)
    spans = spans_of(date, windows, slot_minutes, buffer_minutes)
    async with db.transaction(actor) as tx:
        leader = await require_planner(tx, actor, leader_id, Action.PLAN_DAY)
        await places.lock_leader(tx, leader_id)
        free = await not_offered_yet(tx, leader_id, spans)
        if not free:
            raise BadInput(field="windows", reason="no_free_slot")
        day = new_day(
            leader_id=leader_id, day=date, windows=windows, mode=mode, topic=topic, now=now
        )
        day.reason = ADDED
        await put_days(tx, [(day, free)])
        await publish_day(tx, day, leader, actor, now)
    return day.id


async def publish(db: Database, *, day_ids: Iterable[str], actor: Actor, now: datetime) -> None:
    """Publish planned days with their notice and open them for booking, all or none.

    Raises:
        NotFound: one of them does not exist.
        BadInput: one is nearer than three days.
        MoveRefused: one is published already, or cancelled.

    """
    async with db.transaction(actor) as tx:
        for day_id in sorted(day_ids):
            found = await rows.day(tx, day_id)
            if found is None:
                raise NotFound(thing="day")
            day, leader, _ = found
            require(
                actor,
                Action.PUBLISH_DAY,
                Target(area_code=leader.area_code, leader_id=leader.id),
            )
            check_lead(day.day, local_day(now), added=day.reason == ADDED)
            await publish_day(tx, day, leader, actor, now)


async def sweep(db: Database, *, now: datetime) -> tuple[str, ...]:
    """Let reception days follow their sessions; return the ids of the days changed.

    A day is in progress from its first session on, and completed when its last slot is over and
    nobody waits or talks any more.
    """
    async with db.reading(SYSTEM) as tx:
        begun = await rows.days_begun(
            tx, now - _BEGUN_WITHIN, now + _BEGUN_WITHIN, _STATES_BEFORE_BEGIN
        )
    began = await _move_days(db, begun, DayMove.BEGIN)
    async with db.reading(SYSTEM) as tx:
        first = local_day(now - _COMPLETED_WITHIN)
        over = await rows.days_over(tx, DayState.IN_PROGRESS, first, now, _SESSIONS_GOING_ON)
    moves = [(day_id, DayState.IN_PROGRESS) for day_id in over]
    return (*began, *await _move_days(db, moves, DayMove.COMPLETE))


async def _move_days(
    db: Database, found: Iterable[tuple[str, DayState]], move: DayMove
) -> tuple[str, ...]:
    moves = list(found)
    if not moves:
        return ()
    async with db.transaction(SYSTEM) as tx:
        # Whoever changed a day since it was read was right; the next sweep looks again.
        return tuple(
            [
                day_id
                for day_id, before in moves
                if await rows.change_day(tx, day_id, before, state=after(before, move))
            ]
        )


async def public_days(
    db: Database, *, within: str | None = None, first: date, last: date, now: datetime
) -> tuple[DayView, ...]:
    """Return the published days from `first` to `last`, both included, cancelled ones too."""
    return await _days(db, within, None, first, last, now, published=True)


async def days(
    db: Database,
    *,
    within: str | None = None,
    leader_id: str | None = None,
    first: date,
    last: date,
    now: datetime,
) -> tuple[DayView, ...]:
    """Return all days from `first` to `last`, both included, planned ones too."""
    return await _days(db, within, leader_id, first, last, now, published=False)


async def day(db: Database, *, day_id: str, now: datetime) -> DayView:
    """Return a day; slots that are held, or over, count as neither open nor booked.

    Raises:
        NotFound: there is none with this id.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.day(tx, day_id)
        if found is None:
            raise NotFound(thing="day")
        counts = await rows.slot_counts(tx, [day_id], now)
    return _day_view(*found, counts.get(day_id, (0, 0)))


async def slots(db: Database, *, day_id: str, now: datetime) -> tuple[SlotView, ...]:
    """Return the slots of a day by start."""
    async with db.reading(SYSTEM) as tx:
        found = await rows.slots_of_day(tx, day_id)
    return tuple(slot_view(slot, leader, area, now) for slot, _, leader, area in found)


async def free_slots(
    db: Database,
    *,
    within: str | None = None,
    leader_id: str | None = None,
    after: datetime,
    limit: int = 20,
    rehearsal: bool = False,
) -> tuple[SlotView, ...]:
    """Return slots of published days that can be booked and end later than `after`.

    They come soonest first; one that has begun is still offered while it lasts. A hold that ran
    out by `after` counts as free.
    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.free_slots(
            tx,
            within=within,
            leader_id=leader_id,
            after=after,
            now=after,
            limit=limit,
            rehearsal=rehearsal,
        )
    return tuple(slot_view(slot, leader, area, after) for slot, _, leader, area in found)


def slot_view(slot: Slot, leader: Leader, area: Area, now: datetime) -> SlotView:
    """Return a slot as others see it at `now`."""
    free = is_claimable(slot.state, slot.held_until, now)
    return SlotView(
        id=slot.id,
        day_id=slot.day_id,
        leader=leader_view(leader, area),
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        state=SlotState.OPEN if free else slot.state,
    )


async def _days(
    db: Database,
    within: str | None,
    leader_id: str | None,
    first: date,
    last: date,
    now: datetime,
    *,
    published: bool,
) -> tuple[DayView, ...]:
    async with db.reading(SYSTEM) as tx:
        found = await rows.days_between(
            tx, first, last, within=within, leader_id=leader_id, published=published
        )
        counts = await rows.slot_counts(tx, [row[0].id for row in found], now)
    return tuple(
        _day_view(day, leader, area, counts.get(day.id, (0, 0))) for day, leader, area in found
    )


def _rule_view(rule: ReceptionRule) -> RuleView:
    return RuleView(
        id=rule.id,
        leader_id=rule.leader_id,
        text=rule.text,
        on_weekend=RestPolicy(rule.on_weekend),
        on_holiday=RestPolicy(rule.on_holiday),
        windows=loaded_windows(rule.windows),
        slot_minutes=rule.slot_minutes,
        buffer_minutes=rule.buffer_minutes,
        lead_days=rule.lead_days,
        mode=rule.mode,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
    )


def _day_view(day: ReceptionDay, leader: Leader, area: Area, counts: tuple[int, int]) -> DayView:
    return DayView(
        id=day.id,
        leader=leader_view(leader, area),
        date=day.day,
        nominal_date=day.nominal_date,
        moved=day.moved,
        reason=day.reason,
        provisional=day.provisional,
        state=day.state,
        mode=day.mode,
        topic=day.topic,
        windows=loaded_windows(day.windows),
        slots_open=counts[0],
        slots_booked=counts[1],
        published_at=day.published_at,
        notice=day.notice,
        version=day.version,
    )
