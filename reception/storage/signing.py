"""The key of the audit log, and texts signed with it as C2SP signed notes (Ed25519)."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reception.crypto.secret_files import PlainFiles, SecretFiles

_ED25519: Final = b"\x01"
_DASH: Final = "— "
_KEY_ID_BYTES: Final = 4


class Note(NamedTuple):
    """A signed text as it was found: nothing is said yet about whether the signature is good."""

    text: str
    signature: str


@dataclass(frozen=True)
class Verifier:
    """The public half of a key, known by `name`."""

    name: str
    key: Ed25519PublicKey

    def is_good(self, note: Note) -> bool:
        """Return whether this key signed the note."""
        name, _, encoded = note.signature.removeprefix(_DASH).partition(" ")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except ValueError:
            return False
        if name != self.name or signature[:_KEY_ID_BYTES] != self.key_id():
            return False
        try:
            self.key.verify(signature[_KEY_ID_BYTES:], note.text.encode())
        except InvalidSignature:
            return False
        return True

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Return whether this key made `signature` over `text`, which is no note."""
        try:
            self.key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def key_id(self) -> bytes:
        """Return the four bytes a signature begins with."""
        named = self.name.encode() + b"\n" + _ED25519 + _raw(self.key)
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    def text(self) -> str:
        """Return the verifier key as C2SP writes it; with it anybody can check our notes."""
        encoded = base64.b64encode(_ED25519 + _raw(self.key)).decode("ascii")
        return f"{self.name}+{self.key_id().hex()}+{encoded}"


@dataclass(frozen=True)
class Signer:
    """A key that signs; its name is made from it, so that no two logs share one."""

    key: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = self.key.public_key()
        return Verifier(
            name=f"video-reception/audit/{hashlib.sha256(_raw(public)).hexdigest()[:16]}",
            key=public,
        )

    def sign(self, text: str) -> str:
        """Return the signed note of `text`, which ends with a line feed."""
        verifier = self.verifier
        signature = verifier.key_id() + self.key.sign(text.encode())
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


def load_key(path: Path, files: SecretFiles | None = None) -> Signer | None:
    """Return the key in a file, or None when there is no such file.

    Raises:
        ValueError: the file holds no Ed25519 key.
        KeysUnreadable: others may read it, or what opens it is not there.

    """
    text = (files or PlainFiles()).read(path)
    if text is None:
        return None
    key = serialization.load_pem_private_key(text.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")
    return Signer(key)


def load_or_make_key(path: Path, files: SecretFiles | None = None) -> Signer:
    """Return the key in a file; when there is none, make one that only this user can read.

    Raises:
        ValueError, KeysUnreadable: as `load_key`.

    """
    files = files or PlainFiles()
    found = load_key(path, files)
    if found is not None:
        return found
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files.make(path, content.decode("ascii"))
    made = load_key(path, files)
    assert made is not None
    return made


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
