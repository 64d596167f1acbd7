"""A bot's conversation with a server that is played by the test."""

import asyncio
import json
from typing import Any

import pytest

from signaling.bot import Bot, BotRefused, ChannelClosed

QUIET = {"media": False, "state": "lobby"}


class Line:
    """Both ends of a text channel in memory: the bot's, and the test's as the server."""

    def __init__(self) -> None:
        self._to_server: asyncio.Queue[str] = asyncio.Queue()
        self._to_bot: asyncio.Queue[str | int] = asyncio.Queue()

    async def send(self, text: str) -> None:
        self._to_server.put_nowait(text)

    async def receive(self) -> str:
        item = await self._to_bot.get()
        if isinstance(item, int):
            raise ChannelClosed(item)
        return item

    async def heard(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self._to_server.get())
        return message

    def say(self, message: dict[str, Any]) -> None:
        self._to_bot.put_nowait(json.dumps(message))

    def hang_up(self, code: int) -> None:
        self._to_bot.put_nowait(code)


async def _welcome(line: Line, snapshot: dict[str, Any] = QUIET) -> dict[str, Any]:
    hello = await line.heard()
    line.say(
        {"re": hello["id"], "ok": True, "d": {"ping_ms": 3000, "gen": 4, "snapshot": snapshot}}
    )
    return hello


async def test_a_bot_says_hello_with_its_ticket_and_knows_the_snapshot() -> None:
    line = Line()
    async with asyncio.TaskGroup() as tasks:
        bot = Bot(line)
        entering = tasks.create_task(bot.enter("t" * 32))
        hello = await _welcome(line)
        await entering
        figures = await bot.figures()
        await bot.close()
    assert hello["t"] == "hello"
    assert hello["d"] == {"proto": [1], "ticket": "t" * 32}
    assert bot.snapshot == QUIET
    assert figures.join_ms is not None
    assert figures.first_frame_ms is None
    assert bot.problems == []


async def test_replies_find_their_requests_in_any_order() -> None:
    line = Line()
    async with asyncio.TaskGroup() as tasks:
        bot = Bot(line)
        entering = tasks.create_task(bot.enter("t" * 32))
        await _welcome(line)
        await entering
        record = tasks.create_task(bot.request("record", {"text": "甲"}))
        receipt = tasks.create_task(bot.request("receipt"))
        asked = [await line.heard(), await line.heard()]
        for message in reversed(asked):
            line.say({"re": message["id"], "ok": True, "d": {"was": message["t"]}})
        assert (await record, await receipt) == ({"was": "record"}, {"was": "receipt"})
        await bot.close()


async def test_a_refusal_carries_its_code_and_sentence() -> None:
    line = Line()
    async with asyncio.TaskGroup() as tasks:
        bot = Bot(line)
        entering = tasks.create_task(_refusal(bot.enter("t" * 32)))
        hello = await line.heard()
        error = {"code": "ticket_used", "zh": "票已用过。", "en": "Used.", "details": {}}
        line.say({"re": hello["id"], "err": error})
        refusal = await entering
        await bot.close()
    assert (refusal.request, refusal.code, refusal.sentence) == ("hello", "ticket_used", "Used.")


async def _refusal(work: Any) -> BotRefused:
    """The refusal with which `work` ended."""
    with pytest.raises(BotRefused) as refused:
        await work
    return refused.value


async def test_late_events_are_dropped() -> None:
    line = Line()
    async with asyncio.TaskGroup() as tasks:
        bot = Bot(line)
        entering = tasks.create_task(bot.enter("t" * 32))
        await _welcome(line)
        await entering
        line.say({"seq": 7, "t": "snapshot", "d": QUIET | {"state": "notice"}})
        line.say({"seq": 6, "t": "snapshot", "d": QUIET | {"state": "lobby"}})
        line.say({"seq": 8, "t": "snapshot", "d": QUIET | {"version": 9, "state": "notice"}})
        await bot.until(lambda snapshot: snapshot.get("version") == 9, seconds=5)
        assert bot.snapshot["state"] == "notice"
        await bot.until_state("notice", seconds=5)
        await bot.close()


async def test_media_is_offered_when_the_room_opens_it_with_a_new_generation() -> None:
    line = Line()
    async with asyncio.TaskGroup() as tasks:
        bot = Bot(line, listen=2)
        entering = tasks.create_task(bot.enter("t" * 32))
        await _welcome(line)
        await entering
        line.say({"seq": 1, "t": "snapshot", "d": QUIET | {"media": True}})
        offer = await line.heard()
        await bot.close()
    assert offer["t"] == "offer"
    assert offer["d"]["gen"] == 5
    lines = [part for part in offer["d"]["sdp"].split("\r\n") if part.startswith("m=")]
    assert [part.split()[0] for part in lines] == ["m=audio", "m=video"] * 3
    directions = [
        part for part in offer["d"]["sdp"].split("\r\n") if part.startswith(("a=send", "a=recv"))
    ]
    assert directions == ["a=sendonly"] * 2 + ["a=recvonly"] * 4


async def test_a_closed_channel_ends_every_wait() -> None:
    line = Line()
    async with asyncio.TaskGroup() as tasks:
        bot = Bot(line)
        entering = tasks.create_task(bot.enter("t" * 32))
        await _welcome(line)
        await entering
        asking = tasks.create_task(_outcome(bot.request("receipt")))
        waiting = tasks.create_task(_outcome(bot.until_state("closed", seconds=5)))
        await line.heard()
        line.hang_up(4000)
        assert await asking == 4000
        assert await waiting == 4000
        with pytest.raises(ChannelClosed):
            await bot.request("receipt")
        await bot.close()


async def _outcome(work: Any) -> int:
    """The close code with which `work` ended."""
    with pytest.raises(ChannelClosed) as closed:
        await work
    return closed.value.code
