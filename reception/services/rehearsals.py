"""Rehearsals: practice receptions of their own leader and site, hidden from everybody else."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from reception.domain.access import Actor
from reception.domain.areas import is_within
from reception.domain.codes import Mode, Role
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.services import kiosks, tokens
from reception.services.calendar import SlotView, slot_view
from reception.services.places import SiteView, site_view
from reception.services.reception_days import ADDED, Span, new_day, publish_day, put_days
from reception.storage import calendar as calendar_rows
from reception.storage import places
from reception.storage import rehearsals as rows
from reception.storage.database import Database, Transaction
from reception.storage.ids import new_id
from reception.storage.tables import Leader, Rehearsal, Site
from scheduler.calendar import local_day

MOST_ROOMS: Final = 200

_REHEARSERS: Final = frozenset({Role.SYSADMIN, Role.CLERK, Role.SYSTEM})
_LONGEST_SLOT: Final = timedelta(minutes=1)
_WITHIN: Final = timedelta(minutes=50)
"""All slots begin within this span: check-in opens 60 minutes ahead, so all can run at once."""


@dataclass(frozen=True)
class RehearsalView:
    """One slot for each room, its kiosk, and the token of its leader, shown this once."""

    id: str
    slots: tuple[SlotView, ...]
    site: SiteView
    kiosk_id: str
    leader_token: str


async def create(
    db: Database, *, rooms: int, public_key: bytes, actor: Actor, now: datetime
) -> RehearsalView:
    """Make a hidden leader, site, kiosk and published day with one slot per room from now on.

    The kiosk is enrolled with the robots' `public_key`.

    A leader has one slot at a time, so they are short and follow each other; all can be booked
    and checked in at once, and the sessions may then run side by side for as long as they like.

    Raises:
        NotAllowed: only clerks and administrators rehearse.
        BadInput: not 1 to 200 rooms, or not a public key.

    """
    if actor.role not in _REHEARSERS or actor.area_code is None:
        raise NotAllowed(action="rehearse", reason="role")
    if not 1 <= rooms <= MOST_ROOMS:
        raise BadInput(field="rooms", reason="not_in_range", least=1, most=MOST_ROOMS)
    async with db.transaction(actor) as tx:
        leader, site = await _put_hidden(tx, actor.area_code)
        rehearsal = Rehearsal(
            id=new_id(),
            leader_id=leader.id,
            site_id=site.id,
            rooms=rooms,
            created_at=now,
            created_by=actor.name,
        )
        await tx.put(rehearsal)
        day_id = await _open_day(tx, leader, rooms, actor, now)
        kiosk_id = kiosks.add_kiosk(
            tx,
            site_id=site.id,
            name="演练终端",
            public_key=public_key,
            rehearsal=True,
            by=actor,
            now=now,
        )
        token = tokens.add_token(
            tx,
            name="演练领导",
            role=Role.LEADER,
            area_code=actor.area_code,
            leader_id=leader.id,
            rehearsal=True,
            by=actor,
            now=now,
        )
        await tx.flush()
        found = await places.site(tx, site.id)
        assert found is not None
        return RehearsalView(
            id=rehearsal.id,
            slots=tuple(
                slot_view(slot, of, area, now)
                for slot, _, of, area in await calendar_rows.slots_of_day(tx, day_id)
            ),
            site=site_view(*found),
            kiosk_id=kiosk_id,
            leader_token=token,
        )


async def remove(
    db: Database, *, rehearsal_id: str, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Delete every row a rehearsal made; return its recordings, whose files are the caller's.

    Raises:
        NotAllowed: only clerks and administrators rehearse, each in their own area.
        NotFound: there is no such rehearsal.

    """
    if actor.role not in _REHEARSERS:
        raise NotAllowed(action="rehearse", reason="role")
    # A rehearsal's cases are nobody's.
    async with db.transaction(actor) as tx, tx.as_program():
        rehearsal = await rows.rehearsal(tx, rehearsal_id)
        if rehearsal is None:
            raise NotFound(thing="rehearsal")
        site = await tx.get_one(Site, rehearsal.site_id)
        if not is_within(site.area_code, actor.area_code):
            raise NotAllowed(action="rehearse", reason="area")
        recordings = await rows.recording_ids(tx, rehearsal.leader_id)
        await rows.remove(tx, rehearsal)
    return tuple(recordings)


async def _put_hidden(tx: Transaction, area_code: str) -> tuple[Leader, Site]:
    leader = Leader(
        id=new_id(),
        area_code=area_code,
        name="演练领导",
        title="演练",
        portfolio="演练",
        body="演练",
        rehearsal=True,
    )
    site = Site(
        id=new_id(),
        area_code=area_code,
        name="演练接访点",
        address="",
        phone="",
        rooms=1,
        rehearsal=True,
    )
    await tx.put(leader, site)
    return leader, site


async def _open_day(
    tx: Transaction, leader: Leader, rooms: int, actor: Actor, now: datetime
) -> str:
    length = min(_LONGEST_SLOT, _WITHIN / rooms)
    spans: list[Span] = [
        (now + number * length, now + (number + 1) * length) for number in range(rooms)
    ]
    day = new_day(
        leader_id=leader.id,
        day=local_day(now),
        windows=((time(0, 0), time(23, 59)),),
        mode=Mode.VIDEO,
        topic="演练",
        now=now,
    )
    day.reason, day.rehearsal = ADDED, True
    await put_days(tx, [(day, spans)])
    await publish_day(tx, day, leader, actor, now)
    return day.id
