"""Whether a recording on disk is what was recorded; needs no key, for hashes are of sealed bytes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple, TypeAlias

from recordings.errors import ManifestDamaged, RecordingMissing
from recordings.manifest import (
    NO_LINE,
    Close,
    Discarded,
    FinishedFile,
    Gap,
    Key,
    Manifest,
    Segment,
    Signed,
    encode,
    gaps,
    last_moment_ms,
    line_hash,
    opening,
    signed_text,
    totals,
)
from recordings.store import FINAL, MANIFEST, SEGMENTS, read_manifest


class Problem(NamedTuple):
    """Something that is not as it was written: a stable `code`, the manifest line, what."""

    code: str
    line: int | None
    detail: str


class Verification(NamedTuple):
    """What a check found.

    `gaps` is what the recording itself says is missing, `seconds` its length. `seal` is the hash of
    the `close` line, `head` that of the last: compare `seal` with the value kept outside, for someone
    who can write the whole directory can write another recording that is consistent in itself.
    `signatures` counts its `signed` lines, which were only looked at with a key.
    """

    ok: bool
    problems: tuple[Problem, ...]
    segments: int
    gaps: tuple[Gap, ...]
    seconds: float
    seal: str | None
    head: str | None
    signatures: int


IsSigned: TypeAlias = Callable[[str, bytes, bytes], bool]


def verify(
    directory: Path, *, seal: str | None = None, is_signed: IsSigned | None = None
) -> Verification:
    """Check the chain, the hashes, and that every file is there and no other.

    A recording that is still being written is reported as `not_closed`. `seal` is the hash of its
    `close` line as kept outside, if it is at hand; `is_signed(key name, text, signature)` tells
    whether a signature is good.
    """
    try:
        manifest = read_manifest(directory)
        started_at_ms = opening(manifest).started_at_ms
    except RecordingMissing:
        return _unreadable(Problem("manifest_missing", None, str(directory)))
    except ManifestDamaged as damage:
        line = damage.details["line"]
        where = line if isinstance(line, int) else None
        return _unreadable(Problem("manifest_damaged", where, str(damage.details["reason"])))
    problems = (
        *_manifest_problems(manifest, seal),
        *_signature_problems(manifest, is_signed),
        *_file_problems(directory, manifest),
    )
    return Verification(
        ok=not problems,
        problems=problems,
        segments=sum(isinstance(entry, Segment) for entry in manifest.entries),
        gaps=gaps(manifest.entries),
        seconds=(_ended_at_ms(manifest) - started_at_ms) / 1000,
        seal=manifest.seal,
        head=manifest.head,
        signatures=sum(isinstance(entry, Signed) for entry in manifest.entries),
    )


def _unreadable(problem: Problem) -> Verification:
    return Verification(
        ok=False,
        problems=(problem,),
        segments=0,
        gaps=(),
        seconds=0.0,
        seal=None,
        head=None,
        signatures=0,
    )


def _ended_at_ms(manifest: Manifest) -> int:
    ends = (entry.ended_at_ms for entry in manifest.entries if isinstance(entry, Close))
    return next(ends, last_moment_ms(manifest.entries))


def _manifest_problems(manifest: Manifest, seal: str | None) -> Iterator[Problem]:
    if manifest.torn:
        yield Problem("torn_line", len(manifest.entries) + 1, f"{manifest.torn} bytes")
    if manifest.seal is None:
        yield Problem("not_closed", None, "no close line")
    elif seal not in (None, manifest.seal):
        yield Problem("seal_differs", None, f"{manifest.seal} instead of {seal}")
    before = list(takewhile(lambda entry: not isinstance(entry, Close), manifest.entries))
    for close in manifest.entries[len(before) :][:1]:
        if isinstance(close, Close) and close != totals(before, close.ended_at_ms):
            yield Problem("totals_wrong", len(before) + 1, "the close line counts differently")


def _signature_problems(manifest: Manifest, is_signed: IsSigned | None) -> Iterator[Problem]:
    if is_signed is None:
        return
    recording_id, head = opening(manifest).recording_id, NO_LINE
    for line, entry in enumerate(manifest.entries, start=1):
        if isinstance(entry, Signed):
            try:
                signature = bytes.fromhex(entry.signature)
            except ValueError:
                signature = b""
            if not is_signed(entry.key, signed_text(recording_id, head), signature):
                yield Problem("signature_wrong", line, entry.key)
        head = line_hash(encode(entry, head))


def _file_problems(directory: Path, manifest: Manifest) -> Iterator[Problem]:
    is_discarded = any(isinstance(entry, Discarded) for entry in manifest.entries)
    segments: dict[str, int] = {}
    finished: dict[str, int] = {}
    keys: dict[int, tuple[int, Key]] = {}
    counts = {e.participant: e for e in manifest.entries if isinstance(e, FinishedFile)}
    for line, entry in enumerate(manifest.entries, start=1):
        match entry:
            case Segment():
                if entry.file in segments:
                    yield Problem("segment_twice", line, entry.file)
                segments[entry.file] = line
                path = directory / SEGMENTS / entry.file
                # Discarding may have been interrupted between its line and the last file.
                if not is_discarded or path.exists():
                    yield from _content_problems("segment", line, path, entry.bytes, entry.sha256)
            case Key():
                keys[entry.n] = line, entry
            case FinishedFile():
                finished[entry.file] = line
                path = directory / FINAL / entry.file
                # A later one for the participant replaces it, and may have been interrupted.
                if counts[entry.participant] is not entry and not path.exists():
                    continue
                yield from _content_problems("finished", line, path, entry.bytes, entry.sha256)
            case _:
                pass
    yield from _extra(directory / SEGMENTS, segments)
    yield from _extra(directory / FINAL, finished)
    yield from _key_problems(directory, keys.values())
    named = {entry.file: line for line, entry in keys.values()}
    yield from _extra(directory, {MANIFEST: 0, SEGMENTS: 0, FINAL: 0, **named})


def _key_problems(directory: Path, keys: Iterable[tuple[int, Key]]) -> Iterator[Problem]:
    for line, entry in keys:
        path = directory / entry.file
        if not path.is_file():
            yield Problem("key_missing", line, entry.file)
        elif file_sha256(path) != entry.sha256:
            yield Problem("key_changed", line, entry.file)


def _content_problems(
    what: str, line: int, path: Path, size: int, sha256: str
) -> Iterator[Problem]:
    try:
        status = path.lstat()
        if not S_ISREG(status.st_mode):
            yield Problem(f"{what}_missing", line, f"{path.name} is not a file")
        elif status.st_size != size:
            yield Problem(f"{what}_size", line, f"{path.name}: {status.st_size} of {size} bytes")
        elif file_sha256(path) != sha256:
            yield Problem(f"{what}_changed", line, path.name)
    except FileNotFoundError:
        yield Problem(f"{what}_missing", line, path.name)
    except OSError as error:
        yield Problem(f"{what}_unreadable", line, f"{path.name}: {error.strerror}")


def _extra(folder: Path, expected: Mapping[str, int]) -> Iterator[Problem]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name not in expected:
                yield Problem("extra_file", None, str(path.relative_to(folder.parent)))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes as stored, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
