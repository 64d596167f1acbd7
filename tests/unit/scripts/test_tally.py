"""Several pytest runs are told in one line."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def report(path: Path, **counts: float) -> Path:
    attributes = " ".join(f'{name}="{count}"' for name, count in counts.items())
    path.write_text(f"<testsuites><testsuite {attributes}/></testsuites>")
    return path


def tally(*reports: Path) -> str:
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "tally.py"), *map(str, reports)],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_counts_and_times_are_added_up(tmp_path: Path) -> None:
    one = report(tmp_path / "one.xml", tests=10, failures=1, errors=1, skipped=2, time=1.25)
    two = report(tmp_path / "two.xml", tests=5, failures=0, errors=0, skipped=0, time=2)
    assert tally(one, two) == "==== all runs together: 2 failed, 11 passed, 2 skipped in 3.25s ===="


def test_what_is_zero_is_left_out(tmp_path: Path) -> None:
    fine = report(tmp_path / "fine.xml", tests=5, failures=0, errors=0, skipped=0, time=2)
    assert tally(fine) == "==== all runs together: 5 passed in 2.00s ===="


def test_no_report_is_said(tmp_path: Path) -> None:
    assert tally() == "==== all runs together: no tests in 0.00s ===="
