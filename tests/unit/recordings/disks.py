"""Disks that fail at a chosen operation."""

import errno
import os
from pathlib import Path

from recordings.files import Files


class Killed(BaseException):
    """Stands for `kill -9`: nothing on the way up may do anything about it."""


class FailingFiles(Files):
    """Counts operations; the `at`-th is done by half, then it fails.

    Killed, it fails for good: a dead process does nothing more. Otherwise it fails `times` times
    with the error number given.
    """

    def __init__(self, at: int, *, error: int | None = None, times: int = 1) -> None:
        self.count = 0
        self._at = at
        self._error = error
        self._times = times

    def _fails(self) -> bool:
        self.count += 1
        if self._error is None:
            return self.count >= self._at
        return self._at <= self.count < self._at + self._times

    def _fail(self) -> None:
        if self._error is None:
            raise Killed
        raise OSError(self._error, os.strerror(self._error))

    def make_directory(self, path: Path) -> None:
        if self._fails():
            self._fail()
        super().make_directory(path)

    def write(self, path: Path, data: bytes) -> None:
        if self._fails():
            if self.count == self._at:
                path.write_bytes(data[: len(data) // 2])
            self._fail()
        super().write(path, data)

    def rename(self, source: Path, target: Path) -> None:
        if self._fails():
            self._fail()
        super().rename(source, target)

    def sync_file(self, path: Path) -> None:
        if self._fails():
            self._fail()
        super().sync_file(path)

    def remove(self, path: Path) -> None:
        if self._fails():
            self._fail()
        super().remove(path)

    def open_journal(self, path: Path) -> int:
        if self._fails():
            self._fail()
        return super().open_journal(path)

    def append(self, journal: int, data: bytes) -> None:
        if self._fails():
            if self.count == self._at:
                os.write(journal, data[: len(data) // 2])
            self._fail()
        super().append(journal, data)

    def truncate(self, journal: int, size: int) -> None:
        if self._fails():
            self._fail()
        super().truncate(journal, size)


def full(at: int, *, times: int = 1) -> FailingFiles:
    """A disk that is full for a while from its `at`-th operation on."""
    return FailingFiles(at, error=errno.ENOSPC, times=times)
