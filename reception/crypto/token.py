"""Files of keys that a PKCS#11 token seals: without the token they open nothing.

The token holds one AES key that cannot be taken out of it. It seals each file as a whole
(AES-256-GCM, bound to the file's name); what it opened is held in memory, so that the token is asked
at the start and for a rotation, not for each value.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pkcs11
from pkcs11.exceptions import PKCS11Error

from reception.crypto.errors import KeysUnreadable, TokenMissing
from reception.crypto.secret_files import SEALED, PlainFiles, read_private

_NONCE_BYTES: Final = 12
_TAG_BITS: Final = 128
_KEY_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Which token, and which key in it; the PIN lies in a file only the service's user reads."""

    module: Path
    token: str
    key: str
    pin_file: Path


class TokenFiles:
    """Keys in files beside the plain ones' names, with `.sealed` behind."""

    def __init__(self, place: TokenPlace) -> None:
        self._place = place
        self._disk = PlainFiles()

    def read(self, path: Path) -> str | None:
        """Return what the file holds.

        Raises:
            TokenMissing: the token, its key or PIN is not there.
            KeysUnreadable: it was changed or sealed elsewhere, or lies there unsealed.

        """
        if path.exists():
            raise KeysUnreadable(file=str(path), reason="not_sealed")
        text = self._disk.read(_sealed(path))
        if text is None:
            return None
        try:
            raw = bytes.fromhex(text.strip())
            with self._key() as key:
                opened = key.decrypt(
                    raw[_NONCE_BYTES:],
                    mechanism=pkcs11.Mechanism.AES_GCM,
                    mechanism_param=_params(raw[:_NONCE_BYTES], path),
                )
        except (PKCS11Error, ValueError):
            raise KeysUnreadable(file=str(_sealed(path)), reason="no_key") from None
        return bytes(opened).decode("ascii")

    def make(self, path: Path, text: str) -> None:
        """Write a file that is not there."""
        self._disk.make(_sealed(path), self._seal(path, text))

    def replace(self, path: Path, text: str) -> None:
        """Write a file that is there anew."""
        self._disk.replace(_sealed(path), self._seal(path, text))

    def stamp(self, path: Path) -> object:
        """Return the file's number, size and time."""
        return self._disk.stamp(_sealed(path))

    def take_over(self, path: Path) -> bool:
        """Seal a plain file, see that it opens, and remove the plain one; False where none is."""
        text = self._disk.read(path)
        if text is None:
            return False
        self._disk.make(_sealed(path), self._seal(path, text))
        hidden = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        path.rename(hidden)
        try:
            if self.read(path) != text:
                raise KeysUnreadable(file=str(_sealed(path)), reason="no_key")
        except BaseException:
            hidden.rename(path)
            raise
        _overwrite(hidden)
        return True

    def _seal(self, path: Path, text: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        with self._key() as key:
            sealed = key.encrypt(
                text.encode("ascii"),
                mechanism=pkcs11.Mechanism.AES_GCM,
                mechanism_param=_params(nonce, path),
            )
        return f"{(nonce + bytes(sealed)).hex()}\n"

    @contextmanager
    def _key(self) -> Iterator[Any]:
        with opened_token(self._place) as session:
            try:
                key = session.get_key(
                    object_class=pkcs11.ObjectClass.SECRET_KEY, label=self._place.key
                )
            except PKCS11Error:
                raise TokenMissing(token=self._place.token, reason="key") from None
            yield key


def make_token_key(place: TokenPlace) -> None:
    """Make the key in the token, unless it is there; it cannot be taken out.

    Raises:
        TokenMissing: the token or its PIN is not there, or a key of that name could be taken out.

    """
    with opened_token(place, writing=True) as session:
        wanted = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.Attribute.LABEL: place.key,
        }
        found = next(iter(session.get_objects(wanted)), None)
        if found is not None:
            if found[pkcs11.Attribute.EXTRACTABLE]:
                raise TokenMissing(token=place.token, reason="extractable")
            return
        session.generate_key(
            pkcs11.KeyType.AES,
            _KEY_BITS,
            label=place.key,
            store=True,
            template={
                pkcs11.Attribute.SENSITIVE: True,
                pkcs11.Attribute.EXTRACTABLE: False,
                pkcs11.Attribute.PRIVATE: True,
            },
        )


@contextmanager
def opened_token(place: TokenPlace, *, writing: bool = False) -> Iterator[Any]:
    """Log in to the token until the block ends.

    Raises:
        TokenMissing: the module, the token or its PIN is not there.
        KeysUnreadable: others may read the file of the PIN.

    """
    pin = read_private(place.pin_file)
    if pin is None:
        raise TokenMissing(token=place.token, reason="pin")
    try:
        token = pkcs11.lib(str(place.module)).get_token(token_label=place.token)
        session = token.open(user_pin=pin.strip(), rw=writing)
    except (PKCS11Error, RuntimeError, OSError):
        raise TokenMissing(token=place.token, reason="token") from None
    with session:
        yield session


def _params(nonce: bytes, path: Path) -> Any:
    return pkcs11.GCMParams(nonce, aad=path.name.encode(), tag_bits=_TAG_BITS)


def _sealed(path: Path) -> Path:
    return path.with_name(path.name + SEALED)


def _overwrite(path: Path) -> None:
    """Remove a file; on disks that write in place, what it held goes too."""
    path.chmod(0o600)
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(path.stat().st_size))
        os.fsync(file.fileno())
    path.unlink()
