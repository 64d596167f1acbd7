"""Reception days in the making: windows cut into slots, stored, and published with a notice."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from reception.domain.access import Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.codes import Mode
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound
from reception.domain.reception_days import DayMove, DayState, after
from reception.domain.slots import SlotState
from reception.services import audit
from reception.services.permission import require
from reception.services.wording import day_zh, windows_zh
from reception.storage import calendar as rows
from reception.storage import places
from reception.storage.database import Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Leader, ReceptionDay, Slot
from scheduler.slots import LocalWindow, day_slots

Windows = tuple[tuple[time, time], ...]
Span = tuple[datetime, datetime]

ADDED: Final = "added"
"""The `reason` of a day that no rule planned."""


async def require_planner(tx: Transaction, actor: Actor, leader_id: str, action: Action) -> Leader:
    """Return a leader whose days the actor may plan.

    Raises:
        NotFound: there is no such leader.
        NotAllowed: it is none of the actor's.

    """
    found = await places.leader(tx, leader_id)
    if found is None:
        raise NotFound(thing="leader")
    leader, _ = found
    require(actor, action, Target(area_code=leader.area_code, leader_id=leader.id))
    return leader


def spans_of(day: date, windows: Windows, slot_minutes: int, buffer_minutes: int) -> list[Span]:
    """Cut local windows into talks of one length with a buffer between them.

    Raises:
        BadInput: the windows make no sense, or no slot fits.

    """
    try:
        local_windows = [LocalWindow(start, end) for start, end in windows]
        found = day_slots(
            day,
            local_windows,
            timedelta(minutes=slot_minutes),
            timedelta(minutes=buffer_minutes),
        )
    except ValueError as error:
        raise BadInput(field="windows", reason=str(error)) from None
    if not found:
        raise BadInput(field="windows", reason="no_slot_fits")
    return [(interval.start, interval.end) for interval in found]


async def not_offered_yet(tx: Transaction, leader_id: str, spans: list[Span]) -> list[Span]:
    """Return the spans (ascending, at least one) at which the leader has no slots."""
    taken = await rows.spans_of_leader(tx, leader_id, spans[0][0], spans[-1][1])
    return without_overlaps(spans, taken)


def without_overlaps(spans: Iterable[Span], taken: Sequence[Span]) -> list[Span]:
    """Return the spans that touch none of `taken`."""
    return [
        (start, end)
        for start, end in spans
        if not any(start < other_end and other_start < end for other_start, other_end in taken)
    ]


def new_day(
    *, leader_id: str, day: date, windows: Windows, mode: Mode, topic: str, now: datetime
) -> ReceptionDay:
    """Return a planned day that no rule made; nothing is stored yet."""
    return ReceptionDay(
        id=new_id(),
        leader_id=leader_id,
        rule_id=None,
        day=day,
        nominal_date=day,
        moved=False,
        reason="",
        provisional=False,
        state=DayState.PLANNED,
        mode=mode,
        topic=topic,
        windows=stored_windows(windows),
        published_at=None,
        notice="",
        version=1,
        created_at=now,
        rehearsal=False,
    )


async def put_days(tx: Transaction, days: Iterable[tuple[ReceptionDay, Iterable[Span]]]) -> None:
    """Store days with their slots."""
    made = list(days)
    tx.add_all(day for day, _ in made)
    await tx.flush()
    tx.add_all(_slot(day, span) for day, spans in made for span in spans)
    await tx.flush()


def _slot(day: ReceptionDay, span: Span) -> Slot:
    return Slot(
        id=new_id(),
        day_id=day.id,
        leader_id=day.leader_id,
        starts_at=span[0],
        ends_at=span[1],
        state=SlotState.OPEN,
        held_until=None,
        held_by=None,
        rehearsal=day.rehearsal,
    )


async def publish_day(
    tx: Transaction, day: ReceptionDay, leader: Leader, actor: Actor, now: datetime
) -> None:
    """Publish a day with its notice and open it for booking.

    Raises:
        MoveRefused: it is published already, or cancelled.
        MovedMeanwhile: somebody changed it just now.

    """
    state = day.state
    if state is DayState.PLANNED:
        state = after(state, DayMove.APPROVE)
    state = after(after(state, DayMove.PUBLISH), DayMove.OPEN_BOOKING)
    changed = await rows.change_day(
        tx, day.id, day.state, state=state, published_at=now, notice=_notice(day, leader)
    )
    if not changed:
        raise MovedMeanwhile(thing="day")
    audit.record(tx, AuditAction.DAY_PUBLISHED, actor, "day", day.id, now, leader_id=day.leader_id)


def change_notice(day: ReceptionDay, leader: Leader, *, instead_of: Leader, reason: str) -> str:
    """Return the notice of a day on which another leader receives, or the same one late."""
    if leader.id == instead_of.id:
        return f"{_notice(day, leader)}领导晚到，接访照常进行（{reason.strip()}）。"
    return (
        f"{_notice(day, leader)}原定{instead_of.title}{instead_of.name}，因{reason.strip()}，"
        f"改由{leader.title}{leader.name}接访。"
    )


def _notice(day: ReceptionDay, leader: Leader) -> str:
    topic = f"，主题：{day.topic}" if day.topic else ""
    return (
        f"{day_zh(day.day)} {windows_zh(loaded_windows(day.windows))}，{leader.title}{leader.name}"
        f"（分管{leader.portfolio}）{day.mode.zh}{topic}。"
    )


def stored_windows(windows: Windows) -> list[list[str]]:
    """Return windows as they are stored: `[["08:30", "11:30"], …]`."""
    return [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in windows]


def loaded_windows(windows: list[list[str]]) -> Windows:
    """Return windows from how they are stored."""
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in windows)
