"""Whoever sends slowly, or nothing at all, holds no connection; whoever works is not cut off."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from aiohttp.web import AppRunner

from reception.app.logs import Unreadable
from tests.integration.web.site import Site
from tests.waiting import until
from web import connections
from web.connections import CONNECTIONS, Connections, listen

HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


class Door:
    """The application at a port of its own, as the program serves it."""

    def __init__(self, port: int, kept: Connections) -> None:
        self.port = port
        self.kept = kept
        self._lines: list[asyncio.StreamWriter] = []

    async def line(self, sent: bytes = b"") -> asyncio.StreamReader:
        """Connect and send something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._lines.append(writer)
        writer.write(sent)
        await writer.drain()
        return reader

    async def say(self, sent: bytes) -> None:
        """Send more on the last line."""
        self._lines[-1].write(sent)
        await self._lines[-1].drain()

    def hang_up(self) -> None:
        """Close every line."""
        for writer in self._lines:
            writer.close()


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[Door]:
    runner = AppRunner(site.app, access_log=None)
    await runner.setup()
    server = await listen(runner, "127.0.0.1", 0, tls=None)
    door = Door(server.sockets[0].getsockname()[1], site.app[CONNECTIONS][-1])
    try:
        yield door
    finally:
        door.hang_up()
        server.close()
        await runner.cleanup()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Everything that comes until the other side is gone."""
    async with asyncio.timeout(20):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def answered(reader: asyncio.StreamReader) -> int:
    """Read one answer without a body to the end of its head; gives the status."""
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split()[1])


@pytest.mark.parametrize("sent", [b"", b"G", HEAD, HEAD + b"X-Slow: "])
async def test_a_head_that_is_not_whole_in_time_ends_the_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    async with served(site) as door:
        assert await ended(await door.line(sent)) == b""
        assert len(door.kept) == 0


async def test_a_body_that_does_not_come_in_time_is_refused_and_not_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)
    head = (
        b"POST /query HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        b"Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 100\r\n\r\n"
    )
    async with served(site) as door:
        told = await ended(await door.line(head + b"code=A"))
    status, body = told.split(b"\r\n\r\n")
    assert b"408" in status.splitlines()[0]
    problem = json.loads(body)
    assert problem["code"] == "request_too_slow"
    assert problem["zh"]
    assert problem["en"]


async def test_between_requests_a_connection_may_rest_and_not_for_ever(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.3)
    async with served(site) as door:
        reader = await door.line(HEAD + b"\r\n")
        assert await answered(reader) == 200
        assert await ended(reader) == b"ok\n"


async def test_the_second_request_of_a_connection_has_its_time_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(site) as door:
        reader = await door.line(HEAD + b"\r\n")
        assert await answered(reader) == 200
        monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
        await door.say(HEAD)
        assert await ended(reader) == b"ok\n"


async def test_who_talks_is_not_cut_off_when_others_are(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.2)
    async with served(site) as door, ClientSession() as http:
        origin = f"http://127.0.0.1:{door.port}"
        async with http.ws_connect(f"{origin}/ws", origin=origin) as socket:
            assert await ended(await door.line()) == b""
            assert await ended(await door.line()) == b""
            await socket.send_str("{")
            assert "bad_message" in (await socket.receive_str())


async def test_where_all_places_are_taken_the_longest_waiting_makes_room(site: Site) -> None:
    async with served(site) as door:
        door.kept._most = 3
        first, second, third = [await door.line() for _ in range(3)]
        await until(lambda: len(door.kept) == 3)
        assert await answered(await door.line(HEAD + b"\r\n")) == 200
        assert await ended(first) == b""
        assert len(door.kept) == 3
        assert not second.at_eof()
        assert not third.at_eof()


async def test_nobody_who_talks_is_put_out_for_a_newcomer(site: Site) -> None:
    async with served(site) as door, ClientSession() as http:
        origin = f"http://127.0.0.1:{door.port}"
        async with http.ws_connect(f"{origin}/ws", origin=origin) as socket:
            door.kept._most = 1
            assert await ended(await door.line(HEAD + b"\r\n")) == b""
            await socket.send_str("{")
            assert "bad_message" in (await socket.receive_str())


async def test_several_parts_and_compressed_bodies_are_not_read(site: Site) -> None:
    browser = await site.browser()
    for headers in (
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "multipart/mixed; boundary=x"},
    ):
        told = await browser.raw(
            "POST", "/query", data=b"--x--", headers={"Sec-Fetch-Site": "same-origin", **headers}
        )
        assert told.status == 415


async def test_what_an_unreadable_request_says_is_not_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("aiohttp.server")
    quiet = Unreadable()
    logger.addFilter(quiet)
    try:
        async with served(site) as door:
            told = await ended(await door.line(b"GET /cases?name=canary\x00 HTTP/1.1\r\n\r\n"))
            assert b"400" in told.splitlines()[0]
    finally:
        logger.removeFilter(quiet)
    assert "a request that cannot be read" in caplog.text
    assert "canary" not in caplog.text
