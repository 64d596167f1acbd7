"""The ticker's work, against a database."""

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from reception.app.audit import CheckpointBook
from reception.app.jobs import JobRunner
from reception.app.recordings import RecordingWork
from reception.domain.reception_days import DayState
from reception.domain.retention import Kept
from reception.domain.sessions import SessionMove
from reception.services import booking, calendar, cases, retention, sessions
from reception.services.booking import BookRequest
from reception.storage.contents import DESTROYED
from reception.storage.database import Database
from tests.build import COUNTY, NOW, draft, open_day, prefecture
from tests.fakes import FixedClock
from tests.integration.storage.test_retention import SECURITY, ended
from tests.unit.recordings.locks import KEY


class QuietRooms:
    """Rooms in which nothing happens."""

    async def sweep(self) -> None:
        """Find nothing lost."""


async def test_reception_days_are_swept_once_a_minute(db: Database, tmp_path: Path) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    clock = FixedClock(NOW)
    book = CheckpointBook(db, clock, tmp_path)
    runner = JobRunner(
        db, clock, RecordingWork(db, clock, tmp_path, KEY), cast(Any, QuietRooms()), book
    )
    await runner.tick()
    view = await booking.book(
        db,
        request=BookRequest(slot_id=slots[0].id, site_id=made.site_id, draft=draft()),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )
    session_id = view.session_id or ""
    await booking.check_in(db, code=view.code, actor=made.kiosk, now=NOW)
    for move, actor in (
        (SessionMove.BEGIN_NOTICE, made.leader),
        (SessionMove.CONFIRM, made.kiosk),
    ):
        await sessions.move(db, session_id=session_id, move=move, actor=actor, now=NOW)
    states = []
    for _ in range(2):
        clock.advance(timedelta(seconds=30))
        await runner.tick()
        states.append((await calendar.day(db, day_id=slots[0].day_id, now=clock.now())).state)
    assert states == [DayState.BOOKING_OPEN, DayState.IN_PROGRESS]
    await runner.close()


async def test_what_is_kept_long_enough_is_destroyed_a_week_after_it_was_announced(
    db: Database, tmp_path: Path
) -> None:
    made, clock = await prefecture(db), FixedClock(NOW)
    case_id, recording_id = await ended(db, made)
    folder = tmp_path / "recordings" / recording_id
    folder.mkdir(parents=True)
    (folder / "final.webm").write_bytes(b"sound and picture")
    for kept in Kept:
        await retention.set_period(
            db,
            kept=kept,
            area_code=COUNTY,
            days=30,
            basis="县局规定（演示）",
            actor=SECURITY,
            now=NOW,
        )
    book = CheckpointBook(db, clock, tmp_path)
    work = RecordingWork(db, clock, tmp_path, KEY)
    runner = JobRunner(db, clock, work, cast(Any, QuietRooms()), book)
    clock.advance(timedelta(days=30))
    await runner.tick()
    assert folder.exists()
    clock.advance(timedelta(days=7))
    await runner.tick()
    await runner.close()

    assert not folder.exists()
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=clock.now())
    assert page.case.destroyed
    assert page.case.petitioner_name == DESTROYED
    assert [one.state for one in page.sessions[0].recordings] == ["destroyed"]
    assert await cases.list_cases(db, actor=made.clerk, search="吴某") == ()
