"""Opens the database with the keys that lie beside it."""

from pathlib import Path
from typing import Final

from reception.crypto.keyfile import load_or_make_keys
from reception.crypto.vault import Vault
from reception.settings import Settings
from reception.storage.database import Database

KEY: Final = Path("keys", "master.key")


def open_vault(settings: Settings) -> Vault:
    """Return the vault of this installation; its keys are made when there are none.

    Raises:
        KeysUnreadable: others may read the file of the keys, or it holds no key.

    """
    return Vault(load_or_make_keys(settings.data / KEY))


def open_database(settings: Settings) -> Database:
    """Return the settings' database with this installation's keys. Raises `KeysUnreadable`."""
    return Database(settings.database_url, open_vault(settings))
