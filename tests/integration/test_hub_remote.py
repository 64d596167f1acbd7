"""The engine over a Unix socket: the same answers, and a way back when the hub process dies."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from signaling.engine import (
    EngineEvent,
    HubDown,
    HubUp,
    NoSuchSeat,
    PeerConnected,
    RecordingClosed,
    View,
)
from signaling.errors import EngineDown, NoSuchRoom, SdpRefused, SeatTaken
from signaling.hub import remote, wire
from signaling.hub.process import serve_hub
from signaling.hub.remote import RemoteEngine
from signaling.tasks import Supervisor
from tests.build_media import ListSink, offer_text
from tests.integration.test_hub import watchers

ROOM = "reception"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[RemoteEngine]:
    engine = RemoteEngine(tmp_path / "hub.sock")
    yield engine
    await engine.close()


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[None]:
    """A hub in this process."""
    stop, tasks = asyncio.Event(), Supervisor("served")
    task = tasks.start(
        serve_hub(
            socket_path=path,
            host="127.0.0.1",
            port=0,
            advertise=[],
            sink_factory=lambda _: ListSink(),
            stop=stop,
        ),
        "hub",
    )
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(2):
            await task
        await tasks.close()


async def until(events: AsyncIterator[EngineEvent], kind: type[EngineEvent]) -> EngineEvent:
    """The next event of this kind; those between are skipped."""
    async with asyncio.timeout(15):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError("the events ended")


@asynccontextmanager
async def process(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A hub in a process of its own."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.hub_process", str(path)
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_every_call_gives_what_the_hub_gives(engine: RemoteEngine, tmp_path: Path) -> None:
    async with served(tmp_path / "hub.sock"):
        events = engine.events()
        up = await until(events, HubUp)
        assert isinstance(up, HubUp)
        assert up.fresh
        await engine.open_room(ROOM, seats=3)
        joined = await engine.join(ROOM, person="a", seat=2, gen=1, sdp=offer_text(seats=3))
        assert joined.views == (View(1, "2", "3"), View(3, "4", "5"))
        await engine.rights(ROOM, "a", send=False, receive=True)
        await engine.record(ROOM, "r1")
        (state,) = await engine.rooms()
        assert (state.room, state.seats, state.recording) == (ROOM, 3, "r1")
        (person,) = state.people
        assert (person.person, person.seat, person.send, person.connected) == ("a", 2, False, False)
        stats = await engine.stats(ROOM)
        assert (stats.recording, stats.recorded_bytes) == ("r1", 0)
        assert stats.people[0].packets_in == 0
        await engine.record(ROOM, None)
        assert await until(events, RecordingClosed) == RecordingClosed(ROOM, "r1", 0)
        await engine.leave(ROOM, "a")
        await engine.close_room(ROOM)
        assert await engine.rooms() == ()


async def test_refusals_come_across_with_their_details(
    engine: RemoteEngine, tmp_path: Path
) -> None:
    async with served(tmp_path / "hub.sock"):
        await until(engine.events(), HubUp)
        with pytest.raises(NoSuchRoom) as refused:
            await engine.stats("elsewhere")
        assert refused.value.details == {"room": "elsewhere"}
        with pytest.raises(NoSuchSeat):
            await engine.open_room(ROOM, seats=9)
        await engine.open_room(ROOM)
        await engine.join(ROOM, person="a", seat=1, gen=1, sdp=offer_text())
        with pytest.raises(SeatTaken):
            await engine.join(ROOM, person="b", seat=1, gen=1, sdp=offer_text())
        with pytest.raises(SdpRefused) as bad:
            await engine.join(ROOM, person="b", seat=2, gen=1, sdp="v=0\r\n")
        assert bad.value.details == {"reason": "no_media"}


async def test_media_flows_while_the_web_process_restarts(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    async with served(path), watchers(2, listen=1) as (villager, leader):
        first = RemoteEngine(path)
        events = first.events()
        await until(events, HubUp)
        await first.open_room(ROOM, seats=2)
        for seat, watcher in enumerate((villager, leader), 1):
            answer = await first.join(
                ROOM, person=f"p{seat}", seat=seat, gen=1, sdp=await watcher.peer.offer()
            )
            await watcher.peer.answered(answer.sdp)
            await until(events, PeerConnected)
        await first.close()
        await leader.until_pictures(10)
        second = RemoteEngine(path)
        up = await until(second.events(), HubUp)
        assert isinstance(up, HubUp)
        assert not up.fresh
        (state,) = await second.rooms()
        assert [(p.person, p.connected) for p in state.people] == [("p1", True), ("p2", True)]
        await second.close()


async def test_a_killed_hub_is_noticed_and_the_next_one_found(
    engine: RemoteEngine, tmp_path: Path
) -> None:
    path = tmp_path / "hub.sock"
    events = engine.events()
    async with process(path) as running:
        first = await until(events, HubUp)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        await engine.open_room(ROOM)
        running.kill()
        assert await until(events, HubDown) == HubDown()
        with pytest.raises(EngineDown):
            await engine.rooms()
    async with process(path) as running:
        second = await until(events, HubUp)
        assert isinstance(first, HubUp)
        assert isinstance(second, HubUp)
        assert second.fresh
        assert second.hub_id != first.hub_id
        assert await engine.rooms() == ()
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(2):
            assert await running.wait() == 0
    assert not path.exists()


async def test_without_a_hub_calls_are_refused_at_once(engine: RemoteEngine) -> None:
    async with asyncio.timeout(1):
        with pytest.raises(EngineDown):
            await engine.rooms()


async def test_a_hub_that_does_not_answer_is_down(
    engine: RemoteEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "CALL_TIME", 0.05)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wire.event_line(HubUp("deaf", 1, fresh=True)))
        await reader.read()
        writer.transport.abort()

    server = await asyncio.start_unix_server(greet, tmp_path / "hub.sock")
    async with server:
        await until(engine.events(), HubUp)
        with pytest.raises(EngineDown) as refused:
            await engine.rooms()
        assert refused.value.details["reason"] == "no_answer"
        await engine.close()


async def test_lines_that_cannot_be_read_cost_only_their_sender(
    engine: RemoteEngine, tmp_path: Path
) -> None:
    path = tmp_path / "hub.sock"
    async with served(path):
        await until(engine.events(), HubUp)
        for line in (b"nonsense\n", b"[]\n", b"{}\n", b'{"id":1,"call":"rooms","args":{"x":1}}\n'):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(line)
            writer.write_eof()
            try:
                async with asyncio.timeout(5):
                    await reader.read()
            finally:
                writer.transport.abort()
        assert await engine.rooms() == ()
