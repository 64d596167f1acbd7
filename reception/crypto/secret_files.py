"""Files that hold keys: readable by the service's user alone, made once, replaced whole."""

import os
import secrets
from pathlib import Path
from typing import Final, Protocol

from reception.crypto.errors import KeysUnreadable

SEALED: Final = ".sealed"
"""Behind the name of a file that a token has sealed."""

_OTHERS: Final = 0o077


class SecretFiles(Protocol):
    """Reads and writes files of keys; where the secrets really lie is its own affair."""

    def read(self, path: Path) -> str | None:
        """Return what the file at `path` holds, None where there is none.

        Raises:
            KeysUnreadable: others may read it, or it cannot be opened.

        """

    def make(self, path: Path, text: str) -> None:
        """Write a file that is not there; of two who do so at once one wins, the other's is lost."""

    def replace(self, path: Path, text: str) -> None:
        """Write a file that is there anew; a reader finds the one or the other, whole."""

    def stamp(self, path: Path) -> object:
        """Return what changes whenever the file does; cheap."""


class PlainFiles:
    """Keys in files as they are."""

    def read(self, path: Path) -> str | None:
        """Return what the file holds.

        Raises:
            KeysUnreadable: others may read it, or a token has sealed it.

        """
        if path.with_name(path.name + SEALED).exists():
            # Without this, whoever forgets a setting gets new keys, which open nothing.
            raise KeysUnreadable(file=str(path), reason="sealed_by_a_token")
        return read_private(path)

    def make(self, path: Path, text: str) -> None:
        """Write a file that is not there."""
        half_made = _half_made(path, text)
        try:
            # A link never replaces: of two who make the keys at once one wins, and both use it.
            os.link(half_made, path)
        except FileExistsError:
            pass
        finally:
            half_made.unlink()
        _sync(path.parent)

    def replace(self, path: Path, text: str) -> None:
        """Write a file that is there anew."""
        _half_made(path, text).replace(path)
        _sync(path.parent)

    def stamp(self, path: Path) -> object:
        """Return the file's number, size and time."""
        found = path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns


PLAIN: Final[SecretFiles] = PlainFiles()
"""Where no token seals them."""


def read_private(path: Path) -> str | None:
    """Return the text of a file that only its owner may read, None where there is none.

    Raises:
        KeysUnreadable: others may read it, or it is no text.

    """
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeysUnreadable(file=str(path), reason="others_may_read_it")
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise KeysUnreadable(file=str(path), reason="no_key") from None


def _half_made(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half_made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return half_made


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
