"""Opens the database with the keys that lie beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from reception.crypto.keyfile import KeyRing
from reception.crypto.secret_files import PLAIN, SecretFiles
from reception.crypto.token import TokenFiles, TokenPlace
from reception.crypto.vault import Vault
from reception.settings import Settings
from reception.storage.database import Database
from reception.storage.errors import SchemaMissing
from reception.storage.schema import require_current
from recordings.suites import SUITES, Suite
from scheduler.clock import SystemClock

_SQLITE: Final = "sqlite+aiosqlite:///"
KEY: Final = Path("keys", "master.key")


def open_vault(settings: Settings) -> Vault:
    """Return the vault of this installation; its keys are made when there are none.

    Raises:
        KeysUnreadable: others may read the file of the keys, or it holds no key.
        TokenMissing: the token that opens it is not there.

    """
    files, suite = secret_files(settings), suite_of(settings)
    ring = KeyRing(settings.data / KEY, files, suite, SystemClock().now())
    return Vault(ring, suite)


def suite_of(settings: Settings) -> Suite:
    """Return what new things are sealed by."""
    return SUITES[settings.crypto_suite]


def secret_files(settings: Settings) -> SecretFiles:
    """Return what reads and writes the files of keys."""
    return TokenFiles(token_place(settings)) if settings.keys == "pkcs11" else PLAIN


def token_place(settings: Settings) -> TokenPlace:
    """Return where the settings say that the token is."""
    return TokenPlace(
        module=Path(settings.pkcs11_module),
        token=settings.pkcs11_token,
        key=settings.pkcs11_key,
        pin_file=Path(settings.pkcs11_pin_file),
    )


def open_database(settings: Settings) -> Database:
    """Return the settings' database with this installation's keys. Raises `KeysUnreadable`."""
    return Database(settings.database_url, open_vault(settings))


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the settings' database for a command that looks at it; nothing is made.

    Raises:
        SchemaMissing, SchemaTooNew: there is none, or another program's.

    """
    _require_file(settings.database_url)
    db = open_database(settings)
    try:
        await require_current(db)
        yield db
    finally:
        await db.close()


def _require_file(database_url: str) -> None:
    """Refuse a SQLite file that is not there: opening it would make an empty one."""
    file = database_url.partition(_SQLITE)[2]
    if file and not Path(file).exists():
        raise SchemaMissing(found="")
