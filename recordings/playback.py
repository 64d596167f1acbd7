"""Reading finished files in pieces, as players ask for them with HTTP Range."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from recordings.cipher import sealed_name
from recordings.errors import RangeUnsatisfiable
from recordings.sealed_file import SealedReader

CHUNK_BYTES: Final = 1024 * 1024
SEALED: Final = ".sealed.webm"
"""What the name of a sealed file ends with, after its participant."""

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
    """A finished file, opened with one of `keys`; blocking, so use it in a thread.

    `keys` None: it was made before recordings were sealed and lies there as it is.
    """

    def __init__(self, path: Path, keys: Sequence[bytes] | None) -> None:
        """Open it.

        Raises:
            FileNotFoundError: it is gone.
            SealBroken: it is not what was sealed there, or none of `keys` is its own.
        """
        self._file = path.open("rb", buffering=0)
        try:
            self._sealed = (
                None if keys is None else SealedReader(self._file, keys, name=sealed_name(path))
            )
        except BaseException:
            self._file.close()
            raise
        self.size = (
            os.fstat(self._file.fileno()).st_size if self._sealed is None else self._sealed.size
        )

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start` on, at most `CHUNK_BYTES`, none behind the end.

        Raises:
            SealBroken: they are not what was sealed there.
        """
        length = min(length, CHUNK_BYTES, self.size - start)
        if length <= 0:
            return b""
        if self._sealed is None:
            return os.pread(self._file.fileno(), length, start)
        return self._sealed.read(start, length)

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
