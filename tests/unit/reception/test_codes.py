"""Every code has a word that is stored and a label in both languages."""

import json
import re

import pytest

from reception.domain import (
    access,
    bookings,
    cases,
    codes,
    outcomes,
    people,
    reception_days,
    sessions,
    slots,
)
from reception.domain.codes import Code, label

MODULES = (access, bookings, cases, codes, outcomes, people, reception_days, sessions, slots)
ENUMS = sorted(
    {
        each
        for module in MODULES
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Code) and each is not Code
    },
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("enum", ENUMS)
def test_each_member_has_its_own_word_and_labels(enum: type[Code]) -> None:
    assert len(enum.__members__) == len(list(enum))  # no two members share a word
    for member in enum:
        assert re.fullmatch(r"[a-z][a-z_]*", member.value)
        assert re.search(r"[一-鿿]", member.zh)
        assert member.en.isascii()


def test_a_label_is_chinese_unless_english_is_asked_for() -> None:
    assert label(codes.Role.LEADER, "zh") == "接访领导"
    assert label(codes.Role.LEADER, "en") == "receiving leader"
    assert label(codes.Role.LEADER, "bo") == "接访领导"


def test_a_code_is_its_word_in_json_and_in_text() -> None:
    assert json.dumps({"role": codes.Role.LEADER}) == '{"role": "leader"}'
    assert f"{codes.Role.LEADER}" == "leader"
    assert codes.Role("leader") is codes.Role.LEADER


def test_there_are_seventeen_categories() -> None:
    assert len(codes.Category) == 17
