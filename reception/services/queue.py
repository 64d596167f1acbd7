"""The queue of a site on a reception day: numbers taken, called, passed over, and how long it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from reception.domain.access import Action, Actor, Target
from reception.domain.areas import is_within, path_of
from reception.domain.audit import AuditAction
from reception.domain.codes import Role
from reception.domain.errors import BadInput, MovedMeanwhile, NotFound
from reception.domain.queue import (
    OPEN_STATES,
    Place,
    PriorityReason,
    TicketMove,
    TicketState,
    Wait,
    after,
    in_order,
    place_after_next,
    wait_of,
)
from reception.domain.reception_days import BOOKABLE_STATES
from reception.services import audit, calendar
from reception.services.calendar import DayView
from reception.services.errors import NoReceptionToday
from reception.services.permission import require
from reception.services.places import SiteView, site_view
from reception.storage import places
from reception.storage import queue as rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import Contended, NotUnique
from reception.storage.ids import new_id
from reception.storage.tables import QueueTicket, Site
from scheduler.calendar import local, local_day

SLOT_MINUTES: Final = 30
"""What a talk is reckoned with while today has told nothing else (domain.md 4.3)."""

_TRIES: Final = 20
_OVER: Final = frozenset({TicketState.DONE, TicketState.LEFT})


@dataclass(frozen=True)
class TicketView:
    """A ticket; `before` counts who is received earlier, `wait` is None once it is called.

    `number` is as it is printed and called: B001, B002 …
    """

    id: str
    number: str
    state: TicketState
    priority: PriorityReason | None
    taken_at: datetime
    calls: int
    before: int
    wait: Wait | None


@dataclass(frozen=True)
class QueueView:
    """The queue of a site today: who is called and received, who waits in order, who is away.

    `published` are all days of today for this site, cancelled ones too; `opens` says whether a leader
    receives on one of them. `next_wait` is what a new number would wait.
    """

    site: SiteView
    published: tuple[DayView, ...]
    opens: bool
    tickets: tuple[TicketView, ...]
    waiting: int
    next_wait: Wait


async def take(
    db: Database, *, actor: Actor, now: datetime, site_id: str | None = None
) -> TicketView:
    """Take the next number of today, at the actor's kiosk or, for a clerk, at `site_id`.

    Numbers have no gaps, whoever takes them at once.

    Raises:
        NoReceptionToday: no leader receives there today.
        NotFound, NotAllowed: no such site, or it is none of the actor's.
        Contended: too many took one at the same moment; trying again is safe.

    """
    here = await _here(db, actor, site_id, now)
    if not here.receiving:
        raise NoReceptionToday(site_id=here.site.id)
    day = local_day(now)
    for _ in range(_TRIES):
        try:
            async with db.transaction(actor) as tx:
                number = await rows.last_number(tx, here.site.id, day) + 1
                ticket = QueueTicket(
                    id=new_id(),
                    site_id=here.site.id,
                    day=day,
                    number=number,
                    state=TicketState.WAITING,
                    place=float(number),
                    priority=None,
                    taken_at=now,
                    calls=0,
                    called_at=None,
                    ended_at=None,
                )
                await tx.put(ticket)
                audit.record(
                    tx, AuditAction.TICKET_TAKEN, actor, "site", here.site.id, now, number=number
                )
                shown = await _view(tx, here, now)
                return next(one for one in shown.tickets if one.id == ticket.id)
        except NotUnique:
            continue  # somebody took this number first
    raise Contended(reason="queue_numbers")


async def queue(
    db: Database, *, actor: Actor, now: datetime, site_id: str | None = None
) -> QueueView:
    """Return today's queue at the actor's kiosk or, for a clerk, at `site_id`.

    Raises:
        NotFound, NotAllowed: no such site, or it is none of the actor's.

    """
    here = await _here(db, actor, site_id, now)
    async with db.reading(actor) as tx:
        return await _view(tx, here, now)


async def move(
    db: Database, *, ticket_id: str, move: TicketMove, actor: Actor, now: datetime
) -> QueueView:
    """Call a ticket, pass it over, let it step out or come back, begin or finish with it.

    Who steps out keeps their place; who was passed over comes after the next one. Neither is held
    against anybody.

    Raises:
        MoveRefused: its state does not allow that, or it was not called three times.
        MovedMeanwhile: somebody else did something with it just now.
        NotFound, NotAllowed: no such ticket today, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        ticket, site = await _ticket(tx, ticket_id, actor, now)
        then = after(ticket.state, move, ticket.calls)
        values: dict[str, object] = {}
        if move in {TicketMove.CALL, TicketMove.RECALL}:
            values = {"calls": ticket.calls + 1, "called_at": now}
        elif then is TicketState.WAITING and ticket.state is TicketState.SKIPPED:
            waiting = _waiting(await rows.of_day(tx, site.id, ticket.day))
            values = {"calls": 0, "place": place_after_next(ticket.place, waiting)}
        elif then is TicketState.WAITING:
            values = {"calls": 0}
        elif then in _OVER:
            values = {"ended_at": now}
        if not await rows.move(tx, ticket, then, **values):
            raise MovedMeanwhile(thing="ticket")
        audit.record(
            tx,
            AuditAction.TICKET_MOVED,
            actor,
            "site",
            site.id,
            now,
            number=ticket.number,
            move=move.value,
        )
    return await queue(db, actor=actor, now=now, site_id=site.id)


