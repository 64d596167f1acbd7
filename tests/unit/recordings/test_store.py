"""One recording on disk, through crashes and full disks at every single operation."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from recordings.batch import Batch, Take
from recordings.errors import (
    DiskTooFull,
    ManifestDamaged,
    NameRefused,
    RecordingBusy,
    RecordingClosed,
    RecordingMissing,
)
from recordings.files import Files
from recordings.integrity import verify
from recordings.manifest import Gap, Mark, Segment, Track, gaps
from recordings.segment import Frame, parse
from recordings.store import (
    RecordingDirectory,
    check_name,
    picture_size,
    read_manifest,
    require_space,
)
from tests.unit.recordings.disks import FailingFiles, Killed, full
from tests.unit.recordings.locks import LOCK, cipher, segment

START_MS = 1_000_000
TRACKS = (Track("p1", "video", "VP8", 90000), Track("p1", "audio", "opus", 48000))


def frames(number: int) -> tuple[Frame, ...]:
    start = START_MS + number * 2000
    return tuple(
        Frame(ms, ms, True, False, b"%d" % ms * 9) for ms in range(start, start + 2000, 500)
    )


def batch(number: int) -> Batch:
    takes = tuple(Take(track, frames(number)) for track in TRACKS)
    return Batch(TRACKS if number == 0 else (), (Mark("consent", START_MS),), takes)


def open_live(root: Path, files: Files | None = None) -> RecordingDirectory:
    return RecordingDirectory.open_live(
        root, "r1", at_ms=START_MS, lock=LOCK, files=files or Files()
    )


def stored(path: Path) -> list[int]:
    """The times of all video frames in the manifest's segments, in order."""
    return [
        frame.at_ms
        for entry in read_manifest(path).entries
        if isinstance(entry, Segment) and entry.kind == "video"
        for frame in parse(segment(path / "segments" / entry.file)).frames
    ]


def times(*numbers: int) -> list[int]:
    return [frame.at_ms for number in numbers for frame in frames(number)]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    # A killed process loses nothing it has written; only a power cut needs what fsync gives.
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[RecordingDirectory]:
    directory = open_live(tmp_path)
    yield directory
    directory.close()


def test_a_committed_batch_is_whole_and_private(
    recording: RecordingDirectory, tmp_path: Path
) -> None:
    recording.commit(batch(0))
    recording.commit(batch(1))
    recording.close_recording(START_MS + 4000)
    path = tmp_path / "r1"
    assert verify(path).ok
    assert stored(path) == times(0, 1)
    assert recording.stored_bytes == sum(
        file.stat().st_size for file in (path / "segments").iterdir()
    )
    for file in (path, *path.rglob("*")):
        assert file.stat().st_mode & 0o777 == (0o700 if file.is_dir() else 0o600), file


def test_two_takes_of_one_track_in_one_batch_are_two_segments(
    recording: RecordingDirectory, tmp_path: Path
) -> None:
    take = Take(TRACKS[0], frames(0))
    recording.commit(Batch(TRACKS, (), (take, take)))
    names = [path.name for path in sorted((tmp_path / "r1" / "segments").iterdir())]
    assert names == ["p1-video-000001.seg", "p1-video-000002.seg"]


def test_a_recording_has_one_writer(recording: RecordingDirectory, tmp_path: Path) -> None:
    with pytest.raises(RecordingBusy):
        open_live(tmp_path)
    with pytest.raises(RecordingBusy):
        RecordingDirectory.open_ended(recording.path, cipher=cipher(recording.path), files=Files())


def test_a_closed_recording_is_never_written_again(tmp_path: Path) -> None:
    with contextlib.closing(open_live(tmp_path)) as first:
        first.close_recording(START_MS)
    with pytest.raises(RecordingClosed):
        open_live(tmp_path)


def test_a_damaged_manifest_is_not_gone_on_with(tmp_path: Path) -> None:
    with contextlib.closing(open_live(tmp_path)) as first:
        first.commit(batch(0))
    manifest = tmp_path / "r1" / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes().replace(b"consent", b"konsent"))
    with pytest.raises(ManifestDamaged):
        open_live(tmp_path)


def test_there_is_nothing_to_end_where_nothing_was_recorded(tmp_path: Path) -> None:
    with pytest.raises(RecordingMissing):
        RecordingDirectory.open_ended(tmp_path, cipher=None, files=Files())
    with pytest.raises(RecordingMissing):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "a\0", "李", "a" * 65, "a b"])
def test_a_name_that_is_no_safe_file_name_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        check_name(name)


def test_a_recording_starts_only_where_it_fits_twice(tmp_path: Path) -> None:
    require_space(tmp_path, 0)
    with pytest.raises(DiskTooFull) as refused:
        require_space(tmp_path, 10**18)
    assert refused.value.details["needed_bytes"] == 2 * 10**18


def test_the_picture_size_is_the_largest_any_key_frame_states() -> None:
    start = b"\x10\x02\x00\x9d\x01\x2a"
    small, large = b"\x80\x02\x68\x01", b"\x00\x05\xd0\x02"
    found = [Frame(0, 0, True, False, start + size) for size in (small, large, small)]
    assert picture_size(found) == (1280, 720)
    assert picture_size(()) == (0, 0)


