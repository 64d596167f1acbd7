"""Reading finished files in pieces, as players ask for them with HTTP Range."""

import re
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from recordings.cipher import Plain, SegmentCipher, sealed_name
from recordings.errors import RangeUnsatisfiable

CHUNK_BYTES: Final = 1024 * 1024

_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class ByteRange(NamedTuple):
    """`length` bytes (at least one) from `start` on."""

    start: int
    length: int


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """What a `Range` header asks of a representation of `size` bytes (RFC 9110, 14.1.2 and 14.2).

    None means the whole: no header, one that is not well formed, another unit, or several ranges
    (a server may answer these with 200).

    Raises:
        RangeUnsatisfiable: the range lies outside; answer 416 with `Content-Range: bytes */size`.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        length = end - start + 1
    if length <= 0:
        raise RangeUnsatisfiable(size=size)
    return ByteRange(start, length)


class RangeReader:
    """A finished file, opened through its cipher; blocking, so use it in a thread."""

    def __init__(self, path: Path, cipher: SegmentCipher | None = None) -> None:
        self._cipher = cipher or Plain()
        self._name = sealed_name(path)
        self._file = path.open("rb", buffering=0)
        self.size = self._cipher.size(self._file)

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start` on, at most `CHUNK_BYTES`, none behind the end."""
        length = min(length, CHUNK_BYTES, self.size - start)
        if length <= 0:
            return b""
        return self._cipher.read(self._file, start, length, name=self._name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()
