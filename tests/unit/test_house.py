"""The house rules that tools can keep: floors, lint, types, locks, and nothing left unfinished."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCKS = sorted(ROOT.glob("requirements*.lock"))

# Written in pieces, so that this file passes its own test.
REGISTRIES = re.compile(
    "|".join(
        re.escape(name)
        for name in ("pypi" + ".org", "python" + "hosted", "npm" + "js", "npm" + "mirror")
    )
)
UNFINISHED = re.compile(
    r"\b(?:"
    + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "TB" + "D", "WI" + "P"))
    + r")\b|Not"
    + r"ImplementedError|lorem"
    + " ipsum|coming"
    + " soon",
)
# Absolute paths that exist on one person's machine only.
HOMES = re.compile(r"(?<![\w./-])/(?:root|work|home/\w+|Users/\w+)/\w")


def tracked() -> list[Path]:
    """Every text file of the project, as git knows it."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and is_text(path)]


def is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def hits(pattern: re.Pattern[str]) -> list[str]:
    """Return ``path:line: text`` for each tracked line the pattern is found in."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def complaint(*command: str) -> str:
    """Run a checker of this environment; return what it said when it was not content."""
    run = subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if run.returncode == 0 else run.stdout + run.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("lint-imports",),
        ("ruff", "check", "--output-format", "concise", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
    ],
    ids=" ".join,
)
def test_the_checkers_have_nothing_to_say(command: tuple[str, ...]) -> None:
    assert complaint(*command) == ""


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda path: path.name)
def test_each_locked_python_package_has_a_version_and_hashes(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    loose = [
        entry for entry in entries if not re.match(r"^[\w.\[\],-]+==\S+.*--hash=sha256:", entry)
    ]
    assert entries
    assert loose == []


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda path: path.name)
def test_python_locks_name_no_place_to_fetch_from(lock: Path) -> None:
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links", lock.read_text("utf-8"))


def test_the_npm_lock_has_hashes_and_names_no_place_to_fetch_from() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    fetched = {name: package for name, package in packages.items() if name}
    assert fetched
    assert [name for name, package in fetched.items() if "resolved" in package] == []
    assert [name for name, package in fetched.items() if "integrity" not in package] == []


def test_the_npm_lock_is_the_lock_of_package_json() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"][""]
    for kind in ("dependencies", "devDependencies"):
        assert locked[kind] == package[kind]


def test_every_direct_dependency_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = {
        "requirements.lock": project["dependencies"],
        "requirements-dev.lock": project["dependencies"] + project["optional-dependencies"]["dev"],
    }
    for lock, wanted in lists.items():
        locked = set(re.findall(r"^([\w.-]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE))
        names = {re.split(r"[\[<>=~! ]", line)[0].lower() for line in wanted}
        assert names - locked == set()


def test_what_users_run_and_what_is_tested_are_the_same_versions() -> None:
    def versions(name: str) -> dict[str, str]:
        return dict(
            re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
        )

    used, tested = versions("requirements.lock"), versions("requirements-dev.lock")
    assert {name: tested.get(name) for name in used} == used


@pytest.mark.parametrize(
    "pattern", [REGISTRIES, HOMES, UNFINISHED], ids=["registries", "homes", "unfinished"]
)
def test_no_file_carries(pattern: re.Pattern[str]) -> None:
    assert hits(pattern) == []


def test_the_licence_is_the_whole_text() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert text.rstrip().endswith("limitations under the License.")
