"""The same matter told again joins its case at the petitioner's word, and leaves it at theirs."""

import pytest

from reception.domain.bookings import BookingState
from reception.domain.codes import Category, Purpose
from reception.domain.errors import MoveRefused, NotAllowed
from reception.domain.sessions import SessionState
from reception.services import booking, cases, matches, subjects
from reception.services.booking import BookRequest, Matter
from reception.services.subjects import Subject, SubjectReason
from reception.storage.database import Database
from tests.build import NOW, TOWNSHIP, Prefecture, draft, later, open_day, prefecture
from tests.security.test_subjects import accounts_of

CARD = "330726198001011233"
OTHER_CARD = "330726197512125676"
MATTER = Matter(
    purpose=Purpose.APPEAL_OR_REQUEST,
    category=Category.LAND,
    problem_area_code=TOWNSHIP,
    summary="宅基地审批",
)


async def known(db: Database, made: Prefecture, **changes: object) -> cases.CaseView:
    """Return a case that is there already."""
    return await cases.register(db, draft=draft(**changes), actor=made.clerk, now=NOW)


async def suggested(db: Database, made: Prefecture, **changes: object) -> list[tuple[str, str]]:
    """Return which cases are shown for a draft, and what the person is known by."""
    found = await matches.suggest(db, draft=draft(**changes), actor=made.clerk, now=NOW)
    return [(match.case_id, match.by) for match in found]


async def test_the_same_person_with_the_same_matter_is_shown(db: Database) -> None:
    made = await prefecture(db)
    case = await known(db, made, summary="灌溉水渠断水，稻田缺水")
    await known(db, made, summary="拖欠工资")
    await known(db, made, petitioner_name="别人（演示）", summary="灌溉水渠断水，稻田缺水")
    assert await suggested(db, made, summary="水渠断水三个月，稻田没有水") == [(case.id, "name")]


async def test_a_card_tells_two_people_of_one_name_apart_and_one_of_two_names_together(
    db: Database,
) -> None:
    made = await prefecture(db)
    case = await known(db, made, id_number=CARD)
    await known(db, made, id_number=OTHER_CARD)
    found = await suggested(db, made, petitioner_name="吴某某（演示）", id_number=CARD)
    assert found == [(case.id, "id_number")]
    assert await suggested(db, made, id_number=CARD) == [(case.id, "id_number")]


async def test_who_may_not_see_cases_is_shown_none_and_a_subject_does_not_find_theirs(
    db: Database,
) -> None:
    made = await prefecture(db)
    case = await known(db, made)
    with pytest.raises(NotAllowed):
        await matches.suggest(db, draft=draft(), actor=made.kiosk, now=NOW)
    clerk, _, _ = await accounts_of(db, made)
    (match,) = await matches.suggest(db, draft=draft(), actor=clerk, now=NOW)
    assert match.case_id == case.id
    await subjects.add(
        db,
        case_id=case.id,
        subject=Subject("account", clerk.id),
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    assert await matches.suggest(db, draft=draft(), actor=clerk, now=NOW) == ()


async def joined(db: Database, made: Prefecture) -> tuple[cases.CaseView, booking.BookingView]:
    """Book a talk that joins a known case."""
    slots = await open_day(db, made.leader_id)
    case = await known(db, made, id_number=CARD)
    made_booking = await booking.book(
        db,
        request=BookRequest(
            slot_id=slots[0].id, site_id=made.site_id, case_id=case.id, told="水渠还是没有水"
        ),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )
    return case, made_booking


async def test_joining_starts_no_clock_anew_and_keeps_what_was_told(db: Database) -> None:
    made = await prefecture(db)
    case, booked = await joined(db, made)
    assert booked.case_id == case.id
    page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
    assert [limit.rule for limit in page.deadlines] == ["D1"]
    event = next(event for event in page.timeline if event.kind == "joined")
    assert "重复" not in event.text_zh
    assert "水渠还是没有水" in event.text_zh
    public = await cases.query(db, query_code=case.query_code, now=NOW)
    assert any(event.kind == "joined" for event in public.timeline)


async def test_who_was_joined_wrongly_gets_a_number_and_keeps_slot_and_code(db: Database) -> None:
    made = await prefecture(db)
    case, booked = await joined(db, made)
    own = await booking.separate(
        db, booking_id=booked.id, matter=MATTER, actor=made.clerk, now=later(1)
    )
    assert own.case_no != case.case_no
    assert (own.slot.id, own.site.id, own.code) == (booked.slot.id, booked.site.id, booked.code)
    assert own.session_state is SessionState.SCHEDULED
    page = await cases.case_page(db, case_id=own.case_id, actor=made.clerk, now=NOW)
    assert (page.case.summary, page.case.petitioner_name) == ("宅基地审批", case.petitioner_name)
    assert page.case.id_number_masked == case.id_number_masked
    before = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
    assert [one.state for one in before.bookings] == [BookingState.MOVED]
    assert own.case_no in before.timeline[-1].text_zh
    checked_in = await booking.check_in(
        db, code=booked.code, actor=made.kiosk, now=booked.slot.starts_at
    )
    assert checked_in.id == own.id
    with pytest.raises(MoveRefused):
        await booking.separate(db, booking_id=own.id, matter=MATTER, actor=made.clerk, now=NOW)
