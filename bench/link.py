"""One end of the load on a media server: a socket with checks, handshake and SRTP, no codec.

It is what a browser's connection is to the server: it checks the path, is the DTLS server, sends
one microphone and one camera as prepared packets, and reads what comes back.
"""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import shake_256
from typing import Final

from aioice import ice, stun
from OpenSSL import SSL

from signaling.hub import rtcp
from signaling.hub.dtls import Identity
from signaling.hub.srtp import BUFFER, PROFILES, Keys, Packet, Srtp
from signaling.hub.stun import credentials

OPUS, VP8, RTX = 111, 96, 97
# The extensions Chromium offers, under its numbers.
AUDIO_LEVEL, SEND_TIME, TRANSPORT_SEQUENCE = 1, 2, 3
_EXTENSIONS: Final = (
    (SEND_TIME, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
    (
        TRANSPORT_SEQUENCE,
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    ),
)
_AUDIO_EXTENSION: Final = (AUDIO_LEVEL, "urn:ietf:params:rtp-hdrext:ssrc-audio-level")

FRAMES_PER_SECOND: Final = 30
AUDIO_PER_SECOND: Final = 50
KEYFRAME_EVERY: Final = 300
_KEYFRAME_PACKETS: Final = 18
# Fixed header, extension header, send time, transport sequence and padding; audio has its level too.
_VIDEO_HEAD: Final = struct.Struct("!BBHIIHHIBHx")
_AUDIO_HEAD: Final = struct.Struct("!BBHIIHHIBHBBxxx")
_STAMP: Final = struct.Struct("!Q")
_TIMESPEC: Final = struct.Struct("@qq")
_SO_TIMESTAMPNS: Final = 35
# VP8 payload descriptors as Chromium writes them (RFC 7741): 15-bit picture id, first and later packets.
_FIRST, _LATER = b"\x90\x80\x80\x01", b"\x80\x80\x80\x01"
_KEY_HEAD: Final = b"\x10\x02\x00\x9d\x01\x2a\x00\x05\xd0\x02"
_DELTA_HEAD: Final = b"\x11\x02\x00"
_NOISE: Final = shake_256().digest(1200)
# 3 and 5 sixths packets a frame, 115 a second, make 0.99 Mbit/s at 30 frames.
PICTURE_BYTES: Final = 1070
SOUND_BYTES: Final = 80
_LATENCY_EVERY: Final = 5
CONNECT_SECONDS: Final = 10.0


@cache
def own_address() -> str:
    """The address load and servers meet at: Janus offers no loopback, so one of this machine's."""
    return next(iter(ice.get_host_addresses(use_ipv4=True, use_ipv6=False)), "127.0.0.1")


class NotConnected(Exception):
    """The media server did not answer checks or handshake in time."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where the server is and how it knows us, read from its session description."""

    address: tuple[str, int]
    ufrag: str
    password: str

    @classmethod
    def of(cls, sdp: str) -> "Remote":
        """Read the first candidate and the first credentials."""
        found = dict[str, str]()
        for line in sdp.splitlines():
            name, _, value = line.removeprefix("a=").partition(":")
            if name == "candidate" and " udp " not in value.lower():
                continue
            found.setdefault(name, value)
        parts = found["candidate"].split()
        return cls((parts[4], int(parts[5])), found["ice-ufrag"], found["ice-pwd"])


@dataclass(slots=True)
class Stream:
    """One received stream, by the sequence numbers of its clear headers."""

    highest: int
    first: int
    packets: int = 1

    @property
    def lost(self) -> int:
        """Packets that never came; what came twice counts against it."""
        return max(0, self.highest - self.first + 1 - self.packets)


@dataclass
class Received:
    """What one end received: packets, and for every fifth sound its way through in seconds."""

    streams: dict[bytes, Stream] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def packets(self) -> int:
        """All of them."""
        return sum(stream.packets for stream in self.streams.values())

    @property
    def lost(self) -> int:
        """Packets missing between the first and the last of each stream."""
        return sum(stream.lost for stream in self.streams.values())


class Link:
    """One connection of the load. `send_*` and `drain` need `connect` first; `close` in any case.

    A latency is the time from before a packet's encryption here to its arrival at this machine's
    kernel for the other end, so the reader's own delay is not in it.
    """

    def __init__(self, identity: Identity) -> None:
        self.ufrag, self.password = credentials()
        self.fingerprint = identity.fingerprint
        self.audio_ssrc = secrets.randbelow(1 << 31) + 1
        self.video_ssrc = secrets.randbelow(1 << 31) + 1
        self.received = Received()
        self.remote: Remote | None = None
        self.opus_type = OPUS
        self._wants_keyframe = True
        self._context = identity.context
        self._packet = Packet()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((own_address(), 0))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._srtp: Srtp | None = None
        self._transport_sequence = 0
        self._audio_sent = self._video_sent = self._frames = 0
        self._octets = [0, 0]

    @property
    def port(self) -> int:
        """The port the other end sends to."""
        number: int = self._socket.getsockname()[1]
        return number

    def fileno(self) -> int:
        """The socket's number, for polling."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self._socket.close()

    async def connect(self, remote: Remote) -> None:
        """Check the path until the server begins its handshake, and finish that.

        Raises:
            NotConnected: it did not within ten seconds.
        """
        self.remote = remote
        self._socket.connect(remote.address)
        connection = SSL.Connection(self._context)
        connection.set_accept_state()
        connection.set_ciphertext_mtu(1200)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._handshake(connection)
        except TimeoutError:
            raise NotConnected(remote.address) from None
        name = connection.get_selected_srtp_profile()
        profile = next(each for each in PROFILES if each.openssl_name == name)
        length = 2 * (profile.key_length + profile.salt_length)
        material = connection.export_keying_material(b"EXTRACTOR-dtls_srtp", length)
        self._srtp = Srtp(Keys(profile, material), is_client=False)

    async def _handshake(self, connection: SSL.Connection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.send_check()
            try:
                async with asyncio.timeout(0.25):
                    while True:
                        datagram = await loop.sock_recv(self._socket, BUFFER)
                        if datagram[0] < 4:
                            self._answer_check(datagram)
                        elif 19 < datagram[0] < 64 and self._advance(connection, datagram):
                            return
            except TimeoutError:
                continue

    def _advance(self, connection: SSL.Connection, datagram: bytes) -> bool:
        connection.bio_write(datagram)
        done = True
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            done = False
        for record in _records(connection):
            self._socket.send(record)
        return done

    def send_check(self) -> None:
        """Check the path, as the controlling agent (RFC 8445 section 7)."""
        if self.remote is None:
            raise NotConnected
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self.remote.ufrag}:{self.ufrag}"
        message.attributes["PRIORITY"] = 1_845_501_695
        message.attributes["ICE-CONTROLLING"] = 1
        message.attributes["USE-CANDIDATE"] = None
        message.add_message_integrity(self.remote.password.encode())
        message.add_fingerprint()
        self._send_bytes(bytes(message))

    def _answer_check(self, datagram: bytes) -> None:
        message = stun.parse_message(datagram)
        if self.remote is None or message.message_class != stun.Class.REQUEST:
            return
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = self.remote.address
        answer.add_message_integrity(self.password.encode())
        answer.add_fingerprint()
        self._send_bytes(bytes(answer))

    def send_audio(self) -> int:
        """Send 20 ms of sound with the time of sending in it; returns the packets sent: 1."""
        number = self._audio_sent
        self._audio_sent += 1
        at = time.time_ns()
        sequence = self._next_transport_sequence()
        data = self._packet.data
        # fmt: off
        _AUDIO_HEAD.pack_into(
            data, 0, 0x90, OPUS, number & 0xFFFF, number * 960 & 0xFFFFFFFF, self.audio_ssrc,
            0xBEDE, 3, _send_time(at), TRANSPORT_SEQUENCE << 4 | 1, sequence,
            AUDIO_LEVEL << 4, 0x80 | 30,
        )
        # fmt: on
        start, end = _AUDIO_HEAD.size, _AUDIO_HEAD.size + SOUND_BYTES
        _STAMP.pack_into(data, start, at)
        data[start + 8 : end] = _NOISE[: SOUND_BYTES - 8]
        self._octets[0] += SOUND_BYTES
        self._send_packet(end)
        return 1

    def send_frame(self) -> int:
        """Send one picture, a key frame each 10 s and when asked for; returns the packets sent."""
        number = self._frames
        self._frames += 1
        is_key = self._wants_keyframe or number % KEYFRAME_EVERY == 0
        self._wants_keyframe = False
        count = _KEYFRAME_PACKETS if is_key else 4 if number % 6 else 3
        head = _FIRST + (_KEY_HEAD if is_key else _DELTA_HEAD)
        for place in range(count):
            self._send_picture(head, number, is_last=place == count - 1)
            head = _LATER
        return count

    def _send_picture(self, head: bytes, frame: int, *, is_last: bool) -> None:
        data = self._packet.data
        number = self._video_sent
        self._video_sent += 1
        # fmt: off
        _VIDEO_HEAD.pack_into(
            data, 0, 0x90, VP8 | is_last << 7, number & 0xFFFF, frame * 3000 & 0xFFFFFFFF,
            self.video_ssrc, 0xBEDE, 2, _send_time(time.time_ns()),
            TRANSPORT_SEQUENCE << 4 | 1, self._next_transport_sequence(),
        )
        # fmt: on
        start = _VIDEO_HEAD.size
        middle, end = start + len(head), start + PICTURE_BYTES
        data[start:middle] = head
        data[middle:end] = _NOISE[: end - middle]
        self._octets[1] += PICTURE_BYTES
        self._send_packet(end)

    def send_reports(self, *, is_sender: bool) -> None:
        """Send what a browser reports every second: its senders' clocks, what it received."""
        at = time.time_ns()
        ntp = ((at // 1_000_000_000 + 2_208_988_800) << 32) | (at % 1_000_000_000 << 32) // 10**9
        message = b""
        if is_sender:
            message += rtcp.sender_report(
                self.audio_ssrc, ntp, self._audio_sent * 960, self._audio_sent, self._octets[0]
            )
            message += rtcp.sender_report(
                self.video_ssrc, ntp, self._frames * 3000, self._video_sent, self._octets[1]
            )
        blocks = [
            rtcp.Block(int.from_bytes(ssrc, "big"), 0, stream.lost, stream.highest, 0, 0, 0)
            for ssrc, stream in self.received.streams.items()
        ]
        message += rtcp.receiver_report(self.video_ssrc, blocks)
        message += rtcp.source_description(self.video_ssrc, "load")
        if self._srtp is None:
            raise NotConnected
        self._packet.data[: len(message)] = message
        length = self._srtp.protect_rtcp(self._packet, len(message))
        self._send_bytes(bytes(self._packet.view[:length]))

    def drain(self) -> None:
        """Read all that has come."""
        data = self._packet.data
        while True:
            try:
                length, ancillary, _, _ = self._socket.recvmsg_into([data], 64)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            if data[0] < 4:
                self._answer_check(bytes(data[:length]))
            elif not 127 < data[0] < 192:
                continue
            elif 192 <= data[1] <= 223:
                self._read_reports(length)
            else:
                self._count(length, ancillary)

    def _count(self, length: int, ancillary: list[tuple[int, int, bytes]]) -> None:
        data = self._packet.data
        ssrc, sequence = bytes(data[8:12]), data[2] << 8 | data[3]
        stream = self.received.streams.get(ssrc)
        if stream is None:
            self.received.streams[ssrc] = Stream(sequence, sequence)
        else:
            stream.packets += 1
            ahead = (sequence - stream.highest) & 0xFFFF
            if ahead < 0x8000:
                stream.highest += ahead
        if data[1] & 0x7F == self.opus_type and sequence % _LATENCY_EVERY == 0 and ancillary:
            self._time(length, ancillary[0][2])

    def _time(self, length: int, arrival: bytes) -> None:
        data = self._packet.data
        if self._srtp is None or not self._srtp.unprotect(self._packet, length):
            return
        start = 12 + (4 + 4 * (data[14] << 8 | data[15]) if data[0] & 16 else 0)
        seconds, nanoseconds = _TIMESPEC.unpack(arrival)
        sent = _STAMP.unpack_from(data, start)[0]
        self.received.latencies.append((seconds * 10**9 + nanoseconds - sent) / 1e9)

    def _read_reports(self, length: int) -> None:
        opened = self._srtp.unprotect_rtcp(self._packet, length) if self._srtp is not None else 0
        for report in rtcp.read(bytes(self._packet.view[:opened])):
            if isinstance(report, rtcp.KeyframeRequest):
                self._wants_keyframe = True

    def _next_transport_sequence(self) -> int:
        self._transport_sequence = (self._transport_sequence + 1) & 0xFFFF
        return self._transport_sequence

    def _send_packet(self, length: int) -> None:
        if self._srtp is None:
            raise NotConnected
        length = self._srtp.protect(self._packet, length)
        try:
            self._socket.send(self._packet.view[:length])
        except (BlockingIOError, ConnectionRefusedError):
            # as a network would: it is lost, and counted where it does not arrive
            return

    def _send_bytes(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except (BlockingIOError, ConnectionRefusedError):
            return


@dataclass(frozen=True, slots=True)
class Section:
    """One media section of a description: `ssrc` None receives, `numbers` as the other end has it."""

    kind: str
    mid: str
    ssrc: int | None = None
    types: tuple[int, int] = (OPUS, VP8)


def describe(link: Link, sections: list[Section], *, setup: str) -> str:
    """A session description with the link's credentials, as a browser writes it."""
    text = [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(section.mid for section in sections)}",
    ]
    for section in sections:
        text += _section(link, section, setup)
    return "\r\n".join(text) + "\r\n"


def _section(link: Link, section: Section, setup: str) -> Iterator[str]:
    is_audio = section.kind == "audio"
    opus, vp8 = section.types
    sends = section.ssrc is not None
    # a receive-only end has no use for repairs of its own
    types = str(opus) if is_audio else f"{vp8} {RTX}"
    yield f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {types}"
    yield "c=IN IP4 127.0.0.1"
    yield f"a=ice-ufrag:{link.ufrag}"
    yield f"a=ice-pwd:{link.password}"
    yield f"a=fingerprint:sha-256 {link.fingerprint}"
    yield f"a=setup:{setup}"
    yield f"a=mid:{section.mid}"
    yield "a=sendonly" if sends else "a=recvonly"
    yield "a=rtcp-mux"
    for number, uri in (*_EXTENSIONS, *([_AUDIO_EXTENSION] if is_audio else ())):
        yield f"a=extmap:{number} {uri}"
    if is_audio:
        yield f"a=rtpmap:{opus} opus/48000/2"
        yield f"a=rtcp-fb:{opus} transport-cc"
        yield f"a=fmtp:{opus} minptime=10;useinbandfec=1"
    else:
        yield f"a=rtpmap:{vp8} VP8/90000"
        for feedback in ("nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"):
            yield f"a=rtcp-fb:{vp8} {feedback}"
        yield f"a=rtpmap:{RTX} rtx/90000"
        yield f"a=fmtp:{RTX} apt={vp8}"
    yield f"a=candidate:1 1 udp 2130706431 {own_address()} {link.port} typ host"
    if sends:
        yield "a=msid:load load-" + section.kind
        yield f"a=ssrc:{section.ssrc} cname:load"


def _send_time(nanoseconds: int) -> int:
    """The extension's word: number and length, then 6.18 fixed-point seconds."""
    return (SEND_TIME << 4 | 2) << 24 | (nanoseconds * 262_144 // 10**9 & 0xFFFFFF)


def _records(connection: SSL.Connection) -> Iterator[bytes]:
    output = b""
    while True:
        try:
            output += connection.bio_read(16384)
        except SSL.Error:
            break
    position = 0
    while position < len(output):
        length = 13 + int.from_bytes(output[position + 11 : position + 13], "big")
        yield output[position : position + length]
        position += length
