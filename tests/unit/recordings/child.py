"""A process that records in real time until it is killed: `python -m … ROOT`.

Prints the capture time of each frame after handing it to the recorder.
"""

import sys
import time
from itertools import count
from pathlib import Path

from recordings.recorder import Recorder
from tests.unit.recordings.locks import LOCK
from tests.unit.recordings.media import Coded, give_one, picture, sound, together

LOOP_MS = 2000


def now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


def main(root: Path) -> None:
    """Record one participant for ever."""
    source = together(picture(LOOP_MS), sound(LOOP_MS))
    recorder = Recorder(
        root,
        "r1",
        lock=LOCK,
        clock_ms=now_ms,
        on_progress=lambda stored, at_ms: print("stored", stored, at_ms, flush=True),  # noqa: T201  # the parent reads it
        on_failure=lambda code: print("failed", code, 0, flush=True),  # noqa: T201  # the parent reads it
    )
    start_ms = now_ms()
    for turn in count():
        for frame in source:
            at_ms = start_ms + turn * LOOP_MS + frame.ms
            time.sleep(max(at_ms - now_ms(), 0) / 1000)
            moved = Coded(frame.kind, turn * LOOP_MS + frame.ms, frame.keyframe, frame.data)
            give_one(recorder, "p1", moved, at_ms=at_ms)
            print("given", frame.kind, at_ms, flush=True)  # noqa: T201  # the parent reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
