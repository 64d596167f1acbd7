"""The hub with real WebRTC peers over loopback: forwarding, rejoining, repair, recording, abuse."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import av
import pytest

from signaling.bot.peer import Peer
from signaling.engine import (
    EngineEvent,
    NoSuchSeat,
    PeerConnected,
    PeerLost,
    RecordingClosed,
    RecordingProgress,
)
from signaling.errors import NoSuchRoom, SdpRefused, SeatTaken, StaleGeneration
from signaling.hub.hub import Hub
from signaling.hub.port import Address
from signaling.tasks import Supervisor
from tests.build_media import ListSink, offer_text

ROOM = "reception"
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Watcher:
    """A peer in a seat that counts the pictures it decodes."""

    def __init__(self, listen: int) -> None:
        self.pictures = 0
        self._changed = asyncio.Event()
        self.peer = Peer(listen=listen, on_picture=self._on_picture)

    def _on_picture(self, _: float) -> None:
        self.pictures += 1
        self._changed.set()

    async def join(self, hub: Hub, person: str, seat: int, gen: int = 1) -> None:
        joined = await hub.join(
            ROOM, person=person, seat=seat, gen=gen, sdp=await self.peer.offer()
        )
        await self.peer.answered(joined.sdp)

    async def until_pictures(self, count: int) -> None:
        """Wait until so many more pictures were decoded."""
        wanted = self.pictures + count
        async with asyncio.timeout(20):
            while self.pictures < wanted:
                self._changed.clear()
                await self._changed.wait()


class Observer:
    """Reads a hub's events; `until` waits for one."""

    def __init__(self, hub: Hub, tasks: Supervisor) -> None:
        self.seen: list[EngineEvent] = []
        self._changed = asyncio.Event()
        tasks.start(self._read(hub.events()), "observer")

    async def _read(self, events: AsyncIterator[EngineEvent]) -> None:
        async for event in events:
            self.seen.append(event)
            self._changed.set()

    async def until(self, *wanted: EngineEvent) -> None:
        async with asyncio.timeout(20):
            while not all(event in self.seen for event in wanted):
                self._changed.clear()
                await self._changed.wait()

    async def until_any(self, kind: type[EngineEvent]) -> EngineEvent:
        async with asyncio.timeout(20):
            while not (found := [event for event in self.seen if isinstance(event, kind)]):
                self._changed.clear()
                await self._changed.wait()
        return found[0]


@pytest.fixture
def sinks() -> dict[str, ListSink]:
    return {}


@pytest.fixture
async def hub(sinks: dict[str, ListSink]) -> AsyncIterator[Hub]:
    hub = Hub(
        sink_factory=lambda name: sinks.setdefault(name, ListSink()),
        clock=lambda: START,
        host="127.0.0.1",
    )
    await hub.start()
    await hub.open_room(ROOM, seats=3)
    yield hub
    await hub.close()


@pytest.fixture
async def observer(hub: Hub) -> AsyncIterator[Observer]:
    tasks = Supervisor("observer")
    yield Observer(hub, tasks)
    await tasks.close()


@asynccontextmanager
async def watchers(count: int, listen: int = 2) -> AsyncIterator[list[Watcher]]:
    made = [Watcher(listen) for _ in range(count)]
    try:
        yield made
    finally:
        await asyncio.gather(*(watcher.peer.close() for watcher in made))


async def test_two_people_see_each_other_and_a_third_joins(hub: Hub, observer: Observer) -> None:
    async with watchers(3) as (villager, leader, lawyer):
        await villager.join(hub, "villager", 1)
        await leader.join(hub, "leader", 2)
        await asyncio.gather(villager.until_pictures(20), leader.until_pictures(20))
        await lawyer.join(hub, "lawyer", 3)
        await lawyer.until_pictures(20)
        stats = await hub.stats(ROOM)
        await villager.peer.close()
        await observer.until(PeerLost(ROOM, "villager", 1, "closed"))
    assert [person.lost for person in stats.people] == [0, 0, 0]
    assert all(person.packets_in and person.packets_out for person in stats.people)
    connected = [event for event in observer.seen if isinstance(event, PeerConnected)]
    assert [event.person for event in connected] == ["villager", "leader", "lawyer"]


async def test_a_newer_generation_takes_over_the_seat(hub: Hub, observer: Observer) -> None:
    async with watchers(3) as (old, leader, new):
        await old.join(hub, "villager", 1, gen=1)
        await leader.join(hub, "leader", 2)
        await leader.until_pictures(10)
        await new.join(hub, "villager", 1, gen=2)
        await observer.until(PeerConnected(ROOM, "villager", 2))
        await asyncio.gather(leader.until_pictures(20), new.until_pictures(10))
        (state,) = await hub.rooms()
    assert [(p.person, p.seat, p.gen, p.connected) for p in state.people] == [
        ("villager", 1, 2, True),
        ("leader", 2, 1, True),
    ]
    assert not [
        event for event in observer.seen if event == PeerLost(ROOM, "villager", 1, "closed")
    ]


