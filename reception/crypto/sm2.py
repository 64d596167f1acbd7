"""SM2 (GB/T 32918): keys, signatures over SM3 with the signer's Z value, and encryption.

The C library GmSSL does the arithmetic. It is no certified module (GM/T 0028): where an assessor
asks for one, the keys have to lie in a device behind a provider.
"""

from dataclasses import dataclass
from typing import Final, Self

from gmssl_pyx.gmsslext import (
    GmsslInnerError,
    InvalidValueError,
    sm2_decrypt,
    sm2_encrypt,
    sm2_key_generate,
    sm2_sign,
    sm2_verify,
)
from gmssl_pyx.sm2_utils import normalize_sm2_public_key

PUBLIC_BYTES: Final = 64
PRIVATE_BYTES: Final = 32
SIGNER_ID: Final = b"1234567812345678"
"""The identity in Z where none was agreed (GM/T 0009, 10)."""


@dataclass(frozen=True, slots=True)
class Sm2PublicKey:
    """The public half: x ‖ y, 64 bytes."""

    point: bytes

    @classmethod
    def from_bytes(cls, point: bytes) -> Self:
        """Return the key at a point.

        Raises:
            ValueError: it is not on the curve.

        """
        try:
            return cls(bytes(normalize_sm2_public_key(point)))
        except (InvalidValueError, GmsslInnerError, TypeError):
            raise ValueError("not a point of the curve") from None

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Tell whether `signature` (DER) is this key's over `message`; never raises."""
        try:
            return bool(sm2_verify(self.point, message, signature, SIGNER_ID))
        except (InvalidValueError, GmsslInnerError):
            return False

    def encrypt(self, plain: bytes) -> bytes:
        """Return at most 255 bytes encrypted for this key (C1C3C2, DER)."""
        return bytes(sm2_encrypt(self.point, plain))


@dataclass(frozen=True, slots=True, repr=False)
class Sm2Key:
    """A key pair."""

    private: bytes
    public: Sm2PublicKey

    @classmethod
    def generate(cls) -> Self:
        """Return a fresh pair."""
        public, private = sm2_key_generate()
        return cls(bytes(private), Sm2PublicKey(bytes(public)))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the pair written by `text`.

        Raises:
            ValueError: it is none, or the halves do not belong together.

        """
        private, public = (bytes.fromhex(half) for half in text.split())
        if len(private) != PRIVATE_BYTES or len(public) != PUBLIC_BYTES:
            raise ValueError("not a key pair")
        made = cls(private, Sm2PublicKey.from_bytes(public))
        if not made.public.verify(made.sign(b"belong together"), b"belong together"):
            raise ValueError("halves of two pairs")
        return made

    def text(self) -> str:
        """Return the pair as text, for a file only its owner reads."""
        return f"{self.private.hex()} {self.public.point.hex()}"

    def sign(self, message: bytes) -> bytes:
        """Return a signature over `message` (DER).

        Raises:
            ValueError: the private half is no number of the curve.

        """
        try:
            return bytes(sm2_sign(self.private, self.public.point, message, SIGNER_ID))
        except (InvalidValueError, GmsslInnerError):
            raise ValueError("not a private key") from None

    def decrypt(self, encrypted: bytes) -> bytes:
        """Return what was encrypted for the public half.

        Raises:
            ValueError: it was changed, or encrypted for another key.

        """
        try:
            return bytes(sm2_decrypt(self.private, encrypted))
        except (InvalidValueError, GmsslInnerError):
            raise ValueError("not encrypted for this key") from None
