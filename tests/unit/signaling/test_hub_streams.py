"""Tracks and lanes: what is kept, what is numbered how, what is asked for and repaired."""

import itertools
import struct
from dataclasses import dataclass, field

from signaling.hub import rtp
from signaling.hub.downlink import RELEASE, Downlink
from signaling.hub.frames import PATIENCE, Assembler
from signaling.hub.lane import REPAIRS_PER_TICK, Format, Lane
from signaling.hub.rtcp import Block, SenderReport
from signaling.hub.rtcp import read as read_rtcp
from signaling.hub.srtp import Packet
from signaling.hub.track import KEYFRAME_INTERVAL, Stored, Track
from signaling.ports import Kind

KEYFRAME, DELTA = b"\x10\x00key", b"\x10\x01delta"


@dataclass
class Wire:
    """Takes what lanes send, in the clear."""

    packet: Packet = field(default_factory=Packet)
    sent: list[bytes] = field(default_factory=list)

    def send_rtp(self, length: int) -> int:
        self.sent.append(bytes(self.packet.view[:length]))
        return length

    def send_protected(self, datagram: bytes) -> None:
        self.sent.append(datagram)

    def headers(self, ssrc: int) -> list[tuple[int, int]]:
        """Sequence number and timestamp of each packet sent under `ssrc`."""
        rows = [rtp.FIXED.unpack_from(data) for data in self.sent]
        return [(row[2], row[3]) for row in rows if row[4] == ssrc]


def lane_of(wire: Wire, kind: Kind = "video", send_time: int = 2) -> Lane:
    form = Format(
        kind=kind,
        payload_type=96 if kind == "video" else 111,
        clock_rate=90000 if kind == "video" else 48000,
        repair_type=97 if kind == "video" else None,
        send_time=send_time,
        audio_level=1,
    )
    return Lane(form, wire, wire.packet)


def track_of(kind: Kind = "video", asked: list[float] | None = None) -> Track:
    rate = 90000 if kind == "video" else 48000
    track = Track(kind, rate, (lambda: asked.append(0)) if asked is not None else None)
    track.latch(5)
    return track


def give(track: Track, sequence: int, payload: bytes, timestamp: int = 0, now: float = 0.0) -> bool:
    packet = struct.pack("!BBHII", 0x80, 96, sequence, timestamp, 5) + payload
    return track.take(sequence, timestamp, 0x80, packet, 12, len(packet), 77, now)


def test_numbers_go_on_when_the_source_changes() -> None:
    wire = Wire()
    lane = lane_of(wire)
    first, second = track_of(), track_of()
    lane.watch(first, 0.0)
    for n in range(3):
        give(first, 65534 + n & 0xFFFF, KEYFRAME if n == 0 else DELTA, 1000 + n * 3000, n / 30)
    lane.watch(second, 0.2)
    give(second, 500, DELTA, 9, 0.2)
    give(second, 501, KEYFRAME, 70_000, 0.3)
    give(second, 502, DELTA, 73_000, 1 / 30 + 0.3)
    headers = wire.headers(lane.ssrc)
    assert [(n - headers[0][0]) & 0xFFFF for n, _ in headers] == [0, 1, 2, 3, 4]
    steps = [(b[1] - a[1]) & 0xFFFFFFFF for a, b in itertools.pairwise(headers)]
    assert steps[:2] == [3000, 3000]
    assert steps[2] == int((0.3 - 2 / 30) * 90000)
    assert steps[3] == 3000


def test_a_picture_starts_with_a_keyframe_and_asks_for_one() -> None:
    wire, asked = Wire(), list[float]()
    lane, track = lane_of(wire), track_of(asked=asked)
    lane.watch(track, 10.0)
    give(track, 1, DELTA, now=10.0)
    assert (wire.sent, len(asked)) == ([], 1)
    lane.tick(10.1)
    track.tick(10.1)
    assert len(asked) == 1
    lane.tick(10.6)
    assert len(asked) == 2
    give(track, 2, KEYFRAME, now=10.7)
    lane.tick(11.5)
    assert (len(wire.sent), len(asked)) == (1, 2)


