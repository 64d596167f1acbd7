"""Finishing a recording: its segments into one file to play per participant.

A process of its own, for it keeps a core busy per participant: `python -m recordings.finish DIRECTORY` reads the
recording's keys on its standard input, 32 bytes each and nothing else, prints the `Finished` as
JSON and exits with 0, or prints `{"code": …, "details": …}` and exits with 1. With `--seal` it
seals the finished files of a recording made before recordings were sealed.
Nothing goes to disk unsealed.
"""

import argparse
import contextlib
import ctypes
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from recordings import muxer
from recordings.cipher import PLAIN, Cipher, Lock, sealed_name
from recordings.codecs import PictureSize
from recordings.errors import (
    CodecUnsupported,
    FinishUnverified,
    NotFinished,
    Refused,
    SealBroken,
    SegmentDamaged,
)
from recordings.files import Files
from recordings.integrity import file_sha256, verify
from recordings.manifest import (
    Close,
    Discarded,
    Entry,
    FinishedFile,
    Gap,
    Key,
    Kind,
    Open,
    Segment,
    Signed,
    State,
    Track,
    gaps,
    opening,
    signed_text,
    state,
)
from recordings.playback import CHUNK_BYTES, SEALED, RangeReader
from recordings.sealed_file import SealedWriter
from recordings.segment import Content, parse
from recordings.store import (
    FINAL,
    PART,
    SEGMENTS,
    RecordingDirectory,
    digest,
    is_disk_full,
    read_manifest,
)
from recordings.suites import INTL1, KEY_BYTES, SUITES
from recordings.timeline import moments, picture, sound

_CODECS: Final = {("video", "vp8"), ("audio", "opus")}
# A track may fall silent for 2 s before the end without that being a gap; what was written is
# compared by count and checksum, so this only catches a file that cannot be played to its end.
_DURATION_SLACK_MS: Final = 2_500
# Room in the index beyond one entry for each second of picture.
_CUES: Final = 256
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


class Finished(NamedTuple):
    """A finished recording: `files` lie in its `final` folder; `gaps` is all that is missing.

    `started_at_ms` is where its time begins, in Unix milliseconds like the times of the gaps.
    """

    files: tuple[FinishedFile, ...]
    gaps: tuple[Gap, ...]
    started_at_ms: int
    duration_ms: int
    seal: str


def finish(directory: Path, *, keys: Sequence[bytes], files: Files | None = None) -> Finished:
    """Make the files to play; a recording that a crash ended is closed first.

    `keys` are all of the recording's own; the files are sealed with the last.

    Done already, it says so again. Interrupted at any point, it can be called again. Segments stay;
    one that is damaged is left out and named among the gaps with cause `damage`.

    Raises:
        KeyMissing: `keys` is empty.
        RecordingMissing, RecordingBusy, ManifestDamaged: see `RecordingDirectory.open_ended`.
        CodecUnsupported: a track is neither VP8 nor Opus.
        FinishUnverified: a file, read back, does not hold what was written.
        OSError: the disk refused.
    """
    directory = directory.absolute()
    cipher, files = _cipher(directory, keys), files or Files()
    recording = RecordingDirectory.open_ended(directory, cipher=cipher, files=files)
    with contextlib.closing(recording):
        manifest = recording.manifest()
        entries = manifest.entries
        damage: list[Gap] = []
        if state(entries) is State.CLOSED:
            for left_by_a_crash in (directory / FINAL).iterdir():
                files.remove(left_by_a_crash)
            made = _make_all(_jobs(directory, entries, cipher, files))
            finished = [item.file for item in made]
            damage = [gap for item in made for gap in item.damage]
            recording.add(finished)
            entries = (*entries, *finished)
    assert manifest.seal is not None, "open_ended closes what is not closed"
    return _finished(entries, damage, manifest.seal)


def _cipher(directory: Path, keys: Sequence[bytes]) -> Cipher:
    entries = read_manifest(directory).entries
    was_plain = any(isinstance(entry, Open) and entry.suite == PLAIN for entry in entries[:1])
    # What is written now is sealed as its last key is meant to be used.
    suites = [entry.suite for entry in entries if isinstance(entry, Key)]
    suite = SUITES.get(suites[-1], INTL1) if suites else INTL1
    return Cipher(keys, suite, allows_plain=was_plain)


