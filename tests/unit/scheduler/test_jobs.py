"""Jobs as data."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.jobs import Job, back_off

NOW = datetime(2026, 4, 15, 1, 0, tzinfo=UTC)
JOB = Job("remind", "booking-7", due_at=NOW)


def test_a_job_is_due_from_its_instant_on() -> None:
    assert JOB.is_due(NOW)
    assert not JOB.is_due(NOW - timedelta(microseconds=1))


def test_a_failed_job_waits_twice_as_long_each_time() -> None:
    once = JOB.failed(NOW)
    twice = once.failed(once.due_at)
    assert (once.failures, once.due_at - NOW) == (1, timedelta(seconds=5))
    assert (twice.failures, twice.due_at - once.due_at) == (2, timedelta(seconds=10))
    assert (twice.name, twice.key) == (JOB.name, JOB.key)


def test_the_wait_never_passes_an_hour_however_often_it_fails() -> None:
    waits = [back_off(failures) for failures in (10, 11, 100, 10_000)]
    assert waits == [timedelta(seconds=2560)] + [timedelta(hours=1)] * 3
    with pytest.raises(ValueError, match="follows a failure"):
        back_off(0)
