"""The secrets of an installation, in versions: the newest seals, all of them open.

The file has a line for the index key and one for each version:

    index intl1 <64 hex digits>
    1 <64 hex digits> 2026-11-27T06:00:00+00:00

What earlier programs wrote is one line of 64 hex digits: version 1, from which the index key is
derived too.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from reception.crypto.errors import KeyInUse, KeysUnreadable, Unopenable
from reception.crypto.secret_files import SecretFiles
from recordings.suites import INTL1, KEY_BYTES, SUITES, Suite

LONGEST_USE: Final = timedelta(hours=1)
"""A version that is not the newest any more may still be sealed with for so long."""

_MOST_VERSIONS: Final = 0xFFFF


@dataclass(frozen=True, slots=True, repr=False)
class KeyFile:
    """Secrets by version, with when each was made (None: before that was written down)."""

    versions: Mapping[int, bytes]
    made_at: Mapping[int, datetime | None]
    index_key: bytes
    index_suite: Suite

    @classmethod
    def of_secret(cls, secret: bytes) -> "KeyFile":
        """Return the keys of one secret alone, as earlier programs had them."""
        return cls({1: secret}, {1: None}, INTL1.derive(secret, b"index"), INTL1)

    @classmethod
    def fresh(cls, suite: Suite, now: datetime) -> "KeyFile":
        """Return new keys; what is looked up is indexed by `suite` for good."""
        made = {1: secrets.token_bytes(KEY_BYTES)}
        return cls(made, {1: now}, secrets.token_bytes(KEY_BYTES), suite)

    @classmethod
    def from_text(cls, text: str) -> "KeyFile":
        """Return the keys written as `text`.

        Raises:
            ValueError: it is not what `text` writes.

        """
        lines = [line.split() for line in text.splitlines() if line.strip()]
        match lines:
            case [[secret]]:
                return cls.of_secret(_secret(secret))
            case [["index", suite, index], *rest] if rest and suite in SUITES:
                versions = {int(number): _secret(secret) for number, secret, _ in rest}
                made_at = {
                    int(number): datetime.fromisoformat(at) if at != "-" else None
                    for number, _, at in rest
                }
                if len(versions) != len(rest) or not all(0 < n <= _MOST_VERSIONS for n in versions):
                    raise ValueError("a version twice")
                return cls(versions, made_at, _secret(index), SUITES[suite])
            case _:
                raise ValueError("no keys")

    def text(self) -> str:
        """Return the keys as text, for a file only their owner reads."""
        lines = [f"index {self.index_suite.id} {self.index_key.hex()}"]
        for number in sorted(self.versions):
            at = self.made_at[number]
            written = "-" if at is None else at.astimezone(UTC).isoformat()
            lines.append(f"{number} {self.versions[number].hex()} {written}")
        return "".join(f"{line}\n" for line in lines)

    @property
    def current(self) -> int:
        """The version new things are sealed with."""
        return max(self.versions)

    def secret(self, version: int) -> bytes:
        """Return the secret of a version.

        Raises:
            Unopenable: there is none, or no longer.

        """
        if version not in self.versions:
            raise Unopenable(version=version)
        return self.versions[version]

    def index(self) -> tuple[Suite, bytes]:
        """Return the suite and key of blind indexes; the same for good."""
        return self.index_suite, self.index_key

    def with_new(self, now: datetime) -> "KeyFile":
        """Return the keys with a new version."""
        number = self.current + 1
        return replace(
            self,
            versions={**self.versions, number: secrets.token_bytes(KEY_BYTES)},
            made_at={**self.made_at, number: now},
        )

    def without(self, number: int, now: datetime) -> "KeyFile":
        """Return the keys without a version that is no longer used.

        Raises:
            Unopenable: there is no such version.
            KeyInUse: it is the newest, or the next one is not an hour old, so that a process may
                still seal with this one.

        """
        if number not in self.versions:
            raise Unopenable(version=number)
        later = [one for one in self.versions if one > number]
        since = self.made_at[min(later)] if later else now
        if since is not None and now - since < LONGEST_USE:
            raise KeyInUse(version=number, values=0, minutes=_minutes(since + LONGEST_USE - now))
        return replace(
            self,
            versions={one: secret for one, secret in self.versions.items() if one != number},
            made_at={one: at for one, at in self.made_at.items() if one != number},
        )


class KeyRing:
    """The keys of a file, read again when it changed: running processes follow a rotation."""

    def __init__(self, path: Path, files: SecretFiles, suite: Suite, now: datetime) -> None:
        """Read the keys; where there are none, make them.

        Raises:
            KeysUnreadable: the file is another user's, others may read it, or it holds no key.

        """
        self._path, self._files = path, files
        if files.read(path) is None:
            files.make(path, KeyFile.fresh(suite, now).text())
        self._stamp = files.stamp(path)
        self._keys = read_keys(path, files)

    @property
    def keys(self) -> KeyFile:
        """The keys as they stand in the file now; as they were where it is gone meanwhile."""
        try:
            stamp = self._files.stamp(self._path)
        except OSError:
            return self._keys
        if stamp != self._stamp:
            self._keys = read_keys(self._path, self._files)
            self._stamp = stamp
        return self._keys

    @property
    def current(self) -> int:
        """The version new things are sealed with."""
        return self.keys.current

    def secret(self, version: int) -> bytes:
        """Return the secret of a version.

        Raises:
            Unopenable: there is none, or no longer.

        """
        known = version in self._keys.versions
        return (self._keys if known else self.keys).secret(version)

    def index(self) -> tuple[Suite, bytes]:
        """Return the suite and key of blind indexes; the same for good."""
        return self._keys.index()


def read_keys(path: Path, files: SecretFiles) -> KeyFile:
    """Return the keys of a file.

    Raises:
        KeysUnreadable: it is not there, others may read it, or it holds no key.

    """
    text = files.read(path)
    try:
        return KeyFile.from_text(text or "")
    except ValueError:
        raise KeysUnreadable(file=str(path), reason="no_key") from None


def _secret(digits: str) -> bytes:
    secret = bytes.fromhex(digits)
    if len(secret) != KEY_BYTES:
        raise ValueError("not a key")
    return secret


def _minutes(left: timedelta) -> int:
    return -(-int(left.total_seconds()) // 60)
