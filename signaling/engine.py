"""The media engine as the rest of the program sees it: rooms, seats, answers, events.

`signaling.hub.hub.Hub` does the work in its own process, `signaling.hub.remote.RemoteEngine`
is the same interface over a Unix socket. Seats are numbered from 1.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from signaling.errors import Refused


class NoSuchSeat(Refused):
    """The room has `seats` seats, numbered from 1; `seat` is none of them."""

    code = "no_such_seat"


class HubFull(Refused):
    """The hub carries as many rooms as it may (`limit`)."""

    code = "hub_full"


@dataclass(frozen=True, slots=True)
class View:
    """Where one other seat appears in the joiner's connection; a mid is None if not offered."""

    seat: int
    audio_mid: str | None
    video_mid: str | None


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to an offer and the seats behind its receive lines, ascending."""

    sdp: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class PersonStats:
    """Counters of one person's connection since it was made.

    `lost` counts packets of the person's own media that never reached the hub; `nacks_in`,
    `plis_in` are requests the person made, `nacks_out`, `plis_out` those the hub made of them,
    `rtx_in`, `rtx_out` the repairs that came and went. `rtt_ms` and `jitter_ms` are the
    latest reports (None before the first); bitrates are over the last second, in bit/s.
    """

    person: str
    seat: int
    gen: int
    connected: bool
    packets_in: int
    bytes_in: int
    packets_out: int
    bytes_out: int
    lost: int
    nacks_in: int
    nacks_out: int
    plis_in: int
    plis_out: int
    rtx_in: int
    rtx_out: int
    rtt_ms: float | None
    jitter_ms: float | None
    bitrate_in: int
    bitrate_out: int


@dataclass(frozen=True, slots=True)
class RoomStats:
    """What a room carries; the recording fields are None and 0 while nothing is recorded."""

    room: str
    people: tuple[PersonStats, ...]
    recording: str | None
    recorded_frames: int
    recorded_bytes: int


@dataclass(frozen=True, slots=True)
class PersonState:
    """Who sits where, with which rights, at which generation."""

    person: str
    seat: int
    gen: int
    connected: bool
    send: bool
    receive: bool


@dataclass(frozen=True, slots=True)
class RoomState:
    """A room as the hub carries it now."""

    room: str
    seats: int
    recording: str | None
    people: tuple[PersonState, ...]


@dataclass(frozen=True, slots=True)
class HubUp:
    """A hub process answers.

    `hub_id` is random per start and `epoch` its start as Unix milliseconds; `fresh` says that
    it carries no rooms, so rooms opened at an earlier hub are gone.
    """

    hub_id: str
    epoch: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class HubDown:
    """The hub process is not reachable; its media may still be flowing."""


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """Media of this generation can flow both ways."""

    room: str
    person: str
    gen: int


@dataclass(frozen=True, slots=True)
class PeerLost:
    """The connection ended without `leave`; the seat stays the person's.

    `cause` is `silent` (no packet for 5 s), `closed` (the other end closed), `failed` (the
    handshake did), `never_connected` (20 s after the answer), or `replaced` (a newer
    generation was offered 8 s ago, and is still not connected).
    """

    room: str
    person: str
    gen: int
    cause: str


@dataclass(frozen=True, slots=True)
class RecordingProgress:
    """Every 2 s: the bytes the sink has stored so far, and when (Unix milliseconds).

    `failing` is a code while the sink cannot store; it goes on trying.
    """

    room: str
    recording: str
    bytes: int
    at_ms: int
    failing: str = ""


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """The sink refused or died; nothing more is recorded under this id."""

    room: str
    recording: str
    cause: str


@dataclass(frozen=True, slots=True)
class RecordingClosed:
    """The recording was stopped and its sink has everything on disk."""

    room: str
    recording: str
    bytes: int


EngineEvent = (
    HubUp
    | HubDown
    | PeerConnected
    | PeerLost
    | RecordingProgress
    | RecordingFailed
    | RecordingClosed
)


class MediaEngine(Protocol):
    """Carries the sound and pictures of rooms.

    Every method may raise `EngineDown` when the engine is out of reach.
    """

    async def open_room(self, room: str, *, seats: int = 4) -> None:
        """Make a room of 2 to 8 seats; does nothing if it is open.

        Raises:
            NoSuchSeat: `seats` is out of range.
            HubFull: too many rooms.
        """

    async def close_room(self, room: str) -> None:
        """Disconnect everyone, stop the recording, forget the room. Idempotent."""

    async def join(self, room: str, *, person: str, seat: int, gen: int, sdp: str) -> Joined:
        """Answer an offer for `person` in `seat`.

        The same person with a higher `gen` replaces their connection: the old one plays on
        until the new one is connected, 8 s at most.

        Raises:
            NoSuchRoom, NoSuchSeat, SeatTaken, StaleGeneration, SdpRefused
        """

    async def leave(self, room: str, person: str) -> None:
        """Disconnect `person` and free the seat. Idempotent."""

    async def rights(self, room: str, person: str, *, send: bool, receive: bool) -> None:
        """Forward nothing from (`send`) or to (`receive`) a person; holds over rejoins.

        May come before the person joins. Both are true for who never was named.

        Raises:
            NoSuchRoom
        """

    async def record(self, room: str, recording: str | None) -> None:
        """Record the room under this id, or stop (None). The same id again does nothing.

        A stop returns at once; `RecordingClosed` tells when all is on disk.

        Raises:
            NoSuchRoom
        """

    async def stats(self, room: str) -> RoomStats:
        """Counters of a room.

        Raises:
            NoSuchRoom
        """

    async def rooms(self) -> tuple[RoomState, ...]:
        """All rooms the engine carries now."""

    def events(self) -> AsyncIterator[EngineEvent]:
        """What happens from now on; starts with `HubUp` when the engine is up.

        At most 1,024 events wait for a reader; then the oldest are dropped.
        """
