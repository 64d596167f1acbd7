"""The packet layer: RTCP, holes, transport-wide feedback, VP8 descriptors, numbers."""

import struct

import pytest
from aiortc.rtp import (
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from signaling.hub import rtcp, rtp, vp8
from signaling.hub.nack import MAX_HOLES, MAX_TRIES, RETRY, Holes
from signaling.hub.twcc import Arrivals


def test_what_the_hub_reports_is_understood_elsewhere() -> None:
    block = rtcp.Block(7, 25, 3, 70_000, 12, 0x11223344, 65536)
    data = (
        rtcp.receiver_report(1, [block])
        + rtcp.sender_report(5, 0x0102030405060708, 9, 10, 11)
        + rtcp.source_description(1, "hub")
        + rtcp.nack(1, 7, [10, 11, 26, 27, 65535])
        + rtcp.keyframe_request(1, 7)
        + rtcp.bitrate_estimate(1, 1_234_567, [7])
    )
    report, sender, _, missing, picture, estimate = RtcpPacket.parse(data)
    assert isinstance(report, RtcpRrPacket)
    assert (report.reports[0].ssrc, report.reports[0].packets_lost) == (7, 3)
    assert report.reports[0].fraction_lost == 25
    assert report.reports[0].lsr == 0x11223344
    assert isinstance(sender, RtcpSrPacket)
    assert sender.sender_info.ntp_timestamp == 0x0102030405060708
    assert isinstance(missing, RtcpRtpfbPacket)
    assert missing.lost == [10, 11, 26, 27, 65535]
    assert isinstance(picture, RtcpPsfbPacket)
    assert (picture.fmt, picture.media_ssrc) == (1, 7)
    assert isinstance(estimate, RtcpPsfbPacket)
    bitrate, ssrcs = unpack_remb_fci(estimate.fci)
    assert ssrcs == [7]
    assert bitrate == pytest.approx(1_234_567, rel=1e-4)


def test_the_hub_reads_what_it_writes() -> None:
    block = rtcp.Block(7, 25, -3 & 0xFFFFFF, 70_000, 12, 5, 6)
    data = (
        rtcp.sender_report(5, 1 << 40, 9, 10, 11)
        + rtcp.receiver_report(1, [block])
        + rtcp.nack(1, 7, [65534, 65535, 0, 3])
        + rtcp.keyframe_request(1, 8)
        + rtcp.bitrate_estimate(1, 250_000, [7])
    )
    report, read, nack, picture, estimate = rtcp.read(data)
    assert report == rtcp.SenderReport(5, 1 << 40, 9)
    assert isinstance(read, rtcp.Block)
    assert nack == rtcp.Nack(7, (65534, 65535, 0, 3))
    assert picture == rtcp.KeyframeRequest(8)
    assert estimate == rtcp.BitrateEstimate(250_000)


def test_a_full_intra_request_asks_for_each_stream_it_lists() -> None:
    body = struct.pack("!IIIBBH", 1, 0, 9, 1, 0, 0)
    data = struct.pack("!BBH", 0x84, 206, len(body) // 4) + body
    assert list(rtcp.read(data)) == [rtcp.KeyframeRequest(9)]


def test_a_nack_that_asks_for_thousands_is_cut() -> None:
    data = rtcp.nack(1, 7, list(range(0, 60_000, 2)))
    (nack,) = rtcp.read(data)
    assert isinstance(nack, rtcp.Nack)
    assert len(nack.sequences) == rtcp.MAX_NACKED


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    assert len(list(rtcp.read(b"\x80\xc8" + data))) < 100


def test_holes_are_asked_for_at_once_and_again() -> None:
    holes = Holes(patience=1.0)
    assert not holes.arrived(10, 0.0)
    assert not holes.arrived(11, 0.0)
    assert holes.arrived(14, 0.0)
    assert holes.due(0.0, 0.0) == [12, 13]
    assert holes.due(RETRY / 2, 0.0) == []
    assert not holes.arrived(12, RETRY / 2)
    assert holes.due(RETRY, 0.0) == [13]


def test_a_long_round_trip_spaces_the_requests() -> None:
    holes = Holes(patience=5.0)
    holes.arrived(1, 0.0)
    holes.arrived(3, 0.0)
    assert holes.due(0.0, 0.3) == [2]
    assert holes.due(0.2, 0.3) == []
    assert holes.due(0.3, 0.3) == [2]


def test_a_hole_is_given_up_in_the_end() -> None:
    holes = Holes(patience=10.0)
    holes.arrived(1, 0.0)
    holes.arrived(3, 0.0)
    times = [n * RETRY for n in range(MAX_TRIES + 5)]
    assert sum(len(holes.due(now, 0.0)) for now in times) == MAX_TRIES
    assert len(holes) == 0


def test_more_holes_than_can_be_repaired_are_forgotten() -> None:
    holes = Holes(patience=1.0)
    holes.arrived(1, 0.0)
    assert not holes.arrived(MAX_HOLES + 10, 0.0)
    for number in range(MAX_HOLES + 12, MAX_HOLES + 12 + 4 * MAX_HOLES, 2):
        holes.arrived(number, 0.0)
    assert len(holes) == MAX_HOLES


@given(st.integers(0, 0xFFFF), st.integers(0, 1 << 40))
def test_unwrapped_numbers_are_near_and_end_alike(sequence: int, near: int) -> None:
    number = rtp.unwrap(sequence, near)
    assert number & 0xFFFF == sequence
    assert abs(number - near) <= 0x8000


def test_an_extension_is_found_among_others_and_padding() -> None:
    block = bytes([0x22, 1, 2, 3, 0, 0x31, 0x12, 0x34, 0x40, 0x39, 0, 0])
    assert rtp.extension(block, 0, len(block), 2) == 1
    assert rtp.extension(block, 0, len(block), 3) == 6
    assert rtp.extension(block, 0, len(block), 4) == 9
    assert rtp.extension(block, 0, len(block), 9) == 0


def test_an_extension_that_runs_over_the_end_is_not_there() -> None:
    assert rtp.extension(bytes([0x2F, 1]), 0, 2, 2) == 0


@pytest.mark.parametrize(
    ("descriptor", "begins", "keyframe"),
    [
        (bytes([0x10, 0x00]), True, True),
        (bytes([0x10, 0x01]), True, False),
        (bytes([0x00, 0x00]), False, False),
        (bytes([0x12, 0x00]), False, False),
        (bytes([0x90, 0x80, 0x05, 0x00]), True, True),
        (bytes([0x90, 0x80, 0x85, 0x01, 0x00]), True, True),
        (bytes([0x90, 0xE0, 0x85, 0x01, 0x07, 0x20, 0x01]), True, False),
        (bytes([0x80, 0xF0, 0x05, 0x07, 0x20, 0x00]), False, False),
    ],
)
def test_the_vp8_descriptor_is_read(descriptor: bytes, begins: bool, keyframe: bool) -> None:
    piece = vp8.read(b"xx" + descriptor, 2, 2 + len(descriptor))
    assert piece == vp8.Piece(2 + len(descriptor) - 1, begins, keyframe)


@pytest.mark.parametrize("data", [b"", b"\x10", b"\x90", b"\x90\x80", b"\x90\x80\x85\x01"])
def test_a_descriptor_cut_short_is_nothing(data: bytes) -> None:
    assert vp8.read(data, 0, len(data)) is None


@given(st.binary(max_size=12))
def test_any_payload_is_read_within_its_bounds(data: bytes) -> None:
    piece = vp8.read(data, 0, len(data))
    assert piece is None or piece.start < len(data)


def read_feedback(data: bytes) -> tuple[dict[int, float], int, int]:
    """Decodes a feedback message as the draft says: arrivals by number, count, message number."""
    base, count, reference = struct.unpack_from("!HHI", data, 12)
    number, reference = reference & 0xFF, reference >> 8
    position, symbols = 20, list[int]()
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", data, position)
        position += 2
        if chunk & 0x8000 == 0:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif chunk & 0x4000:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    at, arrivals = reference * 0.064, dict[int, float]()
    for index, symbol in enumerate(symbols[:count]):
        if symbol == 1:
            at += data[position] * 0.00025
            position += 1
        elif symbol == 2:
            at += struct.unpack_from("!h", data, position)[0] * 0.00025
            position += 2
        if symbol:
            arrivals[(base + index) & 0xFFFF] = at
    assert -len(data) % 4 == 0
    return arrivals, count, number


def test_feedback_says_when_each_packet_came() -> None:
    arrivals = Arrivals()
    came = {65530 + n: 100.0 + n * 0.011 for n in range(20) if n not in (3, 4, 12)}
    came[65530 + 7] = 100.2
    for number, at in came.items():
        arrivals.arrived(number & 0xFFFF, at)
    data = arrivals.feedback(1, 2)
    assert data is not None
    read, count, number = read_feedback(data)
    assert (count, number) == (20, 0)
    assert set(read) == {number & 0xFFFF for number in came}
    for each, at in came.items():
        assert read[each & 0xFFFF] == pytest.approx(at, abs=0.0006)


def test_feedback_goes_on_where_the_last_one_ended() -> None:
    arrivals = Arrivals()
    arrivals.arrived(10, 1.0)
    assert arrivals.feedback(1, 2) is not None
    assert arrivals.feedback(1, 2) is None
    arrivals.arrived(9, 1.1)
    arrivals.arrived(13, 1.1)
    data = arrivals.feedback(1, 2)
    assert data is not None
    read, count, number = read_feedback(data)
    assert (list(read), count, number) == ([13], 3, 1)


def test_feedback_is_bounded_when_numbers_jump() -> None:
    arrivals = Arrivals()
    for number in range(0, 30_000, 700):
        arrivals.arrived(number, 1.0)
    data = arrivals.feedback(1, 2)
    assert data is not None
    assert len(data) < 1200


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(5.0, 7.0)), min_size=1, max_size=80))
def test_any_arrivals_are_told_as_they_were(events: list[tuple[int, float]]) -> None:
    arrivals = Arrivals()
    first = events[0][0]
    told: dict[int, float] = {}
    for number, at in events:
        arrivals.arrived(number, at)
        if number >= first:
            told.setdefault(number, at)
    data = arrivals.feedback(1, 2)
    assert data is not None
    read, _, _ = read_feedback(data)
    assert read.keys() == told.keys()
    for number, at in told.items():
        assert read[number] == pytest.approx(at, abs=0.0006)