def give_key(directory: Path, lock: Lock, *, files: Files | None = None) -> None:
    """Give a recording made before recordings were sealed its key; one that has one keeps it.

    Raises:
        RecordingMissing, RecordingBusy, ManifestDamaged: see `RecordingDirectory.open_ended`.
        OSError: the disk refused.
    """
    recording = RecordingDirectory.open_ended(directory, cipher=None, files=files or Files())
    with contextlib.closing(recording):
        if not any(isinstance(entry, Key) for entry in recording.manifest().entries):
            recording.add_key(lock)


def seal_finished(
    directory: Path, *, keys: Sequence[bytes], files: Files | None = None
) -> Finished:
    """Seal the finished files that lie there plain; those stay, until `discard_plain`.

    A copy counts only once it was read back and found to hold the same bytes. May be called again
    after an interruption.

    Raises:
        KeyMissing: `keys` is empty.
        NotFinished: it has no finished files, or something there is not as it was written.
        FinishUnverified: a sealed copy does not hold what it should.
        OSError: the disk refused.
    """
    directory = directory.absolute()
    cipher, files = _cipher(directory, keys), files or Files()
    recording = RecordingDirectory.open_ended(directory, cipher=cipher, files=files)
    with contextlib.closing(recording):
        entries = recording.manifest().entries
        if state(entries) not in (State.FINISHED, State.DISCARDED):
            raise NotFinished(directory=directory.name, problems=["not_finished"])
        plain = plain_files(entries)
        if plain:
            for file in plain:
                _require_unchanged(directory / FINAL / file.file, file)
            recording.add([_sealed_copy(directory, file, cipher, files) for file in plain])
    manifest = read_manifest(directory)
    assert manifest.seal is not None, "open_ended closes what is not closed"
    return _finished(manifest.entries, (), manifest.seal)


def discard_plain(directory: Path, *, files: Files | None = None) -> None:
    """Remove the plain files that have a sealed copy, and the segments. May be repeated.

    Raises:
        NotFinished: a file has no sealed copy, or something there is not as it was written.
    """
    directory, files = directory.absolute(), files or Files()
    entries = read_manifest(directory).entries
    if plain_files(entries):
        raise NotFinished(directory=directory.name, problems=["not_sealed"])
    discard_segments(directory, files=files)
    for entry in entries:
        if isinstance(entry, FinishedFile) and not entry.file.endswith(SEALED):
            files.remove(directory / FINAL / entry.file)
    files.sync_directory(directory / FINAL)


def plain_files(entries: Sequence[Entry]) -> list[FinishedFile]:
    """The finished files that count and lie there as they are: made before there was a key."""
    latest = {entry.participant: entry for entry in entries if isinstance(entry, FinishedFile)}
    return [file for file in latest.values() if not file.file.endswith(SEALED)]


def _require_unchanged(path: Path, file: FinishedFile) -> None:
    if not path.is_file() or file_sha256(path) != file.sha256:
        raise NotFinished(directory=path.parents[1].name, problems=["finished_changed"])


def _sealed_copy(directory: Path, file: FinishedFile, cipher: Cipher, files: Files) -> FinishedFile:
    source = directory / FINAL / file.file
    target = directory / FINAL / f"{file.participant}{SEALED}"
    part = target.with_name(f"{target.name}{PART}")
    files.write(part, b"")
    with source.open("rb") as plain, part.open("r+b", buffering=0) as sealed:
        writer = SealedWriter(
            sealed, cipher.file_keys()[0], name=sealed_name(target), suite=cipher.suite
        )
        while piece := plain.read(CHUNK_BYTES):
            writer.write(piece)
        writer.seal()
    files.sync_file(part)
    hashed = hashlib.sha256()
    with RangeReader(part, cipher.file_keys()) as reader:
        for start in range(0, reader.size, CHUNK_BYTES):
            hashed.update(reader.read(start, CHUNK_BYTES))
    if hashed.hexdigest() != file.sha256:
        raise FinishUnverified(file=target.name)
    files.rename(part, target)
    files.sync_directory(directory / FINAL)
    return replace(file, file=target.name, bytes=target.stat().st_size, sha256=file_sha256(target))


