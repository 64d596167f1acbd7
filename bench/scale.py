"""How much a run measures: all of it, or with `BENCH_QUICK=1` just enough to see that it works."""

import os
from typing import TypeVar

T = TypeVar("T")

QUICK = os.environ.get("BENCH_QUICK") == "1"


def scaled(full: T, quick: T) -> T:
    """Return the size of a measurement: `full`, or `quick` in a smoke run."""
    return quick if QUICK else full
