"""Debian's Janus as a peer: its VideoRoom with recording, from a configuration of our own.

Its API listens on loopback only, and it runs nothing but the VideoRoom and the WebSocket transport.
Everything else is as Debian ships it.
"""

import asyncio
import itertools
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.link import Link, Remote, Section, describe
from bench.load import Participant
from signaling.hub.dtls import Identity
from tests.e2e.server import free_port

_LIBRARIES: Final = Path("/usr/lib")
_ANSWER_S: Final = 10.0
_START_S: Final = 10.0
_STOP_S: Final = 3.0
_VIDEO_CEILING: Final = 2_000_000


class JanusFailed(Exception):
    """Janus refused a request or did not answer."""


def installed() -> str | None:
    """Return its name and version, or None where there is none."""
    if shutil.which("janus") is None:
        return None
    told = subprocess.run(["janus", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+", told.stdout + told.stderr)
    return f"Janus {found[0]}" if found else "Janus"


def write_configuration(folder: Path, port: int) -> None:
    """Write a configuration that opens the API at `port` and media on any free ports."""
    library = next(_LIBRARIES.glob("*/janus"))
    for kind, name in (
        ("plugins", "libjanus_videoroom.so"),
        ("transports", "libjanus_websockets.so"),
    ):
        (folder / kind).mkdir()
        (folder / kind / name).symlink_to(library / kind / name)
    for kind in ("events", "loggers"):
        (folder / kind).mkdir()
    texts = {
        "janus.jcfg": f"""
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{folder}/plugins"
    transports_folder = "{folder}/transports"
    events_folder = "{folder}/events"
    loggers_folder = "{folder}/loggers"
    debug_level = 2
}}
nat: {{ full_trickle = false }}
""",
        "janus.transport.websockets.jcfg": f"""
general: {{ ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}
admin: {{ admin_ws = false, admin_wss = false }}
""",
        "janus.plugin.videoroom.jcfg": "general: {}\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


class Api:
    """One API session; requests go one after the other."""

    def __init__(self, channel: aiohttp.ClientWebSocketResponse) -> None:
        self._channel = channel
        self._numbers = itertools.count(1)
        self._session: int | None = None
        self._up: set[int] = set()

    async def begin(self) -> None:
        """Open the session."""
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]

    async def attach(self) -> int:
        """Return a new handle on the VideoRoom."""
        answer = await self._ask({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        handle: int = answer["data"]["id"]
        return handle

    async def tell(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request to the VideoRoom and return its event."""
        message: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        if jsep is not None:
            message["jsep"] = jsep
        answer = await self._ask(message)
        data = answer.get("plugindata", {}).get("data", {})
        if "error" in data:
            raise JanusFailed(data["error"])
        return answer

    async def until_up(self, handle: int) -> None:
        """Wait until Janus takes the handle's media; before that nobody may subscribe to it."""
        async with asyncio.timeout(_ANSWER_S):
            while handle not in self._up:
                await self._read()

    async def _read(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._channel.receive_json()
        if message["janus"] == "webrtcup":
            self._up.add(message["sender"])
        return message

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        transaction = str(next(self._numbers))
        message |= {"transaction": transaction}
        if self._session is not None:
            message["session_id"] = self._session
        await self._channel.send_json(message)
        async with asyncio.timeout(_ANSWER_S):
            while True:
                answer = await self._read()
                if answer.get("transaction") == transaction and answer["janus"] != "ack":
                    break
        if answer["janus"] == "error":
            raise JanusFailed(answer["error"]["reason"])
        return answer


class Janus:
    """A running Janus."""

    def __init__(self, pid: int, api: Api, recordings: Path) -> None:
        self.pid = pid
        self._api = api
        self._recordings = recordings

    async def reception(self, room: int, identity: Identity) -> list[Participant]:
        """Open a recorded room and connect two participants who see and hear each other."""
        desk = await self._api.attach()
        await self._api.tell(
            desk,
            {
                "request": "create",
                "room": room,
                "publishers": 2,
                "bitrate": _VIDEO_CEILING,
                "record": True,
                "rec_dir": str(self._recordings),
                "audiolevel_ext": True,
            },
        )
        ups = [await self._publish(room, identity) for _ in range(2)]
        (left, left_feed), (right, right_feed) = ups
        return [
            Participant(left, await self._subscribe(room, right_feed, identity)),
            Participant(right, await self._subscribe(room, left_feed, identity)),
        ]

    async def _publish(self, room: int, identity: Identity) -> tuple[Link, int]:
        handle = await self._api.attach()
        joined = await self._api.tell(
            handle, {"request": "join", "ptype": "publisher", "room": room}
        )
        link = Link(identity)
        sections = [Section("audio", "0", link.audio_ssrc), Section("video", "1", link.video_ssrc)]
        offer = describe(link, sections, setup="actpass")
        answer = await self._api.tell(
            handle, {"request": "publish"}, {"type": "offer", "sdp": offer}
        )
        await link.connect(Remote.of(answer["jsep"]["sdp"]))
        await self._api.until_up(handle)
        feed: int = joined["plugindata"]["data"]["id"]
        return link, feed

    async def _subscribe(self, room: int, feed: int, identity: Identity) -> Link:
        handle = await self._api.attach()
        request = {"request": "join", "ptype": "subscriber", "room": room}
        offered = await self._api.tell(handle, request | {"streams": [{"feed": feed}]})
        sdp: str = offered["jsep"]["sdp"]
        link = Link(identity)
        link.opus_type = _number(sdp, "opus")
        types = (link.opus_type, _number(sdp, "VP8"))
        mids = re.findall(r"^a=mid:(\S+)", sdp, re.MULTILINE)
        kinds = re.findall(r"^m=(\w+)", sdp, re.MULTILINE)
        sections = [Section(kind, mid, types=types) for kind, mid in zip(kinds, mids, strict=True)]
        answer = {"type": "answer", "sdp": describe(link, sections, setup="passive")}
        await self._api.tell(handle, {"request": "start"}, answer)
        await link.connect(Remote.of(sdp))
        return link


def _number(sdp: str, codec: str) -> int:
    found = re.search(rf"a=rtpmap:(\d+) {codec}/", sdp, re.IGNORECASE)
    if found is None:
        raise JanusFailed(f"no {codec} in {sdp}")
    return int(found[1])


@asynccontextmanager
async def janus(folder: Path, core: int) -> AsyncIterator[Janus]:
    """Run Janus on one core for the length of the block; `folder` is empty and takes all its files."""
    recordings = folder / "recordings"
    recordings.mkdir()
    port = free_port()
    write_configuration(folder, port)
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "taskset", "-c", str(core), "janus", "-F", str(folder),
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            channel = await _open(session, port, folder / "log")
            api = Api(channel)
            await api.begin()
            yield Janus(process.pid, api, recordings)
            await channel.close()
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it; this version sometimes locks itself up while it stops, with many rooms open."""
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _open(
    session: aiohttp.ClientSession, port: int, log: Path
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(_START_S):
            while True:
                try:
                    return await session.ws_connect(
                        f"ws://127.0.0.1:{port}", protocols=["janus-protocol"], max_msg_size=0
                    )
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
    except TimeoutError:
        raise JanusFailed(f"no answer after {_START_S:.0f} s, see {log}") from None
