"""One recording on disk: its directory, its segments, and the journal that says what is there.

    <root>/<recording_id>/manifest.jsonl
                          key-0001.wrapped
                          segments/<participant>-<kind>-<000001>.seg
                          final/<participant>.webm

Nothing of a recording is written before its key lies there, wrapped for somebody else: who writes
cannot open what was written before. A segment exists once its manifest line is on disk: `*.part`, fsync, rename, fsync of the folder,
line, fsync. Whatever a crash leaves between two of these steps, the next opening completes or
removes.
"""

import contextlib
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Self

from recordings.batch import Batch, Take
from recordings.cipher import Cipher, Lock, sealed_name
from recordings.codecs import PictureSize, vp8_size
from recordings.errors import (
    DiskTooFull,
    NameRefused,
    RecordingClosed,
    RecordingMissing,
)
from recordings.files import Files
from recordings.keys import PATTERN, make_key
from recordings.manifest import (
    VERSION,
    Entry,
    Gap,
    Key,
    Manifest,
    Open,
    Segment,
    Track,
    TrackKey,
    encode,
    gaps,
    last_moment_ms,
    line_hash,
    parse,
    totals,
)
from recordings.salvage import Leftover, crash_gaps, leftovers
from recordings.segment import Frame, Header
from recordings.segment import encode as encode_segment

MANIFEST: Final = "manifest.jsonl"
SEGMENTS: Final = "segments"
FINAL: Final = "final"
PART: Final = ".part"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_STOP_SHARE = 0.05


def check_name(name: str) -> str:
    """Return `name` if it is safe as a file name.

    Raises:
        NameRefused: it is not 1 to 64 of `A-Z a-z 0-9 _ . @ -`, beginning with none of `. @ -`.
    """
    if not _NAME.fullmatch(name):
        raise NameRefused(name=name)
    return name


def require_space(root: Path, expected_bytes: int) -> None:
    """Check before a recording starts that it will fit twice and that a twentieth of the disk is left.

    Raises:
        DiskTooFull: it may not.
    """
    usage = shutil.disk_usage(root)
    needed = max(2 * expected_bytes, int(usage.total * _STOP_SHARE))
    if usage.free < needed:
        raise DiskTooFull(free_bytes=usage.free, needed_bytes=needed)


