"""Finishing a recording: its segments into one file to play per participant.

A process of its own, for it keeps a core busy per participant: `python -m recordings.finish DIRECTORY` prints the
`Finished` as JSON and exits with 0, or prints `{"code": …, "details": …}` and exits with 1.
"""

import argparse
import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from recordings import muxer
from recordings.cipher import Plain, SegmentCipher, sealed_name
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
    Kind,
    Open,
    Segment,
    State,
    Track,
    gaps,
    state,
)
from recordings.playback import RangeReader
from recordings.segment import Content, parse
from recordings.store import (
    FINAL,
    PART,
    SEGMENTS,
    RecordingDirectory,
    digest,
    is_disk_full,
)
from recordings.timeline import moments, picture, sound

_CODECS: Final = {("video", "vp8"), ("audio", "opus")}
# A track may fall silent for 2 s before the end without that being a gap; what was written is
# compared by count and checksum, so this only catches a file that cannot be played to its end.
_DURATION_SLACK_MS: Final = 2_500
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


def finish(
    directory: Path, *, cipher: SegmentCipher | None = None, files: Files | None = None
) -> Finished:
    """Make the files to play; a recording that a crash ended is closed first.

    Done already, it says so again. Interrupted at any point, it can be called again. Segments stay;
    one that is damaged is left out and named among the gaps with cause `damage`.

    Raises:
        RecordingMissing, RecordingBusy, ManifestDamaged: see `RecordingDirectory.open_ended`.
        CodecUnsupported: a track is neither VP8 nor Opus.
        FinishUnverified: a file, read back, does not hold what was written.
        OSError: the disk refused.
    """
    directory = directory.absolute()
    cipher, files = cipher or Plain(), files or Files()
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


def discard_segments(
    directory: Path, *, cipher: SegmentCipher | None = None, files: Files | None = None
) -> int:
    """Remove the segments of a finished recording that verifies as a whole; return how many.

    Raises:
        NotFinished: there are no finished files, or something in the directory is not as written.
    """
    cipher, files = cipher or Plain(), files or Files()
    recording = RecordingDirectory.open_ended(directory, cipher=cipher, files=files)
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
    cipher: SegmentCipher
    files: Files


class _Made(NamedTuple):
    file: FinishedFile
    damage: tuple[Gap, ...]


def _jobs(
    directory: Path, entries: Sequence[Entry], cipher: SegmentCipher, files: Files
) -> list[_Job]:
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
    path = final / f"{job.participant}.webm"
    plain, part = path.with_suffix(".webm.plain"), path.with_suffix(f".webm{PART}")
    damage: list[Gap] = []
    size = _picture_size(job.segments)
    frames = picture(moments(_contents(job, "video", damage), job.zero_ms))
    packets = sound(moments(_contents(job, "audio", damage), job.zero_ms), job.duration_ms)
    job.files.write(plain, b"")
    written = muxer.write(plain, picture=frames if size.width else (), sound=packets, size=size)
    job.cipher.seal_file(plain, part, name=sealed_name(path))
    job.files.remove(plain)
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


def _verified_duration_ms(job: _Job, path: Path, written: muxer.Written) -> int:
    with RangeReader(path, job.cipher) as reader:
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


def _content(path: Path, sha256: str, cipher: SegmentCipher) -> Content | None:
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
    directory: Path = parser.parse_args(arguments).directory
    try:
        finished = finish(directory)
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
