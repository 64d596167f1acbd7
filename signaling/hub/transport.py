"""One remote end: its address, handshake and keys; clear packets above, datagrams below."""

from typing import Protocol

from signaling.hub import stun
from signaling.hub.dtls import Handshake, Identity, State
from signaling.hub.port import Address, Port
from signaling.hub.srtp import Packet, Srtp

# a nominated path that carried nothing for so long gives way to any other that is alive
PATH_SILENCE = 2.0
# an honest browser sends three RTP streams, and RTCP under one name per media line
MAX_RTP_SSRCS = 8
MAX_RTCP_SSRCS = 24
# what a slow handshake answers to; a flood of records costs only this much per tick
MAX_DTLS_PER_TICK = 64


class PacketTaker(Protocol):
    """What sits above a transport."""

    def admits(self, ssrc: int, payload_type: int, now: float) -> bool:
        """Whether packets of a stream not seen before are wanted."""

    def on_rtp(self, packet: Packet, length: int, now: float) -> None:
        """A clear RTP packet; valid until this returns."""

    def on_rtcp(self, data: bytes, now: float) -> None:
        """A clear compound RTCP packet."""

    def on_connected(self) -> None:
        """The keys are there; sending works from now on."""

    def on_closed(self, cause: str) -> None:
        """The handshake `failed`, or the other end has `closed`."""


class Transport:
    """Speaks with one remote end through a shared port, as ICE-lite agent and DTLS client."""

    def __init__(self, port: Port, identity: Identity, fingerprint: bytes) -> None:
        self.ufrag, self.password = stun.credentials()
        self._port = port
        self._packet = port.outgoing
        self._handshake = Handshake(identity, fingerprint)
        self._taker: PacketTaker | None = None
        self._srtp: Srtp | None = None
        self._path: Address | None = None
        self._path_heard_at = 0.0
        self._rtp_ssrcs: set[int] = set()
        self._rtcp_ssrcs: set[int] = set()
        self._dtls_budget = MAX_DTLS_PER_TICK
        self.heard_at: float | None = None
        self.packets_in = self.bytes_in = self.packets_out = self.bytes_out = 0
        self.refused = 0

    def open(self, taker: PacketTaker) -> None:
        """Accept the remote end's checks and hand its packets to `taker`."""
        self._taker = taker
        self._port.register(self)

    @property
    def is_connected(self) -> bool:
        """Whether packets can be sent and received."""
        return self._srtp is not None

    def close(self) -> None:
        """Say goodbye and drop whatever still comes. Idempotent."""
        self._send_datagrams(self._handshake.close())
        self._srtp = None
        self._port.forget(self)

    def tick(self) -> None:
        """Every 50 ms: the handshake's retransmission timer."""
        self._dtls_budget = MAX_DTLS_PER_TICK
        if self._srtp is None and self._path is not None:
            self._send_datagrams(self._handshake.expire())

    def send_rtp(self, length: int) -> int:
        """Protect and send the packet of `length` bytes in the port's outgoing buffer.

        Returns the length on the wire; 0 if it was not sent.
        """
        srtp = self._srtp
        if srtp is None or self._path is None:
            return 0
        length = srtp.protect(self._packet, length)
        if length and self._port.send(length, self._path):
            self.packets_out += 1
            self.bytes_out += length
        return length

    def send_protected(self, datagram: bytes) -> None:
        """Send a packet protected before once more, byte for byte."""
        if self._srtp is not None and self._path is not None:
            self._port.send_bytes(datagram, self._path)
            self.packets_out += 1
            self.bytes_out += len(datagram)

    def send_rtcp(self, data: bytes) -> None:
        """Protect and send a compound RTCP packet of at most 1,400 bytes."""
        if self._srtp is None or self._path is None:
            return
        self._packet.data[: len(data)] = data
        length = self._srtp.protect_rtcp(self._packet, len(data))
        if length and self._port.send(length, self._path):
            self.packets_out += 1
            self.bytes_out += length

    def on_check(self, address: Address, nominated: bool, now: float) -> None:
        """Take the path if it is nominated, the first, or the only one alive."""
        self.heard_at = now
        if address == self._path:
            self._path_heard_at = now
            return
        first = self._path is None
        if first or nominated or now - self._path_heard_at > PATH_SILENCE:
            self._path = address
            self._path_heard_at = now
        if first:
            self._send_datagrams(self._handshake.start())

    def on_dtls(self, datagram: bytes, address: Address, now: float) -> None:
        """Advance the handshake, or notice the other end's goodbye."""
        if self._dtls_budget <= 0:
            self.refused += 1
            return
        self._dtls_budget -= 1
        if address == self._path:
            self._path_heard_at = now
        before = self._handshake.state
        self._send_datagrams(self._handshake.feed(datagram))
        after = self._handshake.state
        if after is before or self._taker is None:
            return
        if after is State.CONNECTED and self._handshake.keys is not None:
            self._srtp = Srtp(self._handshake.keys)
            self.heard_at = now
            self._taker.on_connected()
        elif after is State.FAILED or after is State.CLOSED:
            self._taker.on_closed(after.value)

    def on_media(self, packet: Packet, length: int, now: float) -> None:
        """Open an SRTP or SRTCP packet whose stream is wanted; count what is not."""
        srtp, taker = self._srtp, self._taker
        if srtp is None or taker is None:
            return
        data = packet.data
        second = data[1]
        if 192 <= second <= 223:
            self._on_rtcp(srtp, taker, packet, length, now)
            return
        ssrc = data[8] << 24 | data[9] << 16 | data[10] << 8 | data[11]
        known = ssrc in self._rtp_ssrcs
        if not known and not self._admits(taker, ssrc, second & 0x7F, now):
            self.refused += 1
            return
        opened = srtp.unprotect(packet, length)
        if opened < 12:
            self.refused += 1
            return
        if not known:
            self._rtp_ssrcs.add(ssrc)
        self.packets_in += 1
        self.bytes_in += length
        self.heard_at = self._path_heard_at = now
        taker.on_rtp(packet, opened, now)

    def _on_rtcp(
        self, srtp: Srtp, taker: PacketTaker, packet: Packet, length: int, now: float
    ) -> None:
        ssrc = int.from_bytes(packet.view[4:8], "big")
        if ssrc not in self._rtcp_ssrcs:
            # libsrtp keeps a context for each name that authenticates, for ever
            if len(self._rtcp_ssrcs) >= MAX_RTCP_SSRCS:
                self.refused += 1
                return
            opened = srtp.unprotect_rtcp(packet, length)
            if opened:
                self._rtcp_ssrcs.add(ssrc)
        else:
            opened = srtp.unprotect_rtcp(packet, length)
        if not opened:
            self.refused += 1
            return
        self.packets_in += 1
        self.bytes_in += length
        self.heard_at = self._path_heard_at = now
        taker.on_rtcp(bytes(packet.view[:opened]), now)

    def _admits(self, taker: PacketTaker, ssrc: int, payload_type: int, now: float) -> bool:
        # the limit holds for the life of the connection: libsrtp keeps each context
        return len(self._rtp_ssrcs) < MAX_RTP_SSRCS and taker.admits(ssrc, payload_type, now)

    def _send_datagrams(self, datagrams: list[bytes]) -> None:
        if self._path is None:
            return
        for datagram in datagrams:
            self._port.send_bytes(datagram, self._path)
