"""One stream a remote end sends: repaired, counted, kept for repairs, handed to its lanes."""

from collections.abc import Callable
from typing import Protocol

from signaling.hub import rtp
from signaling.hub.nack import Holes
from signaling.hub.rtcp import Block, SenderReport
from signaling.ports import Kind

# RFC 4585 section 6.3: requests are merged; one keyframe serves all who asked meanwhile
KEYFRAME_INTERVAL = 0.5
# more than two seconds of the 2 Mbit/s a sender is held to, half a megabyte of memory: nobody asks
# for anything older. A power of two.
RING = 512
_MASK = RING - 1
# audio later than this is not played any more
PATIENCE = {"audio": 0.5, "video": 1.0}
# a stream that falls silent for so long may be succeeded by another of the same kind
SUCCESSION = 1.0


class Stored:
    """A packet kept for repairs: clear bytes, the payload between `start` and `end`."""

    __slots__ = ("end", "marker", "number", "packet", "start", "timestamp")

    def __init__(
        self, number: int, timestamp: int, marker: int, packet: bytes, start: int, end: int
    ) -> None:
        self.number = number
        self.timestamp = timestamp
        self.marker = marker
        self.packet = packet
        self.start = start
        self.end = end


class Subscriber(Protocol):
    """Gets every packet of a track once, in the order they come.

    `cap` is the bitrate it can take of this track, in bit/s; None if it knows no limit.
    """

    cap: int | None

    def forward(self, stored: Stored, level: int, now: float) -> None:
        """Take a packet; `level` is its audio-level byte, or -1."""


