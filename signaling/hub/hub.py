"""The media hub in this process: rooms over one UDP port, as a `MediaEngine`."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from signaling.engine import (
    EngineEvent,
    HubFull,
    HubUp,
    Joined,
    NoSuchSeat,
    PeerConnected,
    PeerLost,
    RecordingClosed,
    RecordingFailed,
    RecordingProgress,
    RoomState,
    RoomStats,
    View,
)
from signaling.errors import EngineDown, NoSuchRoom
from signaling.hub import answer
from signaling.hub.connection import Connection
from signaling.hub.dtls import Identity
from signaling.hub.events import Events
from signaling.hub.port import Port
from signaling.hub.recording import Recording
from signaling.hub.room import MAX_RIGHTS, Participant, Rights, Room, person_stats
from signaling.hub.srtp import check_binding
from signaling.hub.transport import Transport
from signaling.ports import FrameSink
from signaling.sdp import parse_offer
from signaling.tasks import Supervisor

logger = logging.getLogger(__name__)

MIN_SEATS, MAX_SEATS = 2, 8
MAX_ROOMS = 200
TICK = 0.05
PROGRESS_INTERVAL = 2.0
# no packet of any kind, not even a connectivity check, for so long: the line is dead
SILENCE = 5.0
# how long the old connection of a rejoining person may play on
OVERLAP = 8.0
# from the answer to the first check and through the handshake, retransmissions included
CONNECT_TIME = 20.0
CLOSE_TIME = 1.5

SinkFactory = Callable[[str], FrameSink]


class Hub:
    """Carries rooms; all methods run on the loop that `start` ran on.

    `clock` tells the time of day, for certificates and recordings; everything else uses the
    loop's clock. `sink_factory` makes the sink of a recording by its id.
    """

    def __init__(
        self,
        *,
        sink_factory: SinkFactory,
        clock: Callable[[], datetime],
        host: str = "0.0.0.0",  # noqa: S104  # media must reach it; the port is its firewall rule
        port: int = 0,
        advertise: list[str] | None = None,
    ) -> None:
        check_binding()
        self.hub_id = secrets.token_hex(8)
        self._clock = clock
        self._sink_factory = sink_factory
        self._address = (host, port, advertise)
        self.epoch = int(clock().timestamp() * 1000)
        self._identity = Identity.create(clock())
        self._rooms: dict[str, Room] = {}
        self._events = Events()
        self._tasks = Supervisor("hub")
        self._closing = Supervisor("hub-recordings")
        self._port: Port | None = None
        self._closed = False
        self._wall_shift = 0.0
        self._owners: dict[Connection, tuple[Room, Participant]] = {}

    @property
    def port(self) -> Port:
        """The UDP port; only after `start`."""
        if self._port is None:
            raise RuntimeError("the hub has not been started")
        return self._port

    async def start(self) -> None:
        """Bind the port and begin.

        Raises:
            OSError: the address cannot be bound.
        """
        self._port = Port.open(*self._address)
        self._set_clock()
        self._tasks.start(self._run(), "tick")

    async def close(self) -> None:
        """Say goodbye to everyone, close recordings (1.5 s at most) and the port. Final."""
        self._closed = True
        for name in list(self._rooms):
            await self.close_room(name)
        await self._closing.drain(CLOSE_TIME)
        await self._closing.close()
        await self._tasks.close()
        if self._port is not None:
            self._port.close()
        self._events.close()

    async def open_room(self, room: str, *, seats: int = 4) -> None:
        """See `MediaEngine.open_room`."""
        if room in self._rooms:
            return
        if self._closed:
            raise EngineDown(reason="closing")
        if not MIN_SEATS <= seats <= MAX_SEATS:
            raise NoSuchSeat(seats=seats)
        if len(self._rooms) >= MAX_ROOMS:
            raise HubFull(limit=MAX_ROOMS)
        self._rooms[room] = Room(room, seats)

    async def close_room(self, room: str) -> None:
        """See `MediaEngine.close_room`."""
        found = self._rooms.pop(room, None)
        if found is None:
            return
        self._stop_recording(found)
        for participant in found.people.values():
            self._disconnect(participant)

    async def join(self, room: str, *, person: str, seat: int, gen: int, sdp: str) -> Joined:
        """See `MediaEngine.join`."""
        found = self._room(room)
        if not 1 <= seat <= found.seats:
            raise NoSuchSeat(seat=seat, seats=found.seats)
        offer = parse_offer(sdp)
        others = [each for each in range(1, found.seats + 1) if each != seat]
        lines = answer.plan(offer, others)
        transport = Transport(self.port, self._identity, offer.fingerprint)
        connection = Connection(transport, self.port.outgoing, lines, self, self._wall)
        text = answer.write(
            lines,
            session=secrets.randbits(62),
            ufrag=transport.ufrag,
            password=transport.password,
            fingerprint=self._identity.fingerprint,
            candidates=self.port.candidates,
            port=self.port.number,
            lanes=connection.lanes_by_mid,
        )
        participant = found.claim(person, seat, gen)
        self._expect(found, participant, connection, seat, gen)
        transport.open(connection)
        return Joined(sdp=text, views=_views(lines, others))

    async def leave(self, room: str, person: str) -> None:
        """See `MediaEngine.leave`."""
        found = self._rooms.get(room)
        participant = found.people.pop(person, None) if found is not None else None
        if found is None or participant is None:
            return
        now = self._now()
        if found.recording is not None:
            found.recording.drop(person, "audio", "left", now)
            found.recording.drop(person, "video", "left", now)
        self._disconnect(participant)
        found.rewire(now)

    async def rights(self, room: str, person: str, *, send: bool, receive: bool) -> None:
        """See `MediaEngine.rights`."""
        found = self._room(room)
        if person not in found.rights and len(found.rights) >= MAX_RIGHTS:
            oldest = next((each for each in found.rights if each not in found.people), None)
            if oldest is not None:
                del found.rights[oldest]
        found.rights[person] = Rights(send=send, receive=receive)
        found.rewire(self._now())

    async def record(self, room: str, recording: str | None) -> None:
        """See `MediaEngine.record`."""
        found = self._room(room)
        if found.recording is not None and found.recording.identifier == recording:
            return
        self._stop_recording(found)
        if recording is None:
            return
        try:
            sink = self._sink_factory(recording)
        except Exception as error:
            logger.exception("recording %s could not start", recording)
            cause = f"{type(error).__name__}: {error}"[:200]
            self._events.put(RecordingFailed(room, recording, cause))
            return
        found.recording = Recording(recording, sink, self._wall, self._on_recording_failed)
        found.rewire(self._now())

    async def stats(self, room: str) -> RoomStats:
        """See `MediaEngine.stats`."""
        found = self._room(room)
        recording = found.recording
        return RoomStats(
            room=room,
            people=tuple(person_stats(each) for each in found.people.values()),
            recording=recording.identifier if recording else None,
            recorded_frames=recording.frames if recording else 0,
            recorded_bytes=recording.bytes if recording else 0,
        )

    async def rooms(self) -> tuple[RoomState, ...]:
        """See `MediaEngine.rooms`."""
        return tuple(room.state() for room in self._rooms.values())

    def events(self) -> AsyncIterator[EngineEvent]:
        """See `MediaEngine.events`."""
        return self._events.read(HubUp(self.hub_id, self.epoch, fresh=not self._rooms))

    def on_connected(self, connection: Connection) -> None:
        """A connection's media can flow: it takes its place, the one before it ends."""
        found = self._owners.get(connection)
        if found is None:
            return
        room, participant = found
        if participant.pending is connection:
            old = participant.current
            participant.current, participant.pending = connection, None
            participant.current_gen = participant.gen
            if old is not None:
                self._drop(old)
        room.rewire(self._now())
        self._events.put(PeerConnected(room.name, participant.person, participant.current_gen))

    def on_closed(self, connection: Connection, cause: str) -> None:
        """A connection ended by itself."""
        self._lose(connection, cause)

    def _room(self, room: str) -> Room:
        found = self._rooms.get(room)
        if found is None:
            raise NoSuchRoom(room=room)
        return found

    def _expect(
        self, room: Room, participant: Participant, connection: Connection, seat: int, gen: int
    ) -> None:
        """Make `connection` the one that will take over when it is connected."""
        if participant.pending is not None:
            self._drop(participant.pending)
        if participant.seat != seat and participant.current is not None:
            # the old connection's lines show other seats; it cannot play on in the new one
            self._drop(participant.current)
            participant.current = None
        participant.seat, participant.gen = seat, gen
        participant.pending, participant.pending_since = connection, self._now()
        self._owners[connection] = (room, participant)

    def _drop(self, connection: Connection) -> None:
        self._owners.pop(connection, None)
        connection.close()

    def _disconnect(self, participant: Participant) -> None:
        for connection in (participant.current, participant.pending):
            if connection is not None:
                self._drop(connection)
        participant.current = participant.pending = None

    def _lose(self, connection: Connection, cause: str) -> None:
        found = self._owners.get(connection)
        if found is None:
            return
        room, participant = found
        self._drop(connection)
        if participant.current is connection:
            participant.current = None
            gen = participant.current_gen
        else:
            participant.pending = None
            gen = participant.gen
        room.rewire(self._now())
        self._events.put(PeerLost(room.name, participant.person, gen, cause))

    def _stop_recording(self, room: Room) -> None:
        recording, room.recording = room.recording, None
        if recording is not None:
            recording.stop()
            self._closing.start(self._close_sink(room.name, recording), recording.identifier)

    async def _close_sink(self, room: str, recording: Recording) -> None:
        try:
            await recording.sink.close()
        except Exception as error:
            logger.exception("recording %s could not be closed", recording.identifier)
            cause = f"{type(error).__name__}: {error}"[:200]
            self._events.put(RecordingFailed(room, recording.identifier, cause))
        else:
            self._events.put(RecordingClosed(room, recording.identifier, recording.bytes))

    def _on_recording_failed(self, recording: Recording, cause: str) -> None:
        room = next((r for r in self._rooms.values() if r.recording is recording), None)
        if room is None:
            return
        room.recording = None
        self._events.put(RecordingFailed(room.name, recording.identifier, cause))
        recording.stop()
        self._closing.start(self._abandon(recording), recording.identifier)

    async def _abandon(self, recording: Recording) -> None:
        """Let a sink that failed seal what it has."""
        try:
            await recording.sink.close()
        except Exception:
            logger.exception("recording %s could not be closed either", recording.identifier)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _wall(self, now: float) -> float:
        return now + self._wall_shift

    def _set_clock(self) -> None:
        self._wall_shift = self._clock().timestamp() - self._now()

    async def _run(self) -> None:
        """Ticks every 50 ms; a late tick is not made up for."""
        loop = asyncio.get_running_loop()
        progress_at = due = loop.time()
        while True:
            due = max(due + TICK, loop.time())
            await asyncio.sleep(due - loop.time())
            now = loop.time()
            for connection in tuple(self._owners):
                self._tick(connection, now)
            for room in tuple(self._rooms.values()):
                if room.recording is not None:
                    self._tick_recording(room.recording, now)
            if now - progress_at >= PROGRESS_INTERVAL:
                progress_at = now
                self._set_clock()
                self._report_progress(now)

    def _tick(self, connection: Connection, now: float) -> None:
        if connection not in self._owners:
            return
        try:
            connection.tick(now)
        except Exception:
            logger.exception("a connection's tick failed")
            self._lose(connection, "failed")
            return
        _, participant = self._owners[connection]
        heard_at = connection.transport.heard_at
        if participant.pending is connection:
            waited = now - participant.pending_since
            if waited > OVERLAP and participant.current is not None:
                self._lose(participant.current, "replaced")
            elif waited > CONNECT_TIME:
                self._lose(connection, "never_connected")
        elif heard_at is not None and now - heard_at > SILENCE:
            self._lose(connection, "silent")

    def _tick_recording(self, recording: Recording, now: float) -> None:
        try:
            recording.tick(now)
        except Exception as error:  # noqa: BLE001  # the edge: one recording must not stop the hub
            recording.fail(error)

    def _report_progress(self, now: float) -> None:
        at_ms = int(self._wall(now) * 1000)
        for room in tuple(self._rooms.values()):
            recording = room.recording
            if recording is None:
                continue
            try:
                size, failing = recording.sink.stored()
            except Exception as error:  # noqa: BLE001  # the edge: one sink must not stop the hub
                recording.fail(error)
                continue
            self._events.put(
                RecordingProgress(room.name, recording.identifier, size, at_ms, failing)
            )


def _views(lines: tuple[answer.Line, ...], others: list[int]) -> tuple[View, ...]:
    mids = {
        (line.seat, line.kind): line.media.mid
        for line in lines
        if line.role == "receive" and line.seat is not None
    }
    return tuple(
        View(seat, mids.get((seat, "audio")), mids.get((seat, "video")))
        for seat in others
        if (seat, "audio") in mids or (seat, "video") in mids
    )
