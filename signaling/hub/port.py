"""The one UDP port of a hub: reads datagrams, finds whose they are, drops the rest.

A datagram is looked at only if it is a connectivity check or comes from an address that a
check with the right password came from. Nothing is kept for a source that is not known.
"""

import asyncio
import logging
import socket
from collections import Counter
from typing import Protocol

from aioice import ice, stun

from signaling.hub import stun as checks
from signaling.hub.srtp import BUFFER, Packet

logger = logging.getLogger(__name__)

Address = tuple[str, int]

# one readable event takes at most this many datagrams, so that timers get their turn
DRAIN = 64
# a second's worth of 40 sessions while the loop is busy elsewhere
SOCKET_BUFFER = 4 * 1024 * 1024
# SO_SNDBUFFORCE and SO_RCVBUFFORCE of Linux, which the socket module does not name
_SEND_FORCED, _RECEIVE_FORCED = 32, 33
# an endpoint moves between few addresses; the oldest is forgotten
MAX_ADDRESSES = 8


class Endpoint(Protocol):
    """The remote end a port hands datagrams to."""

    ufrag: str
    password: str

    def on_check(self, address: Address, nominated: bool, now: float) -> None:
        """An authenticated connectivity check came from `address`."""

    def on_dtls(self, datagram: bytes, address: Address, now: float) -> None:
        """A DTLS datagram came from a known address."""

    def on_media(self, packet: Packet, length: int, now: float) -> None:
        """An SRTP or SRTCP packet came from a known address; valid until this returns."""


class Port:
    """A bound UDP socket and the endpoints behind it.

    `outgoing` is the buffer every packet is built and protected in before `send`.
    """

    def __init__(self, sock: socket.socket, advertise: tuple[str, ...]) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._incoming = Packet()
        self.outgoing = Packet()
        self._by_ufrag: dict[str, Endpoint] = {}
        self._by_address: dict[Address, Endpoint] = {}
        self._addresses: dict[Endpoint, list[Address]] = {}
        self.dropped: Counter[str] = Counter()
        self._logged_at = float("-inf")
        self.number: int = sock.getsockname()[1]
        self.candidates = advertise
        self._loop.add_reader(sock.fileno(), self._readable)

    @classmethod
    def open(cls, host: str, port: int, advertise: list[str] | None = None) -> "Port":
        """Bind `host` (an IP literal) and `port` (0: any free one).

        `advertise` lists the IP literals peers are told to try; by default `host` itself or,
        when that is unspecified, loopback and every address of this machine.

        Raises:
            OSError: the address cannot be bound.
        """
        is_v6 = ":" in host
        sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            _enlarge(sock, _RECEIVE_FORCED, socket.SO_RCVBUF)
            _enlarge(sock, _SEND_FORCED, socket.SO_SNDBUF)
            if is_v6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        if advertise is None:
            advertise = [host]
            if host in ("0.0.0.0", "::"):  # noqa: S104  # compared with, not bound to
                loopback = "::1" if is_v6 else "127.0.0.1"
                advertise = [loopback, *ice.get_host_addresses(not is_v6, is_v6)]
        return cls(sock, tuple(advertise))

    def register(self, endpoint: Endpoint) -> None:
        """Accept checks for the endpoint's user fragment."""
        self._by_ufrag[endpoint.ufrag] = endpoint
        self._addresses[endpoint] = []

    def forget(self, endpoint: Endpoint) -> None:
        """Drop whatever still comes for the endpoint."""
        self._by_ufrag.pop(endpoint.ufrag, None)
        for address in self._addresses.pop(endpoint, ()):
            if self._by_address.get(address) is endpoint:
                del self._by_address[address]

    def send(self, length: int, address: Address) -> bool:
        """Send the first `length` bytes of `outgoing`.

        When the kernel's buffer is full the packet is dropped, as a full network would.
        """
        try:
            self._socket.sendto(self.outgoing.view[:length], address)
        except OSError:
            self.dropped["send"] += 1
            return False
        return True

    def send_bytes(self, datagram: bytes, address: Address) -> None:
        """Send one datagram, with the same policy."""
        try:
            self._socket.sendto(datagram, address)
        except OSError:
            self.dropped["send"] += 1

    def close(self) -> None:
        """Stop reading and close the socket. Idempotent."""
        if self._socket.fileno() != -1:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _readable(self) -> None:
        receive, data, clock = self._socket.recvfrom_into, self._incoming.data, self._loop.time
        for _ in range(DRAIN):
            try:
                length, address = receive(data, BUFFER)
            except BlockingIOError:
                return
            except OSError:
                # a refused destination shows up here; it says nothing about this socket
                self.dropped["receive"] += 1
                continue
            try:
                self._dispatch(length, address, clock())
            except Exception as error:  # noqa: BLE001  # the edge: one packet must not stop the others
                self._log_failure(error)

    def _dispatch(self, length: int, address: Address, now: float) -> None:
        if not 0 < length < BUFFER:
            self.dropped["size"] += 1
            return
        first = self._incoming.data[0]
        endpoint = self._by_address.get(address)
        if 127 < first < 192 and length >= 12 and endpoint is not None:
            endpoint.on_media(self._incoming, length, now)
        elif first < 4:
            self._check(bytes(self._incoming.view[:length]), address, now)
        elif 19 < first < 64 and endpoint is not None:
            endpoint.on_dtls(bytes(self._incoming.view[:length]), address, now)
        else:
            self.dropped["unknown"] += 1

    def _check(self, datagram: bytes, address: Address, now: float) -> None:
        found = checks.read_check(datagram)
        endpoint = self._by_ufrag.get(found[0]) if found is not None else None
        if found is None or endpoint is None:
            self.dropped["check"] += 1
            return
        reply = self._accept(found[1], endpoint, address)
        if reply is None:
            self.dropped["integrity"] += 1
            return
        self._learn(endpoint, address)
        self.send_bytes(reply, address)
        endpoint.on_check(address, checks.nominates(found[1]), now)

    def _accept(self, message: stun.Message, endpoint: Endpoint, address: Address) -> bytes | None:
        return checks.accept(message, endpoint.password, (address[0], address[1]))

    def _learn(self, endpoint: Endpoint, address: Address) -> None:
        if self._by_address.get(address) is endpoint:
            return
        self._by_address[address] = endpoint
        known = self._addresses[endpoint]
        known.append(address)
        if len(known) > MAX_ADDRESSES:
            oldest = known.pop(0)
            if self._by_address.get(oldest) is endpoint:
                del self._by_address[oldest]

    def _log_failure(self, error: Exception) -> None:
        self.dropped["failed"] += 1
        now = self._loop.time()
        if now - self._logged_at >= 10:
            self._logged_at = now
            count = self.dropped["failed"]
            logger.error("a packet could not be handled (%d so far)", count, exc_info=error)


def _enlarge(sock: socket.socket, forced: int, plain: int) -> None:
    """Ask for the buffer past the system's limit, or, without the right to, up to it."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, plain, SOCKET_BUFFER)
