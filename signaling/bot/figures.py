"""What a bot counts: pictures, freezes, loss, sound."""

from dataclasses import dataclass

FREEZE_AT_LEAST_SECONDS = 0.2
FREEZE_TIMES_MEAN = 3
MEAN_OVER_FRAMES = 30


class Arrivals:
    """Arrival times of one stream of pictures, in seconds of one monotonic clock.

    A freeze is a gap longer than 200 ms and longer than three times the running mean gap, the
    mean being taken over about the last 30 pictures (compare `freezeCount` of W3C webrtc-stats).
    """

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.frames = 0
        self._freezes = 0
        self._last_at = 0.0
        self._mean = 0.0

    def arrived(self, at: float) -> None:
        """Count one picture."""
        if self.first_at is None:
            self.first_at = at
        else:
            gap = at - self._last_at
            if self._is_freeze(gap):
                self._freezes += 1
            else:
                self._mean += (gap - self._mean) / min(self.frames, MEAN_OVER_FRAMES)
        self.frames += 1
        self._last_at = at

    def freezes_until(self, at: float) -> int:
        """Freezes so far; a picture that stands still at `at` counts as one more."""
        stands = self.first_at is not None and self._is_freeze(at - self._last_at)
        return self._freezes + (1 if stands else 0)

    def _is_freeze(self, gap: float) -> bool:
        # Two pictures are needed before there is a mean to compare with.
        longest = FREEZE_TIMES_MEAN * self._mean if self.frames > 1 else 0.0
        return gap > FREEZE_AT_LEAST_SECONDS and gap > longest


@dataclass(frozen=True, slots=True)
class Figures:
    """One participant's figures at one moment.

    `join_ms` runs from the press on "join" to the welcome, `first_frame_ms` from the moment the
    room opened the media (or the press, when it was open already) to the first decoded remote
    picture; both None before it happened. `packets_lost` counts remote packets that never came,
    `sound` is the mean of the squared samples heard (0 silence, 1 full scale).
    """

    join_ms: float | None
    first_frame_ms: float | None
    frames: int
    freezes: int
    packets_received: int
    packets_lost: int
    sound: float
