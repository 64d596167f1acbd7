"""Serves a hub to the web process over a Unix socket."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from signaling.errors import Refused
from signaling.hub import wire
from signaling.hub.hub import Hub
from signaling.tasks import Supervisor

logger = logging.getLogger(__name__)

# a web process that does not read is cut off; it adopts what it missed when it comes back
MAX_UNREAD = 1024 * 1024
# the old and the new web process of a restart, and an operator's command
MAX_CLIENTS = 8
# writing what is left to say to a Unix socket takes no longer
LAST_EVENTS = 0.2

Call = Callable[..., Awaitable[object]]


class HubServer:
    """Listens from `start` to `close`; only this user can connect."""

    def __init__(self, hub: Hub, socket_path: Path) -> None:
        self._hub = hub
        self._path = socket_path
        self._server: asyncio.Server | None = None
        self._tasks = Supervisor("hub-server")
        self._calls: dict[str, Call] = {
            "open_room": hub.open_room,
            "close_room": hub.close_room,
            "join": hub.join,
            "leave": hub.leave,
            "rights": hub.rights,
            "record": hub.record,
            "stats": hub.stats,
            "rooms": hub.rooms,
        }

    async def start(self) -> None:
        """Listen; a socket file left behind by a killed process is replaced.

        Raises:
            OSError: the path cannot be bound.
        """
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._on_client, self._path, limit=wire.MAX_LINE
            )
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Disconnect everyone and remove the socket file. Idempotent.

        After the hub was closed, clients still get its last events.
        """
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        await self._tasks.drain(LAST_EVENTS)
        await self._tasks.close()
        await server.wait_closed()
        self._path.unlink(missing_ok=True)

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or len(self._tasks) >= MAX_CLIENTS:
            writer.transport.abort()
            return
        self._tasks.start(self._serve(reader, writer), "client")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                answers = group.create_task(self._answer(reader, writer))
                events = group.create_task(self._send_events(writer))
                await asyncio.wait((answers, events), return_when=asyncio.FIRST_COMPLETED)
                answers.cancel()
                events.cancel()
        finally:
            writer.transport.abort()

    async def _send_events(self, writer: asyncio.StreamWriter) -> None:
        async for event in self._hub.events():
            _write(writer, wire.event_line(event))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            try:
                data = await reader.readline()
                message = wire.read(data) if data else None
            except (ValueError, ConnectionError):
                logger.warning("a client of the hub sent a line that cannot be read")
                return
            if message is None:
                return
            _write(writer, wire.line(await self._reply(message)))

    async def _reply(self, message: wire.Line) -> wire.Line:
        identifier = message.get("id")
        call = self._calls.get(str(message.get("call")))
        if call is None:
            return {"id": identifier, "refused": "engine_down", "details": {"reason": "call"}}
        try:
            result = await call(**message.get("args", {}))
        except Refused as refused:
            return {"id": identifier, "refused": refused.code, "details": refused.details}
        except Exception as error:
            logger.exception("call %s failed", message.get("call"))
            details = {"reason": type(error).__name__}
            return {"id": identifier, "refused": "engine_down", "details": details}
        return {"id": identifier, "result": _plain(result)}


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if writer.transport.get_write_buffer_size() > MAX_UNREAD:
        logger.warning("a client of the hub does not read; it is cut off")
        writer.transport.abort()
        return
    if not writer.is_closing():
        writer.write(data)


def _plain(result: Any) -> object:
    if result is None:
        return None
    if isinstance(result, tuple):
        return [asdict(each) for each in result]
    return asdict(result)
