"""Joins live talk to the sessions in the database: who is in, what the hub carries, what is recorded.

Every change of a session ends in `changed`, which reads the session once, brings the hub and the
recording into line with it and tells everyone in the room by a full snapshot.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from reception.domain.access import SYSTEM, Actor
from reception.domain.errors import NotAdmitted, NotFound, Refused
from reception.domain.sessions import (
    FINAL_STATES,
    SessionMove,
    SessionState,
    media_allowed,
    media_rights,
    recording_allowed,
)
from reception.services import sessions
from reception.services.expulsion import expelled
from reception.storage.database import Database
from scheduler.clock import Clock
from signaling.engine import (
    EngineEvent,
    HubDown,
    HubUp,
    MediaEngine,
    PeerConnected,
    PeerLost,
    RecordingClosed,
    RecordingFailed,
    RecordingProgress,
    RoomState,
)
from signaling.errors import Refused as SignalingRefused
from signaling.messages import Offer
from signaling.rooms import Room
from signaling.tasks import Supervisor
from web.recording import RoomRecordings
from web.snapshots import SessionPicture, picture, rights_role

log = logging.getLogger(__name__)

ABSENCE_GRACE_SECONDS: Final = 5.0
TIDY_EVERY_SECONDS: Final = 60.0
STAY_AFTER_END: Final = timedelta(minutes=10)
MOST_SOCKETS: Final = 6
MOST_SOCKETS_OF_KIOSK: Final = 2
"""Rooms one account or machine may be in at once; a program is in as many as it likes."""

ESSENTIAL_SEATS: Final = frozenset({1, 2})  # the petitioner and the leader


class Connection(Protocol):
    """What a room needs of one person's WebSocket. `push` never blocks."""

    def push(self, kind: str, seq: int, data: dict[str, object]) -> None:
        """Queue an event; a connection too slow to take it closes itself."""

    def finish(self, code: int, reason: str) -> None:
        """Close after what is queued has been sent."""


@dataclass(frozen=True, slots=True)
class Seated:
    """A person in a room: what the socket holds after admission."""

    room: Room[Connection]
    session_id: str
    person_id: str
    seat: int
    role: str
    actor: Actor
    resume: str


