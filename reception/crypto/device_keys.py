"""Signatures of keys that live in a kiosk's browser: ECDSA on P-256 with SHA-256, as WebCrypto does."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

POINT_BYTES: Final = 65
SIGNATURE_BYTES: Final = 64
_HALF: Final = SIGNATURE_BYTES // 2


class DeviceKey:
    """A fresh key of a machine that is no browser: a robot's."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        """The public half as WebCrypto exports it: an uncompressed point."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def sign(self, text: str) -> bytes:
        """Return r‖s over `text`."""
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def is_public_key(point: bytes) -> bool:
    """Tell whether these 65 bytes are an uncompressed point of the curve."""
    try:
        _key(point)
    except ValueError:
        return False
    return True


def is_signed(point: bytes, text: str, signature: bytes) -> bool:
    """Tell whether `signature` (r‖s, 64 bytes) over `text` is one of the key `point`; never raises."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    # WebCrypto gives the two numbers as they are, OpenSSL wants them as ASN.1.
    r, s = (int.from_bytes(half) for half in (signature[:_HALF], signature[_HALF:]))
    try:
        _key(point).verify(encode_dss_signature(r, s), text.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _key(point: bytes) -> ec.EllipticCurvePublicKey:
    if len(point) != POINT_BYTES:
        raise ValueError("not an uncompressed point")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
