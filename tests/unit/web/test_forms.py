"""What is typed is read as values or refused with the field's name."""

from datetime import date

import pytest
from multidict import MultiDict

from reception.domain.codes import Purpose
from reception.domain.errors import BadInput
from web.forms import Form
from web.pages.planning import parse_windows


def form(**fields: str) -> Form:
    return Form(MultiDict[object](fields))


def test_spaces_around_are_not_part_of_the_text() -> None:
    assert form(name="  张三 ").text("name") == "张三"
    assert form(name="  ").text("name", "无") == "无"


def test_each_kind_refuses_what_it_is_not() -> None:
    empty = form(day="22/11", number="9", choice="none")
    refused = []
    for read in (
        lambda: empty.required("name"),
        lambda: empty.day("day"),
        lambda: empty.number("number", 1, 5),
        lambda: empty.choice("choice", Purpose),
    ):
        with pytest.raises(BadInput) as caught:
            read()
        refused.append(caught.value.details["field"])
    assert refused == ["name", "day", "number", "choice"]


def test_each_kind_reads_what_it_is() -> None:
    filled = form(day="2026-11-22", number="5", choice="enquiry")
    assert filled.day("day") == date(2026, 11, 22)
    assert filled.number("number", 1, 5) == 5
    assert filled.choice("choice", Purpose) is Purpose.ENQUIRY


def test_hours_are_read_in_either_punctuation() -> None:
    assert parse_windows("09:00-11:30，14:30–17:00") == parse_windows("09:00-11:30, 14:30-17:00")


@pytest.mark.parametrize("text", ["", "9-11", "11:30-09:00", "09:00", "09:00-11:30;"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        parse_windows(text)
