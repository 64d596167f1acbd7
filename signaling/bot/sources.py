"""What a bot shows and says: a picture that moves and a steady tone."""

import asyncio
import math
from array import array
from fractions import Fraction
from functools import cache
from typing import Any

from aiortc import MediaStreamTrack
from av import AudioFrame, CodecContext, Packet, VideoFrame

SAMPLE_RATE = 48_000
SAMPLES_PER_PACKET = 960
VIDEO_CLOCK_RATE = 90_000
TONE_SECONDS = 1


class _Pace:
    """Lets a caller through `per_second` times a second, without drifting."""

    def __init__(self, per_second: int) -> None:
        self._period = 1 / per_second
        self._due: float | None = None

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._due is None or now - self._due > 1:
            # After a long stall the missed turns are skipped: a burst would not be a camera.
            self._due = now
        await asyncio.sleep(max(0.0, self._due - now))
        self._due += self._period


class MovingPicture(MediaStreamTrack):
    """A diagonal wave that moves with every picture; the peer encodes it (and its keyframes)."""

    kind = "video"

    def __init__(self, *, width: int = 320, height: int = 240, per_second: int = 15) -> None:
        super().__init__()
        self._size = (width, height)
        self._per_second = per_second
        self._pace = _Pace(per_second)
        self._number = 0

    async def recv(self) -> VideoFrame:
        """The next picture, at its time."""
        await self._pace.wait()
        frame = VideoFrame(*self._size, "yuv420p")
        luma, *chroma = frame.planes
        start = (self._number * 5) % 256
        luma.update(_wave(luma.buffer_size)[start : start + luma.buffer_size])
        for plane in chroma:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts = self._number * VIDEO_CLOCK_RATE // self._per_second
        frame.time_base = Fraction(1, VIDEO_CLOCK_RATE)
        self._number += 1
        return frame


@cache
def _wave(length: int) -> bytes:
    """Luma of a smooth wave, 256 bytes longer than one picture so that it can be slid along."""
    period = bytes(round(128 + 100 * math.sin(2 * math.pi * i / 256)) for i in range(256))
    return period * (length // 256 + 2)


class Tone(MediaStreamTrack):
    """A sine of `hertz`, encoded to Opus once and played over and over."""

    kind = "audio"

    def __init__(self, *, hertz: int = 440) -> None:
        super().__init__()
        self._packets = _encoded_tone(hertz)
        self._pace = _Pace(SAMPLE_RATE // SAMPLES_PER_PACKET)
        self._number = 0

    async def recv(self) -> "Packet[Any]":
        """The next 20 ms of Opus, at its time."""
        await self._pace.wait()
        packet: Packet[Any] = Packet(self._packets[self._number % len(self._packets)])
        packet.pts = self._number * SAMPLES_PER_PACKET
        packet.time_base = Fraction(1, SAMPLE_RATE)
        self._number += 1
        return packet


@cache
def _encoded_tone(hertz: int) -> tuple[bytes, ...]:
    """One second of the tone as Opus packets of 20 ms."""
    encoder = CodecContext.create("libopus", "w")
    encoder.format = "s16"
    encoder.layout = "mono"
    encoder.sample_rate = SAMPLE_RATE
    encoder.bit_rate = 24_000
    packets: list[bytes] = []
    for start in range(0, SAMPLE_RATE * TONE_SECONDS, SAMPLES_PER_PACKET):
        frame = AudioFrame("s16", "mono", SAMPLES_PER_PACKET)
        frame.planes[0].update(_sine(hertz, start).tobytes())
        frame.sample_rate = SAMPLE_RATE
        frame.pts = start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(packets)


def _sine(hertz: int, start: int) -> "array[int]":
    """One packet's samples at half of full scale."""
    step = 2 * math.pi * hertz / SAMPLE_RATE
    return array("h", (round(16_000 * math.sin(step * (start + i))) for i in range(960)))
