"""What is done with recordings by itself: finished, sealed, signed, compared, removed."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reception.app.keys import existing_database, secret_files, suite_of
from reception.app.reconcile import Difference, differences
from reception.crypto.errors import KeysUnreadable
from reception.crypto.recording_keys import UnwrapKey, WrapKey, load_or_make_recording_keys
from reception.crypto.secret_files import PLAIN, SecretFiles
from reception.services import records
from reception.services.jobs import Job
from reception.services.ledger import ledger
from reception.settings import Settings
from reception.storage.database import Database
from reception.storage.signing import load_key, load_or_make_key
from recordings import keys
from recordings.cipher import Lock
from recordings.finish import discard_plain, discard_segments, give_key, sign
from recordings.integrity import IsSigned
from scheduler.clock import Clock, SystemClock

SIGNING_KEY: Final = Path("keys", "audit.pem")


def signed_by(data: Path, files: SecretFiles = PLAIN) -> IsSigned | None:
    """Return what tells whether this installation signed a manifest; None where its key is not at
    hand."""
    try:
        signer = load_key(data / SIGNING_KEY, files)
    except (OSError, ValueError, KeysUnreadable):
        return None
    if signer is None:
        return None
    verifier = signer.verifier

    def is_signed(name: str, text: bytes, signature: bytes) -> bool:
        return name == verifier.name and verifier.has_signed(text, signature)

    return is_signed


class JobFailed(Exception):
    """The job's process ended with an error; the text is its last line."""


def open_recording_key(settings: Settings) -> UnwrapKey:
    """Return the key that opens this installation's recordings; it is made when there is none.

    Raises:
        KeysUnreadable: others may read its file, or it holds no key.

    """
    return load_or_make_recording_keys(settings.data, secret_files(settings), suite_of(settings))


def lock_of(key: UnwrapKey) -> Lock:
    """Return what seals recordings so that `key` opens them."""
    return lock_for(key.public)


def lock_for(key: WrapKey) -> Lock:
    """Return what seals recordings for a public half, by its suite."""
    return Lock(key.wrap, key.suite)


@dataclass(frozen=True)
class RecordingWork:
    """The jobs that concern recordings; `data` is the data directory, recordings lie under it."""

    db: Database
    clock: Clock
    data: Path
    key: UnwrapKey
    files: SecretFiles = PLAIN

    names = (records.FINISH_JOB, records.SEAL_JOB)

    @property
    def root(self) -> Path:
        """Where recordings lie."""
        return self.data / "recordings"

    async def run(self, job: Job) -> None:
        """Do one job."""
        recording_id = str(job.args["recording_id"])
        if job.name == records.SEAL_JOB:
            await self._seal(recording_id)
        else:
            await self._finish(recording_id)

    async def differences(self) -> Sequence[Difference]:
        """Compare what is on disk with what the database knows of."""
        now = self.clock.now()
        expected = await ledger(self.db, now=now)
        return await asyncio.to_thread(
            differences, self.root, expected, now=now, is_signed=signed_by(self.data, self.files)
        )

    async def _finish(self, recording_id: str) -> None:
        """Make the files to play, sign what was found, and only then let the segments go."""
        directory = self.root / recording_id
        try:
            result = await self._made(directory)
        except JobFailed as error:
            now = self.clock.now()
            await records.failed(self.db, recording_id=recording_id, cause=str(error), now=now)
            raise
        await self._take_over(directory, result)
        await asyncio.to_thread(discard_segments, directory)

    async def _seal(self, recording_id: str) -> None:
        """Seal the files of an old recording; the plain ones go last, when nothing names them."""
        directory = self.root / recording_id
        result = await self._made(directory, "--seal")
        head = await asyncio.to_thread(self._sign, directory)
        await records.sealed(
            self.db,
            recording_id=recording_id,
            result={**result, "head": head},
            now=self.clock.now(),
        )
        await asyncio.to_thread(discard_plain, directory)

    async def _take_over(self, directory: Path, result: Mapping[str, Any]) -> None:
        head = await asyncio.to_thread(self._sign, directory)
        await records.finished(
            self.db,
            recording_id=directory.name,
            result={**result, "head": head},
            now=self.clock.now(),
        )

    def _sign(self, directory: Path) -> str:
        signer = load_or_make_key(self.data / SIGNING_KEY, self.files, self.key.suite)
        return sign(directory, signer.verifier.name, signer.sign_bytes)

    async def _made(self, directory: Path, *arguments: str) -> Mapping[str, Any]:
        """Run `recordings.finish` in a process of its own; a crash there harms nobody here.

        Its keys go through its standard input: arguments, environment and disk can be read by others.
        """
        await asyncio.to_thread(self._give_key, directory)
        opened = await asyncio.to_thread(keys.read_keys, directory, self.key.unwrap)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "recordings.finish",
            *arguments,
            str(directory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate(b"".join(opened))
        except asyncio.CancelledError:
            process.kill()
            # Until it is gone: nothing of the program may outlive the program.
            await process.wait()
            raise
        if process.returncode != 0:
            raise JobFailed(_cause(out, err, process.returncode))
        made: Mapping[str, Any] = json.loads(out)
        return made

    def _give_key(self, directory: Path) -> None:
        # Recorded before recordings were sealed: it has no key yet.
        give_key(directory, lock_of(self.key))


async def compare(settings: Settings) -> Sequence[Difference]:
    """Compare all recordings with the database, as a command; changes nothing."""
    async with existing_database(settings) as db:
        key, files = open_recording_key(settings), secret_files(settings)
        work = RecordingWork(db, SystemClock(), settings.data, key, files)
        return await work.differences()


def _cause(out: bytes, err: bytes, code: int | None) -> str:
    """Why the process failed: the refusal it printed, else its last words."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(json.loads(out)["code"])
    lines = err.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit {code}"
