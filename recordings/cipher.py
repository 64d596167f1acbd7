"""The seam for encryption at rest: everything a recording stores passes through a cipher.

`name` is `<recording id>/<folder>/<file>`: a cipher that authenticates binds it in, so that a file
moved to another place or recording does not open.
"""

import os
import shutil
from typing import BinaryIO, Protocol

_COPY_BYTES = 1024 * 1024


class SegmentCipher(Protocol):
    """Seals what goes to disk and opens what comes back; safe to call from several threads."""

    @property
    def suite(self) -> str:
        """The stable id that the manifest's first line keeps."""

    def seal(self, plain: bytes, *, name: str) -> bytes:
        """Seal a segment."""

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Open a segment.

        Raises:
            SealBroken: it was changed, moved, or sealed by another key.
        """

    def seal_file(self, source: BinaryIO, target: BinaryIO, *, name: str) -> None:
        """Seal a finished file from the start of `source` into the empty `target`."""

    def size(self, sealed: BinaryIO) -> int:
        """The length in bytes of what a finished file holds, opened."""

    def read(self, sealed: BinaryIO, start: int, length: int, *, name: str) -> bytes:
        """Open the bytes `start … start + length` of a finished file, fewer at its end.

        Raises:
            SealBroken: they were changed, moved, or sealed by another key.
        """


class Plain:
    """Stores as it is."""

    @property
    def suite(self) -> str:
        """`plain0`."""
        return "plain0"

    def seal(self, plain: bytes, *, name: str) -> bytes:
        """Return `plain`."""
        return plain

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Return `sealed`."""
        return sealed

    def seal_file(self, source: BinaryIO, target: BinaryIO, *, name: str) -> None:
        """Copy."""
        shutil.copyfileobj(source, target, _COPY_BYTES)

    def size(self, sealed: BinaryIO) -> int:
        """The length of the file."""
        return os.fstat(sealed.fileno()).st_size

    def read(self, sealed: BinaryIO, start: int, length: int, *, name: str) -> bytes:
        """Read at `start`; the file's own position does not matter and stays."""
        return os.pread(sealed.fileno(), length, start)
