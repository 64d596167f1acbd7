"""Two bots talk through the real hub over loopback UDP; the test plays the web process."""

import asyncio
import json
from typing import Any, NoReturn

from scheduler.clock import SystemClock
from signaling.bot import Bot, ChannelClosed
from signaling.hub.hub import Hub

ROOM = "rehearsal-room"
FIRST_SEAT = 1
TALK_SECONDS = 3.0


def _no_recordings(recording: str) -> NoReturn:
    raise AssertionError(f"nobody asked for recording {recording}")


class SeatLine:
    """One bot's channel; offers go to the hub, everything else is agreed to."""

    def __init__(self, hub: Hub, person: str, seat: int) -> None:
        self._hub = hub
        self._person = person
        self._seat = seat
        self._to_bot: asyncio.Queue[str | None] = asyncio.Queue()
        self._seq = 0
        self.generations: list[int] = []

    async def send(self, text: str) -> None:
        request = json.loads(text)
        answer = await self._answer(request["t"], request["d"])
        self._to_bot.put_nowait(json.dumps({"re": request["id"], "ok": True, "d": answer}))

    async def receive(self) -> str:
        text = await self._to_bot.get()
        if text is None:
            raise ChannelClosed(4000)
        return text

    def event(self, kind: str, data: dict[str, Any]) -> None:
        self._seq += 1
        self._to_bot.put_nowait(json.dumps({"seq": self._seq, "t": kind, "d": data}))

    async def _answer(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        if kind == "hello":
            return {"ping_ms": 3000, "gen": 0, "snapshot": {"state": "lobby", "media": False}}
        if kind != "offer":
            return {}
        self.generations.append(data["gen"])
        joined = await self._hub.join(
            ROOM, person=self._person, seat=self._seat, gen=data["gen"], sdp=data["sdp"]
        )
        return {"gen": data["gen"], "sdp": joined.sdp, "views": []}


async def test_two_bots_see_and_hear_each_other_without_loss() -> None:
    clock = SystemClock()
    hub = Hub(sink_factory=_no_recordings, clock=clock.now, host="127.0.0.1")
    await hub.start()
    await hub.open_room(ROOM, seats=4)
    lines = [SeatLine(hub, name, FIRST_SEAT + i) for i, name in enumerate(("kiosk", "leader"))]
    bots = [Bot(line) for line in lines]
    try:
        for bot, line in zip(bots, lines, strict=True):
            await bot.enter("t" * 32)
            line.event("snapshot", {"state": "notice", "media": True})
        await asyncio.gather(*(bot.until_picture(seconds=15) for bot in bots))
        await asyncio.sleep(TALK_SECONDS)
        talk = [await bot.figures() for bot in bots]
        # The hub died and came back: the leader's bot makes a new connection into its seat.
        lines[1].event("rejoin", {"reason": "hub"})
        await asyncio.sleep(TALK_SECONDS)
        after = await bots[0].figures()
    finally:
        for bot in bots:
            await bot.close()
        await hub.close()
    assert [bot.problems for bot in bots] == [[], []]
    for figures in talk:
        assert figures.frames >= 10 * TALK_SECONDS
        assert figures.packets_lost == 0
        assert figures.packets_received > 50 * TALK_SECONDS
        assert 0.05 < figures.sound < 0.3
        assert figures.join_ms is not None
        assert figures.first_frame_ms is not None
    assert lines[1].generations == [1, 2]
    assert after.frames >= talk[0].frames + 10
