"""Nothing that comes in from outside makes a reader fail otherwise than it says, or take long.

`FUZZ_SECONDS` fuzzes each target longer; `scripts/fuzz.py` does it guided by coverage.
"""

import gc
import os
import time
import tracemalloc
from collections.abc import Callable
from random import Random

import pytest

from tests.security.fuzz.mutation import mutated
from tests.security.fuzz.targets import CORPUS, TARGETS, corpus_of

SECONDS = float(os.environ.get("FUZZ_SECONDS", "4"))
LONGEST_SECONDS = 0.1
"""Of one core, for one input: five times what the worst honest offer may take."""
GROWTH_BYTES = 256 * 1024
CORPUS_BYTES = 500 * 1024


def seconds_of(read: Callable[[bytes], None], data: bytes) -> float:
    """How much of one core reading takes."""
    start = time.process_time()
    read(data)
    return time.process_time() - start


def test_every_target_has_a_corpus_and_it_is_small() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < CORPUS_BYTES


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_kept_is_read_or_refused(name: str) -> None:
    for data in corpus_of(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_read_or_refused_in_time(name: str) -> None:
    random, seeds, read = Random(name), corpus_of(name), TARGETS[name]  # noqa: S311 - to repeat
    began = time.process_time()
    while (start := time.process_time()) - began < SECONDS:
        data = mutated(random, seeds)
        try:
            read(data)
        except Exception as error:  # noqa: BLE001 - any is a find
            pytest.fail(f"{type(error).__name__}: {error} from {data!r}")
        if time.process_time() - start >= LONGEST_SECONDS:
            # Or Python collected garbage just then: an input that takes long always does.
            assert min(seconds_of(read, data) for _ in range(3)) < LONGEST_SECONDS, data


@pytest.mark.parametrize("name", TARGETS)
def test_reading_keeps_nothing(name: str) -> None:
    random, seeds, read = Random(name), corpus_of(name), TARGETS[name]  # noqa: S311 - to repeat
    inputs = [mutated(random, seeds) for _ in range(300)]

    def held() -> int:
        for data in inputs:
            read(data)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held()
        before = held()
        assert held() - before < GROWTH_BYTES
    finally:
        tracemalloc.stop()
