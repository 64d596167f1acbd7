"""`kill -9` and full disks under a real recorder."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from recordings.integrity import verify
from recordings.manifest import Gap, Segment, last_moment_ms
from recordings.recorder import Recorder
from recordings.store import read_manifest
from tests.unit.recordings.child import now_ms
from tests.unit.recordings.locks import LOCK, finish
from tests.unit.recordings.media import (
    START_MS,
    Clock,
    Coded,
    give,
    give_one,
    picture,
    play,
    sound,
    together,
)

LOST_MS = 2000
ROUNDS = 6


class Child:
    """A recording process and what it has printed."""

    def __init__(self, root: Path, process: asyncio.subprocess.Process) -> None:
        self.path = root / "r1"
        self.process = process
        self.given: dict[str, list[int]] = {"audio": [], "video": []}
        self.stores = 0

    async def lines(self) -> AsyncIterator[str]:
        """Each line printed, noted first; ends with the process."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # killed in the middle of a line
            what, kind, at_ms = line.decode().split()
            assert what != "failed"
            if what == "given":
                self.given[kind].append(int(at_ms))
            else:
                self.stores += 1
            yield what

    async def kill_after(self, stores: int, frames: int) -> None:
        """`kill -9` when that many more frames were given after that many writes."""
        async for _ in self.lines():
            if self.stores >= stores:
                frames -= 1
            if frames == 0:
                self.process.kill()
        assert await self.process.wait() == -signal.SIGKILL


async def start(root: Path) -> Child:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.unit.recordings.child", str(root), stdout=subprocess.PIPE
    )
    return Child(root, process)


def last_stored_ms(path: Path, kind: str) -> int:
    ends = [
        entry.t1_ms
        for entry in read_manifest(path).entries
        if isinstance(entry, Segment) and entry.kind == kind
    ]
    return max(ends, default=0)


async def test_killed_at_random_a_recording_loses_two_seconds_at_most_and_says_so(
    tmp_path: Path,
) -> None:
    children = [await start(tmp_path / str(number)) for number in range(ROUNDS)]
    async with asyncio.TaskGroup() as group:
        for child in children:
            # 75 frames a second, a write about every 1.6 s: anywhere in the two seconds after one.
            frames = random.randint(1, 150)  # noqa: S311  # a moment, not a secret
            group.create_task(child.kill_after(random.choice((1, 2)), frames))  # noqa: S311  # likewise

    for number, child in enumerate(children):
        given = child.given
        for kind in ("audio", "video"):
            lost_ms = given[kind][-1] - last_stored_ms(child.path, kind)
            assert 0 <= lost_ms <= LOST_MS, (kind, lost_ms)
        assert {problem.code for problem in verify(child.path).problems} <= {
            "not_closed",
            "torn_line",
            "extra_file",
        }
        if number % 2:
            await go_on(child)
        check_finished(child, was_continued=bool(number % 2))


async def go_on(child: Child) -> None:
    """The hub is back: the same recording goes on and ends in order."""
    recorder = Recorder(
        child.path.parent,
        "r1",
        lock=LOCK,
        clock_ms=now_ms,
        on_progress=lambda stored, at_ms: None,
        on_failure=pytest.fail,
    )
    for frame in together(picture(2000), sound(2000)):
        back = Coded(frame.kind, 2**31 + frame.ms, frame.keyframe, frame.data)
        give_one(recorder, "p1", back, at_ms=now_ms() + frame.ms)
    await recorder.close()
    assert verify(child.path).ok


def check_finished(child: Child, *, was_continued: bool) -> None:
    stored = {kind: last_stored_ms(child.path, kind) for kind in ("audio", "video")}
    finished = finish(child.path)
    assert verify(child.path).ok
    gaps = {gap.kind: gap for gap in finished.gaps}
    assert set(gaps) == {"audio", "video"}
    for kind, gap in gaps.items():
        assert gap.cause == "crash"
        assert gap.from_ms in child.given[kind]
        if was_continued:
            assert gap.to_ms is not None
            assert gap.to_ms > child.given[kind][-1]
        else:
            assert gap == Gap("p1", gap.kind, stored[kind], gap.to_ms, "crash")
    (file,) = finished.files
    played = play(child.path / "final" / file.file)
    assert len(played.light) == file.video_frames
    expected_ms = last_moment_ms(read_manifest(child.path).entries) - child.given["video"][0]
    # The recording starts when the child does, its first frame comes a little later.
    assert abs(file.duration_ms - expected_ms) <= 500


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk of three megabytes")
    root = tmp_path / "disk"
    root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(root)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield root
    subprocess.run(["umount", str(root)], check=True)


def fill(path: Path) -> None:
    """Write a file until the disk is full."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(path.parent).free == 0


async def test_a_disk_that_fills_up_and_empties_again_leaves_a_gap_and_no_damage(
    small_disk: Path,
) -> None:
    clock = Clock()
    progress: asyncio.Queue[int] = asyncio.Queue()
    failures: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def progressed(stored: int, at_ms: int) -> None:
        loop.call_soon_threadsafe(progress.put_nowait, stored)

    def failed(code: str) -> None:
        loop.call_soon_threadsafe(failures.put_nowait, code)

    recorder = Recorder(
        small_disk, "r1", lock=LOCK, clock_ms=clock, on_progress=progressed, on_failure=failed
    )
    source = together(picture(2000), sound(2000))

    async def two_seconds(number: int) -> None:
        give(recorder, clock, "p1", source, from_ms=number * 2000)
        clock.ms = START_MS + (number + 1) * 2000

    await two_seconds(0)
    await progress.get()
    ballast = small_disk / "ballast"
    fill(ballast)
    await two_seconds(1)
    assert await asyncio.wait_for(failures.get(), 20) == "disk_full"
    while not progress.empty():
        progress.get_nowait()
    ballast.unlink()
    await two_seconds(2)
    await asyncio.wait_for(progress.get(), 20)
    await two_seconds(3)
    await recorder.close()

    path = small_disk / "r1"
    verification = verify(path)
    assert verification.ok, verification.problems
    assert {gap.cause for gap in verification.gaps} == {"disk"}
    assert {gap.kind for gap in verification.gaps} == {"audio", "video"}
    finished = finish(path)
    (file_,) = finished.files
    assert abs(file_.duration_ms - 8000) <= 100
    assert len(play(path / "final" / file_.file).light) == file_.video_frames
