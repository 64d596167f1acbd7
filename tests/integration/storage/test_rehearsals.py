"""A rehearsal is a whole reception that nobody else sees and that leaves nothing behind."""

import pytest
from sqlalchemy import func, select

from reception.domain.access import SYSTEM
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.errors import NotAllowed, NotFound
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionMove
from reception.services import (
    booking,
    calendar,
    cases,
    jobs,
    records,
    rehearsals,
    sessions,
    tokens,
)
from reception.services.booking import BookRequest
from reception.storage.database import Database
from reception.storage.tables import Table
from scheduler.calendar import local_day
from tests.build import ADMIN, CLERK, NOW, draft, later, prefecture
from tests.devices import Device


async def _counts(db: Database) -> dict[str, int]:
    """Count the rows of every table but the audit log and our own texts, which stay."""
    async with db.reading(SYSTEM) as tx:
        return {
            name: (await tx.scalar(select(func.count()).select_from(table))) or 0
            for name, table in Table.metadata.tables.items()
            if not name.startswith("audit_") and name != "consent_text"
        }


ROBOT = Device()
"""The machine at the kiosk of every rehearsal here."""


async def _hold(db: Database, made: rehearsals.RehearsalView, number: int) -> str:
    """Hold one rehearsed reception, recorded and with an outcome; return the recording."""
    ROBOT.kiosk_id = made.kiosk_id
    kiosk = (await ROBOT.open(db, now=NOW)).actor
    leader = await tokens.actor_of_token(db, token=made.leader_token, now=NOW)
    view = await booking.book(
        db,
        request=BookRequest(slot_id=made.slots[number].id, site_id=made.site.id, draft=draft()),
        actor=CLERK,
        idempotency_key=f"room {number}",
        now=NOW,
    )
    assert view.rehearsal
    view = await booking.check_in(db, code=view.code, actor=kiosk, now=NOW)
    who = {"session_id": view.session_id or "", "now": NOW}
    for actor in (kiosk, leader):
        ticket = await sessions.issue_ticket(db, **who, actor=actor)  # type: ignore[arg-type]  # one session for all calls
        await sessions.redeem_ticket(db, ticket=ticket, now=NOW)
    for move, actor in (
        (SessionMove.BEGIN_NOTICE, leader),
        (SessionMove.CONFIRM, kiosk),
        (SessionMove.READ_BACK, leader),
    ):
        await sessions.move(db, **who, move=move, actor=actor)  # type: ignore[arg-type]  # as above
    await sessions.consent(
        db,
        **who,  # type: ignore[arg-type]  # as above
        answer=True,
        text_version=RECORDING_CONSENT.version,
        how="button",
        actor=kiosk,
    )
    recording = await records.begin(db, session_id=view.session_id or "", now=NOW)
    await records.ended(db, recording_id=recording, now=NOW)
    await sessions.save_record(db, **who, text="演练", actor=leader)  # type: ignore[arg-type]  # as above
    await sessions.sign(db, **who, strokes="M0 0", actor=kiosk)  # type: ignore[arg-type]  # as above
    outcome = sessions.OutcomeDraft(type=OutcomeType.ANSWERED, text="演练")
    await sessions.save_outcome(db, **who, draft=outcome, actor=leader)  # type: ignore[arg-type]  # as above
    await sessions.move(db, **who, move=SessionMove.CLOSE, actor=leader)  # type: ignore[arg-type]  # as above
    await sessions.rate(db, **who, target="session", level=0, actor=kiosk)  # type: ignore[arg-type]  # as above
    return recording


async def test_a_rehearsal_leaves_nothing_behind(db: Database) -> None:
    await prefecture(db)
    before = await _counts(db)
    made = await rehearsals.create(db, rooms=60, public_key=ROBOT.public_key, actor=ADMIN, now=NOW)
    recordings = [await _hold(db, made, number) for number in (0, 59)]

    removed = await rehearsals.remove(db, rehearsal_id=made.id, actor=ADMIN, now=later(1))

    assert sorted(removed) == sorted(recordings)
    assert await _counts(db) == before
    with pytest.raises(NotFound):
        await rehearsals.remove(db, rehearsal_id=made.id, actor=ADMIN, now=later(1))


async def test_nobody_sees_a_rehearsal_in_lists_and_it_takes_no_case_number(
    db: Database,
) -> None:
    made = await prefecture(db)
    rehearsal = await rehearsals.create(
        db, rooms=1, public_key=ROBOT.public_key, actor=CLERK, now=NOW
    )
    await _hold(db, rehearsal, 0)
    today = local_day(NOW)

    assert await calendar.free_slots(db, after=NOW) == ()
    assert await calendar.public_days(db, first=today, last=today, now=NOW) == ()
    assert await cases.list_cases(db, actor=made.clerk) == ()
    assert await booking.today(db, actor=made.clerk, day=today, now=NOW) == ()
    kiosk = await ROBOT.use(db, now=NOW)
    assert len(await booking.today(db, actor=kiosk, day=today, now=NOW)) == 1
    real = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    assert real.case_no.endswith("000001")


async def test_only_clerks_and_administrators_rehearse(db: Database) -> None:
    made = await prefecture(db)
    with pytest.raises(NotAllowed):
        await rehearsals.create(
            db, rooms=1, public_key=ROBOT.public_key, actor=made.leader, now=NOW
        )
    assert await jobs.claim(db, names=["recording.finish"], lease_seconds=1, now=NOW) == ()
