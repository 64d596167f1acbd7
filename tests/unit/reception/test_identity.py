"""The identity number: its form, its check character, and how little of it is shown."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reception.domain.errors import BadInput
from reception.domain.identity import masked_id_number, masked_phone, read_id_number

TODAY = date(2026, 3, 10)
SAMPLE = "11010519491231002X"  # the published sample of GB 11643


@pytest.mark.parametrize(
    "typed",
    [
        SAMPLE,
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
    ],
)
def test_the_published_sample_is_taken_however_it_is_typed(typed: str) -> None:
    assert read_id_number(typed, TODAY) == SAMPLE


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "form"),
        ("11010519491231002", "form"),
        ("110105194912310021X", "form"),
        ("01010519491231002X", "form"),
        ("110105194912310020", "check_character"),
        ("110105194913310021", "date_of_birth"),
        ("110105187912310024", "date_of_birth"),
    ],
)
def test_what_is_wrong_is_named_and_the_number_is_not_repeated(typed: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_id_number(typed, TODAY)
    assert refused.value.details == {"field": "id_number", "reason": reason}


def test_nobody_is_born_tomorrow() -> None:
    with pytest.raises(BadInput):
        read_id_number(SAMPLE, date(1949, 12, 30))


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(place: int, more: int) -> None:
    digit = (int(SAMPLE[place]) + more) % 10
    wrong = f"{SAMPLE[:place]}{digit}{SAMPLE[place + 1 :]}"
    with pytest.raises(BadInput):
        read_id_number(wrong, TODAY)


def test_only_the_ends_are_shown() -> None:
    assert masked_id_number(SAMPLE) == "110105********002X"
    assert masked_phone("13800001234") == "138****1234"
    assert masked_phone("84100") == "****"
