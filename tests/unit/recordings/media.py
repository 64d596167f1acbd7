"""Real VP8 and Opus for recorders under test: a beep and a flash at known moments."""

import math
from array import array
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from recordings.recorder import Recorder
from tests.unit.recordings.locks import film_file

START_MS = 1_800_000_000_000
VIDEO_MS = 40
AUDIO_MS = 20


class Coded(NamedTuple):
    """One encoded frame, `ms` after the source began."""

    kind: Literal["audio", "video"]
    ms: int
    keyframe: bool
    data: bytes


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, ms: int = START_MS) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


@cache
def picture(
    duration_ms: int, *, flash_ms: int = -1, width: int = 160, height: int = 96
) -> tuple[Coded, ...]:
    """A dark picture with one second of light from `flash_ms` on, 25 a second."""
    coder = av.CodecContext.create("libvpx", "w")
    assert isinstance(coder, VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
    coder.time_base = Fraction(1, 1000)
    coder.bit_rate = 200_000
    coder.gop_size = 50
    coder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    found: list[Coded] = []
    for ms in range(0, duration_ms, VIDEO_MS):
        light = 235 if flash_ms <= ms < flash_ms + 1000 else 16
        frame = VideoFrame(width, height, "yuv420p")
        frame.planes[0].update(bytes([light]) * frame.planes[0].buffer_size)
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts = ms
        found += [Coded("video", ms, p.is_keyframe, bytes(p)) for p in coder.encode(frame)]
    return tuple(found)


@cache
def sound(duration_ms: int, *, beep_ms: int = -1) -> tuple[Coded, ...]:
    """Quiet with one second of 1 kHz from `beep_ms` on."""
    coder = av.CodecContext.create("libopus", "w")
    assert isinstance(coder, AudioCodecContext)
    coder.sample_rate, coder.layout, coder.format = 48000, "mono", "s16"
    coder.bit_rate = 24_000
    found: list[Coded] = []
    for start in range(0, duration_ms * 48, 960):
        is_beep = beep_ms <= start // 48 < beep_ms + 1000
        # A thousand hertz: each 960 samples are twenty whole waves.
        wave = [int(9000 * math.sin(math.pi * n / 24)) if is_beep else 0 for n in range(960)]
        frame = AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(array("h", wave).tobytes())
        frame.sample_rate, frame.pts = 48000, start
        found += [
            Coded("audio", len(found) * AUDIO_MS, True, bytes(p)) for p in coder.encode(frame)
        ]
    return tuple(found)


def together(*sources: Sequence[Coded]) -> list[Coded]:
    """Frames of several sources in order of time."""
    return sorted((frame for source in sources for frame in source), key=lambda frame: frame.ms)


def give(
    recorder: Recorder, clock: Clock, participant: str, frames: Sequence[Coded], *, from_ms: int = 0
) -> None:
    """Hand frames to a recorder, each at its time, the source having begun `from_ms` after START."""
    for frame in frames:
        clock.ms = max(clock.ms, START_MS + from_ms + frame.ms)
        give_one(recorder, participant, frame, at_ms=START_MS + from_ms + frame.ms)


def give_one(recorder: Recorder, participant: str, frame: Coded, *, at_ms: int) -> None:
    """Hand over one frame."""
    rate = 90_000 if frame.kind == "video" else 48_000
    recorder.frame(
        participant=participant,
        kind=frame.kind,
        codec="VP8" if frame.kind == "video" else "opus",
        clock_rate=rate,
        # Sources begin anywhere in the range of RTP timestamps.
        timestamp=hash(participant) % 2**31 + frame.ms * rate // 1000,
        at_ms=at_ms,
        keyframe=frame.keyframe,
        data=frame.data,
    )


class Played(NamedTuple):
    """What decoding a finished file gives."""

    light: list[tuple[float, float]]
    """(milliseconds, mean brightness) of each picture."""
    loud: list[tuple[float, float]]
    """(milliseconds, loudness) of each 10 ms of sound."""
    sizes: list[tuple[int, int]]
    """The picture sizes in order, each once in a row."""

    def flash_ms(self) -> float:
        """When the light comes on."""
        return next(ms for ms, value in self.light if value > 128)

    def beep_ms(self) -> float:
        """When the tone comes on."""
        return next(ms for ms, value in self.loud if value > 0.05)


def play(path: Path) -> Played:
    """Decode a finished file, every packet of it."""
    film = film_file(path)
    light: list[tuple[float, float]] = []
    sizes: list[tuple[int, int]] = []
    loud: list[tuple[float, float]] = []
    resampler = AudioResampler(format="flt", layout="mono", rate=48000)
    with av.open(film, "r") as container:
        decoded: Iterator[VideoFrame | AudioFrame] = container.decode(*container.streams)
        for frame in decoded:
            assert frame.time is not None
            if isinstance(frame, VideoFrame):
                middle = frame.planes[0].line_size * (frame.height // 2) + frame.width // 2
                light.append((frame.time * 1000, bytes(frame.planes[0])[middle]))
                sizes.append((frame.width, frame.height))
            else:
                loud += _loudness(frame.time * 1000, resampler.resample(frame))
    return Played(light, loud, [size for size, _ in groupby(sizes)])


def _loudness(ms: float, frames: Sequence[AudioFrame]) -> Iterator[tuple[float, float]]:
    samples = array("f", b"".join(bytes(f.planes[0])[: f.samples * 4] for f in frames))
    for start in range(0, len(samples), 480):
        part = samples[start : start + 480]
        yield ms + start / 48, sum(map(abs, part)) / len(part)
