"""A due date is drawn where today stands between its start and its last day."""

from datetime import UTC, date, datetime

from reception.domain.cases import CaseState
from reception.services.cases import DeadlineView
from web.timers import promise_timer, timer


def deadline(*, met_at: datetime | None = None, overdue: bool = False) -> DeadlineView:
    """Build D1 of 2026-01-31: strict on the 15th (a holiday), legal on the 24th."""
    return DeadlineView(
        rule="D1",
        started_on=date(2026, 1, 31),
        due_strict=date(2026, 2, 15),
        due_legal=date(2026, 2, 24),
        met_at=met_at,
        overdue=overdue,
        provisional=False,
    )


def test_the_days_left_count_to_the_date_the_office_is_measured_on() -> None:
    drawn = timer(deadline(), date(2026, 2, 5))
    assert (drawn.days_left, drawn.tone) == (10, "good")
    assert (drawn.elapsed, drawn.strict_at) == (21, 62)


def test_a_near_date_warns() -> None:
    assert timer(deadline(), date(2026, 2, 10)).tone == "warn"


def test_past_the_legal_date_the_bar_is_full_and_bad() -> None:
    drawn = timer(deadline(overdue=True), date(2026, 3, 1))
    assert (drawn.days_left, drawn.tone, drawn.elapsed) == (-14, "bad", 100)


def test_a_date_that_was_met_stays_where_it_was_met() -> None:
    met = datetime(2026, 2, 13, 16, 30, tzinfo=UTC)  # the 14th in Shanghai
    drawn = timer(deadline(met_at=met), date(2026, 6, 1))
    assert (drawn.days_left, drawn.tone) == (1, "good")


def test_without_a_promise_there_is_nothing_to_draw() -> None:
    assert promise_timer((), CaseState.ASSIGNED, date(2026, 3, 10)) is None
