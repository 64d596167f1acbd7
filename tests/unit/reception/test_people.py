"""Codes on paper: made from random bytes, forgiving to read, never mistaken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.errors import CodeUnknown
from reception.domain.people import (
    ALPHABET,
    grouped,
    new_check_in_code,
    new_query_code,
    read_check_in_code,
    read_query_code,
)

random_bytes = st.binary(min_size=16, max_size=32)


@given(random_bytes)
def test_every_code_is_read_back_however_it_is_written(source: bytes) -> None:
    check_in, query = new_check_in_code(source), new_query_code(source)
    assert read_check_in_code(check_in) == check_in
    assert read_check_in_code(f" {grouped(check_in)}\n") == check_in
    assert read_query_code(grouped(query).lower()) == query
    assert read_query_code(f"{query[:5]}-{query[5:]}") == query


def test_wide_digits_and_letters_are_forgiven() -> None:
    assert read_check_in_code("１２３ ４５６") == "123456"
    query = new_query_code(b"a petition, once")
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in query)
    assert read_query_code(wide) == query


@given(random_bytes, st.integers(0, 9), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(source: bytes, place: int, letter: str) -> None:
    code = new_query_code(source)
    wrong = code[:place] + letter + code[place + 1 :]
    if wrong != code:
        with pytest.raises(CodeUnknown):
            read_query_code(wrong)


@given(random_bytes, st.integers(0, 8))
def test_two_exchanged_neighbours_are_always_found(source: bytes, place: int) -> None:
    code = new_query_code(source)
    wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if wrong != code:
        with pytest.raises(CodeUnknown):
            read_query_code(wrong)


def test_no_character_of_a_query_code_looks_like_another() -> None:
    assert not set(ALPHABET) & set("01OIL")
    assert len(ALPHABET) == len(set(ALPHABET)) == 31


def test_codes_use_all_their_room() -> None:
    sources = [number.to_bytes(16, "big") for number in range(0, 31**3 * 7, 97)]
    assert {letter for source in sources for letter in new_query_code(source)} == set(ALPHABET)
    assert new_check_in_code(bytes(16)) == "000000"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345x", "一二三四五六"])
def test_what_is_no_check_in_code_is_refused(text: str) -> None:
    with pytest.raises(CodeUnknown):
        read_check_in_code(text)


@pytest.mark.parametrize(
    "text", ["", "ABCDEFGHJ", "0123456789", "ABCDEFGHJKM", "你好你好你好你好你好"]
)
def test_what_is_no_query_code_is_refused(text: str) -> None:
    with pytest.raises(CodeUnknown):
        read_query_code(text)


def test_too_few_random_bytes_make_no_code() -> None:
    for make in (new_check_in_code, new_query_code):
        with pytest.raises(ValueError, match="16 random bytes"):
            make(b"too few")
