"""Add up the JUnit reports of several pytest runs and print one closing line."""

import sys
from xml.etree import ElementTree


def closing_line(paths: list[str]) -> str:
    """Return pytest's closing line for all runs together; what is zero is left out."""
    total = {"failed": 0, "passed": 0, "skipped": 0}
    seconds = 0.0
    for path in paths:
        for suite in ElementTree.parse(path).iter("testsuite"):  # noqa: S314 — written by our pytest
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            total["failed"] += failed
            total["skipped"] += skipped
            total["passed"] += int(suite.get("tests", 0)) - failed - skipped
            seconds += float(suite.get("time", 0))
    counts = ", ".join(f"{count} {word}" for word, count in total.items() if count)
    return f"==== all runs together: {counts or 'no tests'} in {seconds:.2f}s ===="


if __name__ == "__main__":
    sys.stdout.write(closing_line(sys.argv[1:]) + "\n")
