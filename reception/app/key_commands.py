"""`reception keys …`: versions of the keys, made, put into use and taken out of it."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from reception.app.audit import KEY as AUDIT_KEY
from reception.app.keys import KEY, existing_database, secret_files, suite_of, token_place
from reception.crypto.keyfile import KeyFile, read_keys
from reception.crypto.recording_keys import FILES, add_recording_key
from reception.crypto.token import TokenFiles, make_token_key
from reception.services import key_rotation
from reception.settings import Settings
from scheduler.calendar import SHANGHAI
from scheduler.clock import SystemClock

OF_TOKEN: Final = (KEY, *FILES.values(), AUDIT_KEY)
"""The files a token seals."""


async def listed(settings: Settings) -> str:
    """Return the versions of the keys, and how many values each has sealed."""
    keys = await asyncio.to_thread(read_keys, settings.data / KEY, secret_files(settings))
    async with existing_database(settings) as db:
        used = await key_rotation.used(db)
    lines = [f"index {keys.index_suite.id}"]
    for number in sorted(keys.versions):
        at = keys.made_at[number]
        made = "-" if at is None else f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        values = ", ".join(
            f"{count} {suite}"
            for (suite, version), count in sorted(used.items())
            if version == number
        )
        newest = "  newest" * (number == keys.current)
        lines.append(f"{number}  {made}  {values or 'nothing'}{newest}")
    return "\n".join(lines)


async def rotate(settings: Settings) -> str:
    """Make a new version; from now on everything new is sealed with it, by running processes too."""
    now = SystemClock().now()
    version = await asyncio.to_thread(_change, settings, lambda keys: keys.with_new(now))
    async with existing_database(settings) as db:
        await key_rotation.rotated(db, version=version, now=now)
    return f"version {version}"


async def reseal(settings: Settings, *, told: Callable[[str], None]) -> str:
    """Seal anew what is sealed with older versions or by another suite; `told` hears of progress."""
    done = 0
    async with existing_database(settings) as db:
        async for done in key_rotation.reseal(db, now=SystemClock().now()):
            told(f"{done} …")
    return f"{done} sealed anew"


async def retire(settings: Settings, version: int) -> str:
    """Destroy a version nothing is sealed with any more.

    Raises:
        KeyInUse: something is, or it is the newest, or was until less than an hour ago.
        Unopenable: there is no such version.

    """
    now = SystemClock().now()
    async with existing_database(settings) as db:
        await key_rotation.require_unused(db, version)
        await asyncio.to_thread(_change, settings, lambda keys: keys.without(version, now))
        await key_rotation.retired(db, version=version, now=now)
    return f"version {version} is gone"


def new_recording_key(settings: Settings) -> str:
    """Make a new key for recordings; the older ones go on opening theirs."""
    with _alone(settings.data / "keys"):
        add_recording_key(settings.data, secret_files(settings), suite_of(settings))
    return "restart the service: recordings begun from then on are sealed for the new key"


def move_to_token(settings: Settings) -> str:
    """Let the token of the settings seal the files of keys; the plain ones go.

    Raises:
        TokenMissing: the token or its PIN is not there.
        KeysUnreadable: what was sealed does not open again; the plain file stays.

    """
    place = token_place(settings)
    with _alone(settings.data / "keys"):
        make_token_key(place)
        files = TokenFiles(place)
        moved = [str(path) for path in OF_TOKEN if files.take_over(settings.data / path)]
    return "\n".join([*(f"sealed {path}" for path in moved), "now set RECEPTION_KEYS=pkcs11"])


def _change(settings: Settings, change: Callable[[KeyFile], KeyFile]) -> int:
    """Write the keys as `change` has them; returns the newest version."""
    path, files = settings.data / KEY, secret_files(settings)
    with _alone(path.parent):
        keys = change(read_keys(path, files))
        files.replace(path, keys.text())
    return keys.current


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one command at a time change what is in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
