"""Passwords as they are kept: argon2id, in two threads that leave the media its cores."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from reception.storage.ids import new_secret

Result = TypeVar("Result")

# Two threads and 64 MiB each: a burst of log-ins waits here and leaves the media its cores.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="argon2")


async def hash_password(password: str) -> str:
    """Return the form in which a password is kept."""
    return await _in_thread(lambda: _HASHER.hash(password))


async def matches(stored: str | None, password: str) -> bool:
    """Return whether a password is the one kept as `stored`; for None it takes as long."""
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
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
