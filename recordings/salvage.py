"""What a crash left in a recording's directory, and what to say about it."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from recordings.cipher import Cipher, sealed_name
from recordings.errors import SealBroken, SegmentDamaged
from recordings.manifest import Entry, Gap, Segment, Track, TrackKey, gaps, last_moment_ms
from recordings.segment import Content, salvage

_SEGMENT_FILE = re.compile(r"(?P<participant>.+)-(?P<kind>audio|video)-(?P<i>\d{6,})\.seg(\.part)?")


class Leftover(NamedTuple):
    """A segment file without a manifest line, and the whole frames it begins with."""

    path: Path
    content: Content

    @property
    def track(self) -> Track:
        """The track it belongs to."""
        header = self.content.header
        return Track(header.participant, header.kind, header.codec, header.clock_rate)


def leftovers(
    folder: Path, listed: Collection[str], cipher: Cipher | None
) -> tuple[list[Leftover], list[Path]]:
    """Sort the files in `folder` that are not `listed`: those `cipher` finds whole frames in, and the rest."""
    usable: dict[str, Leftover] = {}
    rest: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name in listed:
            continue
        name = path.name.removesuffix(".part")
        content = _content(path, cipher)
        if content is None or name in usable or name in listed:
            rest.append(path)
        else:
            usable[name] = Leftover(path, content)
    return list(usable.values()), rest


def _content(path: Path, cipher: Cipher | None) -> Content | None:
    match = _SEGMENT_FILE.fullmatch(path.name)
    if match is None or cipher is None:
        return None
    try:
        content = salvage(cipher.open(path.read_bytes(), name=sealed_name(path)))
    except (SealBroken, SegmentDamaged):
        return None
    header = content.header
    stated = (header.participant, header.kind, header.i)
    named = (match["participant"], match["kind"], int(match["i"]))
    return content if content.frames and stated == named else None


def crash_gaps(entries: Sequence[Entry], found: Sequence[Leftover]) -> list[Gap]:
    """The gaps to note when a recording with these lines and leftovers is taken up again.

    The lines that would have named the gaps inside the leftovers were lost with the crash, so these
    are told from the frames' own flags.
    """
    known = gaps(entries)
    last = _last_moments(entries)
    notes: list[Gap] = []
    for leftover in sorted(found, key=lambda leftover: leftover.content.header.i):
        participant, kind = key = leftover.content.header.key
        for frame in leftover.content.frames:
            if frame.after_gap and key in last and frame.at_ms > last[key]:
                notes.append(Gap(participant, kind, last[key], frame.at_ms, "crash"))
            last[key] = frame.at_ms
    resumed = {leftover.content.header.key for leftover in found}
    still_open = {gap.key: gap for gap in known if gap.to_ms is None and gap.key not in resumed}
    latest = max([last_moment_ms(entries), *last.values()])
    for key, last_ms in last.items():
        gap = still_open.get(key)
        if gap is None:
            notes.append(Gap(key[0], key[1], last_ms, None, "crash"))
        elif gap.cause != "crash" and latest > gap.from_ms:
            notes.append(Gap(key[0], key[1], latest, None, "crash"))
    return notes


def _last_moments(entries: Sequence[Entry]) -> dict[TrackKey, int]:
    last: dict[TrackKey, int] = {}
    for entry in entries:
        match entry:
            case Segment(t1_ms=at_ms) | Gap(to_ms=int() as at_ms) | Gap(from_ms=at_ms):
                last[entry.key] = max(last.get(entry.key, 0), at_ms)
            case _:
                pass
    return last
