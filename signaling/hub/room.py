"""One room: who sits where, what each may send and receive, and the wiring that follows."""

from dataclasses import dataclass, field

from signaling.engine import PersonState, PersonStats, RoomState
from signaling.errors import SeatTaken, StaleGeneration
from signaling.hub.connection import Connection
from signaling.hub.recording import Recording
from signaling.hub.track import Track
from signaling.ports import Kind

_KINDS: tuple[Kind, Kind] = ("audio", "video")
# rights may be set before people join; more names than this are not one reception
MAX_RIGHTS = 64


@dataclass(frozen=True, slots=True)
class Rights:
    """What a person may do; what was never said is allowed."""

    send: bool = True
    receive: bool = True


@dataclass(slots=True)
class Participant:
    """A person in a seat; `pending` is a connection that will take the place of `current`."""

    person: str
    seat: int
    gen: int
    current: Connection | None = None
    current_gen: int = 0
    pending: Connection | None = None
    pending_since: float = 0.0


@dataclass(slots=True)
class Room:
    """Seats are numbered from 1. Whoever changes people or rights calls `rewire` after it."""

    name: str
    seats: int
    people: dict[str, Participant] = field(default_factory=dict)
    rights: dict[str, Rights] = field(default_factory=dict)
    recording: Recording | None = None

    def claim(self, person: str, seat: int, gen: int) -> Participant:
        """The participant for a new connection of this generation.

        Raises:
            SeatTaken: another person has the seat.
            StaleGeneration: the person joined with this generation or a later one before.
        """
        for other in self.people.values():
            if other.seat == seat and other.person != person:
                raise SeatTaken(seat=seat)
        participant = self.people.get(person)
        if participant is None:
            participant = self.people[person] = Participant(person, seat, gen)
            return participant
        if gen <= participant.gen:
            raise StaleGeneration(gen=gen, current=participant.gen)
        return participant

    def rights_of(self, person: str) -> Rights:
        """What the person may do."""
        return self.rights.get(person, Rights())

    def rewire(self, now: float) -> None:
        """Put the right source behind every lane and in front of the recording."""
        by_seat = {participant.seat: participant for participant in self.people.values()}
        for participant in self.people.values():
            if participant.current is not None:
                self._wire(participant.person, participant.current, by_seat, now)
        if self.recording is not None:
            for participant in self.people.values():
                self._record(self.recording, participant, now)

    def _wire(
        self, person: str, connection: Connection, by_seat: dict[int, Participant], now: float
    ) -> None:
        may_receive = self.rights_of(person).receive
        for (seat, kind), lane in connection.lanes.items():
            source = by_seat.get(seat) if may_receive else None
            lane.watch(self._track(source, kind) if source is not None else None, now)

    def _track(self, participant: Participant, kind: Kind) -> Track | None:
        if participant.current is None or not self.rights_of(participant.person).send:
            return None
        return participant.current.tracks.get(kind)

    def _record(self, recording: Recording, participant: Participant, now: float) -> None:
        rights = self.rights_of(participant.person)
        for kind in _KINDS:
            track = self._track(participant, kind)
            if track is not None:
                recording.watch(participant.person, track, now)
            else:
                cause = "left" if rights.send else "muted" if rights.receive else "aside"
                recording.drop(participant.person, kind, cause, now)

    def state(self) -> RoomState:
        """Who is here, for a web process that starts anew."""
        return RoomState(
            room=self.name,
            seats=self.seats,
            recording=self.recording.identifier if self.recording else None,
            people=tuple(self._person_state(p) for p in self.people.values()),
        )

    def _person_state(self, participant: Participant) -> PersonState:
        rights = self.rights_of(participant.person)
        return PersonState(
            person=participant.person,
            seat=participant.seat,
            gen=participant.gen,
            connected=_is_connected(participant),
            send=rights.send,
            receive=rights.receive,
        )


def _is_connected(participant: Participant) -> bool:
    return participant.current is not None and participant.current.transport.is_connected


def person_stats(participant: Participant) -> PersonStats:
    """The counters of the connection that plays now; zeros when there is none."""
    connection = participant.current
    tracks = list(connection.tracks.values()) if connection else []
    lanes = list(connection.lanes.values()) if connection else []
    transport = connection.transport if connection else None
    trip = connection.round_trip if connection else None
    jitters = [track.jitter_ms for track in tracks if track.ssrc is not None]
    return PersonStats(
        person=participant.person,
        seat=participant.seat,
        gen=participant.gen,
        connected=_is_connected(participant),
        packets_in=transport.packets_in if transport else 0,
        bytes_in=transport.bytes_in if transport else 0,
        packets_out=transport.packets_out if transport else 0,
        bytes_out=transport.bytes_out if transport else 0,
        lost=sum(track.lost for track in tracks),
        nacks_in=connection.nacks_in if connection else 0,
        nacks_out=connection.nacks_out if connection else 0,
        plis_in=connection.plis_in if connection else 0,
        plis_out=sum(track.plis for track in tracks),
        rtx_in=sum(track.repairs for track in tracks),
        rtx_out=sum(lane.repairs for lane in lanes),
        rtt_ms=None if trip is None else trip * 1000,
        jitter_ms=max(jitters) if jitters else None,
        bitrate_in=connection.bitrate_in if connection else 0,
        bitrate_out=connection.bitrate_out if connection else 0,
    )
