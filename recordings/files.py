"""The few file operations a recording is made of, each whole on disk when it returns."""

import fcntl
import os
from pathlib import Path

from recordings.errors import RecordingBusy

_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600


class Files:
    """The disk. A class, so that a test can stand in a disk that fails at the n-th operation."""

    def make_directory(self, path: Path) -> None:
        """Make `path` if it is absent, readable by its owner alone, its name on disk."""
        try:
            path.mkdir(mode=_DIRECTORY_MODE)
        except FileExistsError:
            return
        self.sync_directory(path.parent)

    def write(self, path: Path, data: bytes) -> None:
        """Write a file readable by its owner alone, replacing any, its bytes on disk."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name; on disk only after `sync_directory`."""
        source.replace(target)

    def sync_file(self, path: Path) -> None:
        """Put an existing file's bytes on disk."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Put the names in `path` on disk."""
        self.sync_file(path)

    def remove(self, path: Path) -> None:
        """Remove a file; one that is gone already is fine."""
        path.unlink(missing_ok=True)

    def open_journal(self, path: Path) -> int:
        """Open a file to append to, made if absent, and lock it for this process.

        Returns a file descriptor. The lock goes with it, so that `kill -9` leaves none behind.

        Raises:
            RecordingBusy: another holder has the lock.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise RecordingBusy(directory=path.parent.name) from None
        return descriptor

    def append(self, journal: int, data: bytes) -> None:
        """Add `data` at the end of a journal, on disk on return."""
        _write_all(journal, data)
        os.fsync(journal)

    def truncate(self, journal: int, size: int) -> None:
        """Cut a journal back to `size` bytes, on disk on return."""
        os.ftruncate(journal, size)
        os.fsync(journal)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
