"""Connections from outside, bounded in number and time: nobody holds one open by being slow.

aiohttp waits for ever for the rest of a request's head or body. Here each connection stands behind
a clock until a whole head has come, and a body has to come within its time too.
"""

import asyncio
import resource
import ssl
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

from aiohttp.typedefs import Handler
from aiohttp.web import (
    AppKey,
    AppRunner,
    HTTPUnsupportedMediaType,
    Request,
    StreamResponse,
    middleware,
)

from reception.domain.errors import Refused

HEAD_SECONDS: Final = 15.0
"""From a connection's beginning, or the first byte of a later request, to the end of its head."""

BODY_SECONDS: Final = 60.0
"""For a whole body: 256 KiB take 32 s on a line of 64 kbit/s."""

LONG_BODY_SECONDS: Final = 900.0
PIECE_SECONDS: Final = 30.0
"""For a file that is added to a case, and for the next piece of it."""

IDLE_SECONDS: Final = 75.0
"""Between two requests; also for whoever does not take what was answered."""

HANDSHAKE_SECONDS: Final = 10.0
"""For the TLS handshake."""

MOST_CONNECTIONS: Final = 8_192
"""A county's 1,025 kiosks have a page and a socket each; there is room for as many staff twice."""

OTHER_FILES: Final = 512
"""Open files that are no connection: database, recordings, the hub's socket."""


class TooSlow(Refused):
    """The rest of the request did not come within `seconds`; what came was not looked at."""

    code: ClassVar[str] = "request_too_slow"


class Connections:
    """Makes the protocol of each new connection; all of one listening address share it.

    While there are `most`, a new one takes the place of the one that has waited longest for its
    next request; where none waits, the new one is cut off.
    """

    def __init__(self, serve: Callable[[], asyncio.Protocol], *, most: int) -> None:
        self._serve = serve
        self._most = most
        self._open: dict[asyncio.BaseProtocol, _Watched] = {}
        # In the order they began to wait.
        self._waiting: dict[_Watched, None] = {}

    def __call__(self) -> asyncio.Protocol:
        """Make the protocol of one connection, for `loop.create_server`."""
        return _Watched(self._serve(), self)

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def watched(self, served: asyncio.BaseProtocol | None) -> "_Watched | None":
        """Return the clock of aiohttp's end of a connection, None where there is none."""
        return None if served is None else self._open.get(served)

    # -- what a connection calls ----------------------------------------------------------------

    def opened(self, one: "_Watched") -> bool:
        """Take a connection in; False where there is no room."""
        if len(self._open) >= self._most:
            longest = next(iter(self._waiting), None)
            if longest is None:
                return False
            longest.cut_off()
        self._open[one.served] = one
        return True

    def closed(self, one: "_Watched") -> None:
        """Forget a connection; again is no error."""
        self._open.pop(one.served, None)
        self._waiting.pop(one, None)

    def waits(self, one: "_Watched") -> None:
        """Note that nothing is being answered on a connection from now on."""
        self._waiting.pop(one, None)
        self._waiting[one] = None

    def works(self, one: "_Watched") -> None:
        """Note that a request is being answered on a connection."""
        self._waiting.pop(one, None)


CONNECTIONS: AppKey[list[Connections]] = AppKey("connections", list)
"""The connections of every address the application is served at."""


class _Watched(asyncio.Protocol):
    """Passes everything on to aiohttp's protocol, and ends the connection when its time is up."""

    def __init__(self, served: asyncio.Protocol, all_of_them: Connections) -> None:
        self.served = served
        self._all = all_of_them
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._requests = 0
        self._head_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.served.connection_made(transport)
        if not self._all.opened(self):
            transport.abort()
            return
        self._all.waits(self)
        self._head_begun = True
        self._give(HEAD_SECONDS)

    def data_received(self, data: bytes) -> None:
        if not self._requests and not self._head_begun:
            self._head_begun = True
            self._give(HEAD_SECONDS)
        self.served.data_received(data)

    def eof_received(self) -> bool | None:
        return self.served.eof_received()

    def pause_writing(self) -> None:
        self.served.pause_writing()

    def resume_writing(self) -> None:
        self.served.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._all.closed(self)
        self.served.connection_lost(exc)

    def begun(self) -> None:
        """A whole head has come; what becomes of it is the application's affair."""
        self._requests += 1
        self._head_begun = False
        self._stop_clock()
        self._all.works(self)

    def ended(self) -> None:
        """A request has been answered."""
        self._requests -= 1
        if not self._requests and self._all.watched(self.served) is self:
            self._all.waits(self)
            self._give(IDLE_SECONDS)

    def cut_off(self) -> None:
        """End the connection at once."""
        self._all.closed(self)
        if self._transport is not None:
            self._transport.abort()

    def _give(self, seconds: float) -> None:
        self._stop_clock()
        self._timer = self._loop.call_later(seconds, self.cut_off)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_LONG: Final[set[Callable[..., object]]] = set()
LongHandler = TypeVar("LongHandler", bound=Callable[..., object])


def takes_long_body(handler: LongHandler) -> LongHandler:
    """Leave the body of a handler's requests to it: it is read by `long_body`, once it is wanted."""
    _LONG.add(handler)
    return handler


async def long_body(request: Request, most: int) -> bytes | None:
    """Return a body of at most `most` bytes, None of a longer one; no more is ever held.

    Raises:
        TooSlow: it did not come within a quarter of an hour, or nothing came for half a minute.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(LONG_BODY_SECONDS):
            while True:
                async with asyncio.timeout(PIECE_SECONDS):
                    piece = await request.content.readany()
                if not piece:
                    return bytes(body)
                body += piece
                if len(body) > most:
                    return None
    except TimeoutError:
        raise TooSlow(seconds=round(LONG_BODY_SECONDS)) from None


@middleware
async def keep_time(request: Request, handler: Handler) -> StreamResponse:
    """Stop the clock of the connection while its request is answered. Outermost of all."""
    found = (one.watched(request.protocol) for one in request.app[CONNECTIONS])
    watched = next((one for one in found if one is not None), None)
    if watched is None:
        return await handler(request)
    watched.begun()
    try:
        return await handler(request)
    finally:
        watched.ended()


@middleware
async def read_in_time(request: Request, handler: Handler) -> StreamResponse:
    """Read a body before anything is done with it.

    Raises:
        TooSlow: it did not come within a minute.
        HTTPUnsupportedMediaType: it has several parts; no form of ours does.
    """
    if request.can_read_body and request.match_info.handler not in _LONG:
        if request.content_type.startswith("multipart/"):
            raise HTTPUnsupportedMediaType
        try:
            async with asyncio.timeout(BODY_SECONDS):
                await request.read()
        except TimeoutError:
            raise TooSlow(seconds=round(BODY_SECONDS)) from None
    return await handler(request)


async def listen(
    runner: AppRunner, host: str, port: int, *, tls: ssl.SSLContext | None
) -> asyncio.Server:
    """Serve an application that was set up at an address, until the server is closed."""
    assert runner.server is not None, "set up first"
    files = _files()
    # Where an operator allows few files, half of them are for people all the same.
    room = max(files - OTHER_FILES, files // 2)
    connections = Connections(runner.server, most=min(MOST_CONNECTIONS, room))
    runner.app[CONNECTIONS].append(connections)
    return await asyncio.get_running_loop().create_server(
        connections,
        host,
        port,
        ssl=tls,
        ssl_handshake_timeout=None if tls is None else HANDSHAKE_SECONDS,
        reuse_address=True,
        backlog=1_024,
    )


def _files() -> int:
    """Raise how many files this process may have open as far as it goes, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