class Story(NamedTuple):
    """How far a recording came: batches that were acknowledged, and whether its end was."""

    acknowledged: list[int]
    is_closed: bool


def record(root: Path, files: Files) -> Story:
    """Three batches and the end, until the disk or the process gives up."""
    acknowledged: list[int] = []
    with contextlib.suppress(Killed), contextlib.closing(open_live(root, files)) as directory:
        for number in range(3):
            directory.commit(batch(number))
            acknowledged.append(number)
        directory.close_recording(START_MS + 6000)
        return Story(acknowledged, True)
    return Story(acknowledged, False)


def operations(tmp_path: Path) -> int:
    files = FailingFiles(10**9)
    assert record(tmp_path / "counted", files).is_closed
    return files.count


def test_killed_at_any_operation_a_recording_goes_on_and_loses_only_the_open_batch(
    tmp_path: Path,
) -> None:
    for at in range(1, operations(tmp_path) + 1):
        root = tmp_path / str(at)
        story = record(root, FailingFiles(at))
        before = times(*story.acknowledged)
        if story.is_closed:
            continue
        try:
            directory = open_live(root)
        except RecordingClosed:
            # The close line was whole, only the answer was lost.
            assert verify(root / "r1").ok
            continue
        with contextlib.closing(directory):
            directory.commit(batch(9))
            directory.close_recording(START_MS + 20_000)
        verification = verify(root / "r1")
        assert verification.ok, (at, verification.problems)
        found = stored(root / "r1")
        assert found[: len(before)] == before, at
        assert found[-4:] == times(9), at
        if found[:-4]:
            (gap,) = (gap for gap in verification.gaps if gap.kind == "video")
            assert gap == Gap("p1", "video", found[-5], times(9)[0], "crash"), at


def test_killed_at_any_operation_an_ended_recording_can_be_closed(tmp_path: Path) -> None:
    for at in range(1, operations(tmp_path) + 1):
        root = tmp_path / str(at)
        story = record(root, FailingFiles(at))
        try:
            opened = RecordingDirectory.open_ended(
                root / "r1", cipher=cipher(root / "r1"), files=Files()
            )
        except RecordingMissing:
            assert not story.acknowledged
            continue
        opened.close()
        verification = verify(root / "r1")
        assert verification.ok, (at, verification.problems)
        before = times(*story.acknowledged)
        assert stored(root / "r1")[: len(before)] == before, at


def test_killed_again_while_it_goes_on_a_recording_still_goes_on(tmp_path: Path) -> None:
    first = operations(tmp_path) * 2 // 3
    for at in range(1, 40):
        root = tmp_path / str(at)
        story = record(root, FailingFiles(first))
        with contextlib.suppress(Killed):
            open_live(root, FailingFiles(at)).close()
        with contextlib.closing(open_live(root)) as directory:
            directory.commit(batch(9))
            directory.close_recording(START_MS + 20_000)
        assert verify(root / "r1").ok, at
        before = times(*story.acknowledged)
        assert before
        assert stored(root / "r1")[: len(before)] == before, at
        assert len(gaps(read_manifest(root / "r1").entries)) == 2, at


@pytest.mark.parametrize("times_full", [1, 2, 7])
def test_a_disk_full_at_any_operation_takes_only_the_batch_it_refused(
    tmp_path: Path, times_full: int
) -> None:
    for at in range(1, operations(tmp_path) + 1):
        root = tmp_path / str(at)
        files = full(at, times=times_full)
        directory = None
        while directory is None:
            with contextlib.suppress(OSError):
                directory = open_live(root, files)
        acknowledged: list[int] = []
        for number in range(8):
            track_batch = batch(number) if acknowledged else batch(number)._replace(tracks=TRACKS)
            with contextlib.suppress(OSError):
                directory.commit(track_batch)
                acknowledged.append(number)
        while not verify(root / "r1").seal:
            with contextlib.suppress(OSError):
                directory.close_recording(START_MS + 20_000)
        directory.close()
        assert verify(root / "r1").ok, at
        assert stored(root / "r1") == times(*acknowledged), at


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    open_live(tmp_path).close()
    manifest = tmp_path / "r1" / "manifest.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole + b'{"type":"tra')
    open_live(tmp_path).close()
    assert manifest.read_bytes().startswith(whole)
    assert verify(tmp_path / "r1").problems[0].code == "not_closed"


def test_files_that_are_no_segments_do_not_stay(tmp_path: Path) -> None:
    with contextlib.closing(open_live(tmp_path)) as directory:
        directory.commit(batch(0))
    folder = tmp_path / "r1" / "segments"
    (folder / "p1-video-000002.seg").write_bytes(b"nothing of ours")
    (folder / "p1-video-000003.seg.part").write_bytes((folder / "p1-video-000001.seg").read_bytes())
    (folder / "notes.txt").write_bytes(b"")
    RecordingDirectory.open_ended(
        tmp_path / "r1", cipher=cipher(tmp_path / "r1"), files=Files()
    ).close()
    assert verify(tmp_path / "r1").ok
    assert stored(tmp_path / "r1") == times(0)


def test_an_error_that_is_no_lack_of_room_is_passed_on_too(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Input/output"):
        open_live(tmp_path, FailingFiles(3, error=errno.EIO))
