"""The key pair of recordings: who has the public half can seal a recording, and open none.

A recording's own key is wrapped with HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM), bound to
the recording's id.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from reception.crypto.errors import KeysUnreadable, Unopenable

_FORMAT: Final = b"\x01"
_OTHERS: Final = 0o077
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class WrapKey:
    """The public half."""

    key: X25519PublicKey

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key written as `text`.

        Raises:
            KeysUnreadable: it is none.

        """
        try:
            return cls(X25519PublicKey.from_public_bytes(bytes.fromhex(text)))
        except ValueError:
            raise KeysUnreadable(file="recording key", reason="no_key") from None

    def text(self) -> str:
        """Return the key as text, to be handed to who records."""
        return self.key.public_bytes_raw().hex()

    def wrap(self, recording_id: str, key: bytes) -> bytes:
        """Return a recording's key so that only the private half gets it back."""
        return _FORMAT + _SUITE.encrypt(key, self.key, _info(recording_id))


@dataclass(frozen=True, slots=True, repr=False)
class UnwrapKey:
    """The private half; opens every recording that was sealed for it."""

    key: X25519PrivateKey

    @property
    def public(self) -> WrapKey:
        """The public half."""
        return WrapKey(self.key.public_key())

    def unwrap(self, recording_id: str, wrapped: bytes) -> bytes:
        """Return a recording's key.

        Raises:
            Unopenable: it was changed, or is another recording's, or was wrapped for another key.

        """
        try:
            if wrapped[:1] != _FORMAT:
                raise Unopenable
            return _SUITE.decrypt(wrapped[1:], self.key, _info(recording_id))
        except (InvalidTag, ValueError):
            raise Unopenable from None


def _info(recording_id: str) -> bytes:
    return b"video-reception|recording-key|" + recording_id.encode()


def load_or_make_recording_key(path: Path) -> UnwrapKey:
    """Return the private key in a file; when there is none, make one only this user can read.

    Raises:
        KeysUnreadable: others may read the file, or it holds no key.

    """
    if not path.exists():
        _make(path)
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeysUnreadable(file=str(path), reason="others_may_read_it")
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        return UnwrapKey(X25519PrivateKey.from_private_bytes(secret))
    except (OSError, ValueError):
        raise KeysUnreadable(file=str(path), reason="no_key") from None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half_made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(X25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link never replaces: of two who make the key at once one wins, and both use it.
        os.link(half_made, path)
    except FileExistsError:
        pass
    finally:
        half_made.unlink()
