"""Keys in a file that only the service's user can read."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reception.crypto.errors import KeysUnreadable

_KEY_BYTES: Final = 32
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True, repr=False)
class KeyFile:
    """All keys, derived from the one secret of a file."""

    secret: bytes

    def field_key(self) -> bytes:
        """Return the key of single fields."""
        return self._derive(b"field")

    def index_key(self) -> bytes:
        """Return the key of blind indexes."""
        return self._derive(b"index")

    def _derive(self, purpose: bytes) -> bytes:
        kdf = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"video-reception|" + purpose)
        return kdf.derive(self.secret)


def load_or_make_keys(path: Path) -> KeyFile:
    """Return the keys of a file; when there is none, make one that only this user can read.

    Raises:
        KeysUnreadable: the file is another user's, others may read it, or it holds no key.

    """
    if not path.exists():
        _make(path)
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeysUnreadable(file=str(path), reason="others_may_read_it")
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise KeysUnreadable(file=str(path), reason="no_key") from None
    if len(secret) != _KEY_BYTES:
        raise KeysUnreadable(file=str(path), reason="no_key")
    return KeyFile(secret)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half_made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link never replaces: of two who make the keys at once one wins, and both use it.
        os.link(half_made, path)
    except FileExistsError:
        pass
    finally:
        half_made.unlink()
