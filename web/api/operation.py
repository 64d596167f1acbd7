"""One operation of the JSON API: its route and its entry in the OpenAPI document, from one place."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, get_args, get_type_hints

from aiohttp.web import Request, Response, RouteDef, StreamResponse
from pydantic import BaseModel, ValidationError

from reception.domain.access import PUBLIC, Actor
from reception.domain.codes import Role
from reception.domain.errors import BadInput, NotFound, Refused
from web.api.fields import Nothing
from web.auth import asker_of, require, require_fresh, who
from web.keys import CONTEXT, WebContext
from web.ops import METRICS, Metrics

PREFIX = "/api/v1"
JSON = "application/json"
IDEMPOTENCY_KEY = "Idempotency-Key"
ANYONE: frozenset[Role] = frozenset()  # no log-in needed
Method = Literal["GET", "POST", "PUT", "DELETE"]

BodyT = TypeVar("BodyT", bound=BaseModel)
QueryT = TypeVar("QueryT", bound=BaseModel)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FIELD = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


class Coded(Protocol):
    """A kind of refusal, of whichever floor."""

    code: ClassVar[str]


class UnsupportedMedia(Refused):
    """The body is not JSON, or does not say that it is."""

    code = "unsupported_media"


@dataclass(frozen=True, slots=True)
class Call(Generic[BodyT, QueryT]):
    """One request as an operation sees it: who asks what, already checked for form and role.

    `asker` tells one who guesses at codes from another. `path` holds the ids of the address; `idempotency_key` the header of that name, if sent.
    """

    context: WebContext
    metrics: Metrics
    actor: Actor
    asker: str
    now: datetime
    path: Mapping[str, str]
    body: BodyT
    query: QueryT
    idempotency_key: str | None = None


Run = Callable[[Call[Any, Any]], Awaitable[BaseModel | None]]
HandlerT = TypeVar("HandlerT", bound=Run)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route and what the document says of it.

    `roles` empty means that no log-in is needed. `body` and `query` are `Nothing` where none is
    taken; `response` None means status 204. `errors` are the refusals of its own, besides those
    every operation of its kind has. With `fresh` a person at a browser must have proved just now
    who they are.
    """

    group: str
    method: Method
    path: str
    name: str
    summary: str
    description: str
    roles: frozenset[Role]
    body: type[BaseModel]
    query: type[BaseModel]
    response: type[BaseModel] | None
    status: HTTPStatus
    errors: tuple[type[Coded], ...]
    idempotent: bool
    fresh: bool
    run: Run

    async def handle(self, request: Request) -> StreamResponse:
        """Answer one request. Raises what the operation refuses."""
        context = request.app[CONTEXT]
        actor = await self._actor(request)
        call: Call[Any, Any] = Call(
            context=context,
            metrics=request.app[METRICS],
            actor=actor,
            asker=await asker_of(request),
            now=context.clock.now(),
            path=_ids(request.match_info),
            query=_query(request, self.query),
            body=await _body(request, self.body),
            idempotency_key=_idempotency_key(request) if self.idempotent else None,
        )
        given = await self.run(call)
        text = None if given is None else given.model_dump_json()
        return Response(
            status=self.status.value,
            text=text,
            content_type=None if text is None else JSON,
            headers={"Cache-Control": "no-store"},
        )

    async def _actor(self, request: Request) -> Actor:
        if self.roles:
            ask = require_fresh if self.fresh else require
            return await ask(request, *self.roles)
        found = await who(request)
        return PUBLIC if found is None else found.actor


class Operations:
    """The operations of one group, collected by its decorator; iterates over them."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._operations: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def operation(
        self,
        method: Method,
        path: str,
        *,
        summary: str,
        roles: frozenset[Role],
        errors: tuple[type[Coded], ...] = (),
        status: HTTPStatus = HTTPStatus.OK,
        idempotent: bool = False,
        fresh: bool = False,
    ) -> Callable[[HandlerT], HandlerT]:
        """Make an operation of a handler `(call: Call[Body, Query]) -> Response`.

        Body, query and response are read from the annotations, the description from the
        docstring.
        """

        def register(handler: HandlerT) -> HandlerT:
            hints = get_type_hints(handler)
            body, query = get_args(hints["call"])
            response = None if hints["return"] is type(None) else hints["return"]
            self._operations.append(
                Operation(
                    group=self._group,
                    method=method,
                    path=path,
                    name=handler.__name__,
                    summary=summary,
                    description=(handler.__doc__ or "").strip(),
                    roles=roles,
                    body=body,
                    query=query,
                    response=response,
                    status=HTTPStatus.NO_CONTENT if response is None else status,
                    errors=errors,
                    idempotent=idempotent,
                    fresh=fresh,
                    run=handler,
                )
            )
            return handler

        return register


def route(operation: Operation) -> RouteDef:
    """The route of an operation."""
    return RouteDef(operation.method, PREFIX + operation.path, operation.handle, {})


def _ids(match_info: Mapping[str, str]) -> Mapping[str, str]:
    """The ids of the address; what has not the form of an id names nothing."""
    for name, value in match_info.items():
        if not _ID.fullmatch(value):
            raise NotFound(thing=name.removesuffix("_id"))
    return dict(match_info)


def _query(request: Request, model: type[BaseModel]) -> BaseModel:
    values = request.query
    repeated = [name for name in values if len(values.getall(name)) > 1]
    if repeated:
        raise BadInput(field=repeated[0], reason="repeated")
    try:
        return model.model_validate_strings(dict(values))
    except ValidationError as error:
        raise _bad_input(error) from None


async def _body(request: Request, model: type[BaseModel]) -> BaseModel:
    raw = await request.read()
    if model is Nothing and not raw:
        return Nothing()
    if request.content_type != JSON:
        raise UnsupportedMedia(expected=JSON)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _bad_input(error) from None


def _bad_input(error: ValidationError) -> BadInput:
    """Name every fault by place and kind; never echo what was sent, it may be private."""
    faults = [
        {"field": ".".join(_part(part) for part in fault["loc"]), "reason": fault["type"]}
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return BadInput(**faults[0], faults=faults[:20])


def _part(part: str | int) -> str:
    """A step to a faulty field; what is no name of a field was typed by somebody."""
    text = str(part)
    return text if _FIELD.fullmatch(text) else "?"


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not _KEY.fullmatch(key):
        raise BadInput(field=IDEMPOTENCY_KEY, reason="1_to_200_visible_ascii_characters")
    return key
