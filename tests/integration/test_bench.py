"""The bench suite still runs: each module in its smoke size, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.run import names

ROOT = Path(__file__).parents[2]

SMOKE = """
import sys
from bench.run import measure
figures = measure(sys.argv[1])
print(*(figure.figure for figure in figures), sep="\\n")
"""


@pytest.mark.parametrize("name", names())
def test_each_module_measures_something_in_its_smoke_size(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SMOKE, name],
        cwd=ROOT,
        env=os.environ | {"BENCH_QUICK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = done.stdout.splitlines()
    assert len(figures) >= 2
    assert len(figures) == len(set(figures))
