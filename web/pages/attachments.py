"""Files of a case: sent by a clerk's browser or a program, and given out again.

A file comes as the body of a request, its name in `Content-Disposition` (RFC 6266, with `filename*`
of RFC 8187): no form of several parts has to be read, and no name stands in an address.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from aiohttp.web import (
    HTTPSeeOther,
    Request,
    Response,
    StreamResponse,
    get,
    json_response,
    post,
)

from reception.domain.access import ROLES, Action
from reception.domain.attachments import MEDIA_TYPES, MOST_BYTES, AttachmentTooLarge
from reception.domain.errors import BadInput
from reception.services import attachments
from reception.storage.errors import Contended
from web.auth import require
from web.connections import long_body, takes_long_body
from web.keys import CONTEXT

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

AT_ONCE: Final = 4
"""Files that may be on their way at once: each is held in memory until it is sealed."""

_ON_THE_WAY: Final = asyncio.Semaphore(AT_ONCE)
_NAME: Final = re.compile(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]{1,1000})")


@takes_long_body
async def add(request: Request) -> Response:
    """Take a file; answers with its id."""
    actor = await require(request, *ROLES[Action.ADD_ATTACHMENT])
    context = request.app[CONTEXT]
    case_id = request.match_info["case_id"]
    name = _NAME.search(request.headers.get("Content-Disposition", ""))
    if name is None:
        raise BadInput(field="Content-Disposition", reason="missing")
    if (request.content_length or 0) > MOST_BYTES:
        raise AttachmentTooLarge(most=MOST_BYTES)
    await attachments.require_room(context.db, case_id=case_id, actor=actor)
    if _ON_THE_WAY.locked():
        raise Contended(reason="busy")
    async with _ON_THE_WAY:
        content = await long_body(request, MOST_BYTES)
        if content is None:
            raise AttachmentTooLarge(most=MOST_BYTES)
        made = await attachments.add(
            context.db,
            case_id=case_id,
            name=unquote(name[1]),
            declared=request.content_type,
            content=content,
            actor=actor,
            now=context.clock.now(),
            scanner=context.scanner,
        )
    return json_response({"id": made}, status=201)


async def download(request: Request) -> StreamResponse:
    """Give a file out, never to be shown by the browser as part of us."""
    actor = await require(request, *ROLES[Action.SEE_CASE])
    context = request.app[CONTEXT]
    opened = await attachments.open_one(
        context.db,
        case_id=request.match_info["case_id"],
        attachment_id=request.match_info["attachment_id"],
        actor=actor,
        now=context.clock.now(),
    )
    name = quote(opened.name, safe="")
    return Response(
        body=opened.content,
        content_type=MEDIA_TYPES[opened.kind],
        headers={
            "Content-Disposition": f"attachment; filename=\"file.{opened.kind.value}\"; filename*=UTF-8''{name}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
        },
    )


async def remove(request: Request) -> Response:
    """Take a file away."""
    actor = await require(request, *ROLES[Action.ADD_ATTACHMENT])
    context = request.app[CONTEXT]
    case_id = request.match_info["case_id"]
    await attachments.remove(
        context.db,
        case_id=case_id,
        attachment_id=request.match_info["attachment_id"],
        actor=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/cases/{case_id}")


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    one = "/cases/{case_id}/attachments/{attachment_id}"
    return [
        post("/cases/{case_id}/attachments", add),
        get(one, download),
        post(f"{one}/remove", remove),
    ]
