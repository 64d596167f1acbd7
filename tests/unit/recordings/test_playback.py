"""Reading finished files in pieces."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import RangeUnsatisfiable
from recordings.playback import CHUNK_BYTES, ByteRange, RangeReader, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", ByteRange(0, 500)),
        ("bytes=500-999", ByteRange(500, 500)),
        ("bytes=-500", ByteRange(9500, 500)),
        ("bytes=9500-", ByteRange(9500, 500)),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=-1", ByteRange(9999, 1)),
        ("bytes=9990-99999", ByteRange(9990, 10)),
        ("bytes=-99999", ByteRange(0, 10000)),
        ("Bytes= 0-0 ", ByteRange(0, 1)),
    ],
)
def test_the_examples_of_the_standard_are_understood(header: str, expected: ByteRange) -> None:
    assert parse_range(header, 10_000) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "lines=0-4", "bytes=a-b", "bytes=0-1,5-6",
     "bytes=٣-٤", "bytes=0x0-0x1", "bytes=--5", "bytes=" + "9" * 30 + "-"],
)  # fmt: skip
def test_what_is_not_one_byte_range_means_the_whole(header: str | None) -> None:
    assert parse_range(header, 10_000) is None


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ("bytes=10000-", 10_000),
        ("bytes=10000-10005", 10_000),
        ("bytes=-0", 10_000),
        ("bytes=0-", 0),
    ],
)
def test_a_range_outside_the_file_is_refused_with_its_size(header: str, size: int) -> None:
    with pytest.raises(RangeUnsatisfiable) as refused:
        parse_range(header, size)
    assert refused.value.details == {"size": size}


@given(st.text(max_size=30) | st.text("bytes=-0123456789, ", max_size=30), st.integers(0, 5000))
def test_a_range_always_lies_inside_the_file(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except RangeUnsatisfiable:
        return
    if found is not None:
        assert 0 <= found.start < found.start + found.length <= size


def test_a_file_is_read_in_bounded_pieces(tmp_path: Path) -> None:
    path = tmp_path / "r1" / "final" / "p1.webm"
    path.parent.mkdir(parents=True)
    content = bytes(range(256)) * (CHUNK_BYTES // 128)
    path.write_bytes(content)
    with RangeReader(path, None) as reader:
        assert reader.size == len(content)
        assert reader.read(5, 10) == content[5:15]
        assert reader.read(0, len(content)) == content[:CHUNK_BYTES]
        assert reader.read(len(content) - 3, 10) == content[-3:]
        assert reader.read(len(content), 10) == b""
        assert reader.read(0, 0) == b""
