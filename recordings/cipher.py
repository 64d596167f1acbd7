"""How a recording is sealed: one key per recording and process that wrote it, an AEAD behind it.

Everything a recording stores passes through a `Cipher`. `name` is `<recording id>/<folder>/<file>`
and is bound in, so that a file moved to another place or recording does not open.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag

from recordings import segment
from recordings.errors import KeyMissing, SealBroken
from recordings.suites import INTL1, NONCE_BYTES, SUITES, TAG_BYTES, Suite

PLAIN: Final = "plain0"
"""The suite of recordings made before they were sealed; nothing is written in it any more."""

_MAGIC: Final = b"VRSS"
"""Behind it stand the suite's number, a nonce, ciphertext and tag."""

_HEAD_BYTES: Final = len(_MAGIC) + 1


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
        self._aeads = {
            one.number: [one.aead(one.derive(key, b"segment")) for key in reversed(keys)]
            for one in SUITES.values()
        }

    def __reduce__(self) -> tuple[object, ...]:
        """Cross to another process, through its pipe."""
        return _cipher, (self._keys, self.suite, self._allows_plain)

    def seal(self, plain: bytes, *, name: str) -> bytes:
        """Seal a segment."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        aead = self._aeads[self.suite.number][0]
        head = _MAGIC + bytes([self.suite.number])
        return head + nonce + aead.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Open a segment, whichever suite it was sealed by.

        Raises:
            SealBroken: it was changed, moved, or sealed by another key.
        """
        if self._allows_plain and sealed.startswith(segment.MAGIC):
            return sealed
        start = _HEAD_BYTES + NONCE_BYTES
        if not sealed.startswith(_MAGIC) or len(sealed) < start + TAG_BYTES:
            raise SealBroken(name=name)
        nonce, body = sealed[_HEAD_BYTES:start], sealed[start:]
        for aead in self._aeads.get(sealed[len(_MAGIC)], ()):
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


def sealed_name(path: Path) -> str:
    """The `name` of the file at `path`, which may not have its final suffix yet."""
    recording_id, folder, file = path.absolute().parts[-3:]
    return f"{recording_id}/{folder}/{file.removesuffix('.part')}"
