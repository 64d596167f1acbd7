"""The media engine as the web process sees it: a hub process behind a Unix socket."""

import asyncio
import itertools
import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from signaling.engine import EngineEvent, HubDown, HubUp, Joined, RoomState, RoomStats
from signaling.errors import EngineDown
from signaling.hub import wire
from signaling.hub.events import Events
from signaling.tasks import Supervisor

logger = logging.getLogger(__name__)

CALL_TIME = 5.0
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 1.0
MAX_CALLS = 1024


class RemoteEngine:
    """A `MediaEngine` that connects, and connects again, by itself from its first use on.

    A call while the hub is away raises `EngineDown` at once, one without an answer after 5 s.
    """

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._events = Events()
        self._tasks = Supervisor("remote-engine")
        self._started = False
        self._tried = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._up: HubUp | None = None
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)

    async def close(self) -> None:
        """Disconnect; the hub's media goes on. Ends `events`."""
        await self._tasks.close()
        self._events.close()

    async def open_room(self, room: str, *, seats: int = 4) -> None:
        """See `MediaEngine.open_room`."""
        await self._call("open_room", room=room, seats=seats)

    async def close_room(self, room: str) -> None:
        """See `MediaEngine.close_room`."""
        await self._call("close_room", room=room)

    async def join(self, room: str, *, person: str, seat: int, gen: int, sdp: str) -> Joined:
        """See `MediaEngine.join`."""
        arguments = {"room": room, "person": person, "seat": seat, "gen": gen, "sdp": sdp}
        return wire.joined(await self._call("join", **arguments))

    async def leave(self, room: str, person: str) -> None:
        """See `MediaEngine.leave`."""
        await self._call("leave", room=room, person=person)

    async def rights(self, room: str, person: str, *, send: bool, receive: bool) -> None:
        """See `MediaEngine.rights`."""
        await self._call("rights", room=room, person=person, send=send, receive=receive)

    async def record(self, room: str, recording: str | None) -> None:
        """See `MediaEngine.record`."""
        await self._call("record", room=room, recording=recording)

    async def stats(self, room: str) -> RoomStats:
        """See `MediaEngine.stats`."""
        return wire.stats(await self._call("stats", room=room))

    async def rooms(self) -> tuple[RoomState, ...]:
        """See `MediaEngine.rooms`."""
        return wire.rooms(await self._call("rooms"))

    def events(self) -> AsyncIterator[EngineEvent]:
        """See `MediaEngine.events`; `HubUp` comes after every connect, `HubDown` between."""
        self._start()
        return self._events.read(*([self._up] if self._up is not None else []))

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self._tasks.start(self._keep_connected(), "connect")

    async def _call(self, name: str, **arguments: object) -> Any:
        self._start()
        # only before the very first attempt has ended one way or the other
        await self._tried.wait()
        writer = self._writer
        if writer is None or self._up is None or len(self._calls) >= MAX_CALLS:
            raise EngineDown(call=name)
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._calls[number] = future
        try:
            writer.write(wire.line({"id": number, "call": name, "args": arguments}))
            async with asyncio.timeout(CALL_TIME):
                return await future
        except TimeoutError:
            raise EngineDown(call=name, reason="no_answer") from None
        finally:
            del self._calls[number]

    async def _keep_connected(self) -> None:
        backoff = FIRST_BACKOFF
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=wire.MAX_LINE)
            except OSError:
                self._tried.set()
                # jitter keeps several processes from knocking in step
                await asyncio.sleep(backoff * random.uniform(0.8, 1.0))  # noqa: S311  # no secret
                backoff = min(LAST_BACKOFF, backoff * 2)
                continue
            backoff = FIRST_BACKOFF
            self._writer = writer
            try:
                await self._read(reader)
            finally:
                self._disconnected(writer)
            await asyncio.sleep(FIRST_BACKOFF)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                data = await reader.readline()
                if not data:
                    return
                self._take(wire.read(data))
            except (OSError, ValueError, KeyError, TypeError):
                logger.warning("the connection to the hub broke", exc_info=True)
                return

    def _take(self, message: wire.Line) -> None:
        if "event" in message:
            event = wire.read_event(message)
            if isinstance(event, HubUp):
                self._up = event
                self._tried.set()
            self._events.put(event)
            return
        future = self._calls.get(message["id"])
        if future is None or future.done():
            return
        if "refused" in message:
            future.set_exception(wire.refusal(message["refused"], message["details"]))
        else:
            future.set_result(message["result"])

    def _disconnected(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        self._writer = None
        self._tried.set()
        for future in self._calls.values():
            if not future.done():
                future.set_exception(EngineDown(reason="disconnected"))
        if self._up is not None:
            self._up = None
            self._events.put(HubDown())
