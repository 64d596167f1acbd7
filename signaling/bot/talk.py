"""A bot's conversation with the server, message by message as docs/protocol.md has it."""

import asyncio
import json
import logging
from asyncio import Future
from collections.abc import Callable, Coroutine
from typing import Any

from signaling.bot.channel import Channel, ChannelClosed
from signaling.bot.figures import Arrivals, Figures
from signaling.bot.peer import Peer
from signaling.tasks import Supervisor

PROTOCOL_VERSION = 1
REPLY_WITHIN_SECONDS = 15.0

log = logging.getLogger(__name__)


class BotRefused(Exception):
    """The server refused a request; `code` is stable, `sentence` is for people."""

    def __init__(self, request: str, code: str, sentence: str) -> None:
        super().__init__(f"{request}: {code}: {sentence}")
        self.request = request
        self.code = code
        self.sentence = sentence


class Bot:
    """One participant on one channel.

    It listens to the `listen` lowest other seats. `pressed_at` is the loop time at which the
    person pressed "join", now when left out. Call `close` in any case.

    `snapshot` is the last state of the session the server sent, empty before `enter`. Media is
    offered by itself as soon as the snapshot says it is open, and again when the server asks.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        listen: int = 1,
        pressed_at: float | None = None,
    ) -> None:
        self._channel = channel
        self._tasks = Supervisor("bot")
        self._listen = listen
        self._pressed_at = _now() if pressed_at is None else pressed_at
        self._welcomed_at: float | None = None
        self._media_opened_at: float | None = None
        self._arrivals = Arrivals()
        self._picture_seen = asyncio.Event()
        self._peer: Peer | None = None
        self._packets_before = (0, 0)
        self._generation = 0
        self._negotiation = asyncio.Lock()
        self._seq = 0
        self._number = 0
        self._replies: dict[int, Future[dict[str, Any]]] = {}
        self._changed = asyncio.Condition()
        self._closed_code: int | None = None
        self.snapshot: dict[str, Any] = {}
        self.problems: list[str] = []

    async def enter(self, ticket: str) -> dict[str, Any]:
        """Say hello with a one-time ticket; returns the welcome. Raises `BotRefused`."""
        self._tasks.start(self._kept(self._read()), "read")
        welcome = await self.request("hello", {"proto": [PROTOCOL_VERSION], "ticket": ticket})
        self._welcomed_at = _now()
        self._generation = int(welcome.get("gen", 0))
        self._tasks.start(self._kept(self._ping(welcome["ping_ms"] / 1000)), "ping")
        await self._see(welcome["snapshot"])
        return welcome

    async def request(self, kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one request and wait for its reply.

        Raises `BotRefused` for a refusal, `ChannelClosed`, or TimeoutError after 15 seconds.
        """
        if self._closed_code is not None:
            raise ChannelClosed(self._closed_code)
        self._number += 1
        number = self._number
        reply: Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        try:
            await self._channel.send(json.dumps({"id": number, "t": kind, "d": data or {}}))
            async with asyncio.timeout(REPLY_WITHIN_SECONDS):
                message = await reply
        finally:
            del self._replies[number]
        if "err" in message:
            refusal = message["err"]
            raise BotRefused(kind, refusal["code"], refusal["en"])
        data_back: dict[str, Any] = message["d"]
        return data_back

    async def until(self, holds: Callable[[dict[str, Any]], bool], *, seconds: float) -> None:
        """Wait until a snapshot fulfils `holds`. Raises TimeoutError or `ChannelClosed`."""
        async with asyncio.timeout(seconds), self._changed:
            while not holds(self.snapshot):
                if self._closed_code is not None:
                    raise ChannelClosed(self._closed_code)
                await self._changed.wait()

    async def until_state(self, state: str, *, seconds: float) -> None:
        """Wait until the session is in `state`. Raises as `until` does."""
        await self.until(lambda snapshot: snapshot.get("state") == state, seconds=seconds)

    async def until_picture(self, *, seconds: float) -> None:
        """Wait for the first remote picture. Raises TimeoutError."""
        await asyncio.wait_for(self._picture_seen.wait(), seconds)

    async def figures(self) -> Figures:
        """What was counted so far."""
        received, lost = await self._packets()
        return Figures(
            join_ms=_milliseconds(self._pressed_at, self._welcomed_at),
            first_frame_ms=_milliseconds(
                max(self._pressed_at, self._media_opened_at or 0), self._arrivals.first_at
            ),
            frames=self._arrivals.frames,
            freezes=self._arrivals.freezes_until(_now()),
            packets_received=received,
            packets_lost=lost,
            sound=self._peer.sound if self._peer else 0.0,
        )

    async def close(self) -> None:
        """Stop media and tasks; the channel is the caller's to close."""
        await self._tasks.close()
        await self._drop_peer()

    async def _kept(self, work: Coroutine[Any, Any, None]) -> None:
        """Turn the failure of a task into a problem to report."""
        try:
            await work
        except ChannelClosed as closed:
            await self._hang_up(closed.code)
        except (BotRefused, TimeoutError) as error:
            self.problems.append(str(error) or f"no answer within {REPLY_WITHIN_SECONDS:.0f} s")
        except Exception as error:  # the edge of a task
            log.exception("a bot's task died")
            self.problems.append(f"{type(error).__name__}: {error}")

    async def _read(self) -> None:
        while True:
            message = json.loads(await self._channel.receive())
            if "re" in message:
                self._settle(message)
            elif message["seq"] > self._seq:
                self._seq = message["seq"]
                await self._event(message["t"], message["d"])

    def _settle(self, message: dict[str, Any]) -> None:
        waiting = self._replies.get(message["re"]) if message["re"] is not None else None
        if waiting is None:
            self.problems.append(f"unexpected reply: {json.dumps(message)[:200]}")
        elif not waiting.done():
            waiting.set_result(message)

    async def _event(self, kind: str, data: dict[str, Any]) -> None:
        match kind:
            case "snapshot":
                await self._see(data)
            case "rejoin":
                self._tasks.start(self._kept(self._negotiate(anew=True)), "negotiate")
            case "moved":
                self.problems.append("the same seat was opened elsewhere")
            case _:
                pass  # `ended` is in the snapshot too; unknown events are for newer clients

    async def _see(self, snapshot: dict[str, Any]) -> None:
        async with self._changed:
            self.snapshot = snapshot
            self._changed.notify_all()
        if snapshot["media"] and self._media_opened_at is None:
            self._media_opened_at = _now()
            self._tasks.start(self._kept(self._negotiate(anew=False)), "negotiate")

    async def _negotiate(self, *, anew: bool) -> None:
        """Make a new connection into the same seat; the old one plays until it is answered."""
        async with self._negotiation:
            if self._peer is not None and not anew:
                return
            peer = Peer(listen=self._listen, on_picture=self._picture)
            try:
                self._generation += 1
                offer = {"gen": self._generation, "sdp": await peer.offer()}
                await peer.answered((await self.request("offer", offer))["sdp"])
            except BaseException:
                await peer.close()
                raise
            await self._drop_peer()
            self._peer = peer

    async def _drop_peer(self) -> None:
        self._packets_before = await self._packets()
        if self._peer:
            await self._peer.close()
            self._peer = None

    async def _packets(self) -> tuple[int, int]:
        """Remote packets (received, lost) over all connections so far."""
        received, lost = self._packets_before
        if self._peer:
            more_received, more_lost = await self._peer.packets()
            return received + more_received, lost + more_lost
        return received, lost

    def _picture(self, at: float) -> None:
        self._arrivals.arrived(at)
        self._picture_seen.set()

    async def _ping(self, every_seconds: float) -> None:
        while True:
            await asyncio.sleep(every_seconds)
            await self.request("ping", {"t": _now()})

    async def _hang_up(self, code: int) -> None:
        self._closed_code = code
        for waiting in self._replies.values():
            if not waiting.done():
                waiting.set_exception(ChannelClosed(code))
        async with self._changed:
            self._changed.notify_all()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _milliseconds(start: float, end: float | None) -> float | None:
    return None if end is None else round((end - start) * 1000, 1)
