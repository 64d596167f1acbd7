"""Passwords as they are kept: argon2id, in two threads that leave the media its cores."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from reception.domain.errors import TooManyAttempts
from reception.storage.ids import new_secret

Result = TypeVar("Result")

log = logging.getLogger(__name__)

MOST_WAITING: Final = 200
"""More than log in at once on a Monday morning; the last of them waits some fifteen seconds."""

_BUSY_SECONDS: Final = 10
NICENESS = 10


def _step_back() -> None:
    """Let the threads that hash give way to picture and sound.

    argon2 lets go of the interpreter's lock but not of the core, and a burst of log-ins would have
    both cores of a small machine. On Linux niceness is a thread's own.
    """
    try:
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
    except (AttributeError, OSError):
        log.info("hashing threads keep the process's priority", exc_info=True)


# 64 MiB each, so two threads are also all the memory a burst of log-ins takes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="argon2", initializer=_step_back)


class _Queue:
    """How many hashes wait or run in this process; all of it happens on one loop."""

    waiting = 0


async def hash_password(password: str) -> str:
    """Return the form in which a password is kept.

    Raises:
        TooManyAttempts: 200 are waiting already.

    """
    return await _in_thread(lambda: _HASHER.hash(password))


async def matches(stored: str | None, password: str) -> bool:
    """Return whether a password is the one kept as `stored`; for None it takes as long.

    Raises:
        TooManyAttempts: 200 are waiting already.

    """
    kept = stored if stored is not None else await _in_thread(_hash_of_nobody)
    found = await _in_thread(lambda: _verify(kept, password))
    return found and stored is not None


def needs_rehash(stored: str) -> bool:
    """Return whether a password was hashed with other settings than today's."""
    return _HASHER.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except VerifyMismatchError:
        return False


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(new_secret())


async def _in_thread(work: Callable[[], Result]) -> Result:
    if _Queue.waiting >= MOST_WAITING:
        raise TooManyAttempts(retry_seconds=_BUSY_SECONDS)
    _Queue.waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
    finally:
        _Queue.waiting -= 1