async def test_a_seat_that_is_left_can_be_taken(hub: Hub) -> None:
    async with watchers(2) as (first, second):
        await first.join(hub, "first", 1)
        await hub.leave(ROOM, "first")
        await hub.leave(ROOM, "first")
        await second.join(hub, "second", 1)
        assert [p.person for p in (await hub.stats(ROOM)).people] == ["second"]


async def test_joining_is_refused_for_its_reason(hub: Hub) -> None:
    async def join(room: str = ROOM, person: str = "a", seat: int = 1, gen: int = 1) -> None:
        await hub.join(room, person=person, seat=seat, gen=gen, sdp=offer_text(seats=3))

    await join(gen=3)
    with pytest.raises(StaleGeneration):
        await join(gen=3)
    with pytest.raises(SeatTaken):
        await join(person="b")
    with pytest.raises(NoSuchSeat):
        await join(person="b", seat=4)
    with pytest.raises(NoSuchRoom):
        await join(room="elsewhere")
    with pytest.raises(SdpRefused):
        await hub.join(ROOM, person="b", seat=2, gen=1, sdp="v=0")
    assert [p.person for p in (await hub.stats(ROOM)).people] == ["a"]


async def test_who_may_not_send_is_neither_seen_nor_recorded(
    hub: Hub, sinks: dict[str, ListSink]
) -> None:
    await hub.rights(ROOM, "villager", send=False, receive=True)
    await hub.record(ROOM, "r1")
    async with watchers(2) as (villager, leader):
        await villager.join(hub, "villager", 1)
        await leader.join(hub, "leader", 2)
        await villager.until_pictures(20)
        assert leader.pictures == 0
        await hub.rights(ROOM, "villager", send=True, receive=False)
        await leader.until_pictures(20)
        before = (await hub.stats(ROOM)).people[0].packets_out
        await leader.until_pictures(20)
        after = (await hub.stats(ROOM)).people[0].packets_out
    assert sinks["r1"].of("leader", "video")
    # reports and feedback still go out, some dozen a second; 20 pictures would be 40 packets more
    assert after - before < 40


async def test_a_recording_starts_with_keyframes_and_decodes(
    hub: Hub, sinks: dict[str, ListSink], observer: Observer
) -> None:
    async with watchers(2) as (villager, leader):
        await villager.join(hub, "villager", 1)
        await leader.join(hub, "leader", 2)
        await leader.until_pictures(10)
        await hub.record(ROOM, "r1")
        await hub.record(ROOM, "r1")
        await leader.until_pictures(40)
        progress = await observer.until_any(RecordingProgress)
        await hub.record(ROOM, None)
        closed = await observer.until_any(RecordingClosed)
    sink = sinks["r1"]
    assert sink.is_closed
    assert isinstance(progress, RecordingProgress)
    assert isinstance(closed, RecordingClosed)
    assert 0 < progress.bytes <= closed.bytes == sum(len(frame.data) for frame in sink.frames)
    for person in ("villager", "leader"):
        pictures, sounds = sink.of(person, "video"), sink.of(person, "audio")
        assert pictures[0].keyframe
        assert decoded("vp8", [frame.data for frame in pictures]) == len(pictures) >= 20
        assert decoded("opus", [frame.data for frame in sounds]) >= len(sounds) - 1 > 20
        times = [frame.timestamp for frame in pictures]
        assert times == sorted(times)


async def test_losses_are_repaired_in_both_directions(hub: Hub, sinks: dict[str, ListSink]) -> None:
    lossy(hub, 0.05)
    # an aiortc peer finds the line of a repair only if there is but one
    await hub.close_room(ROOM)
    await hub.open_room(ROOM, seats=2)
    await hub.record(ROOM, "r1")
    async with watchers(2, listen=1) as (villager, leader):
        await villager.join(hub, "villager", 1)
        await leader.join(hub, "leader", 2)
        await asyncio.gather(villager.until_pictures(100), leader.until_pictures(100))
        stats = await hub.stats(ROOM)
    for person in stats.people:
        assert person.connected
        assert person.rtx_in > 0
        assert person.rtx_out > 0
        assert person.nacks_in > 0
    pictures = sinks["r1"].of("villager", "video")
    assert decoded("vp8", [frame.data for frame in pictures]) == len(pictures) > 50


async def test_hostile_datagrams_leave_the_call_connected(hub: Hub, observer: Observer) -> None:
    async with watchers(2) as (villager, leader):
        await villager.join(hub, "villager", 1)
        await leader.join(hub, "leader", 2)
        await leader.until_pictures(10)
        shower(hub.port.number)
        for address in list(hub.port._by_address):
            garbage(hub, address)
        await asyncio.gather(villager.until_pictures(20), leader.until_pictures(20))
        assert [p.connected for p in (await hub.stats(ROOM)).people] == [True, True]
    assert hub.port.dropped["failed"] == 0
    assert hub.port.dropped["unknown"] >= 500
    assert len(hub.port._by_address) <= 4


