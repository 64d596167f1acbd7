"""The segment format."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import SegmentDamaged
from recordings.segment import Frame, Header, encode, parse, salvage

headers = st.builds(
    Header,
    st.text(max_size=12),
    st.sampled_from(["audio", "video"]),
    st.integers(0, 999),
    st.text(max_size=5),
    st.integers(0, 90000),
)
frames = st.lists(
    st.builds(
        Frame,
        st.integers(0, 2**64 - 1),
        st.integers(0, 2**44),
        st.booleans(),
        st.booleans(),
        st.binary(max_size=40),
    ),
    max_size=5,
)


@given(headers, frames)
def test_what_is_written_is_read_again(header: Header, content: list[Frame]) -> None:
    assert parse(encode(header, content)) == (header, tuple(content), 0)


@given(headers, frames, st.data())
def test_every_changed_byte_is_found_or_is_in_a_header_field(
    header: Header, content: list[Frame], data: st.DataObject
) -> None:
    whole = bytearray(encode(header, content))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse(bytes(whole))
    except SegmentDamaged:
        return
    # Timestamps and header fields are guarded by the manifest's hash of the whole file.
    assert [frame.data for frame in changed.frames] == [frame.data for frame in content]


@given(headers, frames.filter(bool), st.data())
def test_a_cut_segment_gives_back_its_whole_frames(
    header: Header, content: list[Frame], data: st.DataObject
) -> None:
    start = len(encode(header, []))
    whole = encode(header, content)
    cut = data.draw(st.integers(start, len(whole) - 1))
    found = salvage(whole[:cut])
    assert found.frames == tuple(content[: len(found.frames)])
    assert found.torn < len(encode(header, content[len(found.frames) :])) - start + 1
    if found.torn:
        with pytest.raises(SegmentDamaged):
            parse(whole[:cut])


@given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda tail: b"VRSG\x01" + tail))
def test_no_bytes_at_all_make_the_parser_fail_otherwise(data: bytes) -> None:
    with suppress(SegmentDamaged):
        assert salvage(data).torn <= len(data)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b'{"participant":"p"}',
        b'{"participant":"p","kind":"smell","i":1,"codec":"VP8","clock_rate":1}',
        b'{"participant":"p","kind":"video","i":true,"codec":"VP8","clock_rate":1}',
        b'{"participant":7,"kind":"video","i":1,"codec":"VP8","clock_rate":1}',
    ],
)
def test_a_header_that_is_none_is_damage(text: bytes) -> None:
    with pytest.raises(SegmentDamaged):
        parse(b"VRSG\x01" + len(text).to_bytes(4, "big") + text)
