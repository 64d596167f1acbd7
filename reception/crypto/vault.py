"""Seals single values, each bound to the place it stands in, and makes indexes to find them by."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reception.crypto.errors import Unopenable

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORMAT: Final = b"\x01"


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
    """Gives the keys of this installation; where they lie is its own affair."""

    def field_key(self) -> bytes:
        """Return the 32 bytes single fields and the keys of cases are sealed with."""

    def index_key(self) -> bytes:
        """Return the 32 bytes blind indexes are made with; as secret as what they index."""


class Sealer:
    """Seals and opens values with one key."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, place: Place, text: str) -> bytes:
        """Return `text` sealed for `place`: a version byte, nonce, ciphertext and tag."""
        return self.seal_bytes(place, text.encode())

    def open(self, place: Place, sealed: bytes) -> str:
        """Return the text that was sealed for `place`.

        Raises:
            Unopenable: it was changed, or sealed for another place or with another key.

        """
        return self.open_bytes(place, sealed).decode()

    def seal_bytes(self, place: Place, content: bytes) -> bytes:
        """Return `content` sealed for `place`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, content, place.bytes())

    def open_bytes(self, place: Place, sealed: bytes) -> bytes:
        """Return the content that was sealed for `place`.

        Raises:
            Unopenable: as `open`.

        """
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _FORMAT:
                raise Unopenable
            return self._aead.decrypt(nonce, body, place.bytes())
        except (InvalidTag, ValueError):
            raise Unopenable from None


class Vault(Sealer):
    """Seals with the keys of a `KeyProvider`, and keeps the keys of single cases."""

    def __init__(self, keys: KeyProvider) -> None:
        super().__init__(keys.field_key())
        self._index_key = keys.index_key()

    def new_key(self, place: Place) -> bytes:
        """Return a fresh key, sealed for `place`; what it seals is gone when it is deleted."""
        return self.seal_bytes(place, secrets.token_bytes(KEY_BYTES))

    def sealer(self, place: Place, sealed_key: bytes) -> Sealer:
        """Return what seals and opens with a key of `new_key`.

        Raises:
            Unopenable: the key was changed, or stands in another place.

        """
        return Sealer(self.open_bytes(place, sealed_key))

    def index(self, purpose: str, value: str) -> bytes:
        """Return 32 bytes by which `value` is found again, and nothing else is learnt of it.

        Without the index key nobody can try values out.
        """
        return hmac.digest(self._index_key, f"{purpose}|v1|{value}".encode(), hashlib.sha256)
