"""The WebSocket door: drives one `signaling.session.Session` per connection."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import WSMsgType
from aiohttp.web import (
    Request,
    RouteDef,
    StreamResponse,
    WebSocketResponse,
    get,
)

from reception.domain.outcomes import OutcomeType
from reception.domain.refusals import sentence
from reception.domain.sessions import SessionMove
from reception.services import sessions
from signaling import messages, session
from signaling.errors import BadMessage, RateLimited
from signaling.turn import ice_of
from web.auth import OriginRefused
from web.keys import CONTEXT, WebContext
from web.live import Seated
from web.ops import METRICS, Metrics

log = logging.getLogger(__name__)

OUTBOUND_MESSAGES: Final = 256
OUTBOUND_BYTES: Final = 1024 * 1024
KERNEL_BYTES: Final = 256 * 1024
SEND_SECONDS: Final = 5.0
MAX_GREETING: Final = 2_000
"""Connections that may wait to be admitted: a county's kiosks and staff after a restart."""


def routes() -> list[RouteDef]:
    """The socket; the ticket that opens it is given out by the pages and the API."""
    return [get("/ws", open_socket)]


async def open_socket(request: Request) -> StreamResponse:
    """Serve one connection until it ends."""
    _check_origin(request)
    if request.app[CONTEXT].live.greeting >= MAX_GREETING:
        raise RateLimited(waiting=MAX_GREETING)
    socket = WebSocketResponse(
        max_msg_size=2 * messages.MAX_MESSAGE_BYTES, compress=False, autoping=True
    )
    await socket.prepare(request)
    _bound_kernel_buffer(request)
    await SocketConnection(request.app[CONTEXT], request.app[METRICS], socket).run()
    return socket


def _check_origin(request: Request) -> None:
    """Everybody says where they come from: a browser by itself, a program because it must.

    Who reaches us over HTTPS has to come from a page of HTTPS.
    """
    origin = urlsplit(request.headers.get("Origin", ""))
    secure = request.app[CONTEXT].secure_cookies
    ours = {request.host, urlsplit(request.app[CONTEXT].base_url).netloc}
    if origin.scheme != ("https" if secure else "http") or origin.netloc not in ours:
        raise OriginRefused


def _bound_kernel_buffer(request: Request) -> None:
    """Keep the kernel from taking megabytes for a peer that does not read; our queue must notice."""
    connection = request.transport and request.transport.get_extra_info("socket")
    if connection:
        connection.setsockopt(SOL_SOCKET, SO_SNDBUF, KERNEL_BYTES)


class SocketConnection:
    """One WebSocket: reads, obeys the protocol session, writes through a bounded queue."""

    def __init__(self, context: WebContext, metrics: Metrics, socket: WebSocketResponse) -> None:
        self._context = context
        self._metrics = metrics
        self._socket = socket
        self._protocol = session.Session(context.clock.monotonic())
        self._outbound: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue(OUTBOUND_MESSAGES)
        self._queued_bytes = 0
        self._seated: Seated | None = None

    async def run(self) -> None:
        """Read until either side closes. Never raises what a client can cause."""
        self._context.live.greeting += 1
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write())
                greeter = group.create_task(self._greet_in_time())
                try:
                    await self._read()
                finally:
                    writer.cancel()
                    greeter.cancel()
        finally:
            if self._seated is None:
                self._context.live.greeting -= 1
            else:
                await self._context.live.left(self._seated, self)

    # -- what the room calls --------------------------------------------------------------------

    def push(self, kind: str, seq: int, data: dict[str, object]) -> None:
        """Queue an event."""
        self._queue(messages.event_text(seq, kind, data))

    def finish(self, code: int, reason: str) -> None:
        """Close after what is queued has been sent."""
        try:
            self._outbound.put_nowait((code, reason))
        except asyncio.QueueFull:
            self._abort()

    # -- reading --------------------------------------------------------------------------------

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                effects = self._protocol.receive(message.data, self._context.clock.monotonic())
                await self._carry_out(effects)
            elif message.type is WSMsgType.BINARY:
                self._refuse(None, BadMessage(reason="binary"))
            else:
                return

    async def _greet_in_time(self) -> None:
        await asyncio.sleep(session.HELLO_WITHIN_SECONDS + 0.5)
        await self._carry_out(self._protocol.tick(self._context.clock.monotonic()))

    async def _carry_out(self, effects: list[session.Effect]) -> None:
        for effect in effects:
            match effect:
                case session.Send(text=text):
                    self._queue(text)
                case session.Refuse(id=number, refusal=refusal):
                    self._refuse(number, refusal)
                case session.Admit():
                    await self._admit(effect)
                case session.Negotiate(id=number, offer=offer):
                    await self._answer(number, offer)
                case session.Act(id=number, action=action):
                    await self._answer(number, action)
                case session.Close(code=code, reason=reason):
                    self.finish(code, reason)

    async def _admit(self, wish: session.Admit) -> None:
        live = self._context.live
        try:
            seated = await live.admit(self, ticket=wish.ticket, resume=wish.resume)
        except Exception as refusal:
            if not hasattr(refusal, "code"):
                raise
            await self._carry_out(self._protocol.not_admitted(wish.id, refusal))
            return
        self._seated = seated
        live.greeting -= 1
        shown = await live.picture(seated.session_id)
        welcome = live.welcome(seated, shown) | {"ice": self._ice(seated)}
        await self._carry_out(self._protocol.admitted(wish.id, welcome))
        await live.changed(seated.session_id)

    async def _answer(self, number: int, wish: messages.Offer | messages.Action) -> None:
        assert self._seated is not None
        changed = False
        try:
            match wish:
                case messages.Offer():
                    data = await self._context.live.negotiate(self._seated, wish)
                case messages.Ice():
                    data = self._ice(self._seated)
                case messages.Stats(loss=loss, rtt_ms=rtt_ms):
                    data = {}
                    self._metrics.line(self._seated.role, loss=loss, rtt_ms=rtt_ms)
                case messages.Receipt():
                    data = await self._receipt(self._seated)
                case _:
                    data, changed = {}, True
                    await ACTIONS[type(wish)](self._context, self._seated, wish)
        except Exception as refusal:
            if not hasattr(refusal, "code"):
                log.exception("request failed")
                refusal = InternalFault()
            self._refuse(number, refusal)
        else:
            self._queue(messages.reply_text(number, data))
            if changed:
                # After the reply, because this may end the connection.
                await self._tell_room(self._seated, wish)

    def _ice(self, seated: Seated) -> dict[str, object]:
        return ice_of(self._context.turn, seated.person_id, self._context.clock.now())

    async def _receipt(self, seated: Seated) -> dict[str, object]:
        receipt = await sessions.receipt(
            self._context.db,
            session_id=seated.session_id,
            actor=seated.actor,
            now=self._context.clock.now(),
        )
        return jsonable(receipt)

    async def _tell_room(self, seated: Seated, wish: object) -> None:
        shown = await self._context.live.changed(seated.session_id)
        if isinstance(wish, messages.Move):
            self._metrics.session_states.labels(shown.state.value).inc()

    # -- writing --------------------------------------------------------------------------------

    def _queue(self, text: str) -> None:
        """Queue text; a peer that does not read is cut off, nobody else waits for it."""
        self._queued_bytes += len(text.encode())
        try:
            self._outbound.put_nowait(text)
        except asyncio.QueueFull:
            self._abort()
        if self._queued_bytes > OUTBOUND_BYTES:
            self._abort()

    def _refuse(self, number: int | None, refusal: Exception) -> None:
        code: str = getattr(refusal, "code", "internal")
        details: dict[str, object] = getattr(refusal, "details", {})
        self._metrics.refusals.labels(code).inc()
        self._queue(
            messages.refusal_text(
                number,
                code=code,
                zh=sentence(code, "zh", details),
                en=sentence(code, "en", details),
                details=jsonable(details),
            )
        )

    async def _write(self) -> None:
        while True:
            item = await self._outbound.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    if isinstance(item, tuple):
                        code, reason = item
                        await self._socket.close(code=code, message=reason.encode())
                        return
                    self._queued_bytes -= len(item.encode())
                    await self._socket.send_str(item)
            except (TimeoutError, ConnectionError):
                self._abort()
                return

    def _abort(self) -> None:
        request = self._socket._req  # noqa: SLF001 - aiohttp has no public way to cut a stalled WebSocket
        if request is not None and request.transport is not None:
            request.transport.abort()