async def test_a_replayed_packet_is_refused(hub: Hub) -> None:
    captured: list[bytes] = []
    async with watchers(2) as (villager, leader):
        await villager.join(hub, "villager", 1)
        await leader.join(hub, "leader", 2)
        await leader.until_pictures(5)
        capture(hub, captured)
        await leader.until_pictures(5)
        connection = next(iter(hub._owners))
        before = connection.transport.refused
        address = next(a for a, e in hub.port._by_address.items() if e is connection.transport)
        packets = [each for each in captured if 127 < each[0] < 192][:10]
        for each in packets:
            inject(hub, each, address)
            inject(hub, each, address)
    assert connection.transport.refused - before >= len(packets) > 0


async def test_silence_is_noticed(hub: Hub, observer: Observer) -> None:
    async with watchers(1) as (villager,):
        await villager.join(hub, "villager", 1)
        await observer.until(PeerConnected(ROOM, "villager", 1))
        mute(hub)
        await observer.until(PeerLost(ROOM, "villager", 1, "silent"))
        (state,) = await hub.rooms()
    assert [(p.person, p.connected) for p in state.people] == [("villager", False)]


def decoded(codec: str, packets: list[bytes]) -> int:
    """How many frames a decoder makes of these packets."""
    context: Any = av.CodecContext.create(codec, "r")
    if codec == "opus":
        context.sample_rate = 48000
    return sum(len(context.decode(av.Packet(data))) for data in packets)


Dispatch = Callable[[int, Address, float], None]


def wrap(hub: Hub, make: Callable[[Dispatch], Dispatch]) -> None:
    """Put something in front of the hub's receiving."""
    hub.port._dispatch = make(hub.port._dispatch)  # type: ignore[assignment,method-assign]  # a hook for tests


def lossy(hub: Hub, share: float) -> None:
    """Lose this share of what comes, and of what is sent for the first time.

    Repairs on their way out are spared: an aiortc receiver asks only once and never gives up.
    """
    dice = random.Random(7)  # noqa: S311  # repeatable, not secret

    def make(dispatch: Dispatch) -> Dispatch:
        def receive(length: int, address: Address, now: float) -> None:
            if not (is_media(hub.port._incoming.data) and dice.random() < share):
                dispatch(length, address, now)

        return receive

    wrap(hub, make)
    send = hub.port.send

    def lose(length: int, address: Address) -> bool:
        data = hub.port.outgoing.data
        first_time = int.from_bytes(data[8:12], "big") in outgoing_ssrcs(hub)
        if is_media(data) and first_time and dice.random() < share:
            return True
        return send(length, address)

    hub.port.send = lose  # type: ignore[method-assign]  # a hook for tests


def outgoing_ssrcs(hub: Hub) -> set[int]:
    """The SSRCs of first transmissions, all connections together."""
    return {lane.ssrc for each in hub._owners for lane in each.lanes.values()}


def is_media(data: bytearray) -> bool:
    return 127 < data[0] < 192 and not 192 <= data[1] <= 223


def capture(hub: Hub, into: list[bytes]) -> None:
    """Keep a copy of what arrives."""

    def make(dispatch: Dispatch) -> Dispatch:
        def receive(length: int, address: Address, now: float) -> None:
            into.append(bytes(hub.port._incoming.view[:length]))
            dispatch(length, address, now)

        return receive

    wrap(hub, make)


def mute(hub: Hub) -> None:
    """Let nothing arrive any more."""
    wrap(hub, lambda _: lambda length, address, now: None)


def inject(hub: Hub, datagram: bytes, address: Address) -> None:
    """Have a datagram arrive from `address`."""
    hub.port._incoming.data[: len(datagram)] = datagram
    hub.port._dispatch(len(datagram), address, hub.port._loop.time())


def garbage(hub: Hub, address: Address) -> None:
    """Truncated and random packets as if from a peer's own address."""
    dice = random.Random(3)  # noqa: S311  # repeatable, not secret
    for length in (1, 2, 4, 8, 11, 12, 13, 19, 20, 28, 40, 200, 1400):
        for first in (0x80, 0x90, 0xBF, 0x16, 0x14, 0x3F, 0x00, 0x01, 0x40, 0xFF):
            for second in (0x60, 0xC8, 0xCD, 0x6F):
                rest = dice.randbytes(max(0, length - 2))
                inject(hub, bytes([first, second])[:length] + rest, address)


def shower(port: int) -> None:
    """Random, empty and oversized datagrams and false checks from 1,000 unknown addresses."""
    dice = random.Random(5)  # noqa: S311  # repeatable, not secret
    for n in range(1000):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            kind = n % 5
            if kind == 0:
                datagram = b""
            elif kind == 1:
                datagram = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + dice.randbytes(12)
            elif kind == 2:
                datagram = bytes([0x80 + n % 64]) + dice.randbytes(100)
            elif kind == 3:
                datagram = b"\x16" + dice.randbytes(300)
            else:
                datagram = dice.randbytes(2100 if n % 10 == 4 else 60)
            sock.sendto(datagram, ("127.0.0.1", port))
