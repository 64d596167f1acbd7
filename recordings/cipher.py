"""The seam for encryption at rest: everything a recording stores passes through a cipher.

`name` is `<recording id>/<folder>/<file>`: a cipher that authenticates binds it in, so that a file
moved to another place or recording does not open.
"""

import os
from pathlib import Path
from typing import BinaryIO, Protocol


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

    def seal_file(self, source: Path, target: Path, *, name: str) -> None:
        """Seal the finished file `source` into `target`; `source` may be gone afterwards."""

    def size(self, sealed: BinaryIO) -> int:
        """The length in bytes of what a finished file holds, opened."""

    def read(self, sealed: BinaryIO, start: int, length: int, *, name: str) -> bytes:
        """Open the bytes `start … start + length` of a finished file, fewer at its end.

        Raises:
            SealBroken: they were changed, moved, or sealed by another key.
        """


def sealed_name(path: Path) -> str:
    """The `name` of the file at `path`, which may not have its final suffix yet."""
    recording_id, folder, file = path.absolute().parts[-3:]
    return f"{recording_id}/{folder}/{file.removesuffix('.part')}"


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

    def seal_file(self, source: Path, target: Path, *, name: str) -> None:
        """Rename."""
        source.replace(target)

    def size(self, sealed: BinaryIO) -> int:
        """The length of the file."""
        return os.fstat(sealed.fileno()).st_size

    def read(self, sealed: BinaryIO, start: int, length: int, *, name: str) -> bytes:
        """Read at `start`; the file's own position does not matter and stays."""
        return os.pread(sealed.fileno(), length, start)
