"""The key of the audit log, and texts signed with it as C2SP signed notes.

The key is Ed25519 (`intl1`) or SM2 over SM3 (`gm1`). C2SP has no number for the latter: its notes carry
type 0xff and the algorithm's name, as the specification has it for others.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reception.crypto.secret_files import PLAIN, SecretFiles
from reception.crypto.sm2 import Sm2Key, Sm2PublicKey
from recordings.suites import GM1, INTL1, Suite

_ED25519: Final = b"\x01"
_SM2: Final = b"\xffvideo-reception/sm2-sm3"
_DASH: Final = "— "
_PEM: Final = "-----BEGIN"
_KEY_ID_BYTES: Final = 4


class Note(NamedTuple):
    """A signed text as it was found: nothing is said yet about whether the signature is good."""

    text: str
    signature: str


@dataclass(frozen=True)
class Verifier:
    """The public half of a key, known by `name`."""

    name: str
    key: Ed25519PublicKey | Sm2PublicKey

    def is_good(self, note: Note) -> bool:
        """Return whether this key signed the note."""
        name, _, encoded = note.signature.removeprefix(_DASH).partition(" ")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except ValueError:
            return False
        if name != self.name or signature[:_KEY_ID_BYTES] != self.key_id():
            return False
        return self.has_signed(note.text.encode(), signature[_KEY_ID_BYTES:])

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Return whether this key made `signature` over `text`, which is no note."""
        if isinstance(self.key, Sm2PublicKey):
            return self.key.verify(signature, text)
        try:
            self.key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def key_id(self) -> bytes:
        """Return the four bytes a signature begins with."""
        named = self.name.encode() + b"\n" + _typed(self.key)
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    def text(self) -> str:
        """Return the verifier key as C2SP writes it; with it anybody can check our notes."""
        encoded = base64.b64encode(_typed(self.key)).decode("ascii")
        return f"{self.name}+{self.key_id().hex()}+{encoded}"


@dataclass(frozen=True)
class Signer:
    """A key that signs; its name is made from it, so that no two logs share one."""

    key: Ed25519PrivateKey | Sm2Key

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = self.key.public if isinstance(self.key, Sm2Key) else self.key.public_key()
        return Verifier(
            name=f"video-reception/audit/{hashlib.sha256(_raw(public)).hexdigest()[:16]}",
            key=public,
        )

    def sign_bytes(self, text: bytes) -> bytes:
        """Return a signature over `text`, which is no note."""
        return self.key.sign(text)

    def sign(self, text: str) -> str:
        """Return the signed note of `text`, which ends with a line feed."""
        verifier = self.verifier
        signature = verifier.key_id() + self.sign_bytes(text.encode())
        encoded = base64.b64encode(signature).decode("ascii")
        return f"{text}\n{_DASH}{verifier.name} {encoded}\n"


def read_notes(content: str) -> list[Note]:
    """Return the signed notes written one after another, with or without empty lines between.

    Raises:
        ValueError: something in `content` is not a signed note.

    """
    notes: list[Note] = []
    lines: list[str] = []
    for line in content.splitlines():
        if line.startswith(_DASH):
            if len(lines) < 2 or lines[-1]:
                raise ValueError("not a signed note")
            notes.append(Note("\n".join(lines[:-1]) + "\n", line))
            lines = []
        elif line or lines:
            lines.append(line)
    if lines:
        raise ValueError("not a signed note")
    return notes


def load_key(path: Path, files: SecretFiles = PLAIN) -> Signer | None:
    """Return the key in a file, or None when there is no such file.

    Raises:
        ValueError: the file holds no Ed25519 or SM2 key.
        KeysUnreadable: others may read it, or what opens it is not there.

    """
    text = files.read(path)
    if text is None:
        return None
    if not text.startswith(_PEM):
        return Signer(Sm2Key.from_text(text))
    key = serialization.load_pem_private_key(text.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")
    return Signer(key)


def load_or_make_key(path: Path, files: SecretFiles = PLAIN, suite: Suite = INTL1) -> Signer:
    """Return the key in a file; when there is none, make one of `suite` only this user can read.

    A log keeps the key it began with: what was signed by another would have to be believed.

    Raises:
        ValueError, KeysUnreadable: as `load_key`.

    """
    found = load_key(path, files)
    if found is not None:
        return found
    files.make(path, _fresh(suite))
    made = load_key(path, files)
    assert made is not None
    return made


def _fresh(suite: Suite) -> str:
    if suite is GM1:
        return f"{Sm2Key.generate().text()}\n"
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return content.decode("ascii")


def _typed(key: Ed25519PublicKey | Sm2PublicKey) -> bytes:
    return (_SM2 if isinstance(key, Sm2PublicKey) else _ED25519) + _raw(key)


def _raw(key: Ed25519PublicKey | Sm2PublicKey) -> bytes:
    if isinstance(key, Sm2PublicKey):
        return key.point
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
