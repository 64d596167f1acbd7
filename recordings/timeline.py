"""When each frame of a recording is played: milliseconds from the recording's start.

Sound and picture, and all participants, share one zero, so that players in step show one moment.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from recordings.codecs import SILENCE, SILENCE_MS, opus_duration_ms
from recordings.segment import Content, Frame

# Sound is spaced by its RTP timestamps; its distance to the wall clock follows the capture times
# with this share per frame, about a second's memory for sound: arrival jitter does not show, the
# drift of a sound card (some 50 ms in an hour) is followed.
_FOLLOW: Final = 0.02
# RTP timestamps and capture times that part by more than this tell of a new source.
_NEW_SOURCE_MS: Final = 1000.0
# Players decode sound without regard to holes, so one lost packet in a hundred would put half an
# hour's sound 18 seconds before its picture. Two packets' worth missing are filled with silence.
_FILL_FROM_MS: Final = 2 * SILENCE_MS


class Packet(NamedTuple):
    """One encoded frame at its place: `pts_ms` rises strictly within a track.

    Packets of the two tracks compare by `pts_ms`, then `is_video`.
    """

    pts_ms: int
    is_video: bool
    keyframe: bool
    is_filler: bool
    data: bytes


def moments(segments: Iterable[Content], zero_ms: int) -> Iterator[tuple[float, Frame]]:
    """Each frame of one track with its moment, in milliseconds since `zero_ms`."""
    offset = observed_before = math.inf
    for header, frames, _ in segments:
        per_ms = header.clock_rate / 1000
        for frame in frames:
            media_ms = frame.timestamp / per_ms
            observed = frame.at_ms - zero_ms - media_ms
            if abs(observed - observed_before) > _NEW_SOURCE_MS:
                offset = observed
            else:
                offset += (observed - offset) * _FOLLOW
            observed_before = observed
            yield media_ms + offset, frame


def picture(frames: Iterable[tuple[float, Frame]]) -> Iterator[Packet]:
    """Lay out the video frames of one track, beginning with a key frame.

    Frames that refer to missing ones are left out up to the next key frame: the last good picture
    stands instead of a smeared one.
    """
    last_ms = -1
    is_decodable = False
    for moment, frame in frames:
        is_decodable = frame.keyframe or (is_decodable and not frame.after_gap)
        if not is_decodable:
            continue
        last_ms = max(last_ms + 1, round(moment))
        yield Packet(last_ms, True, frame.keyframe, False, frame.data)


def sound(frames: Iterable[tuple[float, Frame]], duration_ms: int) -> Iterator[Packet]:
    """Lay out the Opus packets of one track, with silence wherever there is none up to the end."""
    last_ms = -1
    # Where a player is that plays packet after packet.
    played_ms = 0.0
    for moment, frame in frames:
        if moment - played_ms >= _FILL_FROM_MS:
            fillers = _silence(played_ms, moment, last_ms)
            yield from fillers
            played_ms += SILENCE_MS * len(fillers)
            last_ms = fillers[-1].pts_ms
        last_ms = max(last_ms + 1, round(moment))
        played_ms += opus_duration_ms(frame.data)
        yield Packet(last_ms, False, True, False, frame.data)
    yield from _silence(played_ms, duration_ms, last_ms)


def _silence(played_ms: float, until_ms: float, last_ms: int) -> list[Packet]:
    """Packets of silence that together last from `played_ms` to `until_ms`."""
    packets: list[Packet] = []
    for n in range(int((until_ms - played_ms) // SILENCE_MS)):
        last_ms = max(last_ms + 1, round(played_ms + n * SILENCE_MS))
        packets.append(Packet(last_ms, False, True, True, SILENCE))
    return packets
