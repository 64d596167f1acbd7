"""A free slot goes to one who waits, for a while, in turn; nobody loses their place by saying no."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.bookings import BookingState
from reception.domain.errors import BadInput, MoveRefused, NotAllowed, NotFound, SlotTaken
from reception.domain.queue import PriorityReason
from reception.domain.slots import SlotState
from reception.domain.waiting import WaitMove, WaitState
from reception.services import booking, calendar, cases, places, subjects, waiting
from reception.services.booking import BookingView, BookRequest
from reception.services.errors import SiteFull
from reception.services.subjects import Subject, SubjectReason
from reception.services.waiting import WaitDraft, WaitView
from reception.storage.database import Database
from reception.storage.tables import Slot
from tests.build import COUNTY, NOW, TODAY, Prefecture, draft, later, open_day, prefecture

TOMORROW = TODAY + timedelta(days=1)
NEXT_WEEK = TODAY + timedelta(days=7)


async def wait(db: Database, made: Prefecture, name: str, **changes: object) -> WaitView:
    """Register somebody and put them on the list, a minute after the one before."""
    case = await cases.register(
        db, draft=draft(petitioner_name=f"{name}（演示）"), actor=made.clerk, now=NOW
    )
    fields: dict[str, object] = {
        "case_id": case.id,
        "site_id": made.site_id,
        "first_day": TODAY,
        "last_day": NEXT_WEEK,
    }
    asked = await waiting.waiting(db, actor=made.clerk)
    return await waiting.join(
        db,
        draft=WaitDraft(**{**fields, **changes}),  # type: ignore[arg-type]  # fields by name
        actor=made.clerk,
        now=later(len(asked)),
    )


async def full_day(db: Database, made: Prefecture) -> list[BookingView]:
    """Tomorrow every slot is booked."""
    return [
        await booking.book(
            db,
            request=BookRequest(slot_id=slot.id, site_id=made.site_id, draft=draft()),
            actor=made.clerk,
            idempotency_key=None,
            now=NOW,
        )
        for slot in await open_day(db, made.leader_id, day=TOMORROW)
    ]


async def free(db: Database, made: Prefecture, one: BookingView) -> None:
    """Let somebody cancel."""
    await booking.cancel(
        db, booking_id=one.id, by="petitioner", reason="", actor=made.clerk, now=NOW
    )


async def listed(db: Database, made: Prefecture) -> list[tuple[str, WaitState]]:
    """Return who is on the list, and where they stand."""
    found = await waiting.waiting(db, actor=made.clerk)
    return [(one.petitioner_name.removesuffix("（演示）"), one.state) for one in found]


async def test_a_slot_that_comes_free_is_held_for_the_first_and_nobody_else(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    first, _ = await wait(db, made, "甲"), await wait(db, made, "乙")
    assert await waiting.offer(db, now=later(5)) == 0
    await free(db, made, held[0])
    assert await waiting.offer(db, now=later(5)) == 1
    assert await waiting.offer(db, now=later(6)) == 0
    assert await listed(db, made) == [("甲", WaitState.OFFERED), ("乙", WaitState.WAITING)]
    with pytest.raises(SlotTaken):
        await booking.book(
            db,
            request=BookRequest(slot_id=held[0].slot.id, site_id=made.site_id, draft=draft()),
            actor=made.clerk,
            idempotency_key=None,
            now=later(7),
        )
    booked = await waiting.take(db, entry_id=first.id, actor=made.clerk, now=later(8))
    assert (booked.slot.id, booked.state) == (held[0].slot.id, BookingState.CONFIRMED)
    assert booked.case_id == first.case_id
    assert await listed(db, made) == [("乙", WaitState.WAITING)]
    with pytest.raises(MoveRefused):
        await waiting.take(db, entry_id=first.id, actor=made.clerk, now=later(9))


async def test_who_does_not_answer_in_time_loses_the_offer_and_not_the_place(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    first, _ = await wait(db, made, "甲"), await wait(db, made, "乙")
    await free(db, made, held[0])
    await waiting.offer(db, now=later(5))
    late = later(5 + 121)
    assert await waiting.offer(db, now=late) == 1
    assert await listed(db, made) == [("乙", WaitState.OFFERED), ("甲", WaitState.WAITING)]
    with pytest.raises(MoveRefused):
        await waiting.take(db, entry_id=first.id, actor=made.clerk, now=late)
    # The next free slot is for the first again.
    await free(db, made, held[3])
    assert await waiting.offer(db, now=late) == 1
    assert (await listed(db, made))[0] == ("甲", WaitState.OFFERED)


async def test_no_thank_you_passes_it_on_at_once_and_leaving_frees_it(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    first, second = await wait(db, made, "甲"), await wait(db, made, "乙")
    await free(db, made, held[0])
    await waiting.offer(db, now=later(5))
    for entry, move in ((first, WaitMove.PASS), (second, WaitMove.WITHDRAW)):
        await waiting.give_up(db, entry_id=entry.id, move=move, actor=made.clerk, now=later(6))
        await waiting.offer(db, now=later(6))
    assert await listed(db, made) == [("甲", WaitState.WAITING)]
    (slot, *_) = await calendar.slots(db, day_id=held[0].slot.day_id, now=later(7))
    assert slot.state is SlotState.OPEN
    with pytest.raises(BadInput):
        await waiting.give_up(
            db, entry_id=first.id, move=WaitMove.TAKE, actor=made.clerk, now=later(7)
        )


async def test_a_reason_of_the_closed_list_comes_first(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    await wait(db, made, "甲")
    await wait(db, made, "乙", priority=PriorityReason.LET_DOWN)
    await free(db, made, held[0])
    await waiting.offer(db, now=later(5))
    assert await listed(db, made) == [("乙", WaitState.OFFERED), ("甲", WaitState.WAITING)]


async def test_only_what_was_wished_for_is_offered(db: Database) -> None:
    made = await prefecture(db)
    await wait(db, made, "别的领导", leader_id=made.other_leader_id)
    await wait(db, made, "今天为止", last_day=TODAY)
    accused = await wait(db, made, "被反映")
    await subjects.add(
        db,
        case_id=accused.case_id,
        subject=Subject("leader", made.leader_id),
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    await open_day(db, made.leader_id, day=TOMORROW)
    assert await waiting.offer(db, now=later(5)) == 0
    await open_day(db, made.other_leader_id, day=TOMORROW)
    assert await waiting.offer(db, now=later(6)) == 2


async def test_who_is_booked_is_offered_something_earlier_and_moved(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    last = held[-1]
    entry = await waiting.join(
        db,
        draft=WaitDraft(
            case_id=last.case_id, site_id=made.site_id, first_day=TODAY, last_day=NEXT_WEEK
        ),
        actor=made.clerk,
        now=NOW,
    )
    await open_day(db, made.other_leader_id, day=NEXT_WEEK)
    assert await waiting.offer(db, now=later(5)) == 0
    await free(db, made, held[0])
    assert await waiting.offer(db, now=later(5)) == 1
    moved = await waiting.take(db, entry_id=entry.id, actor=made.clerk, now=later(6))
    assert (moved.slot.id, moved.code) == (held[0].slot.id, last.code)
    async with db.reading(SYSTEM) as tx:
        slot = await tx.scalar(select(Slot).where(Slot.id == last.slot.id))
        assert slot is not None
        assert slot.state is SlotState.OPEN


async def test_a_case_waits_once_and_the_petitioner_sees_it(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    entry = await wait(db, made, "甲")
    again = WaitDraft(
        case_id=entry.case_id, site_id=made.site_id, first_day=TODAY, last_day=NEXT_WEEK
    )
    with pytest.raises(BadInput, match="waits_already"):
        await waiting.join(db, draft=again, actor=made.clerk, now=NOW)
    await free(db, made, held[0])
    await waiting.offer(db, now=later(5))
    page = await cases.case_page(db, case_id=entry.case_id, actor=made.clerk, now=NOW)
    public = await cases.query(db, query_code=page.case.query_code, now=NOW)
    (told,) = [event.text_zh for event in public.timeline if event.kind == "wait_offered"]
    assert "2026年3月11日（周三）09:00，为您保留到2026年3月10日（周二）11:05" in told
    with pytest.raises(NotAllowed):
        await waiting.take(db, entry_id=entry.id, actor=made.handler, now=later(6))
    with pytest.raises(NotFound):
        await waiting.take(db, entry_id="0" * 32, actor=made.clerk, now=later(6))


async def test_who_cannot_be_booked_after_all_waits_on_in_their_place(db: Database) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    entry, _ = await wait(db, made, "甲"), await wait(db, made, "乙")
    await free(db, made, held[0])
    await waiting.offer(db, now=later(5))
    for _ in range(2):  # both rooms of the site are taken at that time
        leader = await places.add_leader(
            db, area_code=COUNTY, name="别的领导", title="副县长", portfolio=""
        )
        (slot, *_) = await open_day(db, leader, day=TOMORROW)
        await booking.book(
            db,
            request=BookRequest(slot_id=slot.id, site_id=made.site_id, draft=draft()),
            actor=made.clerk,
            idempotency_key=None,
            now=later(6),
        )
    with pytest.raises(SiteFull):
        await waiting.take(db, entry_id=entry.id, actor=made.clerk, now=later(7))
    assert await listed(db, made) == [("甲", WaitState.WAITING), ("乙", WaitState.WAITING)]
    (slot, *_) = await calendar.slots(db, day_id=held[0].slot.day_id, now=later(8))
    assert slot.state is SlotState.OPEN


async def test_a_process_that_ends_between_booking_and_noting_it_loses_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await prefecture(db)
    held = await full_day(db, made)
    entry = await wait(db, made, "甲")
    await free(db, made, held[0])
    await waiting.offer(db, now=later(5))

    async def end(*_: object) -> None:
        raise RuntimeError("the process ended here")

    with monkeypatch.context() as patch:
        patch.setattr(waiting, "_settle", end)
        with pytest.raises(RuntimeError):
            await waiting.take(db, entry_id=entry.id, actor=made.clerk, now=later(6))
    await waiting.offer(db, now=later(12))
    assert await listed(db, made) == []
    page = await cases.case_page(db, case_id=entry.case_id, actor=made.clerk, now=later(12))
    assert [one.state for one in page.bookings] == [BookingState.CONFIRMED]
