"""Every change to a recording's directory is found."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recordings.batch import Batch, Take
from recordings.files import Files
from recordings.finish import discard_segments
from recordings.integrity import verify
from recordings.manifest import NO_LINE, Close, Gap, Mark, Track, encode, line_hash, parse
from recordings.segment import Frame
from recordings.store import RecordingDirectory
from tests.unit.recordings.locks import LOCK, finish
from tests.unit.recordings.media import START_MS, Coded, picture, sound

VIDEO = Track("p1", "video", "VP8", 90000)
AUDIO = Track("p1", "audio", "opus", 48000)
GAP = Gap("p1", "video", START_MS + 900, START_MS + 1000, "loss")


def frames(coded: tuple[Coded, ...], rate: int) -> tuple[Frame, ...]:
    return tuple(
        Frame(c.ms * rate // 1000, START_MS + c.ms, c.keyframe, False, c.data) for c in coded
    )


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("closed")
    files = Files()
    directory = RecordingDirectory.open_live(root, "r1", at_ms=START_MS, lock=LOCK, files=files)
    video, audio = frames(picture(2000), 90_000), frames(sound(2000), 48_000)
    for part in (slice(0, 25), slice(25, 50)):
        tracks = (VIDEO, AUDIO) if part.start == 0 else ()
        takes = (
            Take(VIDEO, video[part]),
            Take(AUDIO, audio[part.start * 2 : part.stop * 2]),
        )
        directory.commit(Batch(tracks, (GAP,) if part.start else (), takes))
    directory.close_recording(START_MS + 2000)
    directory.close()
    return root / "r1"


@pytest.fixture(scope="module")
def finished(closed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finished") / "r1"
    shutil.copytree(closed, path)
    finish(path)
    return path


@pytest.fixture(params=["closed", "finished"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    source: Path = request.getfixturevalue(request.param)
    shutil.copytree(source, tmp_path / "r1")
    return tmp_path / "r1"


def codes(path: Path) -> set[str]:
    verification = verify(path)
    assert verification.ok == (not verification.problems)
    return {problem.code for problem in verification.problems}


def test_what_was_recorded_verifies_and_says_what_is_missing(whole: Path) -> None:
    verification = verify(whole)
    assert verification.ok, verification.problems
    assert verification.segments == 4
    assert verification.gaps == (GAP,)
    assert verification.seconds == 2.0
    assert verify(whole, seal=verification.seal).ok


def files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


def test_every_flipped_byte_of_every_file_is_found(whole: Path) -> None:
    for file in files(whole):
        content = file.read_bytes()
        step = max(len(content) // (400 if file.name == "manifest.jsonl" else 20), 1)
        for at in range(0, len(content), step):
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            file.write_bytes(changed)
            assert codes(whole), (file.name, at)
        file.write_bytes(content)
    assert verify(whole).ok


def test_every_deleted_file_is_found(whole: Path) -> None:
    for file in files(whole):
        content = file.read_bytes()
        file.unlink()
        assert codes(whole) & {
            "segment_missing",
            "finished_missing",
            "manifest_missing",
            "key_missing",
        }, file.name
        file.write_bytes(content)


def test_every_cut_is_found(whole: Path) -> None:
    for file in files(whole):
        content = file.read_bytes()
        for size in range(0, len(content), max(len(content) // 50, 1)):
            file.write_bytes(content[:size])
            assert codes(whole), (file.name, size)
        lines = content.splitlines(keepends=True)
        if file.name == "manifest.jsonl":
            for count in range(len(lines)):
                file.write_bytes(b"".join(lines[:count]))
                assert codes(whole), count
        file.write_bytes(content)


def test_two_files_that_changed_places_are_found(whole: Path) -> None:
    first, second = (
        whole / "segments" / "p1-audio-000001.seg",
        whole / "segments" / "p1-audio-000002.seg",
    )
    kept = whole / "kept"
    first.rename(kept)
    second.rename(first)
    kept.rename(second)
    assert codes(whole) & {"segment_changed", "segment_size"}


@pytest.mark.parametrize("name", ["notes.txt", "segments/p1-audio-000003.seg", "final/p9.webm"])
def test_every_added_file_is_found(whole: Path, name: str) -> None:
    (whole / name).write_bytes(b"")
    assert codes(whole) == {"extra_file"}


def test_added_bytes_are_found(whole: Path) -> None:
    for file in files(whole):
        content = file.read_bytes()
        file.write_bytes(content + b"x")
        assert codes(whole) & {"torn_line", "segment_size", "finished_size", "key_changed"}, (
            file.name
        )
        file.write_bytes(content)


def test_a_link_in_the_place_of_a_file_is_found(whole: Path) -> None:
    file = whole / "segments" / "p1-audio-000001.seg"
    file.rename(whole.parent / "elsewhere")
    file.symlink_to(whole.parent / "elsewhere")
    assert codes(whole) == {"segment_missing"}


def lines(path: Path) -> Iterator[tuple[int, list[bytes]]]:
    text = (path / "manifest.jsonl").read_bytes().splitlines(keepends=True)
    yield from ((at, text.copy()) for at in range(len(text)))


def _delete(text: list[bytes], at: int) -> None:
    del text[at]


def _double(text: list[bytes], at: int) -> None:
    text.insert(at, text[at])


def _swap(text: list[bytes], at: int) -> None:
    text[at - 1], text[at] = text[at], text[at - 1]


def _insert(text: list[bytes], at: int) -> None:
    text.insert(at, encode(Mark("pause", START_MS), line_hash(text[at - 1]) if at else NO_LINE))


@pytest.mark.parametrize("change", [_delete, _double, _swap, _insert])
def test_every_line_deleted_doubled_moved_or_inserted_is_found(
    whole: Path, change: Callable[[list[bytes], int], None]
) -> None:
    for at, text in lines(whole):
        change(text, at)
        (whole / "manifest.jsonl").write_bytes(b"".join(text))
        assert codes(whole), at


def rewrite(path: Path, *, without: type) -> None:
    """Forge a manifest that is consistent in itself."""
    manifest = path / "manifest.jsonl"
    head, text = NO_LINE, b""
    for entry in parse(manifest.read_bytes()).entries:
        if not isinstance(entry, without):
            line = encode(entry, head)
            head, text = line_hash(line), text + line
    manifest.write_bytes(text)


def test_a_forged_chain_that_drops_a_gap_does_not_add_up(whole: Path) -> None:
    rewrite(whole, without=Gap)
    assert codes(whole) == {"totals_wrong"}


def test_only_the_seal_kept_outside_finds_a_whole_other_recording(
    whole: Path, tmp_path: Path
) -> None:
    seal = verify(whole).seal
    shutil.rmtree(whole)
    other = RecordingDirectory.open_live(tmp_path, "r1", at_ms=START_MS, lock=LOCK, files=Files())
    other.close_recording(START_MS + 2000)
    other.close()
    assert verify(whole).ok
    assert [problem.code for problem in verify(whole, seal=seal).problems] == ["seal_differs"]


def test_a_recording_being_written_is_whole_but_not_closed(tmp_path: Path) -> None:
    directory = RecordingDirectory.open_live(
        tmp_path, "r1", at_ms=START_MS, lock=LOCK, files=Files()
    )
    assert codes(tmp_path / "r1") == {"not_closed"}
    directory.close()


def test_a_directory_without_a_recording_is_told(tmp_path: Path) -> None:
    assert codes(tmp_path) == {"manifest_missing"}
    assert codes(tmp_path / "absent") == {"manifest_missing"}


def test_after_discarding_only_the_finished_files_count(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "r1"
    shutil.copytree(finished, path)
    left = (path / "segments" / "p1-audio-000001.seg").read_bytes()
    discard_segments(path)
    assert list((path / "segments").iterdir()) == []
    assert verify(path).ok
    # Discarding was interrupted between two files: what is left is what it was.
    (path / "segments" / "p1-audio-000001.seg").write_bytes(left)
    assert verify(path).ok
    (path / "final" / "p1.sealed.webm").unlink()
    assert codes(path) == {"finished_missing"}


def test_a_file_that_cannot_be_read_is_told(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unreadable = whole / "segments" / "p1-audio-000001.seg"
    real = Path.open

    def refused(path: Path, *options: Any, **more: Any) -> Any:
        # Rights alone do not stop root, who runs the tests in many places.
        if path == unreadable:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *options, **more)

    monkeypatch.setattr(Path, "open", refused)
    assert codes(whole) == {"segment_unreadable"}


def test_the_close_line_is_the_seal(whole: Path) -> None:
    text = (whole / "manifest.jsonl").read_bytes()
    entries = parse(text).entries
    at = next(at for at, entry in enumerate(entries) if isinstance(entry, Close))
    assert verify(whole).seal == line_hash(text.splitlines(keepends=True)[at])
