"""Seals single values, each bound to the place it stands in, and makes indexes to find them by."""

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reception.crypto.errors import Unopenable

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
        """Return the 32 bytes single fields are sealed with."""

    def index_key(self) -> bytes:
        """Return the 32 bytes blind indexes are made with; as secret as what they index."""


class Vault:
    """Seals and opens with the keys of a `KeyProvider`."""

    def __init__(self, keys: KeyProvider) -> None:
        self._aead = AESGCM(keys.field_key())

    def seal(self, place: Place, text: str) -> bytes:
        """Return `text` sealed for `place`: a version byte, nonce, ciphertext and tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, text.encode(), place.bytes())

    def open(self, place: Place, sealed: bytes) -> str:
        """Return what was sealed for `place`.

        Raises:
            Unopenable: it was changed, or sealed for another place or with another key.

        """
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _FORMAT:
                raise Unopenable
            return self._aead.decrypt(nonce, body, place.bytes()).decode()
        except (InvalidTag, ValueError):
            raise Unopenable from None
