"""One stream a remote end receives: whatever source is behind it, it is one continuous stream."""

import secrets
import struct
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from signaling.hub import rtcp, rtp, vp8
from signaling.hub.srtp import Packet
from signaling.hub.track import Stored, Track
from signaling.ports import Kind

# what a receiver may have sent again within a tick of 50 ms, whatever it asks for
REPAIRS_PER_TICK = 64
# 2.5 s of audio at 50 packets a second
AUDIO_KEPT = 128
_SEQUENCE = struct.Struct("!H")


@dataclass(frozen=True, slots=True)
class Format:
    """How the receiver wants a stream: payload types and extension identifiers of its offer.

    An identifier of 0 is an extension that was not offered; `repair_type` is None where no
    retransmission format was.
    """

    kind: Kind
    payload_type: int
    clock_rate: int
    repair_type: int | None
    send_time: int
    audio_level: int


class Sender(Protocol):
    """The way out of a lane."""

    def send_rtp(self, length: int) -> int:
        """Protect and send what is in the outgoing buffer; the length sent, 0 if refused."""

    def send_protected(self, datagram: bytes) -> None:
        """Send a protected packet again as it is."""


class Lane:
    """An outgoing stream with fixed SSRCs; `watch` chooses its source.

    Sequence numbers and timestamps go on continuously when the source changes; video then
    starts with a keyframe.
    """

    def __init__(self, form: Format, sender: Sender, outgoing: Packet) -> None:
        self.form = form
        self.ssrc = _fresh_ssrc()
        self.repair_ssrc = _fresh_ssrc()
        self.source: Track | None = None
        self.cap: int | None = None
        self.packets = self.octets = self.repairs = 0
        self.fraction_lost = 0.0
        self.round_trip: float | None = None
        self._sender = sender
        self._outgoing = outgoing
        self._is_video = form.kind == "video"
        self._started = False
        self._next = secrets.randbelow(0x4000) + 0x10000
        self._repair_next = secrets.randbelow(0x4000)
        self._from = 0
        self._shift = 0
        self._timestamp = secrets.randbelow(1 << 31)
        self._timestamp_shift = 0
        self._sent_at: float | None = None
        self._send_time_head = (form.send_time << 4 | 2) << 24
        self._level_head = (form.audio_level << 4) << 24
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=AUDIO_KEPT)
        self._budget = REPAIRS_PER_TICK
        self._report: tuple[int, float] | None = None

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether a video source is there whose first keyframe is not."""
        return self._is_video and self.source is not None and not self._started

    def watch(self, track: Track | None, now: float) -> None:
        """Send what `track` brings from now on; None sends nothing."""
        if track is self.source:
            return
        if self.source is not None:
            self.source.detach(self)
        self.source = track
        self._started = False
        if track is not None:
            track.attach(self)
            if self._is_video:
                track.request_keyframe(now)

    def forward(self, stored: Stored, level: int, now: float) -> None:
        """Send a packet of the source."""
        number = stored.number
        if not self._started and not self._start(stored, now):
            return
        if number < self._from:
            return
        outgoing_number = number + self._shift
        timestamp = (stored.timestamp + self._timestamp_shift) & 0xFFFFFFFF
        if outgoing_number >= self._next:
            self._next = outgoing_number + 1
            self._timestamp = timestamp
            self._sent_at = now
        start, end = stored.start, stored.end
        offset = self._write_header(
            stored.marker | self.form.payload_type,
            outgoing_number & 0xFFFF,
            timestamp,
            self.ssrc,
            level,
            now,
        )
        length = offset + end - start
        data = self._outgoing.data
        data[offset:length] = stored.packet[start:end]
        sent = self._sender.send_rtp(length)
        if sent:
            self.packets += 1
            self.octets += end - start
            if not self._is_video:
                self._kept.append((outgoing_number & 0xFFFF, bytes(self._outgoing.view[:sent])))

    def repair(self, sequences: tuple[int, ...], now: float) -> None:
        """Send again what the receiver misses and is still kept."""
        if self._is_video:
            self._repair_video(sequences, now)
        else:
            self._repair_audio(sequences)

    def tick(self, now: float) -> None:
        """Every 50 ms: a fresh budget for repairs; ask for a keyframe still missing."""
        self._budget = REPAIRS_PER_TICK
        if self.waits_for_keyframe and self.source is not None:
            self.source.request_keyframe(now)

    def report(self, now: float) -> bytes | None:
        """A sender report, carried on from the source's last one; None before there is any."""
        source = self.source
        if not self._started or source is None or source.report is None:
            return None
        elapsed = now - source.report_at
        ntp = source.report.ntp + source.clock_shift + int(elapsed * (1 << 32))
        ntp &= 0xFFFFFFFFFFFFFFFF
        timestamp = source.report.timestamp + self._timestamp_shift
        timestamp = (timestamp + int(elapsed * self.form.clock_rate)) & 0xFFFFFFFF
        self._report = (ntp >> 16 & 0xFFFFFFFF, now)
        return rtcp.sender_report(self.ssrc, ntp, timestamp, self.packets, self.octets)

    def on_block(self, block: rtcp.Block, now: float) -> None:
        """Keep what the receiver says of this stream."""
        self.fraction_lost = block.fraction_lost / 256
        if self._report is not None and block.last_report == self._report[0]:
            trip = now - self._report[1] - block.delay / 65536
            if 0 <= trip < 60:
                self.round_trip = trip

    def _start(self, stored: Stored, now: float) -> bool:
        """Carry numbering on from the last packet sent, if the source may start here."""
        if self._is_video:
            piece = vp8.read(stored.packet, stored.start, stored.end)
            if piece is None or not piece.keyframe:
                return False
        elapsed = 0.02 if self._sent_at is None else max(0.02, now - self._sent_at)
        timestamp = self._timestamp + int(elapsed * self.form.clock_rate)
        self._timestamp_shift = timestamp - stored.timestamp
        self._shift = self._next - stored.number
        self._from = stored.number
        self._kept.clear()
        self._started = True
        return True

    def _write_header(
        self, second: int, sequence: int, timestamp: int, ssrc: int, level: int, now: float
    ) -> int:
        form, data = self.form, self._outgoing.data
        if not form.send_time:
            rtp.FIXED.pack_into(data, 0, 0x80, second, sequence, timestamp, ssrc)
            return 12
        send_time = self._send_time_head | rtp.abs_send_time(now)
        if level < 0 or not form.audio_level:
            rtp.EXTENDED.pack_into(
                data, 0, 0x90, second, sequence, timestamp, ssrc, 0xBEDE, 1, send_time
            )
            return 20
        word = self._level_head | level << 16
        rtp.EXTENDED_TWICE.pack_into(
            data, 0, 0x90, second, sequence, timestamp, ssrc, 0xBEDE, 2, send_time, word
        )
        return 24

    def _repair_video(self, sequences: tuple[int, ...], now: float) -> None:
        form = self.form
        if self.source is None or not self._started or form.repair_type is None:
            return
        for sequence in sequences:
            if self._budget <= 0:
                return
            number = rtp.unwrap(sequence, self._next) - self._shift
            stored = self.source.kept(number) if number >= self._from else None
            if stored is None:
                continue
            self._budget -= 1
            timestamp = (stored.timestamp + self._timestamp_shift) & 0xFFFFFFFF
            offset = self._write_header(
                stored.marker | form.repair_type,
                self._repair_next,
                timestamp,
                self.repair_ssrc,
                -1,
                now,
            )
            self._repair_next = (self._repair_next + 1) & 0xFFFF
            data = self._outgoing.data
            _SEQUENCE.pack_into(data, offset, sequence)
            length = offset + 2 + stored.end - stored.start
            data[offset + 2 : length] = stored.packet[stored.start : stored.end]
            if self._sender.send_rtp(length):
                self.repairs += 1

    def _repair_audio(self, sequences: tuple[int, ...]) -> None:
        # the very bytes that were sent: a second encryption under the same number would
        # give the GCM key away
        wanted = set(sequences)
        for sequence, datagram in self._kept:
            if sequence in wanted and self._budget > 0:
                self._budget -= 1
                self.repairs += 1
                self._sender.send_protected(datagram)


def _fresh_ssrc() -> int:
    return secrets.randbelow(0xFFFFFFFE) + 1