def test_keyframe_requests_are_merged() -> None:
    asked = list[float]()
    track = track_of(asked=asked)
    for n in range(20):
        track.request_keyframe(1.0 + n / 100)
    assert len(asked) == 1
    track.tick(1.0 + KEYFRAME_INTERVAL)
    track.tick(1.0 + 3 * KEYFRAME_INTERVAL)
    assert len(asked) == 2


def test_a_gap_is_passed_on_and_a_late_packet_fills_it() -> None:
    wire = Wire()
    lane, track = lane_of(wire), track_of()
    lane.watch(track, 0.0)
    give(track, 10, KEYFRAME)
    assert give(track, 13, DELTA)
    give(track, 11, DELTA)
    give(track, 11, DELTA)
    give(track, 9, DELTA)
    numbers = [n for n, _ in wire.headers(lane.ssrc)]
    assert [(n - numbers[0]) & 0xFFFF for n in numbers] == [0, 3, 1]
    assert track.holes.due(0.0, 0.0) == [12 + 0x10000]
    assert track.lost == 1


def test_a_repair_restores_the_packet_it_carries() -> None:
    wire = Wire()
    lane, track = lane_of(wire), track_of()
    lane.watch(track, 0.0)
    give(track, 10, KEYFRAME, 900)
    give(track, 12, DELTA, 902)
    repair = struct.pack("!BBHIIH", 0x80, 0x80 | 97, 1, 901, 6, 11) + DELTA
    track.take_repair(repair, 12, len(repair), 0.1)
    track.take_repair(repair, 12, len(repair), 0.1)
    track.take_repair(repair[:12], 12, 12, 0.1)
    numbers = [n for n, _ in wire.headers(lane.ssrc)]
    assert [(n - numbers[0]) & 0xFFFF for n in numbers] == [0, 2, 1]
    assert wire.sent[2][20:] == DELTA
    assert wire.sent[2][1] == 0x80 | 96
    assert track.lost == 0


def test_a_receiver_gets_the_picture_packets_it_misses_as_repairs() -> None:
    wire = Wire()
    lane, track = lane_of(wire), track_of()
    lane.watch(track, 0.0)
    for n in range(20):
        give(track, n, KEYFRAME if n == 0 else DELTA + bytes([n]), 3000 * n)
    (first, timestamp), *_ = wire.headers(lane.ssrc)
    lane.repair(((first + 7) & 0xFFFF, (first - 1) & 0xFFFF, (first + 50) & 0xFFFF), 1.0)
    repair = wire.sent[-1]
    assert len(wire.sent) == 21
    assert rtp.FIXED.unpack_from(repair)[3] == (timestamp + 7 * 3000) & 0xFFFFFFFF
    assert rtp.FIXED.unpack_from(repair)[4] == lane.repair_ssrc
    assert repair[1] & 0x7F == 97
    assert repair[20:] == struct.pack("!H", (first + 7) & 0xFFFF) + DELTA + bytes([7])


def test_repairs_have_a_budget() -> None:
    wire = Wire()
    lane, track = lane_of(wire), track_of()
    lane.watch(track, 0.0)
    for n in range(200):
        give(track, n, KEYFRAME)
    first = wire.headers(lane.ssrc)[0][0]
    everything = tuple((first + n) & 0xFFFF for n in range(200))
    lane.repair(everything, 0.0)
    lane.repair(everything, 0.0)
    assert lane.repairs == REPAIRS_PER_TICK
    lane.tick(0.05)
    lane.repair(everything[:5], 0.05)
    assert lane.repairs == REPAIRS_PER_TICK + 5


def test_sound_is_sent_again_byte_for_byte() -> None:
    wire = Wire()
    lane, track = lane_of(wire, "audio"), track_of("audio")
    lane.watch(track, 0.0)
    for n in range(5):
        give(track, n, b"sound" + bytes([n]), 960 * n, n * 0.02)
    wanted = wire.sent[3]
    lane.repair((struct.unpack_from("!H", wanted, 2)[0],), 5.0)
    assert wire.sent[5:] == [wanted]


