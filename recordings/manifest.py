"""What a recording is: the manifest as types and as text, a hash chain of JSON lines.

One line is one JSON object with the fields of its type, then `prev` (SHA-256 of the line before,
its newline included; 64 zeros before the first) and `crc` (CRC-32 of everything before it), so
that a change to any line, the last one included, shows. Instants are Unix milliseconds. Lines are only
ever added; `close` ends what was recorded, and after it only `key`, `finished`, `signed` and `discarded`
may follow.
"""

import enum
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args, get_type_hints

from recordings.errors import ManifestDamaged

VERSION: Final = 2
_VERSIONS: Final = (1, 2)
NO_LINE: Final = "0" * 64

Kind: TypeAlias = Literal["audio", "video"]
Cause: TypeAlias = Literal["loss", "left", "muted", "aside", "crash", "disk", "damage"]
TrackKey: TypeAlias = tuple[str, Kind]

CAUSES: Final[tuple[str, ...]] = get_args(Cause)


@dataclass(frozen=True, slots=True)
class Open:
    """The first line: which recording, since when, sealed by which cipher suite."""

    recording_id: str
    version: int
    started_at_ms: int
    suite: str


@dataclass(frozen=True, slots=True)
class Key:
    """The wrapped key in `file` seals what is written from here on, by the cipher suite named.

    A process that takes an interrupted recording up again makes a key of its own, for it cannot
    open the one before. `sha256` is of the file; a later line with the same `n` replaces it.
    """

    n: int
    file: str
    suite: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Track:
    """A participant's sound or picture begins, or goes on with another codec."""

    participant: str
    kind: Kind
    codec: str
    clock_rate: int

    @property
    def key(self) -> TrackKey:
        """What tells this track from the others."""
        return self.participant, self.kind


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of frames: `bytes` and `sha256` are of the file as stored.

    `t0_ms` and `t1_ms` are the capture times of its first and last frame, `width` and `height` the
    largest picture a key frame in it states (0 for sound).
    """

    i: int
    participant: str
    kind: Kind
    file: str
    t0_ms: int
    t1_ms: int
    frames: int
    bytes: int
    sha256: str
    width: int
    height: int

    @property
    def key(self) -> TrackKey:
        """The track this belongs to."""
        return self.participant, self.kind


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames of a track are missing from `from_ms` to `to_ms`.

    `to_ms` None: not over yet when the line was written; a later line with the same `from_ms`
    completes it.
    """

    participant: str
    kind: Kind
    from_ms: int
    to_ms: int | None
    cause: Cause

    @property
    def key(self) -> TrackKey:
        """The track this belongs to."""
        return self.participant, self.kind


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened in the room: `consent`, `pause`, `resume`, …"""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Close:
    """The recording ended; totals over all lines before."""

    ended_at_ms: int
    segments: int
    frames: int
    bytes: int
    gaps: int


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """One participant's file to play, verified: `bytes` and `sha256` are of the file as stored."""

    participant: str
    file: str
    bytes: int
    sha256: str
    duration_ms: int
    video_frames: int
    audio_packets: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Discarded:
    """The segments were removed, the finished files having been verified."""

    segments: int


@dataclass(frozen=True, slots=True)
class Signed:
    """All lines before are what the holder of the key named `key` found; see `signed_text`.

    `signature` is in hexadecimal.
    """

    key: str
    signature: str


Entry: TypeAlias = (
    Open | Key | Track | Segment | Gap | Mark | Close | FinishedFile | Discarded | Signed
)

_TYPES: Final[dict[str, type[Entry]]] = {
    "open": Open,
    "key": Key,
    "track": Track,
    "segment": Segment,
    "gap": Gap,
    "mark": Mark,
    "close": Close,
    "finished": FinishedFile,
    "discarded": Discarded,
    "signed": Signed,
}
_NAMES: Final = {type_: name for name, type_ in _TYPES.items()}


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


