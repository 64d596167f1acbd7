"""The bytes of VP8 and Opus that storing them needs."""

import pytest

from recordings.codecs import SILENCE, SILENCE_MS, PictureSize, opus_duration_ms, vp8_size


@pytest.mark.parametrize(
    ("packet", "duration_ms"),
    [
        (b"\x78\x00", 20.0),  # hybrid, one frame of 20 ms: what browsers send
        (b"\x0b\x03", 60.0),  # SILK 20 ms, three frames by count
        (b"\xe1\x00", 5.0),  # CELT, two frames of 2.5 ms
        (b"\x1b\x3f", 0.0),  # 63 frames of 60 ms: longer than a packet may be
        (b"\xff", 0.0),  # the count is missing
        (b"", 0.0),
    ],
)
def test_the_first_bytes_of_an_opus_packet_tell_its_length(
    packet: bytes, duration_ms: float
) -> None:
    assert opus_duration_ms(packet) == duration_ms


def test_silence_is_as_long_as_it_says() -> None:
    assert opus_duration_ms(SILENCE) == SILENCE_MS


def test_a_vp8_key_frame_states_its_size() -> None:
    start = b"\x10\x02\x00\x9d\x01\x2a"
    assert vp8_size(start + b"\x80\x42\xe0\x01") == PictureSize(640, 480)


@pytest.mark.parametrize(
    "frame", [b"", b"\x11\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01", b"\x10\x02\x00" + bytes(7)]
)
def test_no_other_frame_states_a_size(frame: bytes) -> None:
    assert vp8_size(frame) is None