def test_sound_carries_its_level_and_the_send_time() -> None:
    wire = Wire()
    lane, track = lane_of(wire, "audio"), track_of("audio")
    lane.watch(track, 0.0)
    give(track, 1, b"sound", now=2.5)
    sent = wire.sent[0]
    at = rtp.extension(sent, 16, 24, 2)
    assert int.from_bytes(sent[at : at + 3], "big") == int(2.5 * (1 << 18))
    assert sent[rtp.extension(sent, 16, 24, 1)] == 77
    assert sent[24:] == b"sound"


def test_without_the_extension_the_header_is_bare() -> None:
    wire = Wire()
    lane, track = lane_of(wire, send_time=0), track_of()
    lane.watch(track, 0.0)
    give(track, 1, KEYFRAME)
    assert wire.sent[0][12:] == KEYFRAME


def test_nothing_is_sent_after_the_source_was_taken_away() -> None:
    wire = Wire()
    lane, track = lane_of(wire), track_of()
    lane.watch(track, 0.0)
    give(track, 1, KEYFRAME)
    lane.watch(None, 0.0)
    give(track, 2, DELTA)
    assert len(wire.sent) == 1
    assert track.subscribers == ()


def test_reports_keep_sound_and_picture_in_step() -> None:
    wire = Wire()
    sound, picture = track_of("audio"), track_of()
    heard, seen = lane_of(wire, "audio"), lane_of(wire)
    heard.watch(sound, 0.0)
    seen.watch(picture, 0.0)
    give(sound, 1, b"sound", 48_000, now=1.0)
    give(picture, 1, KEYFRAME, 180_000, now=1.0)
    for track, timestamp, at in ((sound, 48_000, 1.0), (picture, 180_000 + 45_000, 1.5)):
        track.clock_shift = 3 << 32
        track.on_report(SenderReport(5, int((100 + at) * (1 << 32)), timestamp), at)
    played = {}
    for lane, rate in ((heard, 48_000), (seen, 90_000)):
        data = lane.report(2.0)
        assert data is not None
        (report,) = read_rtcp(data)
        assert isinstance(report, SenderReport)
        first = wire.headers(lane.ssrc)[0][1]
        captured = (report.timestamp - first & 0xFFFFFFFF) / rate
        played[rate] = report.ntp / (1 << 32) - captured
    assert abs(played[48_000] - played[90_000]) < 0.0001
    assert abs(played[48_000] - 104.0) < 0.0001


def test_the_round_trip_is_measured_from_our_own_report() -> None:
    wire = Wire()
    lane, track = lane_of(wire), track_of()
    lane.watch(track, 0.0)
    give(track, 1, KEYFRAME, now=1.0)
    track.on_report(SenderReport(5, 100 << 32, 0), 1.0)
    data = lane.report(2.0)
    assert data is not None
    (report,) = read_rtcp(data)
    assert isinstance(report, SenderReport)
    middle = report.ntp >> 16 & 0xFFFFFFFF
    lane.on_block(Block(lane.ssrc, 64, 1, 1, 0, middle, 32768), 2.7)
    assert lane.round_trip is not None
    assert abs(lane.round_trip - 0.2) < 0.001
    assert lane.fraction_lost == 0.25


def test_a_report_block_says_what_was_lost() -> None:
    track = track_of()
    for n in (0, 1, 2, 3, 6, 7):
        give(track, n, DELTA)
    block = track.block(1.0)
    assert block is not None
    assert (block.lost, block.fraction_lost, block.highest & 0xFFFF) == (2, 64, 7)
    for n in (8, 9):
        give(track, n, DELTA)
    block = track.block(2.0)
    assert block is not None
    assert (block.lost, block.fraction_lost) == (2, 0)


