"""Add up the JUnit reports of several pytest runs and print one closing line."""

import sys
from xml.etree import ElementTree


def tally(paths: list[str]) -> dict[str, int]:
    """Return the counts ``passed``, ``failed`` and ``skipped`` over all reports."""
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for path in paths:
        for suite in ElementTree.parse(path).iter("testsuite"):  # noqa: S314 — written by our pytest
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            total["failed"] += failed
            total["skipped"] += skipped
            total["passed"] += int(suite.get("tests", 0)) - failed - skipped
    return total


if __name__ == "__main__":
    counts = tally(sys.argv[1:])
    sys.stdout.write(
        "\nall runs together: " + ", ".join(f"{n} {word}" for word, n in counts.items()) + "\n"
    )
    sys.exit(1 if counts["failed"] else 0)