class LiveRooms:
    """All rooms of this web process. Methods run on the web loop only."""

    def __init__(self, db: Database, clock: Clock, engine: MediaEngine, tasks: Supervisor) -> None:
        self._db = db
        self._clock = clock
        self._engine = engine
        self._tasks = tasks
        self._rooms: dict[str, Room[Connection]] = {}
        self._sockets: dict[str, list[tuple[Room[Connection], Connection]]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._recordings = RoomRecordings(db, clock, engine)
        self._hub_up = asyncio.Event()
        self._tidied_at = clock.monotonic()
        self.observers: list[Callable[[EngineEvent], None]] = []
        self.greeting = 0
        """Connections that have not been admitted yet; the socket counts them."""

    def start(self) -> None:
        """Begin to follow the media engine."""
        self._tasks.start(self._follow_engine(), name="engine events")

    @property
    def hub_is_up(self) -> bool:
        """Whether the media hub answers."""
        return self._hub_up.is_set()

    @property
    def connected(self) -> int:
        """How many people are connected over all rooms."""
        return sum(1 for room in self._rooms.values() for _ in room.connections())

    # -- people ---------------------------------------------------------------------------------

    async def admit(
        self, connection: Connection, *, ticket: str | None, resume: str | None
    ) -> Seated:
        """Let the holder of a ticket or resume token into the room.

        Raises the refusals of `sessions.redeem_ticket` and `redeem_resume`.
        """
        now = self._clock.now()
        if ticket is not None:
            admission = await sessions.redeem_ticket(self._db, ticket=ticket, now=now)
        else:
            admission = await sessions.redeem_resume(self._db, resume=resume or "", now=now)
        room = self._rooms.setdefault(
            admission.room_id, Room(id=admission.room_id, session=admission.session_id)
        )
        displaced = room.enter(admission.person.id, connection)
        if displaced is not None:
            displaced.push("moved", room.next_seq(), {})
            displaced.finish(4001, "moved")
        if not admission.rehearsal:
            self._bound_sockets(admission.actor, room, connection)
        await sessions.set_online(
            self._db,
            session_id=admission.session_id,
            person_id=admission.person.id,
            online=True,
            now=now,
        )
        return Seated(
            room=room,
            session_id=admission.session_id,
            person_id=admission.person.id,
            seat=admission.person.seat,
            role=admission.person.role,
            actor=admission.actor,
            resume=admission.resume,
        )

    def _bound_sockets(self, actor: Actor, room: Room[Connection], connection: Connection) -> None:
        """Count a connection; one too many ends the actor's oldest."""
        if actor.kind == "token":
            return
        held = self._sockets.setdefault(_key_of(actor), [])
        held.append((room, connection))
        most = MOST_SOCKETS_OF_KIOSK if actor.kind == "kiosk" else MOST_SOCKETS
        if len(held) > most:
            oldest_room, oldest = held.pop(0)
            oldest.push("moved", oldest_room.next_seq(), {})
            oldest.finish(4001, "moved")

    def _uncount_socket(self, actor: Actor, connection: Connection) -> None:
        held = self._sockets.get(_key_of(actor), [])
        left = [(room, one) for room, one in held if one is not connection]
        if left:
            self._sockets[_key_of(actor)] = left
        else:
            self._sockets.pop(_key_of(actor), None)

    async def left(self, seated: Seated, connection: Connection) -> None:
        """The connection is gone; the seat is kept."""
        self._uncount_socket(seated.actor, connection)
        if not seated.room.leave(seated.person_id, connection):
            return
        await sessions.set_online(
            self._db,
            session_id=seated.session_id,
            person_id=seated.person_id,
            online=False,
            now=self._clock.now(),
        )
        await self.changed(seated.session_id)
        self._watch_absence(seated.room, seated.person_id)

    def welcome(self, seated: Seated, shown: SessionPicture) -> dict[str, object]:
        """The body of the answer to `hello`."""
        return {
            "resume": seated.resume,
            "me": {"id": seated.person_id, "role": seated.role, "seat": seated.seat},
            "gen": seated.room.generation(seated.person_id),
            "snapshot": self._snapshot_for(seated.room, seated.person_id, shown),
        }

    # -- media ----------------------------------------------------------------------------------

    async def negotiate(self, seated: Seated, offer: Offer) -> dict[str, object]:
        """Answer an offer. Raises `NotAdmitted` outside the states that carry media, and the engine's refusals."""
        shown = await self.picture(seated.session_id)
        if not media_allowed(shown.state):
            raise NotAdmitted(state=shown.state.value)
        await self._engine.open_room(seated.room.id, seats=shown.seats)
        # Rights first: who joins during a consultation must not see a moment of it.
        await self._set_rights(seated.room, shown, seated.person_id, seated.role)
        joined = await self._engine.join(
            seated.room.id,
            person=seated.person_id,
            seat=seated.seat,
            gen=offer.gen,
            sdp=offer.sdp,
        )
        seated.room.offered(seated.person_id, offer.gen)
        views = [
            {"seat": view.seat, "audio_mid": view.audio_mid, "video_mid": view.video_mid}
            for view in joined.views
        ]
        return {"gen": offer.gen, "sdp": joined.sdp, "views": views}

    # -- the session ----------------------------------------------------------------------------

    async def picture(self, session_id: str) -> SessionPicture:
        """The session as it stands in the database."""
        return await picture(self._db, session_id=session_id)

    async def changed(self, session_id: str) -> SessionPicture:
        """Bring hub and recording into line with the session and tell everyone in its room."""
        lock = self._locks.setdefault(session_id, asyncio.Lock())
        async with lock:
            shown = await self.picture(session_id)
            room = self._rooms.get(shown.room_id)
            if room is not None:
                shown = await self._restore_if_back(room, shown)
            try:
                await self._line_up(shown)
            except SignalingRefused as refusal:
                log.warning("hub not in line with session: %s", refusal.code)
            if room is not None:
                self._tell(room, shown)
                if shown.state in FINAL_STATES:
                    self._ended(room, shown)
            if shown.state in FINAL_STATES:
                self._locks.pop(session_id, None)
        return shown

    async def sweep(self) -> None:
        """Apply the time limits of sessions; called every second by the ticker."""
        for session_id in await sessions.sweep(self._db, now=self._clock.now()):
            await self.changed(session_id)
        for session_id in self._recordings.gone_quiet():
            await self.changed(session_id)
        await self._expel()
        if self._clock.monotonic() - self._tidied_at > TIDY_EVERY_SECONDS:
            self._tidied_at = self._clock.monotonic()
            await self._forget_ended_rooms()

    async def _expel(self) -> None:
        """Show out who may no longer be there; within a second or two of losing the right."""
        rooms = {room.session: room for room in self._rooms.values() if not room.is_empty}
        online = {
            session_id: [person for person, _ in room.connections()]
            for session_id, room in rooms.items()
        }
        for gone in await expelled(self._db, online=online, now=self._clock.now()):
            room = rooms[gone.session_id]
            for person, connection in room.connections():
                if person == gone.person_id:
                    connection.finish(4003, "not_admitted")
            if self.hub_is_up:
                await self._engine.leave(room.id, gone.person_id)

    async def _forget_ended_rooms(self) -> None:
        for room in list(self._rooms.values()):
            if room.is_empty and await self._is_over(room):
                self._rooms.pop(room.id, None)

    async def _is_over(self, room: Room[Connection]) -> bool:
        try:
            return (await self.picture(room.session)).state in FINAL_STATES
        except NotFound:
            return True  # a rehearsal that was removed

    async def close(self) -> None:
        """Tell everyone the server goes down; they come back by themselves."""
        for room in self._rooms.values():
            for _, connection in room.connections():
                connection.finish(1012, "restart")

    # -- inside ---------------------------------------------------------------------------------

    def _tell(self, room: Room[Connection], shown: SessionPicture) -> None:
        seq = room.next_seq()
        for person, connection in room.connections():
            connection.push("snapshot", seq, self._snapshot_for(room, person, shown))

    def _snapshot_for(
        self, room: Room[Connection], person: str, shown: SessionPicture
    ) -> dict[str, object]:
        return shown.for_person(
            person,
            now=self._clock.now(),
            online=room.is_online,
            has_media=room.has_media,
            recording=self._recordings.state(shown.session_id),
        )

    def _ended(self, room: Room[Connection], shown: SessionPicture) -> None:
        for person, connection in room.connections():
            connection.push("ended", room.next_seq(), {"state": shown.state.value})
            if shown.role_of(person) != "petitioner":
                connection.finish(4000, "ended")
        self._tasks.start(self._close_later(room), name=f"room {room.id} after its end")

    async def _close_later(self, room: Room[Connection]) -> None:
        """The petitioner stays for rating and receipt, then the room is gone."""
        await asyncio.sleep(STAY_AFTER_END.total_seconds())
        for _, connection in room.connections():
            connection.finish(4000, "ended")

    async def _line_up(self, shown: SessionPicture) -> None:
        """Make the hub carry and record what the session's state says, no more and no less."""
        if shown.state in FINAL_STATES:
            await self._recordings.stop(shown.session_id, shown.room_id, hub_is_up=self.hub_is_up)
            if self.hub_is_up:
                await self._engine.close_room(shown.room_id)
            return
        if not media_allowed(shown.state) or not self.hub_is_up:
            # A hub that is down is made to go on where it was when it comes back.
            return
        await self._engine.open_room(shown.room_id, seats=shown.seats)
        room = self._rooms.get(shown.room_id)
        if room is not None:
            for person, _ in room.connections():
                if room.generation(person):
                    await self._set_rights(room, shown, person, shown.role_of(person))
        if recording_allowed(shown.stage, shown.consent):
            await self._recordings.start(shown.session_id, shown.room_id)
        else:
            await self._recordings.stop(shown.session_id, shown.room_id, hub_is_up=True)

    async def _set_rights(
        self, room: Room[Connection], shown: SessionPicture, person: str, role: str
    ) -> None:
        rights = media_rights(shown.state, rights_role(role))
        await self._engine.rights(room.id, person, send=rights.send, receive=rights.receive)

    # -- absence and return ---------------------------------------------------------------------

    def _watch_absence(self, room: Room[Connection], person: str) -> None:
        self._tasks.start(self._lose_if_absent(room, person), name="absence")

    async def _lose_if_absent(self, room: Room[Connection], person: str) -> None:
        """After a moment's grace, stop the talk for a petitioner or leader who is not back."""
        await asyncio.sleep(ABSENCE_GRACE_SECONDS)
        if room.is_online(person) and room.has_media(person):
            return
        try:
            seats = {one.id: one.seat for one in (await self.picture(room.session)).people}
        except NotFound:
            return  # a rehearsal that was removed meanwhile
        if seats.get(person) in ESSENTIAL_SEATS:
            await self._system_move(room.session, SessionMove.LOSE, "absent")

    async def _system_move(self, session_id: str, move: SessionMove, reason: str) -> None:
        try:
            await sessions.move(
                self._db,
                session_id=session_id,
                move=move,
                actor=SYSTEM,
                now=self._clock.now(),
                reason=reason,
            )
        except Refused as refusal:
            log.debug("no %s: %s", move.value, refusal.code)
            return
        await self.changed(session_id)

    async def _restore_if_back(
        self, room: Room[Connection], shown: SessionPicture
    ) -> SessionPicture:
        """Leave `reconnecting` once both ends are connected again."""
        if shown.state is not SessionState.RECONNECTING:
            return shown
        ends = [person for person in shown.people if person.seat in ESSENTIAL_SEATS]
        if not all(room.is_online(end.id) and room.has_media(end.id) for end in ends):
            return shown
        try:
            await sessions.move(
                self._db,
                session_id=shown.session_id,
                move=SessionMove.RESTORE,
                actor=SYSTEM,
                now=self._clock.now(),
            )
        except Refused:
            return shown
        return await self.picture(shown.session_id)

    # -- the hub --------------------------------------------------------------------------------

    async def _follow_engine(self) -> None:
        async for event in self._engine.events():
            for observer in self.observers:
                observer(event)
            try:
                await self._on_engine(event)
            except (Refused, SignalingRefused) as refusal:
                log.warning("engine event %s: %s", type(event).__name__, refusal.code)
            except Exception:
                log.exception("engine event %s", type(event).__name__)

    async def _on_engine(self, event: EngineEvent) -> None:
        match event:
            case HubUp():
                await self._hub_came_up()
            case HubDown():
                self._hub_up.clear()
                for room in self._rooms.values():
                    room.media_gone()
                    for person, _ in room.connections():
                        self._watch_absence(room, person)
            case PeerConnected(room=room_id, person=person, gen=gen):
                if (there := self._rooms.get(room_id)) is not None:
                    there.media_connected(person, gen)
                    await self.changed(there.session)
            case PeerLost(room=room_id, person=person, gen=gen):
                if (there := self._rooms.get(room_id)) is not None:
                    there.media_lost(person, gen)
                    self._watch_absence(there, person)
                    await self.changed(there.session)
            case RecordingProgress() | RecordingClosed() | RecordingFailed():
                await self._on_recording(event)

    async def _on_recording(
        self, event: RecordingProgress | RecordingClosed | RecordingFailed
    ) -> None:
        room = self._rooms.get(event.room)
        match event:
            case RecordingClosed(recording=recording):
                await self._recordings.ended(recording)
            case RecordingProgress() if room is not None:
                if await self._recordings.progressed(room.session, event):
                    await self.changed(room.session)
            case RecordingFailed(recording=recording, cause=cause) if room is not None:
                self._recordings.failed(room.session, recording, cause)
                await self.changed(room.session)
            case _:
                log.warning("a recording of no room we know: %s", event)

    async def _hub_came_up(self) -> None:
        """Put every live room back on the hub, or take over what it carries already."""
        self._hub_up.set()
        carried = {state.room: state for state in await self._engine.rooms()}
        for session_id in await sessions.live(self._db):
            shown = await self.picture(session_id)
            room = self._rooms.setdefault(shown.room_id, Room(id=shown.room_id, session=session_id))
            state = carried.pop(shown.room_id, None)
            if state is not None:
                self._adopt(room, shown, state)
            else:
                await self._rebuild(room, shown)
            await self.changed(session_id)
        # What is left belongs to talks that ended while nobody was there to end it.
        for room_id in carried:
            await self._engine.close_room(room_id)
        await self._recordings.end_orphans({state.recording for state in carried.values()})

    def _adopt(
        self,
        room: Room[Connection],
        shown: SessionPicture,
        carried: RoomState,
    ) -> None:
        self._recordings.adopt(shown.session_id, carried.recording)
        for person in carried.people:
            room.offered(person.person, person.gen)
            if person.connected:
                room.media_connected(person.person, person.gen)

    async def _rebuild(self, room: Room[Connection], shown: SessionPicture) -> None:
        if not media_allowed(shown.state):
            return
        await self._engine.open_room(room.id, seats=shown.seats)
        await self._recordings.resume(shown.session_id, room.id, shown.open_recording)
        for _, connection in room.connections():
            connection.push("rejoin", room.next_seq(), {"reason": "hub"})


def _key_of(actor: Actor) -> str:
    return f"{actor.kind} {actor.id}"