@dataclass
class Taken:
    """What an assembler made of a track."""

    kind: Kind = "video"
    frames: list[tuple[int, bool, bytes]] = field(default_factory=list)
    gaps: int = 0
    asked: int = 0

    def assembler(self) -> Assembler:
        return Assembler(self.kind, self.on_frame, self.on_lost, self.on_wanted)

    def on_frame(self, timestamp: int, at: float, keyframe: bool, data: bytes) -> None:
        self.frames.append((timestamp, keyframe, data))

    def on_lost(self, at: float) -> None:
        self.gaps += 1

    def on_wanted(self, now: float) -> None:
        self.asked += 1


def put(
    assembler: Assembler, number: int, payload: bytes, ts: int, marker: bool, now: float = 0.0
) -> None:
    assembler.take(Stored(number, ts, 0x80 if marker else 0, payload, 0, len(payload)), now)


def test_frames_are_whole_and_in_order() -> None:
    taken = Taken()
    assembler = taken.assembler()
    put(assembler, 1, b"\x10\x00ab", 10, False)
    put(assembler, 3, b"\x10\x01ef", 20, True)
    put(assembler, 2, b"\x00cd", 10, True)
    assert taken.frames == [(10, True, b"\x00abcd"), (20, False, b"\x01ef")]
    assert (taken.gaps, taken.asked) == (0, 0)


def test_a_recording_starts_with_a_keyframe_it_asked_for() -> None:
    taken = Taken()
    assembler = taken.assembler()
    put(assembler, 1, b"\x10\x01ab", 10, True)
    assembler.tick(0.05)
    put(assembler, 2, b"\x10\x00cd", 20, True)
    assembler.tick(0.1)
    assert taken.frames == [(20, True, b"\x00cd")]
    assert taken.asked == 1


def test_a_hole_that_stays_open_is_one_gap_up_to_the_next_keyframe() -> None:
    taken = Taken()
    assembler = taken.assembler()
    put(assembler, 1, b"\x10\x00ab", 10, True)
    put(assembler, 3, b"\x10\x01ef", 30, True)
    assembler.tick(PATIENCE / 2)
    assert taken.gaps == 0
    assembler.tick(PATIENCE + 0.01)
    put(assembler, 4, b"\x10\x01gh", 40, True, 0.7)
    put(assembler, 5, b"\x10\x00ij", 50, True, 0.8)
    put(assembler, 2, b"\x10\x01cd", 20, True, 0.9)
    assert [frame[0] for frame in taken.frames] == [10, 50]
    assert taken.gaps == 1
    assert taken.asked >= 1


def test_sound_goes_on_after_a_gap_and_its_time_does_not_wrap() -> None:
    taken = Taken("audio")
    assembler = taken.assembler()
    put(assembler, 1, b"a", 0xFFFFFFFF - 100, False)
    put(assembler, 3, b"c", 1819, False)
    assembler.tick(PATIENCE + 0.01)
    put(assembler, 4, b"d", 2779, False)
    assert [data for _, _, data in taken.frames] == [b"a", b"c", b"d"]
    assert [ts for ts, _, _ in taken.frames] == [
        0xFFFFFFFF - 100,
        0x100000000 + 1819,
        0x100000000 + 2779,
    ]
    assert taken.gaps == 1


def test_an_estimate_on_a_good_line_is_no_limit() -> None:
    line = Downlink()
    for second in range(10):
        line.on_estimate(200_000, second)
        line.on_report(0.0, 0.02)
        assert line.cap(190_000, second) is None


def test_a_congested_line_limits_until_it_has_slack() -> None:
    line = Downlink()
    line.on_report(0.0, 0.02)
    line.on_report(0.0, 0.3)
    line.on_estimate(250_000, 1.0)
    assert line.cap(900_000, 1.0) == 250_000
    now = 2.0
    while now < 2.0 + RELEASE:
        line.on_estimate(400_000, now)
        assert line.cap(250_000, now) == 400_000
        now += 1.0
    line.on_estimate(400_000, now + 1)
    assert line.cap(250_000, now + 1) is None


def test_loss_limits_and_silence_ends_the_limit() -> None:
    line = Downlink()
    line.on_report(0.1, None)
    line.on_estimate(300_000, 1.0)
    assert line.cap(800_000, 1.0) == 300_000
    assert line.cap(300_000, 7.0) is None
