"""When each frame of a recording is played."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest

from recordings.codecs import SILENCE
from recordings.segment import Content, Frame, Header
from recordings.timeline import Packet, moments, picture, sound

VOICE = b"\x78voice"  # 20 ms


def video(at_ms: int, *, keyframe: bool = False, after_gap: bool = False) -> tuple[float, Frame]:
    return float(at_ms), Frame(at_ms * 90, at_ms, keyframe, after_gap, b"%d" % at_ms)


def audio(at_ms: float) -> tuple[float, Frame]:
    return at_ms, Frame(round(at_ms * 48), round(at_ms), True, False, VOICE)


def track(frames: Sequence[tuple[int, int]], clock_rate: int = 48000) -> Content:
    header = Header("p1", "audio", 1, "opus", clock_rate)
    return Content(header, tuple(Frame(ts, at, True, False, VOICE) for ts, at in frames), 0)


def test_frames_are_spaced_by_their_timestamps_not_by_their_arrival() -> None:
    jitter = [0, 35, -20, 10, 40, -15, 0, 5] * 40
    frames = [(7000 + n * 960, 50_000 + n * 20 + late) for n, late in enumerate(jitter)]
    found = [moment for moment, _ in moments([track(frames)], 50_000)]
    steps = [after - before for before, after in pairwise(found)]
    assert all(abs(step - 20) < 1.2 for step in steps)
    assert abs(found[-1] - 20 * (len(jitter) - 1)) < 20


def test_a_drifting_clock_is_followed() -> None:
    # 100 millionths too fast, an hour: uncorrected, 360 ms.
    frames = [(round(n * 960 * 1.0001), n * 20) for n in range(180_000)]
    *_, (last, _) = moments([track(frames)], 0)
    assert abs(last - 180_000 * 20) < 25


def test_a_new_source_begins_where_its_capture_times_say() -> None:
    before = [(n * 960, n * 20) for n in range(50)]
    after = [(2**40 + n * 960, 5000 + n * 20) for n in range(50)]
    found = [moment for moment, _ in moments([track(before), track(after)], 0)]
    assert found[49:52] == [pytest.approx(980), pytest.approx(5000), pytest.approx(5020)]


def test_clock_rates_may_differ_from_segment_to_segment() -> None:
    found = [m for m, _ in moments([track([(0, 0)]), track([(180_000, 2000)], 90_000)], 0)]
    assert found == [0, pytest.approx(2000)]


def test_a_picture_begins_with_a_key_frame() -> None:
    frames = [video(0), video(40), video(80, keyframe=True), video(120)]
    assert [packet.pts_ms for packet in picture(frames)] == [80, 120]


def test_frames_that_refer_to_missing_ones_are_left_out() -> None:
    frames = [
        video(0, keyframe=True),
        video(40),
        video(200, after_gap=True),
        video(240),
        video(280, keyframe=True),
        video(320),
        video(900, keyframe=True, after_gap=True),
    ]
    assert [packet.pts_ms for packet in picture(frames)] == [0, 40, 280, 320, 900]


def test_times_rise_even_where_the_source_stands_still() -> None:
    assert [p.pts_ms for p in picture([video(5, keyframe=True)] * 3)] == [5, 6, 7]
    assert [p.pts_ms for p in sound([audio(5)] * 3, 0)] == [5, 6, 7]


def played(packets: Sequence[Packet]) -> list[tuple[int, bool]]:
    return [(packet.pts_ms, packet.is_filler) for packet in packets]


def test_sound_without_holes_is_left_as_it_is() -> None:
    packets = list(sound([audio(n * 20.0) for n in range(50)], 1000))
    assert not any(packet.is_filler for packet in packets)
    assert [packet.pts_ms for packet in packets] == [n * 20 for n in range(50)]


def test_holes_in_sound_and_its_ends_are_filled_with_silence() -> None:
    packets = list(sound([audio(60), audio(80), audio(160)], 220))
    assert played(packets) == [
        (0, True),
        (20, True),
        (40, True),
        (60, False),
        (80, False),
        (100, True),
        (120, True),
        (140, True),
        (160, False),
        (180, True),
        (200, True),
    ]
    assert packets[0].data == SILENCE


def test_a_participant_who_was_never_heard_is_silence() -> None:
    assert played(list(sound([], 65))) == [(0, True), (20, True), (40, True)]


def test_single_lost_packets_do_not_add_up() -> None:
    """A player that plays packet after packet stays within 40 ms of the capture times."""
    kept = [audio(n * 20.0) for n in range(3000) if n % 7]
    position = 0.0
    worst = 0.0
    for packet in sound(kept, 60_000):
        if not packet.is_filler:
            worst = max(worst, abs(packet.pts_ms - position))
        position += 20
    assert worst < 40
    assert math.isclose(position, 60_000, abs_tol=40)
