"""The audit log's checkpoints as a file to be sent elsewhere, and `reception audit …`."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from reception.app.keys import existing_database, secret_files, suite_of
from reception.crypto.errors import KeysUnreadable
from reception.crypto.secret_files import PLAIN, SecretFiles
from reception.services import audit
from reception.services.audit_verify import SAYS, Verdict
from reception.services.audit_verify import verify as verify_log
from reception.services.errors import AuditKeyUnreadable, CheckpointsUnreadable
from reception.settings import Settings
from reception.storage.database import Database
from reception.storage.signing import Signer, Verifier, load_key, load_or_make_key
from recordings.suites import INTL1, Suite
from scheduler.clock import Clock, SystemClock

KEY: Final = Path("keys", "audit.pem")
COPY: Final = Path("audit-checkpoints.txt")

UNKNOWABLE: Final = (
    "没有给出别处保存的检查点（--checkpoints）：末尾是否被截掉、数据库是否被换成旧的，无从知道。\n"
    "No checkpoints kept elsewhere were given (--checkpoints): whether the end was cut off, or the"
    " database rolled back, cannot be known."
)


class CheckpointBook:
    """Signs a checkpoint when one is due and appends it to a file in the data directory."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        data: Path,
        files: SecretFiles = PLAIN,
        suite: Suite = INTL1,
    ) -> None:
        self._db = db
        self._clock = clock
        self._data = data
        self._files = files
        self._make = partial(load_or_make_key, suite=suite)

    async def tick(self) -> None:
        """Sign when 10 minutes or 1,000 events have passed."""
        if await audit.is_checkpoint_due(self._db, now=self._clock.now()):
            await self.sign()

    async def sign(self) -> None:
        """Sign what is new, if anything is."""
        signer = await _key(self._make, self._data, self._files)
        note = await audit.checkpoint(self._db, signer=signer, now=self._clock.now())
        if note is not None:
            await asyncio.to_thread(_append, self._data / COPY, note)


_Found = TypeVar("_Found", Signer, Signer | None)


async def _key(
    load: Callable[[Path, SecretFiles], _Found], data: Path, files: SecretFiles
) -> _Found:
    try:
        return await asyncio.to_thread(load, data / KEY, files)
    except (OSError, ValueError, KeysUnreadable):
        raise AuditKeyUnreadable(file=str(data / KEY)) from None


def verifier_of(data: Path, files: SecretFiles = PLAIN) -> Verifier | None:
    """Return the public half of the log's key in a data directory, where there is one."""
    signer = load_key(data / KEY, files)
    return None if signer is None else signer.verifier


def _append(path: Path, note: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
        file.write(f"{note}\n".encode())
        file.flush()
        os.fsync(file.fileno())


async def newest_checkpoint(settings: Settings) -> tuple[str, str] | None:
    """Sign what is new; return the newest note and the verifier key, None of an empty log.

    Raises:
        SchemaMissing: the database is empty or older than this program.
        AuditKeyUnreadable: the key is another user's, or no key.

    """
    async with existing_database(settings) as db:
        await CheckpointBook(
            db, SystemClock(), settings.data, secret_files(settings), suite_of(settings)
        ).sign()
        note = await audit.newest_checkpoint(db)
    signer = await _key(load_key, settings.data, secret_files(settings))
    return None if note is None or signer is None else (note, signer.verifier.text())


async def verify(settings: Settings, checkpoints: Path | None) -> Verdict:
    """Recompute the log of the settings' database; `checkpoints` is a file kept elsewhere.

    Raises:
        CheckpointsUnreadable: the file cannot be read or holds no signed checkpoints.
        SchemaMissing: the database is empty or older than this program.
        AuditKeyUnreadable: the key is another user's, or no key.

    """
    signer = await _key(load_key, settings.data, secret_files(settings))
    verifier = None if signer is None else signer.verifier
    outside = None if checkpoints is None else await asyncio.to_thread(_read, checkpoints)
    async with existing_database(settings) as db:
        return await verify_log(db, verifier=verifier, outside=outside)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CheckpointsUnreadable(file=str(path)) from None


def as_text(verdict: Verdict) -> str:
    """Return what an operator reads."""
    state = "ok" if verdict.ok else "DAMAGED"
    outside = "" if verdict.outside is None else f"  {verdict.outside} kept elsewhere"
    lines = [f"{state}  {verdict.events} records  {verdict.checkpoints} checkpoints{outside}"]
    if verdict.problem is not None:
        problem = verdict.problem
        lines.append(f"  {problem.code}  record {problem.seq}  {SAYS[problem.code]}")
    if verdict.outside is None:
        lines.append(UNKNOWABLE)
    return "\n".join(lines)


def as_json(verdict: Verdict) -> dict[str, object]:
    """Return the same for programs; `truncation_knowable` is whether a copy was given."""
    problem = verdict.problem
    return {
        "ok": verdict.ok,
        "records": verdict.events,
        "checkpoints": verdict.checkpoints,
        "checkpoints_elsewhere": verdict.outside,
        "truncation_knowable": verdict.outside is not None,
        "problem": None
        if problem is None
        else {"code": problem.code, "record": problem.seq, "says": SAYS[problem.code]},
    }