async def _move(context: WebContext, seated: Seated, wish: messages.Move) -> None:
    await sessions.move(
        context.db,
        session_id=seated.session_id,
        move=_move_of(wish.move),
        actor=seated.actor,
        now=context.clock.now(),
        reason=wish.reason,
    )


async def _consent(context: WebContext, seated: Seated, wish: messages.Consent) -> None:
    await sessions.consent(
        context.db,
        session_id=seated.session_id,
        answer=wish.answer,
        text_version=wish.text_version,
        how=wish.how,
        actor=seated.actor,
        now=context.clock.now(),
    )


async def _record(context: WebContext, seated: Seated, wish: messages.Record) -> None:
    await sessions.save_record(
        context.db,
        session_id=seated.session_id,
        text=wish.text,
        actor=seated.actor,
        now=context.clock.now(),
    )


async def _sign(context: WebContext, seated: Seated, wish: messages.Sign) -> None:
    await sessions.sign(
        context.db,
        session_id=seated.session_id,
        strokes=wish.strokes,
        actor=seated.actor,
        now=context.clock.now(),
    )


async def _outcome(context: WebContext, seated: Seated, wish: messages.Outcome) -> None:
    await sessions.save_outcome(
        context.db,
        session_id=seated.session_id,
        draft=_draft_of(wish),
        actor=seated.actor,
        now=context.clock.now(),
    )


async def _rate(context: WebContext, seated: Seated, wish: messages.Rate) -> None:
    await sessions.rate(
        context.db,
        session_id=seated.session_id,
        target=wish.target,
        level=wish.level,
        actor=seated.actor,
        now=context.clock.now(),
    )


ACTIONS: Final[Mapping[type[object], Callable[[WebContext, Seated, Any], Awaitable[None]]]] = {
    messages.Move: _move,
    messages.Consent: _consent,
    messages.Record: _record,
    messages.Sign: _sign,
    messages.Outcome: _outcome,
    messages.Rate: _rate,
}


class InternalFault(Exception):
    """Stands for a bug of ours on the wire; the log has the story."""

    code = "internal"


def _move_of(text: str) -> SessionMove:
    try:
        return SessionMove(text)
    except ValueError:
        raise BadMessage(reason=f"move {text}") from None


def _draft_of(action: messages.Outcome) -> sessions.OutcomeDraft:
    try:
        kind = OutcomeType(action.type)
    except ValueError:
        raise BadMessage(reason=f"outcome {action.type}") from None
    return sessions.OutcomeDraft(
        type=kind,
        text=action.text,
        owner_organ_id=action.owner_organ_id,
        due_on=action.due_on,
        legal_basis=action.legal_basis,
    )


def jsonable(value: object) -> dict[str, object]:
    """A view or mapping as plain JSON values."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    assert isinstance(plain, Mapping)
    done: dict[str, object] = json.loads(
        json.dumps(dict(plain), default=_plain, ensure_ascii=False)
    )
    return done


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        case _:
            return str(value)
