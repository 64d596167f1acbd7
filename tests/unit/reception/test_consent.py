"""The texts read aloud: complete in both languages, fit for the ear, versioned by their words."""

from dataclasses import replace

import pytest

from reception.domain.consent import RECORDING_CONSENT, RIGHTS, SpokenText


@pytest.mark.parametrize("text", [RIGHTS, RECORDING_CONSENT], ids=lambda text: text.name)
def test_each_line_has_its_translation_and_is_short_enough_to_hear(text: SpokenText) -> None:
    assert len(text.zh) == len(text.en)
    assert max(len(line) for line in text.zh) <= 40
    assert max(len(line.split()) for line in text.en) <= 20


@pytest.mark.parametrize(
    "words",
    [
        "回避",
        "翻译",
        "律师",
        "记录",
        "复查",
        "复核",
        "保密",
        "录音录像",
        "投诉",
        "打击报复",
        "停下来",
    ],
)
def test_the_rights_name_every_right(words: str) -> None:
    assert any(words in line for line in RIGHTS.zh)


@pytest.mark.parametrize(
    "words", ["只用来", "能看", "保存", "不同意", "改变主意", "删除", "脸和声音"]
)
def test_the_question_about_recording_says_what_the_law_asks(words: str) -> None:
    assert any(words in line for line in RECORDING_CONSENT.zh)


def test_a_changed_word_is_another_version() -> None:
    changed = replace(RIGHTS, zh=(*RIGHTS.zh[:-1], RIGHTS.zh[-1] + "。"))
    assert changed.version != RIGHTS.version
    assert RIGHTS.version == f"rights-{RIGHTS.sha256[:16]}"
    assert RIGHTS.version != RECORDING_CONSENT.version


def test_words_moved_between_the_languages_are_another_version() -> None:
    assert SpokenText("t", ("a", "b"), ()).version != SpokenText("t", ("a",), ("b",)).version


def test_any_language_but_english_hears_chinese() -> None:
    assert RIGHTS.lines("en") == RIGHTS.en
    assert RIGHTS.lines("bo") == RIGHTS.lines("zh") == RIGHTS.zh
