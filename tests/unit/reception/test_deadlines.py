"""The time limits against the vectors of the domain notes, and their edges."""

from datetime import date, timedelta

import pytest

from reception.domain.deadlines import TIME_LIMITS, Due, due
from reception.domain.errors import BadInput
from scheduler.calendar import DayTable
from scheduler.errors import YearNotLoaded
from scheduler.seed import seed_rows

TABLE = DayTable("530600", "v1", [row for year in (2025, 2026) for row in seed_rows(year)])


@pytest.mark.parametrize(
    ("deadline_id", "start", "strict", "legal"),
    [
        # The seven vectors of the domain notes, 3.5: holiday data of the notice for 2026.
        ("D1", date(2026, 1, 31), date(2026, 2, 15), date(2026, 2, 24)),
        ("D4", date(2026, 8, 2), date(2026, 10, 1), date(2026, 10, 8)),
        ("D7", date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 6)),
        ("D4", date(2026, 3, 1), date(2026, 4, 30), date(2026, 4, 30)),
        ("D3", date(2026, 2, 12), date(2026, 2, 26), date(2026, 2, 26)),
        ("D5", date(2026, 9, 18), date(2026, 10, 9), date(2026, 10, 9)),
        ("D5a", date(2026, 4, 29), date(2026, 5, 7), date(2026, 5, 7)),
    ],
)
def test_the_vectors_of_the_domain_notes_hold(
    deadline_id: str, start: date, strict: date, legal: date
) -> None:
    assert due(deadline_id, start, TABLE) == Due(strict, legal)


def test_the_petitioners_windows_are_the_later_date_alone() -> None:
    for deadline_id in ("D6", "D8"):
        assert due(deadline_id, date(2026, 4, 1), TABLE) == Due(date(2026, 5, 6), date(2026, 5, 6))


def test_every_limit_has_its_length() -> None:
    lengths = {name: (limit.days, limit.unit) for name, limit in TIME_LIMITS.items()}
    assert lengths == {
        "D1": (15, "calendar"),
        "D1a": (4, "calendar"),
        "D1a_city": (3, "calendar"),
        "D1a_province": (3, "calendar"),
        "D1a_national": (5, "calendar"),
        "D2": (15, "calendar"),
        "D3": (5, "working"),
        "D4": (60, "calendar"),
        "D4x": (30, "calendar"),
        "D5": (10, "working"),
        "D5a": (3, "working"),
        "D5b": (1, "working"),
        "D6": (30, "calendar"),
        "D7": (30, "calendar"),
        "D8": (30, "calendar"),
        "D9": (30, "calendar"),
    }


def test_the_levels_shares_of_d1_add_up_to_it() -> None:
    shares = [limit.days for name, limit in TIME_LIMITS.items() if name.startswith("D1a")]
    assert sum(shares) == TIME_LIMITS["D1"].days


@pytest.mark.parametrize("deadline_id", list(TIME_LIMITS))
def test_a_legal_end_is_a_workday_and_never_before_the_strict_one(deadline_id: str) -> None:
    for offset in range(200):
        start = date(2026, 1, 1) + timedelta(offset)
        found = due(deadline_id, start, TABLE)
        assert start < found.strict <= found.legal
        assert TABLE.is_workday(found.legal)


def test_an_extension_may_be_shorter_than_thirty_days_and_never_longer() -> None:
    end_of_d4 = date(2026, 4, 30)
    assert due("D4x", end_of_d4, TABLE).strict == date(2026, 5, 30)
    assert due("D4x", end_of_d4, TABLE, extension_days=10).strict == date(2026, 5, 10)
    for days in (0, -1, 31):
        with pytest.raises(BadInput):
            due("D4x", end_of_d4, TABLE, extension_days=days)
    with pytest.raises(BadInput):
        due("D4", end_of_d4, TABLE, extension_days=10)


def test_days_of_hearing_are_not_counted_in_a_recheck_and_nowhere_else() -> None:
    assert due("D9", date(2026, 6, 1), TABLE, hearing_days=5).strict == date(2026, 7, 6)
    for deadline_id, days in (("D7", 5), ("D9", -1)):
        with pytest.raises(BadInput):
            due(deadline_id, date(2026, 6, 1), TABLE, hearing_days=days)


def test_an_unknown_id_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput) as refused:
        due("D99", date(2026, 6, 1), TABLE)
    assert refused.value.details["known"] == list(TIME_LIMITS)


def test_an_end_in_a_year_that_is_not_loaded_is_refused_and_not_guessed() -> None:
    with pytest.raises(YearNotLoaded) as refused:
        due("D4", date(2026, 12, 1), TABLE)
    assert refused.value.details == {"year": 2027}
    provisional = TABLE.or_provisional([2027])
    assert due("D4", date(2026, 12, 1), provisional).strict == date(2027, 1, 30)
