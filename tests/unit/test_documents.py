"""The documents say what the program does."""

import argparse
import html
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from reception.cli import _parser
from reception.domain.access import ROLES
from reception.domain.codes import Role
from reception.settings import Settings
from web.ops import make_metrics

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("bench/*.md")])


def table(title: str) -> list[list[str]]:
    """Return the cells of the rows of the first table under a heading of operations.md."""
    section = OPERATIONS.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[html.unescape(cell.strip()) for cell in row.strip("|").split(" | ")] for row in rows]


def test_the_table_of_settings_is_the_settings() -> None:
    written = {row[0].strip("` "): row[2] for row in table("Settings")}
    assert written == {
        f"RECEPTION_{item.name.upper()}": item.metadata["says"] for item in fields(Settings)
    }


def test_the_defaults_in_the_table_are_the_defaults() -> None:
    written = {row[0].strip("` "): row[1] for row in table("Settings")}
    empty: tuple[object, ...] = ("", ())
    for item in fields(Settings):
        if item.default is MISSING:
            continue  # a path below the folder the program is started in
        plain = ",".join(item.default) if isinstance(item.default, tuple) else _plain(item.default)
        shown = "(empty)" if item.default in empty else f"`{plain}`"
        assert written[f"RECEPTION_{item.name.upper()}"] == shown


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def test_every_figure_to_watch_exists() -> None:
    exposed = {
        sample
        for family in make_metrics().registry.collect()
        for sample in (family.name, f"{family.name}_total")
    }
    watched = {row[0].strip("` ") for row in table("What to watch")}
    assert watched
    assert watched <= exposed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (document.parent / link).exists()] == []


def test_both_readmes_show_the_same_pictures() -> None:
    def pictures(name: str) -> set[str]:
        return set(re.findall(r"docs/screenshots/[\w-]+\.png", (ROOT / name).read_text("utf-8")))

    assert pictures("README.md") == pictures("README.zh-CN.md")
    assert len(pictures("README.md")) == 8


def commands(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    """Yield every command a person can type, as they type it."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield name
    for action in inner:
        for word, below in action.choices.items():
            yield from commands(below, f"{name} {word}")


def test_the_table_of_commands_is_the_commands() -> None:
    # `web` and `hub` are the children of `serve`; nobody types them.
    typed = set(commands(_parser(), "reception")) - {"reception web", "reception hub"}
    assert {row[0].strip("` ") for row in table("Commands")} == typed


def test_the_table_of_what_talks_to_what_names_every_module_that_does() -> None:
    opens = re.compile(
        r"\b(?:create_(?:unix_)?server|start_unix_server|open_(?:unix_)?connection|create_async_engine"
        r"|create_(?:unix_)?connection|ClientSession|SOCK_DGRAM)\b"
    )
    found = {
        str(path.relative_to(ROOT))
        for package in ("reception", "web", "signaling", "recordings", "scheduler")
        for path in (ROOT / package).rglob("*.py")
        if opens.search(re.sub(r'(?:#|""").*', "", path.read_text(encoding="utf-8")))
    }
    section = OPERATIONS.split("\n## Ports\n", 1)[1].split("\n## ", 1)[0]
    assert found == set(re.findall(r"`([\w/]+\.py)`", section))


def test_the_days_within_which_others_bugs_are_mended_are_stated() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    days = [
        int(number)
        for number in re.findall(
            r"^\| [^|]+ \| (?:[^|]*?)(\d+)(?: at most)? \|$",
            text.split("**Others' bugs.**")[1],
            re.MULTILINE,
        )
    ]
    assert days == sorted(days)
    assert days[0] <= 2
    assert days[-1] <= 90


def test_the_table_of_rights_is_the_code() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    block = text.split("<!-- roles: begin -->", 1)[1].split("<!-- roles: end -->", 1)[0]
    written = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|$", block, re.MULTILINE))
    everybody = frozenset(Role)
    assert written == {
        action.value: "everybody"
        if roles == everybody
        else ", ".join(role.value for role in Role if role in roles)
        for action, roles in ROLES.items()
    }


def test_every_test_the_security_page_names_exists() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    files = set(re.findall(r"`(tests/[\w/]+(?:\.py)?)/?`", text))
    there = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named - there == set()
    assert [file for file in files if not (ROOT / file).exists()] == []
