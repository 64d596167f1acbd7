"""The key pairs of recordings: who has the public half can seal a recording, and open none.

A recording's own key is wrapped, bound to the recording's id: by `intl1` with HPKE (RFC 9180: X25519,
HKDF-SHA256, AES-256-GCM), by `gm1` with SM2 (GB/T 32918.4) together with an SM3 hash of the id. The
first byte of what is wrapped is the number of the suite.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as Hpke

from reception.crypto.errors import KeysUnreadable, Unopenable
from reception.crypto.secret_files import SecretFiles
from reception.crypto.sm2 import Sm2Key, Sm2PublicKey
from recordings.suites import GM1, INTL1, KEY_BYTES, Suite

FILES: Final = {INTL1.id: Path("keys", "recording.key"), GM1.id: Path("keys", "recording-gm1.key")}
"""Where the private half of each suite lies in the data directory."""

_HPKE: Final = Hpke(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class WrapKey:
    """The public half."""

    suite: Suite
    key: X25519PublicKey | Sm2PublicKey

    @classmethod
    def from_text(cls, text: str) -> "WrapKey":
        """Return the key written as `text`.

        Raises:
            KeysUnreadable: it is none.

        """
        suite, _, digits = text.rpartition(":")
        try:
            point = bytes.fromhex(digits)
            if suite == GM1.id:
                return cls(GM1, Sm2PublicKey.from_bytes(point))
            if suite == INTL1.id:
                return cls(INTL1, X25519PublicKey.from_public_bytes(point))
        except ValueError:
            pass
        raise KeysUnreadable(file="recording key", reason="no_key")

    def text(self) -> str:
        """Return the key as text, to be handed to who records."""
        if isinstance(self.key, Sm2PublicKey):
            return f"{GM1.id}:{self.key.point.hex()}"
        return f"{INTL1.id}:{self.key.public_bytes_raw().hex()}"

    def wrap(self, recording_id: str, key: bytes) -> bytes:
        """Return a recording's key so that only the private half gets it back."""
        head, info = bytes([self.suite.number]), _info(recording_id)
        if isinstance(self.key, Sm2PublicKey):
            return head + self.key.encrypt(key + GM1.digest(info))
        return head + _HPKE.encrypt(key, self.key, info)


@dataclass(frozen=True, slots=True, repr=False)
class UnwrapKey:
    """The private halves; opens every recording that was sealed for one of them.

    New recordings are sealed for the first key of `suite`; the others open what is older.
    """

    intl1: Sequence[X25519PrivateKey] = ()
    gm1: Sequence[Sm2Key] = ()
    suite: Suite = INTL1

    @property
    def public(self) -> WrapKey:
        """The public half new recordings are sealed for."""
        if self.suite is GM1:
            return WrapKey(GM1, self.gm1[0].public)
        return WrapKey(INTL1, self.intl1[0].public_key())

    def unwrap(self, recording_id: str, wrapped: bytes) -> bytes:
        """Return a recording's key.

        Raises:
            Unopenable: it was changed, or is another recording's, or was wrapped for another key.

        """
        info, body = _info(recording_id), wrapped[1:]
        match wrapped[:1]:
            case b"\x01":
                for key in self.intl1:
                    with contextlib.suppress(InvalidTag, ValueError):
                        return _HPKE.decrypt(body, key, info)
            case b"\x02":
                for pair in self.gm1:
                    with contextlib.suppress(ValueError):
                        plain = pair.decrypt(body)
                        if plain[KEY_BYTES:] == GM1.digest(info):
                            return plain[:KEY_BYTES]
            case _:
                pass
        raise Unopenable


def _info(recording_id: str) -> bytes:
    return b"video-reception|recording-key|" + recording_id.encode()


def load_or_make_recording_keys(data: Path, files: SecretFiles, suite: Suite) -> UnwrapKey:
    """Return the private keys in a data directory; that of `suite` is made when there is none.

    A file holds one key a line; new recordings are sealed for the first.

    Raises:
        KeysUnreadable: others may read a file, or it holds no key.

    """
    path = data / FILES[suite.id]
    if files.read(path) is None:
        files.make(path, f"{_new_key(suite)}\n")
    try:
        return UnwrapKey(
            intl1=[
                X25519PrivateKey.from_private_bytes(bytes.fromhex(line))
                for line in _lines(data / FILES[INTL1.id], files)
            ],
            gm1=[Sm2Key.from_text(line) for line in _lines(data / FILES[GM1.id], files)],
            suite=suite,
        )
    except ValueError:
        raise KeysUnreadable(file=str(path), reason="no_key") from None


def add_recording_key(data: Path, files: SecretFiles, suite: Suite) -> None:
    """Put a new key before the others, which go on opening what they sealed.

    Running processes take it after their next start.
    """
    path = data / FILES[suite.id]
    load_or_make_recording_keys(data, files, suite)
    files.replace(path, f"{_new_key(suite)}\n{files.read(path)}")


def _new_key(suite: Suite) -> str:
    if suite is GM1:
        return Sm2Key.generate().text()
    return X25519PrivateKey.generate().private_bytes_raw().hex()


def _lines(path: Path, files: SecretFiles) -> list[str]:
    return [line.strip() for line in (files.read(path) or "").splitlines() if line.strip()]
