"""Every refusal of the whole product has its sentence in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reception.domain.refusal_words import WORDS
from reception.domain.refusals import SENTENCES, sentence

ROOT = Path(__file__).parents[3]
PACKAGES = ("reception", "scheduler", "signaling", "recordings", "web")

# Codes that are no class's: made from HTTP errors, put on the wire, or printed by a process.
CODES_WITHOUT_A_CLASS = (
    "code_wrong",
    "key_wrong",
    "moved_elsewhere",
    "method_not_allowed",
    "recording_damaged",
    "disk_full",
    "disk_failed",
)


def codes_in(path: Path) -> Iterator[str]:
    """The `code` of every class in a file, read from the source, so that nothing is run."""
    for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(each, ast.ClassDef):
            continue
        for line in each.body:
            match line:
                case (
                    ast.Assign(targets=[ast.Name("code")], value=ast.Constant(str(code)))
                    | ast.AnnAssign(target=ast.Name("code"), value=ast.Constant(str(code)))
                ):
                    yield code
                case _:
                    continue


@pytest.fixture(scope="module")
def codes() -> dict[str, str]:
    """Each code in the packages, and the file it is in."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {code: str(path.relative_to(ROOT)) for path in paths for code in codes_in(path)}


def test_codes_are_found_on_every_floor(codes: dict[str, str]) -> None:
    assert {name.partition("/")[0] for name in codes.values()} == set(PACKAGES)
    assert codes["slot_taken"] == "reception/domain/errors.py"
    assert codes["year_not_loaded"] == "scheduler/errors.py"


def test_every_refusal_has_its_sentences(codes: dict[str, str]) -> None:
    assert {code: name for code, name in codes.items() if code not in SENTENCES} == {}
    assert [code for code in CODES_WITHOUT_A_CLASS if code not in SENTENCES] == []


def test_no_sentence_is_left_over(codes: dict[str, str]) -> None:
    assert set(SENTENCES) - set(codes) - set(CODES_WITHOUT_A_CLASS) == set()


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_whole_without_any_detail(code: str) -> None:
    for language in ("zh", "en"):
        words = sentence(code, language, {})
        assert not set(words) & set("[]{}")
        assert words == words.strip()
        assert words.endswith("。" if language == "zh" else ".")
    assert re.search(r"[一-鿿]", sentence(code, "zh", {}))
    assert not re.search(r"[一-鿿]", sentence(code, "en", {}))


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_tells_what_to_do_next(code: str) -> None:
    assert re.search(r"请|照常", sentence(code, "zh", {}))


def test_details_are_named_in_the_language_of_the_reader() -> None:
    details = {"missing": ["owner_organ_id", "due_on"], "type": "assigned"}
    assert "需要补上或改正：责任单位、办理期限" in sentence("outcome_incomplete", "zh", details)
    assert "correct: responsible organ, due date" in sentence("outcome_incomplete", "en", details)
    wrong = {"field": "month", "reason": "not_a_month"}
    assert "：月份（不是月份）" in sentence("bad_input", "zh", wrong)
    assert sentence("bad_input", "zh", {"field": "month"}).count("（") == 0


def test_numbers_and_unknown_words_stand_as_they_are() -> None:
    assert "等 8 秒" in sentence("too_many_attempts", "zh", {"retry_seconds": 8})
    assert "“yearly 3”" in sentence("rule_unknown", "en", {"part": "yearly 3"})
    assert "of 2027" in sentence("year_not_loaded", "en", {"year": 2027})


def test_instants_are_shown_in_chinas_time() -> None:
    details = {"opens_at": "2026-04-15T00:30:00+00:00", "closes_at": "2026-04-15T02:00:00Z"}
    words = sentence("check_in_closed", "zh", details)
    assert "4月15日 星期三 08:30到4月15日 星期三 10:00" in words
    assert "2026-04-15 08:30" in sentence("check_in_closed", "en", details)


@pytest.mark.parametrize(
    "details",
    [
        {"opens_at": "soon", "closes_at": 7},
        {"opens_at": "2026-04-15T00:30:00", "closes_at": "{opens_at}"},
        {"field": ["[x]", {"a": 1}], "reason": None, "missing": (), "kind": object()},
        {"part": "{text} [rest] %s \\g<1>"},
    ],
)
def test_strange_details_never_raise(details: dict[str, object]) -> None:
    for code in SENTENCES:
        for language in ("zh", "en", "bo"):
            assert sentence(code, language, details)


def test_what_a_person_typed_is_repeated_as_it_is() -> None:
    words = sentence("rule_unknown", "zh", {"part": "{year} [x] \\1"})
    assert "“{year} [x] \\1”" in words


def test_an_unknown_code_still_says_something_useful() -> None:
    assert sentence("never_heard_of", "zh", {}) == SENTENCES["refused"].zh


def test_every_word_has_both_languages() -> None:
    for words in WORDS.values():
        assert re.search(r"[一-鿿]", words.zh)
        assert words.en.isascii()
