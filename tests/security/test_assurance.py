"""What docs/security claims is complete, honest in form, and shown by tests that pass."""

import importlib.util
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("assurance", ROOT / "scripts" / "assurance.py")
assert spec is not None
assert spec.loader is not None
assurance: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(assurance)

# How many items of levels 1 and 2 each chapter of ASVS 5.0.0 has.
CHAPTERS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7,
    10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip


def report(folder: Path, *cases: str) -> str:
    path = folder / "report.xml"
    path.write_text(f"<testsuite>{''.join(cases)}</testsuite>", encoding="utf-8")
    return str(path)


def case(name: str, inside: str = "") -> str:
    return f'<testcase classname="tests.x" name="{name}">{inside}</testcase>'


def test_every_item_of_levels_1_and_2_is_answered_once() -> None:
    claims = assurance.read("asvs")
    ids = [claim.id for claim in claims]
    assert len(set(ids)) == len(ids) == 253
    assert Counter(claim.level for claim in claims) == {1: 70, 2: 183}
    assert Counter(int(one.split(".")[0]) for one in ids) == CHAPTERS


@pytest.mark.parametrize("name", assurance.LISTS)
def test_what_is_met_names_tests_and_what_is_not_says_why(name: str) -> None:
    for claim in assurance.read(name):
        assert claim.status in assurance.STATUSES, claim.id
        assert claim.topic, claim.id
        assert claim.tests if claim.status == "met" else claim.why, claim.id


def test_every_test_that_is_named_exists() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    there |= {
        name
        for path in (ROOT / "tests" / "js").glob("*.test.mjs")
        for name in re.findall(r"^test\('([^']+)'", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert assurance.claimed() - there == set()


def test_the_pages_are_those_of_the_lists() -> None:
    for path, text in assurance.pages().items():
        assert path.read_text(encoding="utf-8") == text, path


def test_a_test_that_failed_was_skipped_or_did_not_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assurance, "claimed", lambda: {"test_a", "test_b", "test_c", "test_d"})
    made = report(
        tmp_path,
        case("test_a[sqlite]"),
        case("test_a[postgresql]"),
        case("test_b[sqlite]"),
        case("test_b[postgresql]", "<failure/>"),
        case("test_c", '<skipped type="pytest.skip"/>'),
    )
    assert assurance.unshown([made]) == ["test_b", "test_c", "test_d"]
    assert assurance.main(["check", made]) == 1
    monkeypatch.setattr(assurance, "claimed", lambda: {"test_a"})
    assert assurance.main(["check", made]) == 0
