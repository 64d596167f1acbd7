"""Taking a version of the installation's keys out of use: what it sealed is sealed anew first."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Final

from reception.crypto.errors import KeyInUse
from reception.crypto.vault import made_with
from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.services import audit
from reception.storage import key_use as rows
from reception.storage.database import Database

AT_ONCE: Final = 100
"""Values sealed anew in one transaction."""


async def used(db: Database) -> Mapping[tuple[str, int], int]:
    """Return how many values are sealed by which suite under which version of the keys."""
    counted: Counter[tuple[str, int]] = Counter()
    async with db.reading(SYSTEM) as tx:
        for kind in rows.COLUMNS:
            after = ""
            while held := await rows.held(tx, kind, after, AT_ONCE):
                for _, sealed in held:
                    suite, version = made_with(sealed)
                    # Values of earlier programs are version 1's.
                    counted[suite.id, version or 1] += 1
                after = held[-1][0]
    return counted


async def reseal(db: Database, *, now: datetime) -> AsyncIterator[int]:
    """Seal everything that is not sealed as new things are; yields how many are done so far.

    Stopped anywhere, what was yielded is done, and it can be called again. Receptions go on.
    """
    done = 0
    for kind in rows.COLUMNS:
        after = ""
        while True:
            async with db.transaction(SYSTEM) as tx:
                held = await rows.held(tx, kind, after, AT_ONCE)
                old = [one for one, sealed in held if not db.vault.is_current(sealed)]
                for one in old:
                    await rows.reseal(tx, kind, one)
            if not held:
                break
            after, done = held[-1][0], done + len(old)
            if old:
                yield done
    if done:
        await _write_down(db, AuditAction.KEYS_RESEALED, done, now)


async def rotated(db: Database, *, version: int, now: datetime) -> None:
    """Write down that a version of the keys was made."""
    await _write_down(db, AuditAction.KEYS_ROTATED, version, now)


async def retired(db: Database, *, version: int, now: datetime) -> None:
    """Write down that a version of the keys was destroyed."""
    await _write_down(db, AuditAction.KEYS_RETIRED, version, now)


async def require_unused(db: Database, version: int) -> None:
    """Go on only when nothing is sealed under a version. Raises `KeyInUse` with how many are."""
    values = sum(count for (_, one), count in (await used(db)).items() if one == version)
    if values:
        raise KeyInUse(version=version, values=values, minutes=0)


async def _write_down(db: Database, action: AuditAction, number: int, now: datetime) -> None:
    """Write down what was done: of a version its number, of sealing anew how many values."""
    async with db.transaction(SYSTEM) as tx:
        audit.record(tx, action, SYSTEM, "keys", "master", now, number=number)