class Track:
    """The media of one kind from one remote end.

    `clock_rate` is in Hz, `clock_shift` what turns the sender's NTP time into the hub's (32.32,
    the same for sound and picture, which keeps them in step). `ask_keyframe` sends a PLI and is called at most twice a second.
    """

    def __init__(
        self, kind: Kind, clock_rate: int, ask_keyframe: Callable[[], None] | None = None
    ) -> None:
        self.kind: Kind = kind
        self.clock_rate = clock_rate
        self.ssrc: int | None = None
        self.subscribers: tuple[Subscriber, ...] = ()
        self.holes = Holes(PATIENCE[kind])
        self.report: SenderReport | None = None
        self.report_at = 0.0
        self.heard_at: float | None = None
        self.clock_shift = 0
        self.repairs = self.plis = self.packets = self.octets = 0
        self._ask_keyframe = ask_keyframe
        self._keyframe_asked_at = float("-inf")
        self._keyframe_wanted = False
        self._ring: list[Stored | None] = [None] * (RING if kind == "video" else 0)
        self._highest = -1
        self._first = -1
        self._jitter = 0.0
        self._transit: float | None = None
        self._counted = (0, 0)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter (RFC 3550 section 6.4.1)."""
        return self._jitter * 1000 / self.clock_rate

    @property
    def lost(self) -> int:
        """Packets expected and never received; repaired ones count as received."""
        if self.ssrc is None:
            return 0
        return max(0, self._highest - self._first + 1 - self.packets)

    @property
    def cap(self) -> int | None:
        """What the slowest subscriber can take, in bit/s."""
        return min((each.cap for each in self.subscribers if each.cap is not None), default=None)

    def attach(self, subscriber: Subscriber) -> None:
        """Forward to `subscriber` from the next packet on."""
        self.subscribers = (*self.subscribers, subscriber)

    def detach(self, subscriber: Subscriber) -> None:
        """Forward nothing more to `subscriber`."""
        self.subscribers = tuple(each for each in self.subscribers if each is not subscriber)

    def latch(self, ssrc: int) -> None:
        """Follow a new stream from its first packet on."""
        self.ssrc = ssrc
        self.holes = Holes(PATIENCE[self.kind])
        self.report = None
        self._ring = [None] * len(self._ring)
        self.packets = self.octets = 0
        self._highest = self._first = -1
        self._transit = None
        self._counted = (0, 0)

    def take(
        self,
        sequence: int,
        timestamp: int,
        marker: int,
        packet: bytes,
        start: int,
        end: int,
        level: int,
        now: float,
    ) -> bool:
        """Take a packet of the latched stream; true if holes opened and are to be asked for."""
        highest = self._highest
        if highest < 0:
            # far enough from zero that an earlier packet does not become negative
            number = self._first = self._highest = sequence + 0x10000
        else:
            delta = (sequence - highest) & 0xFFFF
            if delta < 0x8000:
                number = highest + delta
                self._highest = number
            else:
                number = highest + delta - 0x10000
                if number < self._first:
                    return False
        if self._ring:
            kept = self._ring[number & _MASK]
            if kept is not None and kept.number >= number:
                # a repair that came twice, or older than the ring
                return False
        stored = Stored(number, timestamp, marker, packet, start, end)
        if self._ring:
            self._ring[number & _MASK] = stored
        self.packets += 1
        self.octets += end - start
        self.heard_at = now
        opened = self.holes.arrived(number, now)
        if number > highest:
            self._measure(timestamp, now)
        for subscriber in self.subscribers:
            subscriber.forward(stored, level, now)
        return opened

    def take_repair(self, packet: bytes, start: int, end: int, now: float) -> None:
        """Take a retransmission (RFC 4588): the payload begins with the lost sequence number."""
        if end - start < 2 or self.ssrc is None or not self._ring:
            # without content it is padding that probes the line
            return
        _, second, _, timestamp, _ = rtp.FIXED.unpack_from(packet)
        self.repairs += 1
        sequence = packet[start] << 8 | packet[start + 1]
        self.take(sequence, timestamp, second & 0x80, packet, start + 2, end, -1, now)

    def kept(self, number: int) -> Stored | None:
        """A recent video packet by its unwrapped number."""
        stored = self._ring[number & _MASK] if self._ring else None
        return stored if stored is not None and stored.number == number else None

    def request_keyframe(self, now: float) -> None:
        """Ask the sender for a keyframe, at most every half second; later askers are merged."""
        if self._ask_keyframe is None:
            return
        if now - self._keyframe_asked_at < KEYFRAME_INTERVAL or self.ssrc is None:
            self._keyframe_wanted = True
            return
        self._keyframe_wanted = False
        self._keyframe_asked_at = now
        self.plis += 1
        self._ask_keyframe()

    def tick(self, now: float) -> None:
        """Every 50 ms: a keyframe request that had to wait."""
        if self._keyframe_wanted and now - self._keyframe_asked_at >= KEYFRAME_INTERVAL:
            self.request_keyframe(now)

    def on_report(self, report: SenderReport, now: float) -> None:
        """Keep the sender's latest clock pair."""
        self.report = report
        self.report_at = now

    def block(self, now: float) -> Block | None:
        """What to tell the sender of its stream since the last call."""
        if self.ssrc is None or self._highest < 0:
            return None
        expected = self._highest - self._first + 1
        expected_before, packets_before = self._counted
        self._counted = (expected, self.packets)
        wanted = expected - expected_before
        missing = wanted - (self.packets - packets_before)
        fraction = min(255, 256 * missing // wanted) if wanted > 0 and missing > 0 else 0
        last = delay = 0
        if self.report is not None:
            last = self.report.ntp >> 16 & 0xFFFFFFFF
            delay = int((now - self.report_at) * 65536) & 0xFFFFFFFF
        return Block(
            ssrc=self.ssrc,
            fraction_lost=fraction,
            lost=self.lost,
            highest=self._highest,
            jitter=int(self._jitter),
            last_report=last,
            delay=delay,
        )

    def _measure(self, timestamp: int, now: float) -> None:
        # RFC 3550 appendix A.8; a jump of more than ten seconds is a new clock
        transit = now * self.clock_rate - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < 10 * self.clock_rate:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit
