"""The recorder: from frames on the media loop to files on disk."""

import asyncio
import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.errors import NameRefused, RecordingNotSealed
from recordings.files import Files
from recordings.integrity import verify
from recordings.manifest import Gap, Mark, Segment, Track
from recordings.recorder import QUEUE_BYTES, QUEUE_VIDEO_BYTES, Recorder
from recordings.segment import Frame, parse
from recordings.store import read_manifest
from tests.unit.recordings.disks import FailingFiles, full
from tests.unit.recordings.locks import LOCK, segment
from tests.unit.recordings.media import START_MS, Clock, Coded, give_one

WAIT_S = 10


class Watched:
    """A recorder with all it reports, and events to wait for."""

    def __init__(
        self, root: Path, files: Files | None = None, *, clock: Clock | None = None
    ) -> None:
        self.clock = clock or Clock()
        self.progress: list[tuple[int, int]] = []
        self.failures: list[str] = []
        self._changed = threading.Condition()
        self.path = root / "r1"
        self.recorder = Recorder(
            root,
            "r1",
            lock=LOCK,
            clock_ms=self.clock,
            on_progress=self._progressed,
            on_failure=self._failed,
            files=files,
        )

    def give(self, at_ms: int, kind: str = "video", data: bytes = b"x", name: str = "p1") -> None:
        assert kind in ("audio", "video")
        coded = Coded("video" if kind == "video" else "audio", at_ms, kind == "audio", data)
        give_one(self.recorder, name, coded, at_ms=START_MS + at_ms)

    def lost(self, at_ms: int, cause: str, kind: str = "video") -> None:
        assert kind in ("audio", "video")
        self.recorder.lost(
            participant="p1",
            kind="video" if kind == "video" else "audio",
            at_ms=START_MS + at_ms,
            cause=cause,
        )

    def pass_ms(self, ms: int) -> None:
        self.clock.ms += ms

    async def until(self, condition: Callable[[], bool]) -> None:
        await asyncio.to_thread(self._until, condition)

    def _until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, WAIT_S), (self.progress, self.failures)

    async def written(self) -> None:
        """Two seconds pass and what was given is on disk."""
        count = len(self.progress)
        self.pass_ms(2000)
        await self.until(lambda: len(self.progress) > count)

    def _progressed(self, stored_bytes: int, at_ms: int) -> None:
        with self._changed:
            self.progress.append((stored_bytes, at_ms))
            self._changed.notify_all()

    def _failed(self, code: str) -> None:
        with self._changed:
            self.failures.append(code)
            self._changed.notify_all()

    def frames(self, kind: str = "video") -> list[Frame]:
        return [
            frame
            for entry in read_manifest(self.path).entries
            if isinstance(entry, Segment) and entry.kind == kind
            for frame in parse(segment(self.path / "segments" / entry.file)).frames
        ]

    def gaps(self) -> list[Gap]:
        return list(verify(self.path).gaps)


def gap(from_ms: int, to_ms: int, cause: str, kind: str = "video") -> Gap:
    assert cause in ("loss", "left", "muted", "aside", "crash", "disk")
    assert kind in ("audio", "video")
    found = {"audio": "audio", "video": "video"}[kind]
    return Gap("p1", found, START_MS + from_ms, START_MS + to_ms, cause)  # type: ignore[arg-type]  # narrowed by the asserts, which mypy does not follow for str


async def test_what_is_given_is_on_disk_and_sealed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.recorder.mark("consent", START_MS)
    for at_ms in range(0, 1000, 20):
        watched.give(at_ms, "audio")
        watched.give(at_ms, "video")
    await watched.written()
    watched.give(2000, "audio")
    await watched.recorder.close()
    verification = verify(watched.path)
    assert verification.ok, verification.problems
    assert [frame.at_ms - START_MS for frame in watched.frames("audio")] == [
        *range(0, 1000, 20),
        2000,
    ]
    assert len(watched.frames("video")) == 50
    entries = read_manifest(watched.path).entries
    assert Mark("consent", START_MS) in entries
    assert [entry.kind for entry in entries if isinstance(entry, Track)] == ["audio", "video"]
    assert watched.failures == []
    assert watched.progress[-1][0] == sum(e.bytes for e in entries if isinstance(e, Segment))


async def test_progress_is_told_while_nobody_speaks(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for _ in range(3):
        await watched.written()
    assert [stored for stored, _ in watched.progress] == [0, 0, 0]
    assert [at_ms - START_MS for _, at_ms in watched.progress] == [2000, 4000, 6000]
    await watched.recorder.close()


async def test_a_clock_set_back_does_not_stop_the_writing(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.give(0)
    watched.pass_ms(-3_600_000)
    await watched.until(lambda: bool(watched.progress))
    await watched.recorder.close()
    assert len(watched.frames()) == 1


async def test_a_capture_time_far_from_our_clock_is_not_believed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.give(10_000)
    watched.give(10_001)
    watched.give(-START_MS)
    await watched.recorder.close()
    assert [frame.at_ms - START_MS for frame in watched.frames()] == [10_000, 0, 0]


async def test_gaps_are_told_with_their_cause(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.give(0)
    watched.lost(20, "muted")
    watched.give(100)
    watched.lost(120, "left")
    watched.pass_ms(500)
    await watched.recorder.close()
    assert watched.gaps() == [gap(20, 100, "muted"), gap(120, 500, "left")]


async def test_an_unknown_cause_and_an_unsafe_name_are_refused(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with pytest.raises(ValueError, match="cause"):
        watched.lost(0, "magic")
    with pytest.raises(NameRefused):
        watched.give(0, name="../p1")
    with pytest.raises(NameRefused):
        Recorder(
            tmp_path,
            "..",
            lock=LOCK,
            clock_ms=Clock(),
            on_progress=lambda stored, at: None,
            on_failure=lambda code: None,
        )
    await watched.recorder.close()


class HeldFiles(Files):
    """A disk that answers only after `free` is set."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.is_asked = threading.Event()

    def open_journal(self, path: Path) -> int:
        self.is_asked.set()
        assert self.free.wait(WAIT_S)
        return super().open_journal(path)


async def test_a_slow_disk_costs_video_first_and_the_gap_says_so(tmp_path: Path) -> None:
    files = HeldFiles()
    watched = Watched(tmp_path, files)
    assert await asyncio.to_thread(files.is_asked.wait, WAIT_S)
    big = bytes(QUEUE_VIDEO_BYTES // 4)
    for n in range(8):
        watched.give(n * 40, "video", big)
        watched.give(n * 40, "audio")
    files.free.set()
    await watched.written()
    watched.give(400, "video")
    watched.give(400, "audio")
    await watched.recorder.close()
    assert [frame.at_ms - START_MS for frame in watched.frames()] == [0, 40, 80, 400]
    assert watched.frames()[-1].after_gap
    assert len(watched.frames("audio")) == 9
    assert watched.gaps() == [gap(120, 400, "disk")]


async def test_a_stuck_disk_costs_bounded_memory(tmp_path: Path) -> None:
    files = HeldFiles()
    watched = Watched(tmp_path, files)
    assert await asyncio.to_thread(files.is_asked.wait, WAIT_S)
    sound = bytes(1000)
    count = QUEUE_BYTES // 1000
    for n in range(count * 2):
        watched.give(n // 10, "audio", sound)
        watched.lost(n // 10, "loss")
    watched.pass_ms(2000)
    queue = watched.recorder._queue
    kept = sum(getattr(item, "data", b"") == sound for item in queue) * len(sound)
    files.free.set()
    assert QUEUE_BYTES // 2 < kept < QUEUE_BYTES
    assert len(queue) < count * 2
    await watched.recorder.close()
    assert verify(watched.path).ok
    assert watched.gaps()[-1].cause == "disk"


async def test_a_full_disk_is_told_once_and_shown_as_a_gap_when_room_returns(
    tmp_path: Path,
) -> None:
    counted = FailingFiles(10**9)
    first = Watched(tmp_path / "counted", counted)
    first.give(0)
    await first.written()
    opening_and_one_batch = counted.count
    await first.recorder.close()

    watched = Watched(tmp_path, full(opening_and_one_batch + 1, times=2))
    watched.give(0)
    await watched.written()
    watched.give(2000)
    watched.pass_ms(2000)
    await watched.until(lambda: watched.failures == ["disk_full"])
    watched.give(4000)
    await watched.written()
    watched.give(6000)
    await watched.recorder.close()
    assert watched.failures == ["disk_full"]
    assert verify(watched.path).ok
    at_ms = [frame.at_ms - START_MS for frame in watched.frames()]
    assert at_ms[0] == 0
    assert at_ms[-1] == 6000
    (found,) = watched.gaps()
    assert (found.cause, found.from_ms) == ("disk", START_MS + 2000)
    assert found.to_ms == START_MS + at_ms[1]


async def test_a_recording_begins_late_where_the_disk_is_full_at_first(tmp_path: Path) -> None:
    watched = Watched(tmp_path, full(3, times=1))
    watched.give(0)
    await watched.until(lambda: watched.failures == ["disk_full"])
    await watched.written()
    await watched.recorder.close()
    assert len(watched.frames()) == 1


async def test_what_never_reaches_the_disk_is_not_called_sealed(tmp_path: Path) -> None:
    watched = Watched(tmp_path, FailingFiles(1, error=errno.EIO, times=10**9))
    watched.give(0)
    with pytest.raises(RecordingNotSealed):
        await watched.recorder.close()
    assert watched.failures == ["disk_failed"]


async def test_a_disk_that_stays_full_at_the_end_leaves_a_recording_to_finish(
    tmp_path: Path,
) -> None:
    counted = FailingFiles(10**9)
    first = Watched(tmp_path / "counted", counted)
    first.give(0)
    await first.written()
    opening_and_one_batch = counted.count
    await first.recorder.close()
    watched = Watched(tmp_path, full(opening_and_one_batch + 1, times=10**9))
    watched.give(0)
    await watched.written()
    watched.give(2000)
    with pytest.raises(RecordingNotSealed):
        await watched.recorder.close()
    assert watched.failures == ["disk_full"]
    assert len(watched.frames()) == 1
    assert "not_closed" in {problem.code for problem in verify(watched.path).problems}


async def test_a_closed_recording_is_not_recorded_over(tmp_path: Path) -> None:
    await Watched(tmp_path).recorder.close()
    again = Watched(tmp_path)
    again.give(0)
    await again.until(lambda: again.failures == ["recording_closed"])
    with pytest.raises(RecordingNotSealed):
        await again.recorder.close()
    assert verify(again.path).ok


async def test_two_recorders_do_not_write_one_recording(tmp_path: Path) -> None:
    first = Watched(tmp_path)
    await first.written()
    second = Watched(tmp_path)
    await second.until(lambda: second.failures == ["recording_busy"])
    first.give(0)
    await first.recorder.close()
    assert verify(first.path).ok


async def test_frames_after_the_end_are_ignored(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.give(0)
    await watched.recorder.close()
    watched.give(20)
    watched.recorder.mark("late", START_MS)
    assert not watched.recorder._queue
    assert len(watched.frames()) == 1


async def test_a_bug_in_the_writing_is_told_not_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("recordings.store.RecordingDirectory.commit", broken)
    watched = Watched(tmp_path)
    watched.give(0)
    watched.pass_ms(2000)
    await watched.until(lambda: watched.failures == ["recorder_failed"])
    with pytest.raises(RecordingNotSealed):
        await watched.recorder.close()
