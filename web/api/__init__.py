"""The JSON API under `/api/v1` and its OpenAPI document."""

import json

from aiohttp.web import Request, Response, RouteDef, get

from web.api import (
    accounts,
    agents,
    bookings,
    calendar,
    case_files,
    cases,
    day_changes,
    deadlines,
    declines,
    kiosks,
    places,
    queue,
    rehearsals,
    sessions,
    texts,
    waiting,
)
from web.api.openapi import document
from web.api.operation import JSON, PREFIX, Operation, route
from web.keys import CONTEXT

OPERATIONS: tuple[Operation, ...] = (
    *places.OPERATIONS,
    *accounts.OPERATIONS,
    *kiosks.OPERATIONS,
    *calendar.OPERATIONS,
    *agents.OPERATIONS,
    *day_changes.OPERATIONS,
    *bookings.OPERATIONS,
    *queue.OPERATIONS,
    *waiting.OPERATIONS,
    *declines.OPERATIONS,
    *cases.OPERATIONS,
    *case_files.OPERATIONS,
    *sessions.OPERATIONS,
    *texts.OPERATIONS,
    *deadlines.OPERATIONS,
    *rehearsals.OPERATIONS,
)


def routes() -> list[RouteDef]:
    """Every operation, and the document that describes them."""
    return [get(f"{PREFIX}/openapi.json", openapi), *(route(one) for one in OPERATIONS)]


async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document of this very program."""
    described = document(OPERATIONS, request.app[CONTEXT].version)
    return Response(text=json.dumps(described, ensure_ascii=False), content_type=JSON)
