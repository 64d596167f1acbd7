"""The offer reader admits honest offers and refuses whatever breaks a limit."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling import sdp
from signaling.errors import SdpRefused
from signaling.sdp import parse_offer
from tests.build_media import offer_text


def reason_of(text: str) -> object:
    with pytest.raises(SdpRefused) as caught:
        parse_offer(text)
    return caught.value.details["reason"]


def test_an_honest_offer_is_read_whole() -> None:
    offer = parse_offer(offer_text(seats=4))
    assert [media.kind for media in offer.media] == ["audio", "video"] * 4
    assert [media.direction for media in offer.media] == ["sendonly"] * 2 + ["recvonly"] * 6
    camera = offer.media[1]
    codec = camera.codec("video")
    assert codec is not None
    assert (codec.payload_type, codec.clock_rate) == (96, 90000)
    repair = camera.repair(codec)
    assert repair is not None
    assert repair.payload_type == 97
    assert camera.extensions["urn:ietf:params:rtp-hdrext:sdes:mid"] == 4
    assert camera.ssrcs == (1001, 1002)
    assert camera.repair_ssrcs == ((1001, 1002),)
    assert len(offer.fingerprint) == 32


def test_candidates_that_are_no_udp_address_are_dropped() -> None:
    lines = [
        "a=candidate:1 1 udp 2122260223 192.0.2.2 50000 typ host",
        "a=candidate:2 1 UDP 2122260222 2001:db8::1 50001 typ host generation 0",
        "a=candidate:3 1 udp 2122260221 5a3c.local 50002 typ host",
        "a=candidate:4 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active",
    ]
    offer = parse_offer(offer_text(extra=lines))
    assert offer.media[0].candidates == (("192.0.2.2", 50000), ("2001:db8::1", 50001))


def test_unknown_attributes_are_dropped() -> None:
    assert parse_offer(offer_text(extra=["a=anything:at all", "a=x", "b=AS:500"])).media


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a=candidate:1 1 udp 1 kiosk.example 5 typ host", "bad_candidate"),
        ("a=candidate:1 1 udp 1 192.0.2.2 0 typ host", "bad_candidate"),
        ("a=candidate:nonsense", "bad_candidate"),
        ("a=rtcp-fb:* nack", "bad_feedback"),
        ("a=rtpmap:200 VP8/90000", "bad_codec"),
        ("a=rtpmap:98 VP9/90000", "bad_codec"),
        ("a=extmap:x urn:y", "bad_extension"),
        ("a=ssrc:99999999999 cname:x", "bad_ssrc"),
        ("a=ssrc:0 cname:x", "bad_ssrc"),
        ("a=fingerprint:sha-256 AA:BB", "fingerprint"),
        ("a=setup:sideways", "setup"),
        ("a=setup:active", "setup"),
        ("a=ice-pwd:short", "bad_ice"),
        ("a=mid:\x00", "bad_line"),
        ("nonsense", "bad_line"),
        ("a=x:" + "y" * 3000, "line_too_long"),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 73", "bad_codec"),
        ("m=audio 9 RTP/AVP 0", "bad_media"),
        ("m=text 9 RTP/AVP 0", "bad_media"),
    ],
)
def test_a_malformed_line_refuses_the_offer(line: str, reason: str) -> None:
    assert reason_of(offer_text(extra=[line])) == reason


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([f"a=ssrc:{n} cname:x" for n in range(2000, 2010)], "too_many_ssrc"),
        ([f"a=extmap:{1 + n % 14} urn:{n}" for n in range(20)], "too_many_extensions"),
        ([f"a=rtcp-fb:111 f{n}" for n in range(30)], "too_many_feedback"),
        (["a=candidate:1 1 udp 1 192.0.2.2 5 typ host"] * 21, "too_many_candidates"),
        (["a=candidate:1 1 tcp 1 192.0.2.2 5 typ host"] * 21, "too_many_candidates"),
        (["a=x:" + "y" * 1000] * 60, "too_long"),
    ],
)
def test_a_limit_per_line_holds(lines: list[str], reason: str) -> None:
    assert reason_of(offer_text(extra=lines)) == reason


def test_the_number_of_media_lines_is_limited() -> None:
    assert reason_of(offer_text(seats=11)) == "too_many_media"


def test_the_number_of_codecs_is_limited() -> None:
    codecs = " ".join(str(n) for n in range(96, 105))
    assert reason_of(offer_text().replace("SAVPF 111", f"SAVPF {codecs}")) == "too_many_codecs"


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("a=fingerprint", "fingerprint"),
        ("a=setup", "setup"),
        ("a=ice-ufrag", "no_ice"),
        ("a=mid", "mid"),
        ("a=rtcp-mux", "not_bundled"),
        ("a=group", "not_bundled"),
        ("v=0", "not_sdp"),
        ("m=", "no_media"),
    ],
)
def test_what_must_be_there_is_missed(missing: str, reason: str) -> None:
    lines = [line for line in offer_text().splitlines() if not line.startswith(missing)]
    if missing == "m=":
        lines = [line for line in lines if not line.startswith(("a=rt", "a=fm", "a=mid", "a=ex"))]
        lines = [line for line in lines if not line.startswith("a=ssrc")]
    assert reason_of("\r\n".join(lines) + "\r\n") == reason


def test_two_fingerprints_that_differ_are_refused() -> None:
    other = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)
    assert reason_of(offer_text(extra=[other])) == "fingerprint"


def test_other_fingerprint_algorithms_are_ignored() -> None:
    other = "a=fingerprint:sha-512 " + ":".join(["AB"] * 64)
    assert parse_offer(offer_text(extra=[other])).fingerprint == bytes(range(32))


def test_the_worst_admitted_offer_is_read_in_20_ms() -> None:
    text = offer_text(seats=9)
    filler = "a=candidate:1 1 udp 1 192.0.2.2 5 typ host"
    room = (sdp.MAX_BYTES - len(text)) // (len("a=x:1") + 2)
    worst = offer_text(seats=9, extra=[filler] * 15 + ["a=x:1"] * (room - 150))
    assert len(worst) > sdp.MAX_BYTES * 0.95
    began = time.process_time()
    parse_offer(worst)
    assert time.process_time() - began < 0.02


_LINES = offer_text(seats=3).splitlines()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_LINES) - 1), st.text(max_size=40), st.integers(0, 3)),
        max_size=6,
    )
)
def test_a_mutated_offer_is_refused_or_read(changes: list[tuple[int, str, int]]) -> None:
    lines = list(_LINES)
    for index, text, how in changes:
        line = lines[index]
        lines[index] = (text, line[: len(text)] + text, line + text, text + line)[how]
    try:
        count = len(parse_offer("\r\n".join(lines)).media)
    except SdpRefused:
        count = 1
    assert 0 < count <= sdp.MAX_MEDIA