def is_disk_full(error: OSError) -> bool:
    """Whether room on the disk would cure `error`."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the recording in directory `path`, which may be being written.

    Raises:
        RecordingMissing: there is none.
        ManifestDamaged: it is not what was written.
    """
    try:
        return parse((path / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise RecordingMissing(directory=path.name) from None


def picture_size(frames: Iterable[Frame]) -> PictureSize:
    """The largest picture that a VP8 key frame among `frames` states, 0 × 0 if none does."""
    sizes = (vp8_size(frame.data) for frame in frames if frame.keyframe)
    return max((size for size in sizes if size), default=PictureSize(0, 0), key=_area)


def digest(data: bytes) -> str:
    """SHA-256 of a file's bytes as stored, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _area(size: PictureSize) -> int:
    return size.width * size.height


class _Stored(NamedTuple):
    path: Path
    sealed: bytes
    entry: Segment

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + PART)


class RecordingDirectory:
    """A recording open for writing, by this process alone; used by one thread."""

    def __init__(
        self, path: Path, journal: int, manifest: Manifest, cipher: Cipher | None, files: Files
    ) -> None:
        self.path = path
        self._journal = journal
        self._cipher = cipher
        self._files = files
        self._head = manifest.head
        self._size = manifest.size
        self._is_closed = manifest.seal is not None
        self._uncommitted: list[Path] = []
        self._is_clean = manifest.torn == 0
        self._next_i: dict[TrackKey, int] = {}
        self._keys = 0
        self.tracks: dict[TrackKey, Track] = {}
        self.stored_bytes = 0
        for entry in manifest.entries:
            self._count(entry)

    @classmethod
    def open_live(
        cls,
        root: Path,
        recording_id: str,
        *,
        at_ms: int,
        lock: Lock,
        files: Files,
    ) -> Self:
        """Begin the recording, or go on with one that a crash interrupted, with a key of its own.

        Segments without a line, which a crash left, are given up: their key is not here.

        Raises:
            NameRefused: `recording_id` is no file name.
            RecordingBusy: another process writes it.
            RecordingClosed: it ended.
            ManifestDamaged: what is there is not what was written.
        """
        path = root / check_name(recording_id)
        for folder in (root, path, path / SEGMENTS, path / FINAL):
            files.make_directory(folder)
        return cls._open(path, None, files, lambda self: self._begin(recording_id, at_ms, lock))

    @classmethod
    def open_ended(cls, path: Path, *, cipher: Cipher | None, files: Files) -> Self:
        """Take a recording nobody writes any more; one that a crash ended is closed here.

        `cipher` opens, and adopts, whole segments without a line; without it they are given up.

        Raises:
            RecordingMissing: there is none.
            RecordingBusy: it is still being written.
            ManifestDamaged: what is there is not what was written.
        """
        if not (path / MANIFEST).is_file():
            raise RecordingMissing(directory=path.name)
        return cls._open(path, cipher, files, lambda self: self._end_after_crash())

    @classmethod
    def _open(
        cls, path: Path, cipher: Cipher | None, files: Files, prepare: Callable[[Self], None]
    ) -> Self:
        journal = files.open_journal(path / MANIFEST)
        try:
            directory = cls(path, journal, read_manifest(path), cipher, files)
            prepare(directory)
        except BaseException:
            os.close(journal)
            raise
        return directory

    def manifest(self) -> Manifest:
        """What is on disk; read each time, for the hub has better use for the memory."""
        return read_manifest(self.path)

    def open_gaps(self) -> dict[TrackKey, Gap]:
        """The gap each track is in, if it is in one."""
        return {gap.key: gap for gap in gaps(self.manifest().entries) if gap.to_ms is None}

    def commit(self, batch: Batch) -> None:
        """Write segments and notes; on return all is on disk, on `OSError` nothing is.

        Raises:
            OSError: the disk refused; what was written of it is taken back now or before the next
                commit.
        """
        self._restore()
        stored = self._stored(batch.takes)
        try:
            for item in stored:
                self._uncommitted += [item.part, item.path]
                self._files.write(item.part, item.sealed)
            for item in stored:
                self._files.rename(item.part, item.path)
            if stored:
                self._files.sync_directory(self.path / SEGMENTS)
            self._append([*batch.tracks, *batch.notes, *(item.entry for item in stored)])
        except OSError:
            self._give_back()
            raise
        self._uncommitted = []

    def close_recording(self, ended_at_ms: int) -> None:
        """Write the `close` line."""
        self._restore()
        entries = self.manifest().entries
        self.add([totals(entries, max(ended_at_ms, last_moment_ms(entries)))])
        self._is_closed = True

    def add(self, entries: Sequence[Entry]) -> None:
        """Write lines alone, together; on `OSError` none is written."""
        self._restore()
        try:
            self._append(entries)
        except OSError:
            self._give_back()
            raise

    def add_key(self, lock: Lock) -> bytes:
        """Make another key, wrapped on disk and in the manifest before anything is sealed with it.

        Raises:
            OSError: the disk refused.
        """
        n = self._keys + 1
        key, line = make_key(self.path, n, lock, self._files)
        self.add([line])
        return key

    def close(self) -> None:
        """Let go of the lock and the key; this object is of no use afterwards."""
        self._cipher = None
        os.close(self._journal)

    def _begin(self, recording_id: str, at_ms: int, lock: Lock) -> None:
        if self._is_closed:
            raise RecordingClosed(recording_id=recording_id)
        if self._size:
            self._recover()
        else:
            self.add([Open(recording_id, VERSION, at_ms, lock.suite.id)])
            self._files.sync_directory(self.path)
        self._cipher = Cipher([self.add_key(lock)], lock.suite)

    def _end_after_crash(self) -> None:
        if not self._size:
            raise RecordingMissing(directory=self.path.name)
        self._restore()
        if not self._is_closed:
            self._recover()
            self.close_recording(last_moment_ms(self.manifest().entries))

    def _recover(self) -> None:
        self._restore()
        entries = self.manifest().entries
        listed = {entry.file for entry in entries if isinstance(entry, Segment)}
        folder = self.path / SEGMENTS
        usable, rest = leftovers(folder, listed, self._cipher)
        for path in (*rest, *self._unnamed_keys(entries)):
            self._files.remove(path)
        adopted = [self._adopt(leftover) for leftover in usable]
        self._files.sync_directory(folder)
        tracks = {leftover.track: None for leftover in usable}
        new = [track for track in tracks if self.tracks.get(track.key) != track]
        self.add([*new, *adopted, *crash_gaps(entries, usable)])

    def _unnamed_keys(self, entries: Sequence[Entry]) -> list[Path]:
        # Nothing was sealed with these: a key's line comes before its first segment.
        named = {entry.file for entry in entries if isinstance(entry, Key)}
        return [path for path in self.path.glob(f"{PATTERN}*") if path.name not in named]

    def _adopt(self, leftover: Leftover) -> Segment:
        header, frames, torn = leftover.content
        stored = self._stored_as(header, frames)
        if torn:
            self._files.write(stored.part, stored.sealed)
            self._files.rename(stored.part, stored.path)
            return stored.entry
        self._files.sync_file(leftover.path)
        self._files.rename(leftover.path, stored.path)
        sealed = stored.path.read_bytes()
        return replace(stored.entry, bytes=len(sealed), sha256=digest(sealed))

    def _stored(self, takes: Sequence[Take]) -> list[_Stored]:
        next_i = dict(self._next_i)
        stored: list[_Stored] = []
        for track, frames in takes:
            i = next_i.get(track.key, 1)
            next_i[track.key] = i + 1
            header = Header(track.participant, track.kind, i, track.codec, track.clock_rate)
            stored.append(self._stored_as(header, frames))
        return stored

    def _stored_as(self, header: Header, frames: Sequence[Frame]) -> _Stored:
        assert self._cipher is not None, "nothing is written without a key"
        file = f"{check_name(header.participant)}-{header.kind}-{header.i:06d}.seg"
        path = self.path / SEGMENTS / file
        plain = encode_segment(header, frames)
        sealed = self._cipher.seal(plain, name=sealed_name(path))
        size = picture_size(frames) if header.kind == "video" else PictureSize(0, 0)
        moments = [frame.at_ms for frame in frames]
        entry = Segment(
            i=header.i,
            participant=header.participant,
            kind=header.kind,
            file=file,
            t0_ms=min(moments),
            t1_ms=max(moments),
            frames=len(frames),
            bytes=len(sealed),
            sha256=digest(sealed),
            width=size.width,
            height=size.height,
        )
        return _Stored(path, sealed, entry)

    def _append(self, entries: Sequence[Entry]) -> None:
        lines: list[bytes] = []
        head = self._head
        for entry in entries:
            lines.append(encode(entry, head))
            head = line_hash(lines[-1])
        text = b"".join(lines)
        if not text:
            return
        self._files.append(self._journal, text)
        self._head = head
        self._size += len(text)
        for entry in entries:
            self._count(entry)

    def _count(self, entry: Entry) -> None:
        match entry:
            case Key():
                self._keys = max(self._keys, entry.n)
            case Track():
                self.tracks[entry.key] = entry
            case Segment():
                self._next_i[entry.key] = max(self._next_i.get(entry.key, 1), entry.i + 1)
                self.stored_bytes += entry.bytes
            case _:
                pass

    def _give_back(self) -> None:
        self._is_clean = False
        with contextlib.suppress(OSError):  # the disk still refuses: tried again before a write
            self._restore()

    def _restore(self) -> None:
        """Take away whatever a failed write or a crash left after the last whole line."""
        if self._is_clean:
            return
        self._files.truncate(self._journal, self._size)
        for path in self._uncommitted:
            self._files.remove(path)
        self._uncommitted = []
        self._is_clean = True