_CHECKS: Final[dict[object, Callable[[object], bool]]] = {
    int: _is_count,
    int | None: lambda value: value is None or _is_count(value),
    str: lambda value: isinstance(value, str),
    Kind: lambda value: value in get_args(Kind),
    Cause: lambda value: value in CAUSES,
}
_FIELDS: Final = {
    type_: {field: _CHECKS[hint] for field, hint in get_type_hints(type_).items()}
    for type_ in _NAMES
}
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest read: its lines, and where it stands.

    `head` is the SHA-256 of the last whole line, `seal` that of the `close` line (the value to keep
    outside: it fixes all that was recorded), `size` the bytes of whole lines, `torn` the bytes of a
    last line that a crash cut short.
    """

    entries: tuple[Entry, ...]
    head: str
    seal: str | None
    size: int
    torn: int


class State(enum.StrEnum):
    """How far a recording has come."""

    RECORDING = "recording"
    PAUSED = "paused"
    CLOSED = "closed"
    FINISHED = "finished"
    DISCARDED = "discarded"


def encode(entry: Entry, prev: str) -> bytes:
    """The line that says `entry` after the line whose hash is `prev`, newline included."""
    type_ = type(entry)
    fields = {"type": _NAMES[type_]}
    fields |= {name: getattr(entry, name) for name in _FIELDS[type_]}
    fields["prev"] = prev
    body = _JSON.encode(fields)[:-1].encode()
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def line_hash(line: bytes) -> str:
    """What the next line names as `prev`."""
    return hashlib.sha256(line).hexdigest()


def signed_text(recording_id: str, head: str) -> bytes:
    """What the signature of a `signed` line is over; `head` is the hash of the line before it."""
    return f"video-reception-recording-v1|{recording_id}|{head}".encode()


def parse(data: bytes) -> Manifest:
    """Read a whole manifest; only a torn last line (one without newline) is forgiven.

    Raises:
        ManifestDamaged: a line is not what was written there, or stands in the wrong place.
    """
    entries: list[Entry] = []
    head, seal = NO_LINE, None
    *lines, tail = data.split(b"\n")
    for number, text in enumerate(lines, start=1):
        line = text + b"\n"
        entry = _decode(line, head, number)
        _check_place(entry, entries, closed=seal is not None, number=number)
        entries.append(entry)
        head = line_hash(line)
        if isinstance(entry, Close):
            seal = head
    return Manifest(tuple(entries), head, seal, len(data) - len(tail), len(tail))


def _decode(line: bytes, prev: str, number: int) -> Entry:
    try:
        fields = json.loads(line)
        type_ = _TYPES[fields.pop("type")]
        stated_prev = fields.pop("prev")
        fields.pop("crc")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise ManifestDamaged(line=number, reason="unreadable") from None
    checks = _FIELDS[type_]
    if fields.keys() != checks.keys() or not all(ok(fields[name]) for name, ok in checks.items()):
        raise ManifestDamaged(line=number, reason="fields")
    if stated_prev != prev:
        raise ManifestDamaged(line=number, reason="chain")
    entry = type_(**fields)
    # Writing it again must give the same bytes: this catches a wrong checksum, doubled keys,
    # other spellings of the same value, and text that cannot be written at all.
    try:
        is_same = encode(entry, prev) == line
    except UnicodeEncodeError:
        is_same = False
    if not is_same:
        raise ManifestDamaged(line=number, reason="checksum")
    return entry


def _check_place(entry: Entry, before: list[Entry], *, closed: bool, number: int) -> None:
    if isinstance(entry, Open) != (number == 1):
        raise ManifestDamaged(line=number, reason="place")
    is_after = isinstance(entry, FinishedFile | Discarded | Signed)
    if is_after != closed and not isinstance(entry, Key):
        raise ManifestDamaged(line=number, reason="place")
    if isinstance(entry, Open) and entry.version not in _VERSIONS:
        raise ManifestDamaged(line=number, reason="version")
    if isinstance(entry, Key | Segment | FinishedFile) and not _is_file_name(entry.file):
        raise ManifestDamaged(line=number, reason="file")
    if isinstance(entry, Discarded) and not any(isinstance(e, FinishedFile) for e in before):
        raise ManifestDamaged(line=number, reason="place")


def _is_file_name(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def opening(manifest: Manifest) -> Open:
    """The first line.

    Raises:
        ManifestDamaged: there is none.
    """
    match manifest.entries:
        case (Open() as first, *_):
            return first
        case _:
            raise ManifestDamaged(line=1, reason="empty")


def state(entries: Iterable[Entry]) -> State:
    """How far the recording that wrote these lines has come."""
    now = State.RECORDING
    for entry in entries:
        match entry:
            case Mark(name="pause"):
                now = State.PAUSED
            case Mark(name="resume"):
                now = State.RECORDING
            case Close():
                now = State.CLOSED
            case FinishedFile():
                now = State.FINISHED
            case Discarded():
                now = State.DISCARDED
            case _:
                pass
    return now


def totals(entries: Sequence[Entry], ended_at_ms: int) -> Close:
    """The `close` line for a recording with these lines."""
    segments = [entry for entry in entries if isinstance(entry, Segment)]
    return Close(
        ended_at_ms=ended_at_ms,
        segments=len(segments),
        frames=sum(segment.frames for segment in segments),
        bytes=sum(segment.bytes for segment in segments),
        gaps=len(gaps(entries)),
    )


def last_moment_ms(entries: Iterable[Entry]) -> int:
    """The latest instant any line before `close` knows of."""
    latest = 0
    for entry in entries:
        match entry:
            case Open(started_at_ms=at_ms) | Segment(t1_ms=at_ms) | Mark(at_ms=at_ms):
                latest = max(latest, at_ms)
            case Gap(from_ms=from_ms, to_ms=to_ms):
                latest = max(latest, from_ms, to_ms or 0)
            case _:
                pass
    return latest


def gaps(entries: Iterable[Entry]) -> tuple[Gap, ...]:
    """Every gap once, with the best known end, in order of their beginning.

    A gap left open ends where its track goes on, else with the recording; it keeps `to_ms` None
    when neither is known to lie after it (the tail of a recording that a crash ended).
    """
    found: dict[tuple[TrackKey, int], Gap] = {}
    unended: dict[TrackKey, Gap] = {}

    def end(key: TrackKey, at_ms: int) -> None:
        gap = unended.get(key)
        if gap is not None and at_ms >= gap.from_ms:
            found[key, gap.from_ms] = replace(gap, to_ms=at_ms)
            del unended[key]

    for entry in entries:
        match entry:
            case Gap():
                if entry.key in unended and unended[entry.key].from_ms != entry.from_ms:
                    end(entry.key, entry.from_ms)
                unended.pop(entry.key, None)
                found[entry.key, entry.from_ms] = entry
                if entry.to_ms is None:
                    unended[entry.key] = entry
            case Segment():
                end(entry.key, entry.t0_ms)
            case Close():
                for key in [key for key, gap in unended.items() if gap.from_ms < entry.ended_at_ms]:
                    end(key, entry.ended_at_ms)
            case _:
                pass
    return tuple(sorted(found.values(), key=lambda gap: (gap.from_ms, gap.participant, gap.kind)))
