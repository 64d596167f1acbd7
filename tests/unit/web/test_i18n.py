"""Every string the pages say has one English."""

from pathlib import Path

from babel.messages.pofile import read_po

from tests.unit.web.strings import in_code, in_templates
from web.i18n import LOCALE_ROOT, load_catalogue, translate


def test_every_string_of_the_pages_has_english() -> None:
    catalogue = load_catalogue()
    missing = {
        text: where for where, text in (*in_templates(), *in_code()) if text not in catalogue
    }
    assert missing == {}


def test_the_search_for_strings_finds_both_kinds() -> None:
    assert ("templates/login.html", "登录名") in set(in_templates())
    assert ("words.py", "每个工作日") in set(in_code())


def test_two_files_never_give_one_string_two_meanings() -> None:
    english: dict[str, tuple[str, str]] = {}
    clashes = []
    for path in sorted(LOCALE_ROOT.rglob("*.po")):
        with path.open("rb") as source:
            entries = [(str(entry.id), str(entry.string)) for entry in read_po(source) if entry.id]
        for text, meaning in entries:
            first = english.setdefault(text, (path.name, meaning))
            if first[1] != meaning:
                clashes.append((text, first, (path.name, meaning)))
    assert clashes == []


def test_translations_fill_in_the_same_values() -> None:
    for text, english in load_catalogue().items():
        values = dict.fromkeys(_names(text), "1")
        assert translate({}, "zh", text, values)
        assert english % values if values else "%(" not in english, text


def _names(text: str) -> list[str]:
    return [part.partition(")")[0] for part in text.split("%(")[1:]]


def test_a_string_nobody_translated_is_shown_in_chinese() -> None:
    assert translate({}, "en", "登录", {}) == "登录"


def test_a_folder_without_languages_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert load_catalogue(tmp_path) == {}
