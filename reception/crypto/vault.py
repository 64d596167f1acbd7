"""Seals single values, each bound to the place it stands in, and makes indexes to find them by.

A sealed value begins with how: `02`, the number of the suite, the version of the key (two bytes);
then come a nonce, the ciphertext and its tag. Head and place are authenticated with it. Values
that begin with `01` are of earlier programs: AES-256-GCM, key version 1, place alone.
"""

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag

from reception.crypto.errors import Unopenable
from recordings.suites import BY_NUMBER, INTL1, KEY_BYTES, NONCE_BYTES, Aead, Suite

_FIRST: Final = b"\x01"
_FORMAT: Final = b"\x02"
_HEAD: Final = struct.Struct(">cBH")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands; moved anywhere else, it does not open."""

    table: str
    column: str
    row_id: str

    def bytes(self) -> bytes:
        """Return the one byte form of the place, bound to what is sealed for it."""
        return "|".join((self.table, self.column, self.row_id)).encode()


class KeyProvider(Protocol):
    """Gives the secrets of this installation; where they lie is its own affair."""

    @property
    def current(self) -> int:
        """The version new things are sealed with."""

    def secret(self, version: int) -> bytes:
        """Return the 32 bytes of a version. Raises `Unopenable` where there is none."""

    def index(self) -> tuple[Suite, bytes]:
        """Return by which suite and key blind indexes are made; as secret as what they index."""


KeyOf = Callable[[Suite, int], bytes]
"""The key of a suite and version. Raises `Unopenable`."""


class Sealer:
    """Seals and opens values with the keys `key_of` gives."""

    def __init__(self, key_of: KeyOf, suite: Suite, *, version: Callable[[], int]) -> None:
        self._key_of = key_of
        self._suite = suite
        self._version = version
        self._aeads: dict[tuple[int, int], Aead] = {}

    def seal(self, place: Place, text: str) -> bytes:
        """Return `text` sealed for `place`."""
        return self.seal_bytes(place, text.encode())

    def open(self, place: Place, sealed: bytes) -> str:
        """Return the text that was sealed for `place`.

        Raises:
            Unopenable: it was changed, or sealed for another place or with another key.

        """
        return self.open_bytes(place, sealed).decode()

    def seal_bytes(self, place: Place, content: bytes) -> bytes:
        """Return `content` sealed for `place`."""
        version = self._version()
        head = _HEAD.pack(_FORMAT, self._suite.number, version)
        nonce = secrets.token_bytes(NONCE_BYTES)
        aead = self._aead(self._suite, version)
        return head + nonce + aead.encrypt(nonce, content, head + place.bytes())

    def open_bytes(self, place: Place, sealed: bytes) -> bytes:
        """Return the content that was sealed for `place`.

        Raises:
            Unopenable: as `open`.

        """
        suite, version = made_with(sealed)
        bound = place.bytes()
        start = 1 if version == 0 else _HEAD.size
        if version:
            bound = sealed[:start] + bound
        nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        try:
            return self._aead(suite, version or 1).decrypt(nonce, body, bound)
        except (InvalidTag, ValueError):
            raise Unopenable from None

    def _aead(self, suite: Suite, version: int) -> Aead:
        known = (suite.number, version)
        if known not in self._aeads:
            self._aeads[known] = suite.aead(self._key_of(suite, version))
        return self._aeads[known]


class Vault(Sealer):
    """Seals with the secrets of a `KeyProvider`, and keeps the keys of single cases.

    New values are sealed by `suite`; what any other suite sealed is opened all the same.
    """

    def __init__(self, keys: KeyProvider, suite: Suite = INTL1) -> None:
        super().__init__(self._field_key, suite, version=lambda: keys.current)
        self._keys = keys
        self._index_suite, self._index_key = keys.index()

    def new_key(self, place: Place) -> bytes:
        """Return a fresh key, sealed for `place`; what it seals is gone when it is deleted."""
        return self.seal_bytes(place, secrets.token_bytes(KEY_BYTES))

    def sealer(self, place: Place, sealed_key: bytes) -> Sealer:
        """Return what seals and opens with a key of `new_key`.

        Raises:
            Unopenable: the key was changed, or stands in another place.

        """
        return sealer_of(self.open_bytes(place, sealed_key), self._suite)

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether a value is sealed as a new one would be."""
        return made_with(sealed) == (self._suite, self._keys.current)

    def index(self, purpose: str, value: str) -> bytes:
        """Return 32 bytes by which `value` is found again, and nothing else is learnt of it.

        Without the index key nobody can try values out.
        """
        return self._index_suite.mac(self._index_key, f"{purpose}|v1|{value}".encode())

    def _field_key(self, suite: Suite, version: int) -> bytes:
        return suite.derive(self._keys.secret(version), b"field")


def sealer_of(key: bytes, suite: Suite) -> Sealer:
    """Return what seals and opens with one key of 32 bytes."""

    def key_of(used: Suite, _: int) -> bytes:
        # One key is never used by two algorithms.
        return key if used is INTL1 else used.derive(key, b"value")

    return Sealer(key_of, suite, version=lambda: 1)


def made_with(sealed: bytes) -> tuple[Suite, int]:
    """Return by which suite and key version a value was sealed; version 0 for earlier programs'.

    Raises:
        Unopenable: it does not say.

    """
    if sealed[:1] == _FIRST:
        return INTL1, 0
    if sealed[:1] != _FORMAT or len(sealed) < _HEAD.size:
        raise Unopenable
    _, number, version = _HEAD.unpack_from(sealed)
    suite = BY_NUMBER.get(number)
    if suite is None or version == 0:
        raise Unopenable
    return suite, version
