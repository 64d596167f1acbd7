"""What is kept how long: announced, held, destroyed once, and known for ever to have been there."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from reception.domain.access import SYSTEM, Actor
from reception.domain.audit import AuditAction
from reception.domain.cases import CaseMove
from reception.domain.codes import Role
from reception.domain.errors import BadInput, MovedMeanwhile, NotAllowed, NotFound
from reception.domain.retention import GRACE, Cause, HoldReason, Kept
from reception.services import cases, retention
from reception.storage import audit as audit_rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import ConstraintBroken
from reception.storage.ids import new_id
from reception.storage.tables import Recording
from tests.build import COUNTY, NOW, Prefecture, prefecture
from tests.integration.storage.test_reception import talking

SECURITY = Actor(kind="account", id="5" * 32, role=Role.SECADMIN, area_code=COUNTY, name="安全员")
DAY = timedelta(days=1)


@dataclass
class Shredder:
    """Stands where keys and files are: remembers what it was told to erase, or dies at it."""

    erased: list[str] = field(default_factory=list)
    dies: bool = False

    async def erase(self, _tx: Transaction, object_id: str) -> None:
        if self.dies:
            raise OSError("the disk is gone")
        self.erased.append(object_id)

    async def destroy(self, db: Database, now: datetime) -> int:
        return await retention.destroy_due(db, erasers=dict.fromkeys(Kept, self.erase), now=now)


async def recorded(db: Database, made: Prefecture) -> tuple[str, str]:
    """Return a case and a finished recording of its session."""
    view, session_id = await talking(db, made)
    recording_id = new_id()
    async with db.transaction(SYSTEM) as tx:
        await tx.put(
            Recording(
                id=recording_id,
                session_id=session_id,
                state="ready",
                started_at=NOW,
                progress_at=NOW,
                ended_at=NOW,
                bytes=1,
                cause="",
                rehearsal=False,
            )
        )
    return view.case_id, recording_id


async def ended(db: Database, made: Prefecture) -> tuple[str, str]:
    """Return a case that ended `NOW`, and its recording."""
    case_id, recording_id = await recorded(db, made)
    await cases.move(db, case_id=case_id, move=CaseMove.DIVERT, actor=made.clerk, now=NOW)
    return case_id, recording_id


async def set_days(db: Database, days: int, kept: Kept = Kept.RECORDING) -> None:
    await retention.set_period(
        db,
        kept=kept,
        area_code=COUNTY,
        days=days,
        basis="县局规定（演示）",
        actor=SECURITY,
        now=NOW,
    )


async def destructions(
    db: Database, case_id: str, made: Prefecture
) -> tuple[retention.DestructionView, ...]:
    return (await retention.keeping_of(db, case_id=case_id, actor=made.clerk)).destructions


async def events(db: Database) -> list[str]:
    async with db.reading(SYSTEM) as tx:
        return [event.action for event in await audit_rows.events_after(tx, 0, 1000)]


async def test_nothing_is_destroyed_while_no_period_is_set(db: Database) -> None:
    await ended(db, await prefecture(db))
    assert await retention.announce_expired(db, now=NOW + 40_000 * DAY) == 0


async def test_a_recording_is_announced_after_its_period_and_destroyed_a_week_later(
    db: Database,
) -> None:
    made, shredder = await prefecture(db), Shredder()
    case_id, recording_id = await ended(db, made)
    await set_days(db, 90)
    over = NOW + 90 * DAY

    assert await retention.announce_expired(db, now=over - DAY) == 0
    assert await retention.announce_expired(db, now=over) == 1
    assert await retention.announce_expired(db, now=over) == 0
    assert await shredder.destroy(db, over + GRACE - DAY) == 0
    assert await shredder.destroy(db, over + GRACE) == 1
    assert await shredder.destroy(db, over + GRACE + DAY) == 0

    assert shredder.erased == [recording_id]
    (certificate,) = await destructions(db, case_id, made)
    assert (certificate.cause, certificate.done_at) == (Cause.EXPIRED, over + GRACE)
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=over)
    assert [one.kind for one in page.timeline][-2:] == ["destruction", "destroyed"]
    assert {AuditAction.DESTRUCTION_ANNOUNCED, AuditAction.DESTROYED} <= set(await events(db))


async def test_an_open_case_keeps_everything_and_a_reopened_one_gets_it_back(db: Database) -> None:
    made = await prefecture(db)
    case_id, _ = await recorded(db, made)
    await set_days(db, 30)
    assert await retention.announce_expired(db, now=NOW + 400 * DAY) == 0

    await cases.move(db, case_id=case_id, move=CaseMove.ACCEPT, actor=made.clerk, now=NOW)
    for move in (CaseMove.HANDLE, CaseMove.MEDIATE, CaseMove.CLOSE):
        await cases.move(db, case_id=case_id, move=move, actor=made.clerk, now=NOW + DAY)
    assert await retention.announce_expired(db, now=NOW + 31 * DAY) == 1
    await cases.move(
        db, case_id=case_id, move=CaseMove.REOPEN, actor=made.clerk, now=NOW + 32 * DAY
    )
    assert await retention.announce_expired(db, now=NOW + 33 * DAY) == 0
    assert await destructions(db, case_id, made) == ()
    assert await Shredder().destroy(db, NOW + 99 * DAY) == 0
    assert AuditAction.DESTRUCTION_TAKEN_BACK in await events(db)


async def test_a_hold_stops_it_in_the_program_and_in_the_database_until_two_persons_lift_it(
    db: Database,
) -> None:
    made, shredder = await prefecture(db), Shredder()
    case_id, recording_id = await ended(db, made)
    await set_days(db, 30)
    await retention.announce_expired(db, now=NOW + 30 * DAY)
    hold_id = await retention.place_hold(
        db, case_id=case_id, reason=HoldReason.LITIGATION, actor=made.clerk, now=NOW + 31 * DAY
    )
    due = NOW + 60 * DAY
    assert await shredder.destroy(db, due) == 0
    with pytest.raises(ConstraintBroken):
        async with db.transaction(SYSTEM) as tx:
            await tx.execute(text("UPDATE destruction SET done_at = '2026-09-01'"))
    (shown,) = await destructions(db, case_id, made)
    assert shown.held

    colleague = replace(made.clerk, id="d" * 32)
    assert await retention.lift_hold(db, hold_id=hold_id, actor=made.clerk, now=due) == "asked"
    with pytest.raises(MovedMeanwhile):
        await retention.lift_hold(db, hold_id=hold_id, actor=made.clerk, now=due)
    assert await shredder.destroy(db, due) == 0
    assert await retention.lift_hold(db, hold_id=hold_id, actor=colleague, now=due) == "lifted"
    with pytest.raises(MovedMeanwhile):
        await retention.lift_hold(db, hold_id=hold_id, actor=colleague, now=due)
    assert await shredder.destroy(db, due) == 1
    assert shredder.erased == [recording_id]
    (hold,) = (await retention.keeping_of(db, case_id=case_id, actor=made.clerk)).holds
    assert (hold.reason, hold.lift_asked, hold.lifted_at) == (HoldReason.LITIGATION, False, due)
    held = (AuditAction.HOLD_PLACED, AuditAction.HOLD_LIFT_ASKED, AuditAction.HOLD_LIFTED)
    assert [event for event in await events(db) if event in held] == list(held)


async def test_what_failed_halfway_is_not_called_destroyed_and_is_done_again(db: Database) -> None:
    made = await prefecture(db)
    case_id, recording_id = await ended(db, made)
    await set_days(db, 30)
    await retention.announce_expired(db, now=NOW + 30 * DAY)
    due = NOW + 40 * DAY
    with pytest.raises(OSError, match="disk"):
        await Shredder(dies=True).destroy(db, due)
    (pending,) = await destructions(db, case_id, made)
    assert pending.done_at is None
    assert AuditAction.DESTROYED not in await events(db)
    shredder = Shredder()
    assert await shredder.destroy(db, due) == 1
    assert shredder.erased == [recording_id]


async def test_the_petitioner_has_a_recording_deleted_without_anybodys_leave(db: Database) -> None:
    made, shredder = await prefecture(db), Shredder()
    case_id, recording_id = await recorded(db, made)
    asked = await retention.ask_deletion(db, recording_id=recording_id, actor=made.kiosk, now=NOW)
    again = await retention.ask_deletion(
        db, recording_id=recording_id, actor=made.clerk, now=NOW + DAY
    )
    assert (asked.cause, asked.due_at, asked.held) == (Cause.ASKED, NOW + GRACE, False)
    assert again.due_at == asked.due_at
    # The case is open: a wish needs no period and waits for no end.
    assert await retention.announce_expired(db, now=NOW + DAY) == 0
    assert await shredder.destroy(db, NOW + GRACE) == 1
    for actor in (made.leader, made.handler, SECURITY):
        with pytest.raises(NotAllowed):
            await retention.ask_deletion(db, recording_id=recording_id, actor=actor, now=NOW)
    with pytest.raises(NotFound):
        await retention.ask_deletion(db, recording_id=new_id(), actor=made.clerk, now=NOW)
    assert len(await destructions(db, case_id, made)) == 1


async def test_the_content_of_a_case_goes_after_its_recordings(db: Database) -> None:
    made, shredder = await prefecture(db), Shredder()
    case_id, recording_id = await ended(db, made)
    await set_days(db, 30)
    await set_days(db, 30, Kept.CASE)
    assert await retention.announce_expired(db, now=NOW + 30 * DAY) == 2
    (first, second) = await retention.announced(db, actor=made.clerk)
    assert {first.object_id, second.object_id} == {case_id, recording_id}
    assert await shredder.destroy(db, NOW + 40 * DAY) == 2
    assert shredder.erased == [recording_id, case_id]


async def test_periods_are_set_by_the_security_administrator_and_keep_their_history(
    db: Database,
) -> None:
    made = await prefecture(db)
    await set_days(db, 90)
    await set_days(db, 30)
    assert (await events(db)).count(AuditAction.PERIOD_SET) == 2
    assert {one.days for one in await retention.periods(db, actor=made.clerk)} == {30, 90}
    for actor in (made.clerk, made.leader, made.handler):
        with pytest.raises(NotAllowed):
            await retention.set_period(
                db, kept=Kept.CASE, area_code=COUNTY, days=90, basis="无", actor=actor, now=NOW
            )
    for days, basis in ((29, "规定"), (90, " "), (90, "长" * 201)):
        with pytest.raises(BadInput):
            await retention.set_period(
                db,
                kept=Kept.CASE,
                area_code=COUNTY,
                days=days,
                basis=basis,
                actor=SECURITY,
                now=NOW,
            )
