"""How a recording is sealed: one key per recording and process that wrote it, an AEAD behind it.

Everything a recording stores passes through a `Cipher`. `name` is `<recording id>/<folder>/<file>`
and is bound in, so that a file moved to another place or recording does not open.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recordings import segment
from recordings.errors import KeyMissing, SealBroken

KEY_BYTES: Final = 32
PLAIN: Final = "plain0"
"""The suite of recordings made before they were sealed; nothing is written in it any more."""

_MAGIC: Final = b"VRSS\x01"
_NONCE_BYTES: Final = 12


class Aead(Protocol):
    """Authenticated encryption with one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return the plaintext. Raises `cryptography.exceptions.InvalidTag`."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A way of sealing, by the stable id that files keep; nonces have 12 bytes, tags 16."""

    id: str
    aead: Callable[[bytes], Aead]


def _aes_gcm(key: bytes) -> Aead:
    return AESGCM(key)


INTL1: Final = Suite("intl1", _aes_gcm)
SUITES: Final[Mapping[str, Suite]] = {INTL1.id: INTL1}


@dataclass(frozen=True, slots=True)
class Lock:
    """What a writer of recordings is given: it can seal, and wrap the key it sealed with.

    `wrap(recording id, key)` gives bytes that only the holder of another key can open.
    """

    wrap: Callable[[str, bytes], bytes]
    suite: Suite = INTL1


class Cipher:
    """Seals with the last of `keys`; opens what any of them sealed. Safe in several threads.

    `allows_plain` is for a recording begun before recordings were sealed.
    """

    def __init__(
        self, keys: Sequence[bytes], suite: Suite = INTL1, *, allows_plain: bool = False
    ) -> None:
        if not keys:
            raise KeyMissing
        self.suite = suite
        self._keys = tuple(keys)
        self._allows_plain = allows_plain
        self._aeads = [suite.aead(derived(key, b"segment")) for key in reversed(keys)]

    def __reduce__(self) -> tuple[object, ...]:
        """Cross to another process, through its pipe."""
        return _cipher, (self._keys, self.suite, self._allows_plain)

    def seal(self, plain: bytes, *, name: str) -> bytes:
        """Seal a segment."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MAGIC + nonce + self._aeads[0].encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Open a segment.

        Raises:
            SealBroken: it was changed, moved, or sealed by another key.
        """
        if self._allows_plain and sealed.startswith(segment.MAGIC):
            return sealed
        start = len(_MAGIC) + _NONCE_BYTES
        if not sealed.startswith(_MAGIC) or len(sealed) < start:
            raise SealBroken(name=name)
        nonce, body = sealed[len(_MAGIC) : start], sealed[start:]
        for aead in self._aeads:
            try:
                return aead.decrypt(nonce, body, name.encode())
            except InvalidTag:
                continue
        raise SealBroken(name=name)

    def file_keys(self) -> tuple[bytes, ...]:
        """The keys a finished file may be sealed with, the one for new files first."""
        return self._keys[::-1]


def _cipher(keys: Sequence[bytes], suite: Suite, allows_plain: bool) -> Cipher:  # for pickle
    return Cipher(keys, suite, allows_plain=allows_plain)


def derived(key: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
    """A key for one purpose, from which neither `key` nor another can be told."""
    return HKDF(SHA256(), KEY_BYTES, salt=salt, info=b"video-reception|" + purpose).derive(key)


def sealed_name(path: Path) -> str:
    """The `name` of the file at `path`, which may not have its final suffix yet."""
    recording_id, folder, file = path.absolute().parts[-3:]
    return f"{recording_id}/{folder}/{file.removesuffix('.part')}"
