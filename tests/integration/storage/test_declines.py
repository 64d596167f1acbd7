"""Not arranged: for a checked reason, with another slot, and a supervisor decides on objections."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.access import Actor
from reception.domain.bookings import DeclineReason
from reception.domain.codes import Role
from reception.domain.declines import ObjectionState
from reception.domain.errors import (
    BadInput,
    CodeUnknown,
    MoveRefused,
    NotAllowed,
    NotFound,
    SlotNotBookable,
)
from reception.services import booking, cases, declines, subjects
from reception.services.booking import BookRequest
from reception.services.declines import DeclineView
from reception.services.errors import LeaderConcerned
from reception.services.subjects import Subject, SubjectReason
from reception.storage.database import Database
from reception.storage.tables import Decline
from tests.build import CLERK, COUNTY, NOW, TODAY, Prefecture, draft, later, open_day, prefecture

SUPERVISOR = Actor(
    kind="account", id="s" * 32, role=Role.SUPERVISOR, area_code=COUNTY, name="督查员"
)
ELSEWHERE = replace(SUPERVISOR, area_code="330727")


async def refuse(
    db: Database,
    made: Prefecture,
    case: cases.CaseView,
    *,
    reason: DeclineReason = DeclineReason.OUTSIDE_PORTFOLIO,
    same_leader: bool = False,
) -> DeclineView:
    """Not arrange the leader's first slot of tomorrow; another one is offered."""
    wanted = await open_day(db, made.leader_id, day=TODAY + timedelta(days=1))
    others = await open_day(db, made.other_leader_id, day=TODAY + timedelta(days=1))
    return await declines.decline(
        db,
        case_id=case.id,
        slot_id=wanted[0].id,
        alternative_id=(wanted[1] if same_leader else others[0]).id,
        reason=reason,
        actor=made.clerk,
        now=NOW,
    )


async def registered(db: Database) -> cases.CaseView:
    """Return a case that is just registered."""
    return await cases.register(db, draft=draft(), actor=CLERK, now=NOW)


async def test_a_refusal_names_its_reason_offers_another_slot_and_can_be_booked_instead(
    db: Database,
) -> None:
    made = await prefecture(db)
    case = await registered(db)
    refused = await refuse(db, made, case)
    assert (refused.reason, refused.objection) == (
        DeclineReason.OUTSIDE_PORTFOLIO,
        ObjectionState.NONE,
    )
    public = await cases.query(db, query_code=case.query_code, now=NOW)
    (shown,) = public.declines
    assert (shown.declined_by, shown.alternative_leader) == ("", refused.alternative_leader)
    assert any(event.kind == "declined" for event in public.timeline)
    booked = await booking.book(
        db,
        request=BookRequest(slot_id=refused.alternative_id, site_id=made.site_id, case_id=case.id),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )
    assert booked.case_id == case.id


@pytest.mark.parametrize("reason", [DeclineReason.BEING_HANDLED, DeclineReason.RECHECK_FINAL])
async def test_a_reason_that_is_not_true_is_not_taken_and_nothing_is_kept(
    db: Database, reason: DeclineReason
) -> None:
    made = await prefecture(db)
    case = await registered(db)
    with pytest.raises(BadInput):
        await refuse(db, made, case, reason=reason)
    page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
    assert page.declines == ()


async def test_what_is_offered_is_free_and_nobody_the_case_accuses(db: Database) -> None:
    made = await prefecture(db)
    case = await registered(db)
    with pytest.raises(BadInput, match="same_leader"):
        await refuse(db, made, case, same_leader=True)
    slots = await open_day(db, made.leader_id, day=TODAY + timedelta(days=2))
    others = await open_day(db, made.other_leader_id, day=TODAY + timedelta(days=2))
    await booking.book(
        db,
        request=BookRequest(slot_id=others[0].id, site_id=made.site_id, draft=draft()),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )

    async def offer(alternative_id: str) -> None:
        await declines.decline(
            db,
            case_id=case.id,
            slot_id=slots[0].id,
            alternative_id=alternative_id,
            reason=DeclineReason.OUTSIDE_PORTFOLIO,
            actor=made.clerk,
            now=NOW,
        )

    with pytest.raises(SlotNotBookable):
        await offer(others[0].id)
    with pytest.raises(BadInput, match="same_slot"):
        await offer(slots[0].id)
    await subjects.add(
        db,
        case_id=case.id,
        subject=Subject("leader", made.other_leader_id),
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    with pytest.raises(LeaderConcerned):
        await offer(others[1].id)


async def test_the_petitioner_objects_by_code_and_a_supervisor_decides(db: Database) -> None:
    made = await prefecture(db)
    case = await registered(db)
    refused = await refuse(db, made, case)
    with pytest.raises(MoveRefused):
        await declines.decide(
            db, decline_id=refused.id, upheld=True, words="应约", actor=SUPERVISOR, now=NOW
        )
    with pytest.raises(CodeUnknown):
        await declines.object_by_code(
            db, query_code="ABCDEFGHJK", decline_id=refused.id, words="", now=NOW
        )
    other = await registered(db)
    with pytest.raises(NotFound):
        await declines.object_by_code(
            db, query_code=other.query_code, decline_id=refused.id, words="", now=NOW
        )
    await declines.object_by_code(
        db, query_code=case.query_code, decline_id=refused.id, words="这件事正是他管", now=later(1)
    )
    with pytest.raises(MoveRefused):
        await declines.object_to(
            db, decline_id=refused.id, words="", actor=made.clerk, now=later(2)
        )
    (waiting,) = await declines.objections(db, actor=SUPERVISOR)
    assert (waiting.id, waiting.words) == (refused.id, "这件事正是他管")
    assert await declines.objections(db, actor=ELSEWHERE) == ()
    for actor in (made.clerk, made.leader, ELSEWHERE):
        with pytest.raises(NotAllowed):
            await declines.decide(
                db, decline_id=refused.id, upheld=False, words="维持", actor=actor, now=later(3)
            )
    with pytest.raises(BadInput):
        await declines.decide(
            db, decline_id=refused.id, upheld=True, words=" ", actor=SUPERVISOR, now=later(3)
        )
    decided = await declines.decide(
        db, decline_id=refused.id, upheld=True, words="属于分管", actor=SUPERVISOR, now=later(3)
    )
    assert (decided.objection, decided.decision) == (ObjectionState.UPHELD, "属于分管")
    public = await cases.query(db, query_code=case.query_code, now=NOW)
    assert (public.declines[0].objection, public.declines[0].decision) == (
        ObjectionState.UPHELD,
        "属于分管",
    )
    assert await declines.objections(db, actor=SUPERVISOR) == ()
    async with db.reading(SUPERVISOR) as tx:
        row = await tx.scalar(select(Decline))
        assert row is not None
        assert row.words is not None
        assert "分管" not in row.words.decode("utf-8", "ignore")
