"""Holds what docs/security/ claims against the tests that show it.

`assurance.py check REPORT.xml…` fails when something claimed is shown by a test that did not run,
was skipped or failed. `assurance.py write` makes the pages people read from the lists.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from xml.etree import ElementTree

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "security"
LISTS: Final = ("asvs", "djbh3", "bugs-of-others")
SECURITY_PAGE: Final = ROOT / "docs" / "security.md"

Status = Literal["met", "not_applicable", "operator", "open"]
STATUSES: Final[Mapping[str, str]] = {
    "met": "满足",
    "operator": "由使用单位满足",
    "not_applicable": "不适用",
    "open": "未满足",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One item of a list: `why` says how it is met, or why not; `tests` show it."""

    id: str
    topic: str
    status: Status
    why: str
    tests: tuple[str, ...]
    level: int = 0


def read(name: str) -> list[Claim]:
    """Read a list of claims."""
    rows = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [Claim(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def claimed() -> set[str]:
    """Name every test that a list or the security page says shows something."""
    page = SECURITY_PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    return named.union(*(claim.tests for name in LISTS for claim in read(name)))


def results(reports: Iterable[str]) -> dict[str, bool]:
    """Tell of every test in JUnit reports whether it passed, each time and with each parameter."""
    passed: dict[str, bool] = {}
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by our pytest
            name = case.get("name", "").partition("[")[0]
            passed[name] = (
                passed.get(name, True)
                and len([part for part in case if part.tag in ("failure", "error", "skipped")]) == 0
            )
    return passed


def unshown(reports: Iterable[str]) -> list[str]:
    """List the tests that are named and did not run, were skipped, or failed."""
    passed = results(reports)
    return sorted(name for name in claimed() if not passed.get(name, False))


def asvs_page(claims: Sequence[Claim]) -> str:
    """Write the list of ASVS as a page: a picture and a table by chapter, then what is open."""
    chapters = sorted({int(claim.id.split(".")[0]) for claim in claims})
    lines = [
        "# OWASP ASVS 5.0.0, levels 1 and 2",
        "",
        "Made by `python scripts/assurance.py write` from [asvs.json](asvs.json), which says how each item is met and by which test; do not edit.",
        "",
        "![Items by chapter](asvs.svg)",
        "",
        "| chapter | met | for the operator | does not apply | open |",
        "|---|---|---|---|---|",
    ]
    for chapter in chapters:
        counted = _counts(claims, chapter)
        lines.append(
            f"| V{chapter} | {counted['met']} | {counted['operator']} | "
            f"{counted['not_applicable']} | {counted['open']} |"
        )
    total = Counter(claim.status for claim in claims)
    lines += [
        f"| **all {len(claims)}** | **{total['met']}** | **{total['operator']}** | "
        f"**{total['not_applicable']}** | **{total['open']}** |",
        "",
        "## Open",
        "",
        *(
            f"- **{claim.id}** {claim.topic}: {claim.why}."
            for claim in claims
            if claim.status == "open"
        ),
    ]
    return "\n".join(lines) + "\n"


def _counts(claims: Sequence[Claim], chapter: int) -> Counter[str]:
    return Counter(claim.status for claim in claims if claim.id.split(".")[0] == str(chapter))


def asvs_picture(claims: Sequence[Claim]) -> str:
    """Draw a bar for each chapter: met, for the operator, does not apply, open."""
    colours = {
        "met": "#0b5561",
        "operator": "#7fb0b5",
        "not_applicable": "#d5dcdf",
        "open": "#c2541b",
    }
    chapters = sorted({int(claim.id.split(".")[0]) for claim in claims})
    height = 24 * len(chapters) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" '
        'font-family="sans-serif" font-size="12" role="img" '
        'aria-label="Items of ASVS by chapter and status">'
    ]
    for row, chapter in enumerate(chapters):
        x, y = 50, 24 * row + 8
        parts.append(f'<text x="10" y="{y + 13}">V{chapter}</text>')
        for status, count in ((one, _counts(claims, chapter)[one]) for one in colours):
            width = count * 12
            if count:
                parts.append(
                    f'<rect x="{x}" y="{y}" width="{width}" height="18" fill="{colours[status]}"/>'
                )
            x += width
    x = 50
    for status, words in (
        ("met", "met"),
        ("operator", "for the operator"),
        ("not_applicable", "does not apply"),
        ("open", "open"),
    ):
        y = 24 * len(chapters) + 16
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colours[status]}"/>')
        parts.append(f'<text x="{x + 18}" y="{y + 11}">{words}</text>')
        x += 140
    return "\n".join([*parts, "</svg>"]) + "\n"


def djbh_page(claims: Sequence[Claim]) -> str:
    """Write the matrix for 等级保护 as a page."""
    return (
        "\n".join(
            [
                "# 等级保护三级与密码应用对照表",
                "",
                "由 `python scripts/assurance.py write` 从 [security/djbh3.json](security/djbh3.json) 生成，请勿手改。",
                "条款编号按 GB/T 22239-2019 第 8 章和 GB/T 39786-2021 第 8.4 条，请以标准文本为准；本表说明软件做到什么，不代替测评。",
                "证据命令：`make test` 运行表中每一项测试，任何一项没有通过，构建就失败。",
                "",
                "| 条款 | 要求 | 状态 | 做法 | 证据（测试） |",
                "|---|---|---|---|---|",
                *(
                    f"| {claim.id} | {claim.topic} | {STATUSES[claim.status]} | {claim.why} | "
                    f"{'、'.join(f'`{test}`' for test in claim.tests) or '—'} |"
                    for claim in claims
                ),
                "",
                "软件本身给不了的：经认证的密码模块、国密传输网关、异地备份和热冗余、主机可信验证与杀毒。",
            ]
        )
        + "\n"
    )


def pages() -> dict[Path, str]:
    """Everything that is made from the lists."""
    asvs = read("asvs")
    return {
        FOLDER / "asvs.md": asvs_page(asvs),
        FOLDER / "asvs.svg": asvs_picture(asvs),
        ROOT / "docs" / "djbh3-matrix.md": djbh_page(read("djbh3")),
    }


def main(arguments: Sequence[str]) -> int:
    """Check or write."""
    match arguments:
        case ["write"]:
            for path, text in pages().items():
                path.write_text(text, encoding="utf-8")
            return 0
        case ["check", *reports] if reports:
            missing = unshown(reports)
            for name in missing:
                sys.stdout.write(f"claimed in docs/security, not shown: {name}\n")
            return 1 if missing else 0
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
