"""What the API's fields let through."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from web.api.fields import (
    AreaCode,
    ClockTime,
    Code,
    Day,
    Id,
    Instant,
    Line,
    Name,
    Phone,
    Window,
    Word,
)


def _accepts(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Id, "0123456789abcdef0123456789abcdef"),
        (AreaCode, "330726"),
        (AreaCode, "330726101"),
        (AreaCode, "330726101201"),
        (Word, "holiday:spring"),
        (Name, "王  芳"),
        (Line, ""),
        (Line, "第一行\n第二行\t列"),
        (Phone, "0579-84123456"),
        (Phone, "+86 138 0000 0000"),
        (Code, "123 456"),
        (Day, "2026-11-22"),
        (Instant, "2026-11-22T14:30:00+08:00"),
        (ClockTime, "09:30"),
    ],
)
def test_honest_values_are_accepted(kind: Any, value: object) -> None:
    assert _accepts(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Id, "0123456789ABCDEF0123456789abcdef"),
        (Id, "0123456789abcdef0123456789abcdef\n"),
        (AreaCode, "3307"),
        (AreaCode, "３３０７２６"),
        (Word, "Zh"),
        (Name, "   "),
        (Name, "王" * 81),
        (Line, "a\x00b"),
        (Line, "a\x1bb"),
        (Phone, "12"),
        (Code, "12"),
        (Day, "0001-01-01"),
        (Day, "9999-12-31"),
        (Instant, "2026-11-22T14:30:00"),
        (Instant, "0001-01-01T00:00:00+14:00"),
        (ClockTime, "24:00"),
        (ClockTime, "9:30"),
        (ClockTime, "09:30:15"),
        (ClockTime, "09:30+08:00"),
    ],
)
def test_absurd_values_are_refused(kind: Any, value: object) -> None:
    assert not _accepts(kind, value)


def test_an_instant_is_taken_to_utc() -> None:
    found = TypeAdapter(Instant).validate_python("2026-11-22T14:30:00+08:00")
    assert found == datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_day_stays_a_day() -> None:
    assert TypeAdapter(Day).validate_python("2026-02-28") == date(2026, 2, 28)


def test_a_window_reads_and_writes_clock_times() -> None:
    window = Window.model_validate_json('{"starts": "09:00", "ends": "11:30"}')
    assert (window.starts, window.ends) == (time(9), time(11, 30))
    assert window.model_dump_json() == '{"starts":"09:00","ends":"11:30"}'


def test_a_window_is_made_of_a_pair_of_times() -> None:
    assert Window.model_validate((time(9), time(11))) == Window(starts=time(9), ends=time(11))
