"""The wrapped keys in a recording's directory; whoever deletes them has destroyed the recording."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from recordings.cipher import Lock
from recordings.errors import KeyMissing
from recordings.files import Files
from recordings.manifest import Key
from recordings.suites import KEY_BYTES

PATTERN: Final = "key-*.wrapped"


def key_file(n: int) -> str:
    """The name of a recording's `n`-th wrapped key, from 1."""
    return f"key-{n:04d}.wrapped"


def make_key(directory: Path, n: int, lock: Lock, files: Files) -> tuple[bytes, Key]:
    """Make a recording's `n`-th key, and the line about it; on return it lies there wrapped, on disk.

    Raises:
        OSError: the disk refused.
    """
    key = secrets.token_bytes(KEY_BYTES)
    wrapped = lock.wrap(directory.name, key)
    path = directory / key_file(n)
    part = path.with_name(f"{path.name}.part")
    files.write(part, wrapped)
    files.rename(part, path)
    files.sync_directory(directory)
    return key, Key(n, path.name, lock.suite.id, hashlib.sha256(wrapped).hexdigest())


def read_keys(directory: Path, unwrap: Callable[[str, bytes], bytes]) -> Sequence[bytes]:
    """A recording's keys, in order. `unwrap(recording id, wrapped key)` opens one.

    Raises:
        KeyMissing: there is none, for the recording was destroyed or never sealed.
    """
    wrapped = [path.read_bytes() for path in sorted(directory.glob(PATTERN))]
    if not wrapped:
        raise KeyMissing(directory=directory.name)
    return [unwrap(directory.name, one) for one in wrapped]


def shred(directory: Path, files: Files | None = None) -> None:
    """Destroy a recording: its keys go first, on disk on return, after which nothing of it opens.

    What is left are files that nobody can read; `remove` takes them away. Repeating it is no error.
    """
    files = files or Files()
    if not directory.is_dir():
        return
    for path in sorted(directory.glob(f"{PATTERN}*")):
        files.remove(path)
    files.sync_directory(directory)


def remove(directory: Path, files: Files | None = None) -> None:
    """Take away what `shred` left, and the keys first if it was not called. May be repeated."""
    files = files or Files()
    shred(directory, files)
    if not directory.is_dir():
        return
    for folder in [path for path in sorted(directory.iterdir()) if path.is_dir()]:
        for path in sorted(folder.iterdir()):
            files.remove(path)
        folder.rmdir()
    for path in sorted(directory.iterdir()):
        files.remove(path)
    directory.rmdir()
    files.sync_directory(directory.parent)