async def call_next(db: Database, *, site_id: str, actor: Actor, now: datetime) -> QueueView:
    """Call whoever is next at a site.

    Raises:
        BadInput: nobody waits.
        MovedMeanwhile: somebody else called them just now.
        NotFound, NotAllowed: no such site, or it is none of the actor's.

    """
    shown = await queue(db, actor=actor, now=now, site_id=site_id)
    waiting = [one for one in shown.tickets if one.state is TicketState.WAITING]
    if not waiting:
        raise BadInput(field="ticket", reason="nobody_waits")
    return await move(db, ticket_id=waiting[0].id, move=TicketMove.CALL, actor=actor, now=now)


async def prefer(
    db: Database,
    *,
    ticket_id: str,
    reason: PriorityReason | None,
    actor: Actor,
    now: datetime,
) -> QueueView:
    """Give a ticket an earlier place for a reason of the closed list, or take that back.

    Raises:
        MovedMeanwhile: somebody else did something with it just now.
        NotFound, NotAllowed: no such ticket today, or it is none of the actor's.

    """
    async with db.transaction(actor) as tx:
        ticket, site = await _ticket(tx, ticket_id, actor, now)
        if not await rows.move(tx, ticket, ticket.state, priority=reason):
            raise MovedMeanwhile(thing="ticket")
        audit.record(
            tx,
            AuditAction.TICKET_PREFERRED,
            actor,
            "site",
            site.id,
            now,
            purpose="" if reason is None else reason.value,
            number=ticket.number,
        )
    return await queue(db, actor=actor, now=now, site_id=site.id)


@dataclass(frozen=True)
class _Here:
    """A site, and every day that is published for it today, cancelled ones too."""

    site: Site
    view: SiteView
    published: tuple[DayView, ...]

    @property
    def receiving(self) -> int:
        """How many leaders receive here today."""
        return sum(day.state in BOOKABLE_STATES for day in self.published)


async def _here(db: Database, actor: Actor, site_id: str | None, now: datetime) -> _Here:
    async with db.reading(actor) as tx:
        kiosk = await places.kiosk(tx, actor.id) if actor.role is Role.KIOSK else None
        if kiosk is not None:
            site_id = kiosk[0].site_id
        found = None if site_id is None else await places.site(tx, site_id)
    if found is None:
        raise NotFound(thing="site")
    site, area = found
    kiosk_id = None if kiosk is None else kiosk[0].id
    require(actor, Action.TAKE_TICKET, Target(area_code=site.area_code, kiosk_id=kiosk_id))
    today = local_day(now)
    published = await calendar.public_days(
        db, within=path_of(site.area_code)[0], first=today, last=today, now=now
    )
    return _Here(
        site=site,
        view=site_view(site, area),
        published=tuple(
            day for day in published if is_within(site.area_code, day.leader.area_code)
        ),
    )


async def _ticket(
    tx: Transaction, ticket_id: str, actor: Actor, now: datetime
) -> tuple[QueueTicket, Site]:
    ticket = await tx.get(QueueTicket, ticket_id)
    if ticket is None or ticket.day != local_day(now):
        raise NotFound(thing="ticket")
    found = await places.site(tx, ticket.site_id)
    assert found is not None
    require(actor, Action.CALL_TICKET, Target(area_code=found[0].area_code))
    return ticket, found[0]


async def _view(tx: Transaction, here: _Here, now: datetime) -> QueueView:
    site, today = here.site, local_day(now)
    midnight = local(today, time.min)
    found = [one for one in await rows.of_day(tx, site.id, today) if one.state in OPEN_STATES]
    # Only times and numbers come of it: of the talks themselves nothing is shown.
    async with tx.as_program():
        talks = await rows.talk_minutes(tx, site.id, midnight)
        running = await rows.running(tx, site.id)
        booked = await rows.booked_between(tx, site.id, now, midnight + timedelta(days=1))
    places_at_once = max(1, min(site.rooms, here.receiving))
    serving = sum(one.state is TicketState.SERVING for one in found)
    going = serving + sum(one.state is TicketState.CALLED for one in found)

    def reckon(position: int) -> tuple[int, Wait]:
        # Booked people come at their time: those who do so before this turn go first.
        ahead = position + going
        turn = now + timedelta(minutes=SLOT_MINUTES * (ahead // places_at_once + 1))
        before = ahead + sum(1 for starts_at in booked if starts_at < turn)
        return before, wait_of(
            before, talks, SLOT_MINUTES, places=places_at_once, running=max(0, running - serving)
        )

    order = [place.ticket_id for place in in_order(_waiting(found))]
    shown = []
    for ticket in sorted(found, key=lambda one: _rank(one, order)):
        before, wait = 0, None
        if ticket.id in order:
            before, wait = reckon(order.index(ticket.id))
        shown.append(_ticket_view(ticket, before, wait))
    return QueueView(
        site=here.view,
        published=here.published,
        opens=here.receiving > 0,
        tickets=tuple(shown),
        waiting=len(order),
        next_wait=reckon(len(order))[1],
    )


_FIRST: Final = (
    TicketState.SERVING,
    TicketState.CALLED,
    TicketState.WAITING,
    TicketState.SKIPPED,
    TicketState.PARKED,
)


def _rank(ticket: QueueTicket, order: Sequence[str]) -> tuple[int, int]:
    place = order.index(ticket.id) if ticket.id in order else ticket.number
    return _FIRST.index(ticket.state), place


def _waiting(tickets: Sequence[QueueTicket]) -> list[Place]:
    return [
        Place(ticket_id=one.id, priority=one.priority, place=one.place)
        for one in tickets
        if one.state is TicketState.WAITING
    ]


def _ticket_view(ticket: QueueTicket, before: int, wait: Wait | None) -> TicketView:
    return TicketView(
        id=ticket.id,
        number=f"B{ticket.number:03d}",
        state=ticket.state,
        priority=ticket.priority,
        taken_at=ticket.taken_at,
        calls=ticket.calls,
        before=before,
        wait=wait,
    )
