"""RTCP on the wire: what the hub reads and writes (RFC 3550, RFC 4585, draft-alvestrand-rmcat-remb)."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SENDER_REPORT, _RECEIVER_REPORT, _SOURCE_DESCRIPTION, _BYE = 200, 201, 202, 203
TRANSPORT_FEEDBACK, _PAYLOAD_FEEDBACK = 205, 206
_NACK, _PLI, _FIR, _APPLICATION = 1, 1, 4, 15

_HEADER = struct.Struct("!BBH")
_WORD = struct.Struct("!I")
_TWO_WORDS = struct.Struct("!II")
_PAIR = struct.Struct("!HH")
_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")

# a NACK packet of 300 entries fills a datagram; one that asks for more is not honest
MAX_NACKED = 512


@dataclass(frozen=True, slots=True)
class Block:
    """What one receiver says of one stream; times are in 1/65536 s (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int

    def __bytes__(self) -> bytes:
        loss = (self.fraction_lost & 0xFF) << 24 | (min(self.lost, 0x7FFFFF) & 0xFFFFFF)
        return _BLOCK.pack(
            self.ssrc, loss, self.highest & 0xFFFFFFFF, self.jitter, self.last_report, self.delay
        )


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A sender's clock pair: `ntp` is 32.32 fixed point since 1900, `timestamp` RTP units."""

    ssrc: int
    ntp: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Nack:
    """Sequence numbers of `ssrc` that did not arrive."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """A PLI or FIR for `ssrc`."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class BitrateEstimate:
    """The receiver's estimate of what it can take, in bit/s, over all streams (REMB)."""

    bitrate: int


@dataclass(frozen=True, slots=True)
class Bye:
    """These sources end."""

    ssrcs: tuple[int, ...]


Report = SenderReport | Block | Nack | KeyframeRequest | BitrateEstimate | Bye


def read(data: bytes) -> Iterator[Report]:
    """What a compound packet says; what is malformed or not known ends or is skipped."""
    position = 0
    while position + 8 <= len(data):
        first, kind, words = _HEADER.unpack_from(data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data) or words < 1:
            return
        yield from _read_one(kind, first & 31, data[position + 4 : end])
        position = end


def _read_one(kind: int, count: int, body: bytes) -> Iterator[Report]:
    if kind == _SENDER_REPORT and len(body) >= _SENDER.size:
        ssrc, ntp, timestamp, _, _ = _SENDER.unpack_from(body)
        yield SenderReport(ssrc, ntp, timestamp)
        yield from _read_blocks(count, body, _SENDER.size)
    elif kind == _RECEIVER_REPORT:
        yield from _read_blocks(count, body, 4)
    elif kind == TRANSPORT_FEEDBACK and count == _NACK and len(body) >= 12:
        yield Nack(_WORD.unpack_from(body, 4)[0], _read_nack(body))
    elif kind == _PAYLOAD_FEEDBACK and len(body) >= 8:
        yield from _read_payload_feedback(count, body)
    elif kind == _BYE and len(body) >= 4 * count:
        yield Bye(struct.unpack_from(f"!{count}I", body))


def _read_blocks(count: int, body: bytes, position: int) -> Iterator[Block]:
    for _ in range(count):
        if position + _BLOCK.size > len(body):
            return
        ssrc, loss, highest, jitter, last_report, delay = _BLOCK.unpack_from(body, position)
        lost = loss & 0xFFFFFF
        if lost & 0x800000:
            lost -= 0x1000000
        yield Block(ssrc, loss >> 24, lost, highest, jitter, last_report, delay)
        position += _BLOCK.size


def _read_nack(body: bytes) -> tuple[int, ...]:
    sequences: list[int] = []
    for position in range(8, len(body) - 3, 4):
        first, mask = _PAIR.unpack_from(body, position)
        sequences.append(first)
        sequences += [(first + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
        if len(sequences) >= MAX_NACKED:
            break
    return tuple(sequences[:MAX_NACKED])


def _read_payload_feedback(count: int, body: bytes) -> Iterator[Report]:
    if count == _PLI:
        yield KeyframeRequest(_WORD.unpack_from(body, 4)[0])
    elif count == _FIR:
        for position in range(8, len(body) - 7, 8):
            yield KeyframeRequest(_WORD.unpack_from(body, position)[0])
    elif count == _APPLICATION and body[8:12] == b"REMB" and len(body) >= 16:
        exponent, mantissa = body[13] >> 2, (body[13] & 3) << 16 | body[14] << 8 | body[15]
        yield BitrateEstimate(min(mantissa << exponent, 1 << 40))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    """A sender report without blocks."""
    body = _SENDER.pack(ssrc, ntp, timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(_SENDER_REPORT, 0, body)


def receiver_report(ssrc: int, blocks: Sequence[Block]) -> bytes:
    """A receiver report of at most 31 blocks."""
    return _packet(
        _RECEIVER_REPORT, len(blocks), _WORD.pack(ssrc) + b"".join(bytes(block) for block in blocks)
    )


def source_description(ssrc: int, cname: str) -> bytes:
    """One chunk with the canonical name."""
    name = cname.encode()
    body = _WORD.pack(ssrc) + bytes((1, len(name))) + name
    return _packet(_SOURCE_DESCRIPTION, 1, body + bytes(4 - len(body) % 4))


def nack(sender: int, ssrc: int, sequences: Sequence[int]) -> bytes:
    """A generic NACK for 16-bit sequence numbers in ascending order (RFC 4585 section 6.2.1)."""
    body = bytearray(_TWO_WORDS.pack(sender, ssrc))
    position = 0
    while position < len(sequences):
        first, mask = sequences[position], 0
        position += 1
        while position < len(sequences):
            distance = (sequences[position] - first - 1) & 0xFFFF
            if distance >= 16:
                break
            mask |= 1 << distance
            position += 1
        body += _PAIR.pack(first, mask)
    return _packet(TRANSPORT_FEEDBACK, _NACK, bytes(body))


def keyframe_request(sender: int, ssrc: int) -> bytes:
    """A picture loss indication (RFC 4585 section 6.3.1)."""
    return _packet(_PAYLOAD_FEEDBACK, _PLI, _TWO_WORDS.pack(sender, ssrc))


def bitrate_estimate(sender: int, bitrate: int, ssrcs: Sequence[int]) -> bytes:
    """A REMB message that asks the sender of `ssrcs` to stay below `bitrate` bit/s."""
    exponent = max(0, bitrate.bit_length() - 18)
    mantissa = bitrate >> exponent
    value = len(ssrcs) << 24 | exponent << 18 | mantissa
    body = _TWO_WORDS.pack(sender, 0) + b"REMB" + _WORD.pack(value)
    return _packet(_PAYLOAD_FEEDBACK, _APPLICATION, body + b"".join(map(_WORD.pack, ssrcs)))


def feedback(kind: int, sender: int, ssrc: int, content: bytes) -> bytes:
    """A transport-layer feedback message of format `kind`; `content` is padded with zeros."""
    padding = bytes(-len(content) % 4)
    return _packet(TRANSPORT_FEEDBACK, kind, _TWO_WORDS.pack(sender, ssrc) + content + padding)
