"""Encoded packets into one WebM file and back, by stream copy; the only door to PyAV."""

import heapq
import io
import zlib
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, NamedTuple

import av
from av.audio.stream import AudioStream
from av.stream import Stream

from recordings.codecs import PictureSize
from recordings.playback import RangeReader
from recordings.timeline import Packet

_MS: Final = Fraction(1, 1000)
_OPUS_RATE: Final = 48000
_READ_BYTES: Final = 256 * 1024
_CLUSTER_MS: Final = "2000"
# What is written before the first picture, and one entry of the index.
_START_BYTES: Final = 64 * 1024
_CUE_BYTES: Final = 32


class CuesTooMany(Exception):
    """The index is longer than the room kept for it."""


class Tally(NamedTuple):
    """What a file holds: packets and a checksum over their bytes, per kind."""

    video_frames: int
    audio_packets: int
    video_crc: int
    audio_crc: int


class Written(NamedTuple):
    """What was written: `fillers` are the packets of sound that stand for silence."""

    tally: Tally
    fillers: int
    last_ms: int


class Found(NamedTuple):
    """What was read back."""

    tally: Tally
    duration_ms: int


def head_bytes(cues: int) -> int:
    """How much of a file with room for so many entries may be written over."""
    return _START_BYTES + cues * _CUE_BYTES


def write(
    target: io.RawIOBase,
    *,
    picture: Iterable[Packet],
    sound: Iterable[Packet],
    size: PictureSize,
    cues: int,
) -> Written:
    """Write a seekable WebM file of VP8 and Opus, with room for `cues` entries of its index in front.

    Only the first `head_bytes(cues)` of `target` are written over. `size` goes into the header; the picture itself may change its size at any key frame. A file
    without picture has `size` 0 × 0 and an empty `picture`.

    Raises:
        OSError: the disk refused.
        CuesTooMany: the index needs more room.
    """
    fillers = last_ms = 0
    counts, crcs = [0, 0], [0, 0]
    options = {
        "reserve_index_space": str(cues * _CUE_BYTES),
        "cluster_time_limit": _CLUSTER_MS,
    }
    container = av.open(target, "w", format="webm", options=options)
    try:
        streams: list[Stream] = [_opus(container)]
        if size.width:
            streams.append(container.add_mux_stream("vp8", width=size.width, height=size.height))
        container.start_encoding()
        # This loop turns 150,000 times for half an hour: it calls as little as it can.
        new_packet, mux_one, crc32 = av.Packet, container.mux_one, zlib.crc32
        for pts_ms, is_video, keyframe, is_filler, data in heapq.merge(picture, sound):
            packet = new_packet(data)
            packet.stream = streams[is_video]
            packet.time_base = _MS
            packet.pts = packet.dts = last_ms = pts_ms
            packet.is_keyframe = keyframe
            mux_one(packet)
            counts[is_video] += 1
            crcs[is_video] = crc32(data, crcs[is_video])
            fillers += is_filler
    finally:
        try:
            container.close()
        except av.ArgumentError:
            raise CuesTooMany from None
    return Written(Tally(counts[1], counts[0], crcs[1], crcs[0]), fillers, last_ms)


def _opus(container: av.container.OutputContainer) -> AudioStream:
    # A stream made for muxing alone has no OpusHead; opening libopus, which then encodes nothing,
    # makes one. Two channels: a decoder doubles mono, but would fold stereo into a mono header.
    stream = container.add_stream("libopus", rate=_OPUS_RATE)
    stream.codec_context.layout = "stereo"
    stream.codec_context.time_base = _MS
    return stream


def read_back(reader: RangeReader) -> Found:
    """Count what a finished file holds, reading it as a player would.

    Raises:
        av.FFmpegError: it is no WebM file.
    """
    counts, crcs = [0, 0], [0, 0]
    source = io.BufferedReader(_Readable(reader), _READ_BYTES)
    with av.open(source, "r", format="matroska", buffer_size=_READ_BYTES) as container:
        duration_us = container.duration or 0
        is_video = [stream.type == "video" for stream in container.streams]
        crc32 = zlib.crc32
        for packet in container.demux():
            if packet.size:
                kind = is_video[packet.stream_index]
                counts[kind] += 1
                crcs[kind] = crc32(packet, crcs[kind])
    return Found(Tally(counts[1], counts[0], crcs[1], crcs[0]), duration_us // 1000)


class _Readable(io.RawIOBase):
    """A finished file as PyAV wants to read it."""

    def __init__(self, reader: RangeReader) -> None:
        self._reader = reader
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the io module always passes one
        data = self._reader.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._reader.size}
        self._position = origin[whence] + offset
        return self._position
