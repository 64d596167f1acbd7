"""Who records can open nothing of it afterwards; who has the key opens it all; nobody else does."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from reception.crypto.recording_keys import UnwrapKey
from reception.crypto.sm2 import Sm2Key
from recordings.batch import Batch, Take
from recordings.cipher import Cipher, Lock
from recordings.errors import KeyMissing, SealBroken
from recordings.files import Files
from recordings.finish import discard_segments, sign
from recordings.finish import finish as finish_with
from recordings.integrity import verify
from recordings.keys import read_keys, remove, shred
from recordings.manifest import Key, Signed, Track
from recordings.playback import RangeReader
from recordings.segment import Frame, parse
from recordings.store import RecordingDirectory, read_manifest
from recordings.suites import SUITES, Suite
from tests.unit.recordings.disks import FailingFiles, Killed
from tests.unit.recordings.locks import KEY, LOCK, cipher, film, finish, keys, segment
from tests.unit.recordings.media import START_MS, picture, sound

VIDEO = Track("p1", "video", "VP8", 90_000)
AUDIO = Track("p1", "audio", "opus", 48_000)


def batch(turn: int) -> Batch:
    """Two seconds of picture and sound."""
    takes = []
    for track, coded in ((VIDEO, picture(2000)), (AUDIO, sound(2000))):
        frames = tuple(
            Frame(
                (turn * 2000 + c.ms) * track.clock_rate // 1000,
                START_MS + turn * 2000 + c.ms,
                c.keyframe,
                False,
                c.data,
            )
            for c in coded
        )
        takes.append(Take(track, frames))
    return Batch(() if turn else (VIDEO, AUDIO), (), tuple(takes))


def record(root: Path, recording_id: str = "r1", lock: Lock = LOCK) -> Path:
    directory = RecordingDirectory.open_live(
        root, recording_id, at_ms=START_MS, lock=lock, files=Files()
    )
    with contextlib.closing(directory):
        directory.commit(batch(0))
        directory.close_recording(START_MS + 2000)
    return root / recording_id


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    return record(tmp_path)


def payloads() -> list[bytes]:
    """What must not be found on a disk: the coded frames that are long enough to be no chance."""
    return [c.data for c in (*picture(2000), *sound(2000)) if len(c.data) >= 12]


def all_bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file())


def test_no_coded_frame_lies_on_disk_before_or_after_finishing(closed: Path) -> None:
    looked_for = payloads()
    assert len(looked_for) > 20
    before = all_bytes(closed)
    (made,) = finish(closed).files
    after = all_bytes(closed)
    opened = film(closed / "final" / made.file)
    for data in looked_for:
        assert data not in before
        assert data not in after
        assert data in opened
    keys_of_it = keys(closed)
    assert not any(key in before + after for key in keys_of_it)


def test_no_file_is_ever_plain_while_it_is_made(closed: Path, tmp_path: Path) -> None:
    """Killed at each write of finishing, what lies there holds no frame either."""

    class Watching(Files):
        def sync_file(self, path: Path) -> None:
            contents.append(all_bytes(closed))
            super().sync_file(path)

    contents: list[bytes] = []
    from recordings.finish import finish as finish_with

    finish_with(closed, keys=keys(closed), files=Watching())
    assert contents
    assert not any(data in content for data in payloads() for content in contents)


def test_the_key_lies_wrapped_on_disk_before_the_first_segment(tmp_path: Path) -> None:
    def wrap(recording_id: str, key: bytes) -> bytes:
        order.append("wrap")
        return KEY.public.wrap(recording_id, key)

    class Noting(Files):
        def write(self, path: Path, data: bytes) -> None:
            order.append(path.name)
            super().write(path, data)

        def sync_directory(self, path: Path) -> None:
            order.append(f"sync {path.name}")
            super().sync_directory(path)

    order: list[str] = []
    directory = RecordingDirectory.open_live(
        tmp_path, "r1", at_ms=START_MS, lock=Lock(wrap), files=Noting()
    )
    directory.commit(batch(0))
    directory.close()
    key, segment_ = order.index("key-0001.wrapped.part"), order.index("p1-video-000001.seg.part")
    assert order[key - 1] == "wrap"
    assert "sync r1" in order[key:segment_]
    assert read_keys(tmp_path / "r1", KEY.unwrap)


def test_nothing_is_recorded_where_the_key_cannot_be_wrapped(tmp_path: Path) -> None:
    def refuse(recording_id: str, key: bytes) -> bytes:
        raise KeyMissing

    with pytest.raises(KeyMissing):
        RecordingDirectory.open_live(
            tmp_path, "r1", at_ms=START_MS, lock=Lock(refuse), files=Files()
        )
    assert list((tmp_path / "r1" / "segments").iterdir()) == []


def test_who_goes_on_after_a_crash_cannot_open_what_was_before(tmp_path: Path) -> None:
    made: list[bytes] = []

    def wrap(recording_id: str, key: bytes) -> bytes:
        made.append(key)
        return KEY.public.wrap(recording_id, key)

    for turn in range(2):
        directory = RecordingDirectory.open_live(
            tmp_path, "r1", at_ms=START_MS, lock=Lock(wrap), files=Files()
        )
        with contextlib.closing(directory):
            directory.commit(batch(turn))
    path = tmp_path / "r1"
    first, second = sorted((path / "segments").glob("p1-video-*"))
    alone = Cipher([made[1]])
    with pytest.raises(SealBroken):
        alone.open(first.read_bytes(), name="r1/segments/p1-video-000001.seg")
    assert alone.open(second.read_bytes(), name="r1/segments/p1-video-000002.seg")
    assert list(read_keys(path, KEY.unwrap)) == made
    (file,) = finish(path).files
    assert file.video_frames == 100


def test_killed_at_any_operation_the_key_of_every_segment_is_there(tmp_path: Path) -> None:
    for at in range(1, 40):
        root = tmp_path / str(at)
        files = FailingFiles(at)
        with contextlib.suppress(Killed):
            directory = RecordingDirectory.open_live(
                root, "r1", at_ms=START_MS, lock=LOCK, files=files
            )
            with contextlib.closing(directory):
                directory.commit(batch(0))
                directory.close_recording(START_MS + 2000)
        folder = root / "r1" / "segments"
        for path in sorted(folder.glob("*.seg")) if folder.is_dir() else ():
            assert parse(segment(path)).frames, at


def test_a_segment_does_not_open_in_another_place(closed: Path, tmp_path: Path) -> None:
    opener = cipher(closed)
    assert opener is not None
    sealed = (closed / "segments" / "p1-video-000001.seg").read_bytes()
    name = "r1/segments/p1-video-000001.seg"
    assert opener.open(sealed, name=name)
    for other in (
        "r2/segments/p1-video-000001.seg",
        "r1/segments/p2-video-000001.seg",
        "r1/segments/p1-audio-000001.seg",
        "r1/segments/p1-video-000002.seg",
    ):
        with pytest.raises(SealBroken):
            opener.open(sealed, name=other)
    for at in range(0, len(sealed), 101):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealBroken):
            opener.open(bytes(changed), name=name)
    with pytest.raises(SealBroken):
        opener.open(b"VRSG\x01plain", name=name)


def test_two_segments_of_the_same_frames_share_no_nonce() -> None:
    one = Cipher([bytes(32)])
    nonces = {one.seal(b"same", name="same")[5:17] for _ in range(1000)}
    assert len(nonces) == 1000


def test_verifying_needs_no_key(closed: Path) -> None:
    finish(closed)
    for path in closed.glob("key-*"):
        content = path.read_bytes()
        path.write_bytes(bytes(len(content)))
        assert [problem.code for problem in verify(closed).problems] == ["key_changed"]
        path.write_bytes(content)
    assert verify(closed).ok


def test_a_signed_manifest_tells_who_signed_and_a_changed_one_does_not_pass(closed: Path) -> None:
    finish(closed)
    head = read_manifest(closed).head

    def signature(text: bytes) -> bytes:
        assert text.endswith(head.encode())
        return b"signed " + text

    def is_signed(key: str, text: bytes, signed: bytes) -> bool:
        return key == "office" and signed == b"signed " + text

    sign(closed, "office", signature)
    sign(closed, "office", signature)
    entries = read_manifest(closed).entries
    assert [type(entry) for entry in entries].count(Signed) == 1
    discard_segments(closed)
    found = verify(closed, is_signed=is_signed)
    assert found.ok, found.problems
    assert found.signatures == 1
    assert [p.code for p in verify(closed, is_signed=lambda *_: False).problems] == [
        "signature_wrong"
    ]


def test_shredding_takes_the_keys_first_and_nothing_opens_then(tmp_path: Path) -> None:
    path, kept = record(tmp_path), record(tmp_path, "r2")
    (file,) = finish(path).files
    shred(path)
    shred(path)
    assert not list(path.glob("key-*"))
    assert (path / "final" / file.file).exists()
    with pytest.raises(KeyMissing):
        read_keys(path, KEY.unwrap)
    remove(path)
    remove(path)
    assert not path.exists()
    assert verify(kept).ok


def test_killed_at_any_operation_of_removing_no_file_outlives_its_key(tmp_path: Path) -> None:
    for at in range(1, 12):
        root = tmp_path / str(at)
        root.mkdir()
        path = record(root)
        with contextlib.suppress(Killed):
            remove(path, FailingFiles(at))
        if path.exists() and len(list((path / "segments").glob("*"))) < 2:
            assert not list(path.glob("key-*")), at
        remove(path)
        assert not path.exists()


def test_every_key_of_the_manifest_is_named_and_hashed(closed: Path) -> None:
    (key,) = (entry for entry in read_manifest(closed).entries if isinstance(entry, Key))
    assert (key.n, key.file, key.suite) == (1, "key-0001.wrapped", "intl1")


@pytest.mark.parametrize("suite", list(SUITES.values()), ids=list(SUITES))
def test_each_suite_records_finishes_and_plays(tmp_path: Path, suite: Suite) -> None:
    key = UnwrapKey([X25519PrivateKey.generate()], [Sm2Key.generate()], suite)
    path = record(tmp_path, lock=Lock(key.public.wrap, key.public.suite))
    opened = read_keys(path, key.unwrap)
    (made,) = finish_with(path, keys=opened).files
    sealed = path / "final" / made.file
    assert sealed.read_bytes()[8:16].rstrip(b"\0").decode() == suite.id
    assert {entry.suite for entry in read_manifest(path).entries if isinstance(entry, Key)} == {
        suite.id
    }
    with RangeReader(sealed, opened) as reader:
        content = reader.read(0, reader.size)
    found = [data for data in payloads() if data in content]
    assert len(found) == len(payloads())
    assert not any(data in all_bytes(path) for data in payloads())
    assert verify(path).ok
    discard_segments(path)
    # A crash and a changed setting: the second key is of the other suite, and both are opened.
    other = next(one for one in SUITES.values() if one is not suite)
    again = RecordingDirectory.open_live(
        tmp_path, "r2", at_ms=START_MS, lock=Lock(key.public.wrap, suite), files=Files()
    )
    again.commit(batch(0))
    again.close()
    turned = replace(key, suite=other)
    more = RecordingDirectory.open_live(
        tmp_path, "r2", at_ms=START_MS, lock=Lock(turned.public.wrap, other), files=Files()
    )
    with contextlib.closing(more):
        more.commit(batch(1))
        more.close_recording(START_MS + 4000)
    both = read_keys(tmp_path / "r2", key.unwrap)
    assert len(both) == 2
    finished = finish_with(tmp_path / "r2", keys=both)
    assert [gap.cause for gap in finished.gaps if gap.cause == "damage"] == []
    assert finished.files[0].video_frames == 2 * len(picture(2000))
