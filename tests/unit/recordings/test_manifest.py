"""The manifest as types and text."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import ManifestDamaged
from recordings.manifest import (
    NO_LINE,
    Close,
    Discarded,
    Entry,
    FinishedFile,
    Gap,
    Key,
    Manifest,
    Mark,
    Open,
    Segment,
    Signed,
    State,
    Track,
    encode,
    gaps,
    last_moment_ms,
    line_hash,
    opening,
    parse,
    state,
    totals,
)
from tests.unit.recordings.lines import manifests, text

OPEN = Open("r1", 1, 1000, "plain0")
TRACK = Track("p1", "video", "VP8", 90000)
FINISHED = FinishedFile("p1", "p1.webm", 10, "0" * 64, 2000, 1, 1, 640, 360)


def segment(i: int, t0_ms: int, t1_ms: int, participant: str = "p1") -> Segment:
    file = f"{participant}-video-{i:06d}.seg"
    return Segment(i, participant, "video", file, t0_ms, t1_ms, 30, 100, "0" * 64, 640, 360)


def gap(from_ms: int, to_ms: int | None, participant: str = "p1") -> Gap:
    return Gap(participant, "video", from_ms, to_ms, "loss")


@given(manifests())
def test_what_is_written_is_read_again(entries: list[Entry]) -> None:
    data = text(entries)
    manifest = parse(data)
    assert list(manifest.entries) == entries
    assert manifest.size == len(data)
    assert manifest.torn == 0
    assert manifest.head == line_hash(data.splitlines(keepends=True)[-1])


@given(manifests(), st.data())
def test_a_last_line_cut_anywhere_is_forgiven(entries: list[Entry], data: st.DataObject) -> None:
    whole = text(entries)
    last = whole.splitlines(keepends=True)[-1]
    cut = data.draw(st.integers(1, len(last) - 1))
    manifest = parse(whole[:-cut])
    assert list(manifest.entries) == entries[:-1]
    assert manifest.torn == len(last) - cut


@given(manifests(), st.data())
def test_every_changed_byte_is_found(entries: list[Entry], data: st.DataObject) -> None:
    whole = bytearray(text(entries))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        manifest = parse(bytes(whole))
    except ManifestDamaged:
        return
    assert manifest.torn, "only a newline that became something else leaves the rest readable"
    assert at == len(whole) - 1


@given(manifests().filter(lambda entries: len(entries) > 2), st.data())
def test_every_line_removed_doubled_or_moved_is_found(
    entries: list[Entry], data: st.DataObject
) -> None:
    lines = text(entries).splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 2))
    changed = data.draw(
        st.sampled_from(
            [
                lines[:at] + lines[at + 1 :],
                lines[: at + 1] + lines[at:],
                [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
            ]
        )
    )
    with pytest.raises(ManifestDamaged):
        parse(b"".join(changed))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_at_all_make_the_parser_fail_otherwise(data: bytes) -> None:
    with suppress(ManifestDamaged):
        assert parse(data).entries == ()


@pytest.mark.parametrize("value", ["true", "-1", '"7"', "1.5", "null", "[]"])
def test_a_field_of_the_wrong_type_is_damage(value: str) -> None:
    line = encode(OPEN, NO_LINE).replace(
        b'"started_at_ms":1000', f'"started_at_ms":{value}'.encode()
    )
    with pytest.raises(ManifestDamaged) as refused:
        parse(line)
    assert refused.value.details == {"line": 1, "reason": "fields"}


@pytest.mark.parametrize(
    "entries",
    [
        [TRACK],
        [OPEN, OPEN],
        [OPEN, FINISHED],
        [OPEN, Discarded(0)],
        [OPEN, Close(1, 0, 0, 0, 0), TRACK],
        [OPEN, Close(1, 0, 0, 0, 0), Close(1, 0, 0, 0, 0)],
        [OPEN, Close(1, 0, 0, 0, 0), Discarded(0)],
        [Open("r1", 3, 1000, "plain0")],
        [OPEN, replace(segment(1, 0, 10), file="../p1-video-000001.seg")],
        [OPEN, Close(1, 0, 0, 0, 0), replace(FINISHED, file="..")],
        [OPEN, Signed("k", "00")],
        [OPEN, Key(1, "../key", "intl1", "0" * 64)],
    ],
)
def test_a_line_in_the_wrong_place_is_damage(entries: list[Entry]) -> None:
    with pytest.raises(ManifestDamaged):
        parse(text(entries))


def test_an_empty_manifest_has_no_opening() -> None:
    with pytest.raises(ManifestDamaged):
        opening(Manifest((), NO_LINE, None, 0, 0))


def test_the_seal_is_the_hash_of_the_close_line() -> None:
    close = totals([OPEN, segment(1, 1000, 2900)], 3000)
    lines = text([OPEN, segment(1, 1000, 2900), close, FINISHED]).splitlines(keepends=True)
    assert parse(b"".join(lines)).seal == line_hash(lines[2])
    assert parse(b"".join(lines[:2])).seal is None


def test_a_line_is_one_json_object_that_names_its_type() -> None:
    fields = json.loads(encode(gap(1, None), NO_LINE))
    assert fields["type"] == "gap"
    assert fields["to_ms"] is None
    assert fields["prev"] == NO_LINE


def test_the_state_follows_the_lines() -> None:
    entries: list[Entry] = [OPEN]
    histories = [state(entries)]
    for entry in (
        Mark("consent", 1),
        Mark("pause", 1),
        Mark("resume", 2),
        totals(entries, 3),
        FINISHED,
        Discarded(1),
    ):
        entries.append(entry)
        histories.append(state(entries))
    assert histories == [
        State.RECORDING,
        State.RECORDING,
        State.PAUSED,
        State.RECORDING,
        State.CLOSED,
        State.FINISHED,
        State.DISCARDED,
    ]


def test_totals_count_each_gap_once() -> None:
    open_gap, same_gap = gap(10, None), gap(10, 90)
    entries: list[Entry] = [OPEN, segment(1, 0, 10), open_gap, same_gap, segment(2, 90, 99)]
    assert totals(entries, 200) == Close(200, segments=2, frames=60, bytes=200, gaps=1)


def test_the_last_moment_is_the_latest_anywhere() -> None:
    assert last_moment_ms([OPEN]) == 1000
    assert last_moment_ms([OPEN, segment(1, 1000, 3000), Mark("pause", 2000)]) == 3000
    assert last_moment_ms([OPEN, gap(4000, None)]) == 4000
    assert last_moment_ms([OPEN, gap(4000, 5000)]) == 5000


def test_a_completed_gap_replaces_the_open_one() -> None:
    assert gaps([OPEN, gap(10, None), gap(10, 50), segment(2, 60, 70)]) == (gap(10, 50),)
    assert gaps([OPEN, gap(10, None), segment(2, 60, 70), gap(10, 50)]) == (gap(10, 50),)


def test_an_open_gap_ends_where_its_track_goes_on() -> None:
    later: list[Entry] = [
        segment(1, 5, 8),
        gap(10, None),
        segment(2, 5, 9, "p2"),
        segment(2, 60, 70),
    ]
    assert gaps([OPEN, *later]) == (gap(10, 60),)


def test_an_open_gap_ends_with_the_recording_or_stays_open() -> None:
    assert gaps([OPEN, gap(10, None), Close(90, 0, 0, 0, 1)]) == (gap(10, 90),)
    assert gaps([OPEN, gap(90, None), Close(90, 0, 0, 0, 1)]) == (gap(90, None),)
    assert gaps([OPEN, gap(10, None)]) == (gap(10, None),)


def test_a_gap_after_an_open_one_ends_it() -> None:
    assert gaps([OPEN, gap(10, None), gap(40, None)]) == (gap(10, 40), gap(40, None))
