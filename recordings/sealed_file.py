"""A finished file as it lies on disk: sealed in chunks, to be read from anywhere (the STREAM scheme).

A header of 64 bytes: magic (8), suite (8, filled with zeros), chunk size (4), salt (32), nonce prefix (7), five
zeros; then chunks of 64 KiB and, last, of what remains, each followed by its tag of 16 bytes. A
chunk's nonce is prefix ‖ its number (4) ‖ 1 for the last chunk, else 0; so chunks cannot be moved,
left out or cut off. The key is HKDF(recording's key, salt) for this file's name in its recording;
each chunk's associated data is the suite's hash of header ‖ recording id. Numbers are big-endian.
"""

import io
import os
import secrets
import struct
from collections.abc import Sequence
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag

from recordings.errors import SealBroken
from recordings.suites import INTL1, SUITES, TAG_BYTES, Aead, Suite

MAGIC: Final = b"VRSEAL\x00\x01"
CHUNK_BYTES: Final = 64 * 1024

_HEADER: Final = struct.Struct(">8s8sI32s7s5x")
_NONCE: Final = struct.Struct(">7sIB")
_MOST_CHUNKS: Final = 2**32


def _seal(header: bytes, key: bytes, suite: Suite, name: str) -> tuple[Aead, bytes]:
    """What opens and seals the chunks under this header, and their associated data."""
    recording_id, _, file = name.partition("/")
    salt = _HEADER.unpack(header)[3]
    aead = suite.aead(suite.derive(key, b"file|" + file.encode(), salt))
    return aead, suite.digest(header + recording_id.encode())


class SealedWriter(io.RawIOBase):
    """Writes a finished file in one pass; nothing reaches `target` unsealed.

    Only its first `head_bytes` may be written over before `seal`, as muxers do; they wait in
    memory until then. `target` stays open. `salt` and `prefix` are made up unless a test says.
    """

    def __init__(
        self,
        target: BinaryIO,
        key: bytes,
        *,
        name: str,
        head_bytes: int = 0,
        suite: Suite = INTL1,
        salt: bytes | None = None,
        prefix: bytes | None = None,
    ) -> None:
        super().__init__()
        self._target = target
        self._prefix = prefix or secrets.token_bytes(7)
        self._header = _HEADER.pack(
            MAGIC,
            suite.id.encode(),
            CHUNK_BYTES,
            salt or secrets.token_bytes(32),
            self._prefix,
        )
        self._aead, self._bound = _seal(self._header, key, suite, name)
        self._head = bytearray()
        self._head_bytes = -(-head_bytes // CHUNK_BYTES) * CHUNK_BYTES
        self._tail = bytearray()
        self._next = self._head_bytes // CHUNK_BYTES
        self._position = 0
        self._end = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes, within what may be written over, and to the end."""
        return True

    def tell(self) -> int:
        """Where the next byte goes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; what cannot be written over is refused by `write`."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._end}
        self._position = origin[whence] + offset
        return self._position

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # narrower than Buffer
        """Write at the position.

        Raises:
            OSError: the disk refused, or the place is sealed already.
        """
        left = memoryview(data).cast("B")
        size = len(left)
        if self._position > self._end:
            raise OSError("a sealed file has no holes")
        while left and self._position < self._head_bytes:
            part = left[: self._head_bytes - self._position]
            self._head[self._position : self._position + len(part)] = part
            self._position += len(part)
            self._end = max(self._end, self._position)
            left = left[len(part) :]
        if left:
            if self._position != self._end:
                raise OSError("this part of the file is sealed")
            self._tail += left
            self._position += len(left)
            self._end = self._position
            # The last chunk is sealed otherwise, so one always waits to be that.
            whole = (len(self._tail) - 1) // CHUNK_BYTES * CHUNK_BYTES
            for start in range(0, whole, CHUNK_BYTES):
                self._put(self._next, self._tail[start : start + CHUNK_BYTES], is_last=False)
                self._next += 1
            del self._tail[:whole]
        return size

    def seal(self) -> None:
        """Write what waits, last chunk and header included. A file not sealed does not open."""
        has_tail = bool(self._tail)
        parts = range(0, len(self._head) or (0 if has_tail else 1), CHUNK_BYTES)
        for number, start in enumerate(parts):
            is_last = not has_tail and start == parts[-1]
            self._put(number, self._head[start : start + CHUNK_BYTES], is_last=is_last)
        if has_tail:
            self._put(self._next, self._tail, is_last=True)
        _write_at(self._target, self._header, 0)
        self.close()

    def _put(self, number: int, plain: bytes | bytearray, *, is_last: bool) -> None:
        if number >= _MOST_CHUNKS:
            raise OSError("the file is too long to seal")
        nonce = _NONCE.pack(self._prefix, number, is_last)
        sealed = self._aead.encrypt(nonce, bytes(plain), self._bound)
        _write_at(self._target, sealed, _HEADER.size + number * (CHUNK_BYTES + TAG_BYTES))


def _write_at(target: BinaryIO, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(target.fileno(), view, position)
        view, position = view[done:], position + done


class SealedReader:
    """Opens any part of a finished file; `size` is the length of what it holds."""

    def __init__(self, source: BinaryIO, keys: Sequence[bytes], *, name: str) -> None:
        """Take an open file, which one of `keys` sealed; its last chunk is opened at once.

        Raises:
            SealBroken: it was changed, cut off, moved, is not sealed, or sealed by another key.
        """
        self._file = source
        self._name = name
        header = os.pread(source.fileno(), _HEADER.size, 0)
        if len(header) < _HEADER.size or not header.startswith(MAGIC):
            raise SealBroken(name=name)
        _, suite_id, self._chunk, _, self._prefix = _HEADER.unpack(header)
        suite = SUITES.get(suite_id.rstrip(b"\0").decode(errors="replace"))
        body = os.fstat(source.fileno()).st_size - _HEADER.size
        if suite is None or self._chunk != CHUNK_BYTES or body < TAG_BYTES:
            raise SealBroken(name=name)
        self._chunks = -(-body // (self._chunk + TAG_BYTES))
        self.size = body - self._chunks * TAG_BYTES
        for key in keys:
            self._aead, self._bound = _seal(header, key, suite, name)
            try:
                self.read(max(self.size - 1, 0), 1)
                if self.size == 0:
                    self._open_from(0, 1)
            except SealBroken:
                continue
            return
        raise SealBroken(name=name)

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start` on, fewer at the end; the file's position stays.

        Raises:
            SealBroken: they were changed or moved.
        """
        length = min(length, self.size - start)
        if length <= 0:
            return b""
        first, last = start // self._chunk, (start + length - 1) // self._chunk
        plain = self._open_from(first, last - first + 1)
        skip = start - first * self._chunk
        return plain[skip : skip + length]

    def _open_from(self, first: int, count: int) -> bytes:
        step = self._chunk + TAG_BYTES
        sealed = os.pread(self._file.fileno(), count * step, _HEADER.size + first * step)
        parts: list[bytes] = []
        for n in range(count):
            number = first + n
            nonce = _NONCE.pack(self._prefix, number, number == self._chunks - 1)
            try:
                part = self._aead.decrypt(nonce, sealed[n * step : (n + 1) * step], self._bound)
            except InvalidTag:
                raise SealBroken(name=self._name, chunk=number) from None
            parts.append(part)
        return b"".join(parts)
