"""Recordings of a talk: the page that plays all participants in step, and the files behind it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp.web import Request, Response, StreamResponse, get

from reception.domain.access import ROLES, Action, Actor
from reception.domain.errors import NotFound
from reception.services import booking, playback, sessions
from recordings.errors import KeyMissing, RangeUnsatisfiable
from recordings.keys import read_keys
from recordings.playback import SEALED, ByteRange, RangeReader, parse_range
from web import marks
from web.auth import require, require_fresh, who
from web.errors import refusal
from web.keys import CONTEXT, WebContext
from web.render import page, say

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

SEND_SECONDS = 60.0
"""For a player to take one piece; one that was paused asks again where it stopped."""

FILES_PATH = "/recordings"
MOST_OPEN = 20
"""Sessions of whose tickets a browser's are looked at."""

STAFF = tuple(sorted(ROLES[Action.PLAY_RECORDING]))


def _seat_words(request: Request) -> Mapping[str, str]:
    return {
        "petitioner": say(request, "信访人"),
        "leader": say(request, "接访领导"),
        "clerk": say(request, "登记员"),
        "department": say(request, "责任单位"),
    }


def _kind_words(request: Request) -> Mapping[str, str]:
    return {"audio": say(request, "声音"), "video": say(request, "图像")}


def _cause_words(request: Request) -> Mapping[str, str]:
    """Say what made a gap; the causes are those of `recordings.manifest.CAUSES`."""
    return {
        "loss": say(request, "网络丢失"),
        "left": say(request, "本人不在线"),
        "muted": say(request, "本人关闭"),
        "aside": say(request, "会商离席"),
        "crash": say(request, "录制程序中断后恢复"),
        "disk": say(request, "存储空间不足"),
        "damage": say(request, "文件损坏"),
    }


async def player(request: Request) -> Response:
    """Show the recordings of one session, to somebody who has just proved who they are."""
    actor = await require_fresh(request, *STAFF)
    context = request.app[CONTEXT]
    session_id = request.match_info["session_id"]
    view = await sessions.session(context.db, session_id=session_id, actor=actor)
    held = await booking.booking(context.db, booking_id=view.booking_id, actor=actor)
    shown = await page(
        request,
        "recordings/player.html",
        session=view,
        booking=held,
        players=[marks.playback(recording) for recording in view.recordings],
        seats=_seat_words(request),
        kinds=_kind_words(request),
        causes=_cause_words(request),
    )
    if view.recordings:
        await _give_ticket(request, shown, session_id, actor)
    return shown


async def _give_ticket(request: Request, shown: Response, session_id: str, actor: Actor) -> None:
    """Let this browser play this session. In a cookie: an address would be in logs and histories."""
    context = request.app[CONTEXT]
    ticket = await playback.open_session(
        context.db, session_id=session_id, actor=actor, now=context.clock.now()
    )
    # One for each session, so that two may be open side by side.
    shown.set_cookie(
        f"{_cookie(context)}{session_id[:8]}",
        ticket,
        max_age=round(playback.PLAYING.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=context.secure_cookies,
        path=FILES_PATH,
    )


def _cookie(context: WebContext) -> str:
    return "__Secure-play-" if context.secure_cookies else "play-"


async def _tickets(request: Request) -> list[str] | None:
    """Give what a person's browser holds; None for a program, which proves itself each time."""
    found = await who(request)
    if found is None or found.login is None:
        return None
    name = _cookie(request.app[CONTEXT])
    return [value for key, value in request.cookies.items() if key.startswith(name)][:MOST_OPEN]


async def recording_file(request: Request) -> StreamResponse:
    """Send one participant's file or the range of it that is asked for (RFC 9110, 14.2).

    The service checks who asks and writes down who looked.
    """
    actor = await require(request, *STAFF)
    context = request.app[CONTEXT]
    place = await playback.film(
        context.db,
        file_id=request.match_info["file_id"],
        tickets=await _tickets(request),
        actor=actor,
        now=context.clock.now(),
    )
    path = context.data_root / "recordings" / place.recording_id / place.relative_path
    try:
        reader = await asyncio.to_thread(_opened, path, context)
    except (FileNotFoundError, KeyMissing):
        raise NotFound(thing="recording_file") from None
    try:
        return await _send(request, reader, path)
    finally:
        # Not in a thread: a player that goes away cancels us, and the wait with us.
        reader.close()


def _opened(path: Path, context: WebContext) -> RangeReader:
    # What the database calls sealed is never read as it is: nobody can put a plain file there.
    is_sealed = path.name.endswith(SEALED)
    directory = path.parents[1]
    return RangeReader(path, read_keys(directory, context.unwrap) if is_sealed else None)


async def _send(request: Request, reader: RangeReader, path: Path) -> StreamResponse:
    try:
        wanted = parse_range(request.headers.get("Range"), reader.size)
    except RangeUnsatisfiable as refused:
        answer = await refusal(request, refused.code, refused.details)
        answer.headers["Content-Range"] = f"bytes */{reader.size}"
        return answer
    part = wanted or ByteRange(0, reader.size)
    # Read before anything is answered, so that a changed file is refused and not cut off.
    first = await asyncio.to_thread(reader.read, *part) if request.method == "GET" else b""
    response = StreamResponse(status=206 if wanted else 200)
    response.content_type = "video/webm" if path.suffix == ".webm" else "application/octet-stream"
    response.content_length = part.length
    response.headers["Accept-Ranges"] = "bytes"
    if wanted:
        last = part.start + part.length - 1
        response.headers["Content-Range"] = f"bytes {part.start}-{last}/{reader.size}"
    await response.prepare(request)
    try:
        if request.method == "GET":
            await _copy(reader, part, first, response)
        await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


async def _copy(
    reader: RangeReader, part: ByteRange, piece: bytes, response: StreamResponse
) -> None:
    start, left = part
    while piece:
        # One piece in memory at a time; `write` waits while the player reads slowly.
        async with asyncio.timeout(SEND_SECONDS):
            await response.write(piece)
        start, left = start + len(piece), left - len(piece)
        piece = await asyncio.to_thread(reader.read, start, left)


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/sessions/{session_id}/recordings", player),
        get(f"{FILES_PATH}/files/{{file_id}}", recording_file),
    ]
