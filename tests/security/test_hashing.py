"""A burst of log-ins has a bound and gives way; nobody's password is told from how long it took."""

import asyncio
import os
import statistics
import sys
import threading
import time

import pytest

from reception.domain.errors import TooManyAttempts
from reception.services import hashing


async def test_beyond_the_bound_a_log_in_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hashing, "MOST_WAITING", 2)
    answers = await asyncio.gather(
        *(hashing.hash_password("a password") for _ in range(4)), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, TooManyAttempts)]
    assert len(refused) == 2
    assert all(one.details["retry_seconds"] for one in refused)
    await hashing.hash_password("a password")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a niceness")
async def test_hashing_threads_give_way_to_the_rest_of_the_process() -> None:
    def of_this_thread() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    here = of_this_thread()
    there = await hashing._in_thread(of_this_thread)
    assert there == min(19, here + hashing.NICENESS)


async def test_an_unknown_name_costs_the_same_work_as_a_known_one() -> None:
    stored = await hashing.hash_password("a password")
    await hashing.matches(None, "warm the hash of nobody")
    took: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(7):
        for is_known in (True, False):
            began = time.perf_counter()
            await hashing.matches(stored if is_known else None, "wrong")
            took[is_known].append(time.perf_counter() - began)
    known, unknown = (statistics.median(took[one]) for one in (True, False))
    # Skipping the hash would make this ratio some hundred; a busy machine doubles it at most.
    assert 1 / 3 < known / unknown < 3
