"""Hypothesis strategies for manifest lines."""

from hypothesis import strategies as st

from recordings.manifest import (
    NO_LINE,
    Close,
    Discarded,
    Entry,
    FinishedFile,
    Gap,
    Key,
    Mark,
    Open,
    Segment,
    Signed,
    Track,
    encode,
    line_hash,
)

moments = st.integers(0, 2**44)
counts = st.integers(0, 2**40)
names = st.text(max_size=20)
file_names = names.filter(lambda name: name not in ("", ".", "..") and not {"/", "\0"} & set(name))
kinds = st.sampled_from(["audio", "video"])
causes = st.sampled_from(["loss", "left", "muted", "aside", "crash", "disk", "damage"])
digests = st.text("0123456789abcdef", min_size=64, max_size=64)

opens = st.builds(Open, names, st.sampled_from([1, 2]), moments, names)
keys = st.builds(Key, counts, file_names, names, digests)
segments = st.builds(
    Segment,
    counts,
    names,
    kinds,
    file_names,
    moments,
    moments,
    counts,
    counts,
    digests,
    counts,
    counts,
)
recorded = st.one_of(
    st.builds(Track, names, kinds, names, counts),
    segments,
    st.builds(Gap, names, kinds, moments, st.none() | moments, causes),
    st.builds(Mark, names, moments),
    keys,
)
closes = st.builds(Close, moments, counts, counts, counts, counts)
finished = st.builds(
    FinishedFile, names, file_names, counts, digests, counts, counts, counts, counts, counts
)


@st.composite
def manifests(draw: st.DrawFn) -> list[Entry]:
    """The lines of a recording at any stage of its life."""
    entries: list[Entry] = [draw(opens), *draw(st.lists(recorded, max_size=6))]
    if draw(st.booleans()):
        entries.append(draw(closes))
        files: list[FinishedFile] = draw(st.lists(finished, max_size=2))
        discarded: bool = draw(st.booleans())
        entries += files
        entries += draw(st.lists(keys | st.builds(Signed, names, digests), max_size=2))
        if files and discarded:
            entries.append(Discarded(draw(counts)))
    return entries


def text(entries: list[Entry]) -> bytes:
    """The manifest that says these lines."""
    lines: list[bytes] = []
    head = NO_LINE
    for entry in entries:
        lines.append(encode(entry, head))
        head = line_hash(lines[-1])
    return b"".join(lines)
