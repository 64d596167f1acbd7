"""A talk with real media between two bots: who hears whom, what is recorded, what comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.sessions import SessionMove
from reception.services import records, sessions
from signaling.bot import Bot
from signaling.tasks import Supervisor
from tests.integration.live.house import House, open_house
from web.live import ABSENCE_GRACE_SECONDS, LiveRooms

CONSENT = {"text_version": RECORDING_CONSENT.version, "how": "button"}


@pytest.fixture
async def house(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The running application with one checked-in villager."""
    async with open_house(sqlite_database_url, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def in_seat(house: House, actor: Actor) -> AsyncIterator[Bot]:
    """A bot in the seat of a person, sending picture and sound as soon as it may."""
    bot = Bot(await house.open())
    await bot.enter(await house.ticket(actor))
    try:
        yield bot
    finally:
        await bot.close()


@asynccontextmanager
async def talking(house: House, *, record: bool) -> AsyncIterator[tuple[Bot, Bot]]:
    """Villager and leader in the middle of a talk, each seeing the other."""
    async with in_seat(house, house.kiosk) as villager, in_seat(house, house.leader) as leader:
        await leader.request("move", {"move": "begin_notice"})
        await villager.until_state("notice", seconds=20)
        await villager.request("consent", {"answer": record, **CONSENT})
        await villager.request("move", {"move": "confirm"})
        await leader.until_state("active", seconds=20)
        await villager.until_picture(seconds=20)
        await leader.until_picture(seconds=20)
        yield villager, leader


async def test_without_consent_nothing_of_the_talk_reaches_the_disk(house: House) -> None:
    async with talking(house, record=False) as (villager, leader):
        assert villager.snapshot["recording"] == "off"
        await leader.request("record", {"text": "东侧水渠断流。"})
        await leader.request("move", {"move": "read_back"})
        await villager.until_state("readback", seconds=20)
    assert list(house.recordings.iterdir()) == []


async def test_with_consent_both_are_recorded_and_an_aside_is_not(house: House) -> None:
    async with talking(house, record=True) as (villager, leader):
        await leader.until(lambda shown: shown["recording"] == "on", seconds=20)
        await until(lambda: folders(house, 1))
        (first,) = house.recordings.iterdir()

        await leader.request("move", {"move": "step_aside"})
        await villager.until(lambda shown: shown["recording"] == "off", seconds=20)
        carried = await house.hub.stats(villager.snapshot["room"])
        assert carried.recording is None
        rights = {
            one.person: (one.send, one.receive) for one in (await house.hub.rooms())[0].people
        }
        assert rights[villager.snapshot["me"]["id"]] == (False, False)
        assert rights[leader.snapshot["me"]["id"]] == (True, True)

        await leader.request("move", {"move": "step_back"})
        await villager.until(lambda shown: shown["recording"] == "on", seconds=20)
        await until(lambda: folders(house, 2))
        assert first in house.recordings.iterdir()
    people = {path.name.rsplit("-", 2)[0] for path in (first / "segments").iterdir()}
    assert people == {villager.snapshot["me"]["id"], leader.snapshot["me"]["id"]}


async def test_withdrawing_consent_stops_the_recording(house: House) -> None:
    async with talking(house, record=True) as (villager, _):
        await villager.until(lambda shown: shown["recording"] == "on", seconds=20)
        await villager.request("consent", {"answer": False, **CONSENT})
        await villager.until(lambda shown: shown["recording"] == "off", seconds=20)
        with pytest.raises(Exception, match="consent_needed"):
            await records.begin(house.db, session_id=house.session_id, now=house.clock.now())


async def test_an_absent_villager_is_awaited_and_comes_back_into_the_same_talk(
    house: House,
) -> None:
    async with talking(house, record=False) as (villager, leader):
        await villager.close()
        await leader.until_state("reconnecting", seconds=30)
        assert leader.snapshot["resumes"] == "active"
        async with in_seat(house, house.kiosk) as again:
            await leader.until_state("active", seconds=30)
            await again.until_picture(seconds=20)
            assert again.snapshot["me"]["id"] == villager.snapshot["me"]["id"]


async def test_after_ten_minutes_of_absence_the_talk_is_broken_off(house: House) -> None:
    async with talking(house, record=False) as (villager, leader):
        await villager.close()
        await leader.until_state("reconnecting", seconds=30)
        house.clock.advance(timedelta(minutes=9))
        await house.live.sweep()
        assert leader.snapshot["state"] == "reconnecting"
        house.clock.advance(timedelta(minutes=2))
        await house.live.sweep()
        await leader.until_state("broken_off", seconds=20)
    view = await sessions.session(house.db, session_id=house.session_id, actor=SYSTEM)
    assert view.outcome is None


async def test_the_talk_ends_for_everybody_when_it_is_closed(house: House) -> None:
    async with talking(house, record=True) as (villager, leader):
        await leader.request("record", {"text": "东侧水渠断流。"})
        await leader.request("move", {"move": "read_back"})
        await villager.until_state("readback", seconds=20)
        await villager.request("sign", {"strokes": "M 1 1 L 5 5"})
        await leader.request("outcome", {"type": "answered", "text": "当场答复。"})
        await leader.request("move", {"move": "close"})
        await villager.until_state("closed", seconds=20)
        assert villager.snapshot["media"] is False
        await villager.request("rate", {"target": "session", "level": 0})
        receipt = await villager.request("receipt", {})
        assert receipt["query_code"]
        assert await house.hub.rooms() == ()


async def test_a_clerk_who_leaves_does_not_stop_the_talk(house: House) -> None:
    async with talking(house, record=False) as (villager, leader):
        async with in_seat(house, house.clerk) as clerk:
            await clerk.until_picture(seconds=20)
            await leader.until(
                lambda shown: any(
                    one["role"] == "clerk" and one["media"] for one in shown["people"]
                ),
                seconds=20,
            )
        await leader.until(
            lambda shown: (
                not any(one["role"] == "clerk" and one["media"] for one in shown["people"])
            ),
            seconds=20,
        )
        # Absence is judged after this long; the talk must outlive it.
        with pytest.raises(TimeoutError):
            await leader.until_state("reconnecting", seconds=ABSENCE_GRACE_SECONDS + 2)
        assert villager.snapshot["state"] == "active"


async def test_a_talk_that_ended_unseen_leaves_nothing_running(house: House) -> None:
    async with talking(house, record=True) as (villager, leader):
        await leader.until(lambda shown: shown["recording"] == "on", seconds=20)
        # The web process dies here; the talk is stopped by another, the hub carries it on.
        await sessions.move(
            house.db,
            session_id=house.session_id,
            move=SessionMove.STOP,
            actor=house.kiosk,
            now=house.clock.now(),
            reason="petitioner_wish",
        )
        assert len(await house.hub.rooms()) == 1
        tasks = Supervisor("second web process")
        second = LiveRooms(house.db, house.clock, house.hub, tasks)
        second.start()
        try:
            await until(lambda: no_rooms(house))
            await until(lambda: nothing_recorded(house))
        finally:
            await tasks.close()
        assert villager.snapshot["state"] == "active"


async def folders(house: House, count: int) -> bool:
    """Whether so many recordings have a folder; the recorder makes it in a thread of its own."""
    return len(list(house.recordings.iterdir())) == count


async def no_rooms(house: House) -> bool:
    """Whether the hub carries nothing."""
    return await house.hub.rooms() == ()


async def nothing_recorded(house: House) -> bool:
    """Whether every recording has ended in the database."""
    return await records.running(house.db) == ()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes."""
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - two processes' worth of state, no one event
            await asyncio.sleep(0.05)
