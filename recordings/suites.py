"""Cipher suites: which algorithms seal, hash and derive, behind one interface.

`intl1` is AES-256-GCM, SHA-256, HMAC and HKDF with it. `gm1` is the commercial cryptography of GB/T 32907
(SM4, in GCM as RFC 8998 has it) and GB/T 32905 (SM3), HMAC and HKDF with it. What is sealed says by
which suite, so both can always be read; a setting chooses which new things are sealed by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16

_SM4_KEY_BYTES: Final = 16


class Aead(Protocol):
    """Authenticated encryption with one key; nonces of 12 bytes, tags of 16 behind the text."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Return the plaintext. Raises `cryptography.exceptions.InvalidTag`."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A choice of algorithms, by the stable `id` and `number` that files and values keep."""

    id: str
    number: int
    aead: Callable[[bytes], Aead]
    hash: Callable[[], hashes.HashAlgorithm]

    def digest(self, data: bytes) -> bytes:
        """Return the hash of `data`, 32 bytes."""
        hashed = hashes.Hash(self.hash())
        hashed.update(data)
        return hashed.finalize()

    def mac(self, key: bytes, data: bytes) -> bytes:
        """Return the HMAC (RFC 2104) of `data`, 32 bytes."""
        code = hmac.HMAC(key, self.hash())
        code.update(data)
        return code.finalize()

    def derive(self, key: bytes, purpose: bytes, salt: bytes | None = None) -> bytes:
        """Return a key of 32 bytes for one purpose (HKDF, RFC 5869).

        Neither `key` nor the key of another purpose can be told from it.
        """
        kdf = HKDF(self.hash(), KEY_BYTES, salt=salt, info=b"video-reception|" + purpose)
        return kdf.derive(key)


class _Sm4Gcm:
    def __init__(self, key: bytes) -> None:
        # SM4 has keys of 128 bits only; what is given is uniformly random, so a part of it is too.
        self._key = algorithms.SM4(key[:_SM4_KEY_BYTES])

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data or b"")
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        if len(data) < TAG_BYTES:
            raise ValueError("shorter than its tag")
        tag = data[-TAG_BYTES:]
        decryptor = Cipher(self._key, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data or b"")
        return decryptor.update(data[:-TAG_BYTES]) + decryptor.finalize()


def _aes_gcm(key: bytes) -> Aead:
    return AESGCM(key)


def _sm4_gcm(key: bytes) -> Aead:
    return _Sm4Gcm(key)


INTL1: Final = Suite("intl1", 1, _aes_gcm, hashes.SHA256)
GM1: Final = Suite("gm1", 2, _sm4_gcm, hashes.SM3)
SUITES: Final[Mapping[str, Suite]] = {suite.id: suite for suite in (INTL1, GM1)}
BY_NUMBER: Final[Mapping[int, Suite]] = {suite.number: suite for suite in SUITES.values()}
