"""Answers, rooms, rights and recordings, without media."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from signaling.engine import (
    EngineEvent,
    HubFull,
    HubUp,
    Joined,
    RecordingClosed,
    RecordingFailed,
    View,
)
from signaling.errors import EngineDown, SdpRefused
from signaling.hub import hub as hub_module
from signaling.hub.events import MAX_WAITING, Events
from signaling.hub.hub import Hub
from signaling.hub.recording import Recording
from signaling.hub.room import MAX_RIGHTS
from signaling.hub.track import Stored, Track
from signaling.ports import FrameSink, Kind
from tests.build_media import ListSink, offer_text

ROOM = "reception"


class BrokenSink(ListSink):
    """Fails at its first frame."""

    def frame(
        self,
        *,
        participant: str,
        kind: Kind,
        codec: str,
        clock_rate: int,
        timestamp: int,
        at_ms: int,
        keyframe: bool,
        data: bytes,
    ) -> None:
        raise OSError("disk full")


def make_sink(name: str) -> FrameSink:
    if name == "impossible":
        raise OSError("no such folder")
    return BrokenSink() if name == "broken" else ListSink()


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub(
        sink_factory=make_sink,
        clock=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        host="127.0.0.1",
    )
    await hub.start()
    await hub.open_room(ROOM, seats=3)
    yield hub
    await hub.close()


async def join(hub: Hub, sdp: str) -> Joined:
    return await hub.join(ROOM, person="a", seat=2, gen=1, sdp=sdp)


def sections(sdp: str) -> list[list[str]]:
    """The lines of each media section."""
    found: list[list[str]] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            found.append([])
        if found:
            found[-1].append(line)
    return found


async def test_the_answer_mirrors_the_offer(hub: Hub) -> None:
    joined = await join(hub, offer_text(seats=3))
    assert joined.views == (View(1, "2", "3"), View(3, "4", "5"))
    head = joined.sdp.split("m=")[0]
    assert "a=ice-lite\r\n" in head
    assert "a=setup:active\r\n" in head
    assert "a=group:BUNDLE 0 1 2 3 4 5\r\n" in head
    assert head.count("a=fingerprint:sha-256 ") == 1
    mic, camera, sound, picture, *_ = sections(joined.sdp)
    assert "a=recvonly" in mic
    assert "a=rtcp-fb:111 nack" in mic
    assert "a=rtcp-fb:111 transport-cc" in mic
    assert "a=end-of-candidates" in mic
    assert f"a=candidate:1 1 udp 2130706175 127.0.0.1 {hub.port.number} typ host" in mic
    assert camera[0].endswith("96 97")
    assert "a=sendonly" in sound
    assert "a=rtcp-fb:111 nack" in sound
    assert "a=rtcp-fb:111 transport-cc" not in sound
    assert "a=msid:seat-1 seat-1-video" in picture
    assert "a=rtcp-fb:96 goog-remb" in picture
    assert "a=fmtp:97 apt=96" in picture
    assert len([line for line in picture if line.startswith("a=ssrc:")]) == 2
    assert not [line for line in camera if line.startswith(("a=ssrc", "a=candidate"))]


async def test_lines_beyond_the_seats_are_refused(hub: Hub) -> None:
    joined = await join(hub, offer_text(seats=5))
    extra = sections(joined.sdp)[6]
    assert extra[0].startswith("m=audio 0 ")
    assert "a=group:BUNDLE 0 1 2 3 4 5\r\n" in joined.sdp
    assert len(joined.views) == 2


async def test_fewer_pairs_listen_to_fewer_seats(hub: Hub) -> None:
    joined = await join(hub, offer_text(seats=2))
    assert joined.views == (View(1, "2", "3"),)


async def test_who_sends_nothing_is_answered_inactive(hub: Hub) -> None:
    joined = await join(hub, offer_text(seats=2).replace("a=sendonly", "a=inactive"))
    assert "a=inactive" in sections(joined.sdp)[0]
    assert "a=sendonly" in sections(joined.sdp)[2]


async def test_a_line_without_a_codec_we_carry_is_refused(hub: Hub) -> None:
    joined = await join(hub, offer_text(seats=2).replace("VP8/90000", "AV1/90000"))
    assert sections(joined.sdp)[1][0].startswith("m=video 0 ")
    assert joined.views == (View(1, "2", None),)


async def test_lines_in_another_order_are_refused(hub: Hub) -> None:
    with pytest.raises(SdpRefused) as refused:
        await join(hub, offer_text(seats=2).replace("m=audio", "m=video"))
    assert refused.value.details["reason"] == "line_order"
    assert (await hub.stats(ROOM)).people == ()


async def test_the_number_of_rooms_is_limited(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MAX_ROOMS", 2)
    await hub.open_room("second")
    await hub.open_room("second")
    with pytest.raises(HubFull):
        await hub.open_room("third")
    await hub.close_room("second")
    await hub.close_room("second")
    await hub.open_room("third")
    assert {room.room for room in await hub.rooms()} == {ROOM, "third"}


async def test_a_closed_hub_opens_nothing() -> None:
    hub = Hub(sink_factory=make_sink, clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
    await hub.start()
    await hub.close()
    with pytest.raises(EngineDown):
        await hub.open_room(ROOM)


async def test_rights_of_people_who_never_came_are_forgotten_first(hub: Hub) -> None:
    await join(hub, offer_text(seats=3))
    await hub.rights(ROOM, "a", send=False, receive=False)
    for n in range(2 * MAX_RIGHTS):
        await hub.rights(ROOM, f"p{n}", send=False, receive=True)
    (state,) = await hub.rooms()
    assert [(p.send, p.receive) for p in state.people] == [(False, False)]
    assert len(hub._rooms[ROOM].rights) == MAX_RIGHTS


async def test_a_person_who_never_connects_is_given_up(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "CONNECT_TIME", 0.1)
    events = hub.events()
    await join(hub, offer_text(seats=3))
    lost = await after(events, 1)
    assert [type(event).__name__ for event in lost] == ["HubUp", "PeerLost"]
    (state,) = await hub.rooms()
    assert [p.person for p in state.people] == ["a"]
    assert hub.port._by_ufrag == {}


async def test_a_recording_that_cannot_start_says_so(hub: Hub) -> None:
    events = hub.events()
    await hub.record(ROOM, "impossible")
    _, failed = await after(events, 1)
    assert failed == RecordingFailed(ROOM, "impossible", "OSError: no such folder")
    assert (await hub.stats(ROOM)).recording is None


async def test_a_recording_that_breaks_says_so_once(hub: Hub) -> None:
    events = hub.events()
    await hub.record(ROOM, "broken")
    recording = hub._rooms[ROOM].recording
    assert recording is not None
    feed(recording, 3)
    await hub.record(ROOM, "fine")
    await hub.record(ROOM, None)
    _, failed, closed = await after(events, 2)
    assert failed == RecordingFailed(ROOM, "broken", "OSError: disk full")
    assert closed == RecordingClosed(ROOM, "fine", 0)


async def test_a_recording_whose_tick_fails_does_not_stop_the_hub(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Recording, now: float) -> None:
        raise ValueError("broken")

    events = hub.events()
    monkeypatch.setattr(Recording, "tick", fail)
    await hub.record(ROOM, "r")
    _, failed = await after(events, 1)
    assert failed == RecordingFailed(ROOM, "r", "ValueError: broken")
    assert [task for task in hub._tasks._tasks if not task.done()]


def test_a_recording_tells_when_people_leave_and_not_twice() -> None:
    sink = ListSink()
    recording = Recording("r", sink, lambda now: 1000 + now, lambda *_: None)
    feed(recording, 2)
    recording.drop("a", "audio", "muted", 5.0)
    recording.drop("a", "audio", "muted", 6.0)
    assert sink.losses == [("a", "audio", "muted")]
    assert [frame.at_ms for frame in sink.frames] == [1_000_000, 1_000_020]
    assert (recording.frames, recording.bytes) == (2, 10)


def feed(recording: Recording, count: int) -> None:
    """Give a recording some sound of person `a`."""
    track = Track("audio", 48_000)
    track.latch(5)
    recording.watch("a", track, 0.0)
    for n in range(count):
        stored = Stored(n, n * 960, 0, b"sound", 0, 5)
        for subscriber in track.subscribers:
            subscriber.forward(stored, -1, n * 0.02)


async def after(events: AsyncIterator[EngineEvent], count: int) -> list[EngineEvent]:
    """The first event and `count` more."""
    read: list[EngineEvent] = []
    async with asyncio.timeout(5):
        async for event in events:
            read.append(event)
            if len(read) > count:
                break
    return read


async def test_a_reader_that_lags_loses_the_oldest_events() -> None:
    events = Events()
    reader = events.read()
    for n in range(MAX_WAITING + 5):
        events.put(HubUp(str(n), n, fresh=True))
    events.close()
    read = [event async for event in reader]
    assert len(read) == MAX_WAITING - 1
    assert read[-1] == HubUp(str(MAX_WAITING + 4), MAX_WAITING + 4, fresh=True)