def sign(
    directory: Path, key: str, signature: Callable[[bytes], bytes], *, files: Files | None = None
) -> str:
    """Sign the manifest of a finished recording; return the hash of the line that says so.

    `key` names the key that `signature` signs with. Signed already, it stays as it is.

    Raises:
        NotFinished: it is not finished.
        RecordingMissing, RecordingBusy, ManifestDamaged: see `RecordingDirectory.open_ended`.
        OSError: the disk refused.
    """
    files = files or Files()
    recording = RecordingDirectory.open_ended(directory, cipher=None, files=files)
    with contextlib.closing(recording):
        manifest = recording.manifest()
        if state(manifest.entries) not in (State.FINISHED, State.DISCARDED):
            raise NotFinished(directory=directory.name, problems=["not_finished"])
        if not isinstance(manifest.entries[-1], Signed):
            text = signed_text(opening(manifest).recording_id, manifest.head)
            recording.add([Signed(key, signature(text).hex())])
        return recording.manifest().head


def discard_segments(directory: Path, *, files: Files | None = None) -> int:
    """Remove the segments of a finished recording that verifies as a whole; return how many.

    Raises:
        NotFinished: there are no finished files, or something in the directory is not as written.
    """
    files = files or Files()
    recording = RecordingDirectory.open_ended(directory, cipher=None, files=files)
    with contextlib.closing(recording):
        entries = recording.manifest().entries
        verification = verify(directory)
        if state(entries) not in (State.FINISHED, State.DISCARDED) or not verification.ok:
            problems = sorted({problem.code for problem in verification.problems})
            raise NotFinished(directory=directory.name, problems=problems)
        segments = [entry.file for entry in entries if isinstance(entry, Segment)]
        # The line first: files without their line are only left over, a line without its files
        # would be a loss.
        if state(entries) is State.FINISHED:
            recording.add([Discarded(len(segments))])
        for file in segments:
            files.remove(directory / SEGMENTS / file)
        files.sync_directory(directory / SEGMENTS)
    return len(segments)


def _finished(entries: Sequence[Entry], damage: Sequence[Gap], seal: str) -> Finished:
    latest = {entry.participant: entry for entry in entries if isinstance(entry, FinishedFile)}
    return Finished(
        files=tuple(latest.values()),
        gaps=tuple(sorted((*gaps(entries), *damage), key=lambda gap: gap.from_ms)),
        started_at_ms=_started_at_ms(entries),
        duration_ms=_duration_ms(entries),
        seal=seal,
    )


def _started_at_ms(entries: Sequence[Entry]) -> int:
    return next(entry.started_at_ms for entry in entries if isinstance(entry, Open))


def _duration_ms(entries: Sequence[Entry]) -> int:
    ended_at_ms = next(entry.ended_at_ms for entry in entries if isinstance(entry, Close))
    return max(ended_at_ms - _started_at_ms(entries), 0)


class _Job(NamedTuple):
    """One participant's file to make."""

    directory: Path
    participant: str
    segments: tuple[Segment, ...]
    zero_ms: int
    duration_ms: int
    cipher: Cipher
    files: Files


class _Made(NamedTuple):
    file: FinishedFile
    damage: tuple[Gap, ...]


def _jobs(directory: Path, entries: Sequence[Entry], cipher: Cipher, files: Files) -> list[_Job]:
    zero_ms = _started_at_ms(entries)
    segments: dict[str, list[Segment]] = {}
    for entry in entries:
        if isinstance(entry, Segment):
            segments.setdefault(entry.participant, []).append(entry)
        elif isinstance(entry, Track) and (entry.kind, entry.codec.lower()) not in _CODECS:
            raise CodecUnsupported(participant=entry.participant, codec=entry.codec)
    return [
        _Job(directory, name, tuple(own), zero_ms, _duration_ms(entries), cipher, files)
        for name, own in sorted(segments.items())
    ]


def _make_all(jobs: Sequence[_Job]) -> list[_Made]:
    if len(jobs) < 2:
        return [_make(job) for job in jobs]
    # One core each: the people who spoke are waiting for all of the files, not for the first.
    workers = min(len(jobs), os.cpu_count() or 1)
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_end_with_parent
    ) as pool:
        return list(pool.map(_make, jobs))


def _end_with_parent() -> None:
    # The parent holds the recording's lock; a worker that outlived it would write without one.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _make(job: _Job) -> _Made:
    """Write one participant's file, read it back, and only then give it its name."""
    final = job.directory / FINAL
    path = final / f"{job.participant}{SEALED}"
    part = path.with_name(f"{path.name}{PART}")
    videos = [segment for segment in job.segments if segment.kind == "video"]
    try:
        written, damage = _mux(job, part, cues=2 * len(videos) + _CUES)
    except muxer.CuesTooMany:
        written, damage = _mux(job, part, cues=sum(one.frames for one in videos) + _CUES)
    size = _picture_size(job.segments)
    job.files.sync_file(part)
    duration_ms = _verified_duration_ms(job, part, written)
    job.files.rename(part, path)
    job.files.sync_directory(final)
    file = FinishedFile(
        participant=job.participant,
        file=path.name,
        bytes=path.stat().st_size,
        sha256=file_sha256(path),
        duration_ms=duration_ms,
        video_frames=written.tally.video_frames,
        audio_packets=written.tally.audio_packets - written.fillers,
        width=size.width,
        height=size.height,
    )
    return _Made(file, tuple(damage))


def _mux(job: _Job, part: Path, *, cues: int) -> tuple[muxer.Written, list[Gap]]:
    damage: list[Gap] = []
    size = _picture_size(job.segments)
    frames = picture(moments(_contents(job, "video", damage), job.zero_ms))
    packets = sound(moments(_contents(job, "audio", damage), job.zero_ms), job.duration_ms)
    job.files.write(part, b"")
    with part.open("r+b", buffering=0) as file:
        target = SealedWriter(
            file,
            job.cipher.file_keys()[0],
            name=sealed_name(part),
            head_bytes=muxer.head_bytes(cues),
            suite=job.cipher.suite,
        )
        written = muxer.write(
            target,
            picture=frames if size.width else (),
            sound=packets,
            size=size,
            cues=cues,
        )
        target.seal()
    return written, damage


def _verified_duration_ms(job: _Job, path: Path, written: muxer.Written) -> int:
    with RangeReader(path, job.cipher.file_keys()) as reader:
        found = muxer.read_back(reader)
    expected_ms = max(job.duration_ms, written.last_ms)
    is_as_long = abs(found.duration_ms - expected_ms) <= _DURATION_SLACK_MS
    if found.tally != written.tally or not is_as_long:
        raise FinishUnverified(
            file=path.name,
            written=written.tally._asdict(),
            found=found.tally._asdict(),
            duration_ms=found.duration_ms,
            expected_ms=expected_ms,
        )
    return found.duration_ms


def _picture_size(segments: Sequence[Segment]) -> PictureSize:
    sizes = (PictureSize(segment.width, segment.height) for segment in segments)
    return max(sizes, key=lambda size: size.width * size.height, default=PictureSize(0, 0))


def _contents(job: _Job, kind: Kind, damage: list[Gap]) -> Iterator[Content]:
    """Read one track's segments in order; those that are damaged go into `damage` instead."""
    is_after_damage = False
    for segment in job.segments:
        if segment.kind != kind:
            continue
        content = _content(job.directory / SEGMENTS / segment.file, segment.sha256, job.cipher)
        if content is None:
            damage.append(Gap(job.participant, kind, segment.t0_ms, segment.t1_ms, "damage"))
        else:
            yield _after_gap(content) if is_after_damage else content
        is_after_damage = content is None


def _content(path: Path, sha256: str, cipher: Cipher) -> Content | None:
    try:
        sealed = path.read_bytes()
        if digest(sealed) != sha256:
            return None
        return parse(cipher.open(sealed, name=sealed_name(path)))
    except (FileNotFoundError, SealBroken, SegmentDamaged):
        return None


def _after_gap(content: Content) -> Content:
    first, *rest = content.frames
    return content._replace(frames=(first._replace(after_gap=True), *rest))


def main(arguments: Sequence[str] | None = None) -> int:
    """Finish the recording in the directory given; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m recordings.finish", description=__doc__)
    parser.add_argument("directory", type=Path, help="<root>/<recording id>")
    parser.add_argument("--seal", action="store_true", help="seal what lies there plain")
    chosen = parser.parse_args(arguments)
    directory: Path = chosen.directory
    given = sys.stdin.buffer.read()
    keys = [given[start : start + KEY_BYTES] for start in range(0, len(given), KEY_BYTES)]
    try:
        finished = (seal_finished if chosen.seal else finish)(directory, keys=keys)
    except Refused as refusal:
        _print({"code": refusal.code, "details": refusal.details})
        return 1
    except OSError as error:
        code = "disk_full" if is_disk_full(error) else "disk_failed"
        _print({"code": code, "details": {"error": str(error)}})
        return 1
    _print(
        {
            "directory": str(directory),
            "files": [asdict(file) for file in finished.files],
            "gaps": [asdict(gap) for gap in finished.gaps],
            "started_at_ms": finished.started_at_ms,
            "duration_ms": finished.duration_ms,
            "seal": finished.seal,
        }
    )
    return 0


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
