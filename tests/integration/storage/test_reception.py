"""A whole reception on both engines: from the draft to the closed session and the case page."""

import asyncio
from dataclasses import replace
from datetime import date, datetime

import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.bookings import BookingState
from reception.domain.cases import CaseState
from reception.domain.codes import Role
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.errors import (
    ConsentNeeded,
    MoveRefused,
    NotAdmitted,
    NotAllowed,
    OutcomeIncomplete,
    SessionOver,
    TicketExpired,
    TicketInvalid,
    TicketUsed,
)
from reception.domain.outcomes import OutcomeType
from reception.domain.reception_days import DayState
from reception.domain.sessions import SessionMove, SessionState
from reception.domain.slots import SlotState
from reception.services import booking, calendar, cases, jobs, playback, records, sessions
from reception.services.booking import BookingView, BookRequest
from reception.services.errors import CheckInClosed, RatedAlready
from reception.storage.database import Database
from scheduler.calendar import DayKind, DayRow, DaySpan
from tests.build import NOW, Prefecture, draft, later, open_day, prefecture


async def booked(db: Database, made: Prefecture) -> BookingView:
    """Book the first slot of a day that runs now."""
    slots = await open_day(db, made.leader_id)
    return await booking.book(
        db,
        request=BookRequest(slot_id=slots[0].id, site_id=made.site_id, draft=draft()),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )


async def checked_in(db: Database, made: Prefecture) -> tuple[BookingView, str]:
    """Book and check in; return the booking and the session's id."""
    view = await booked(db, made)
    view = await booking.check_in(db, code=view.code, actor=made.kiosk, now=NOW)
    assert view.session_id is not None
    return view, view.session_id


async def talking(db: Database, made: Prefecture) -> tuple[BookingView, str]:
    """Bring a session to the talk."""
    view, session_id = await checked_in(db, made)
    for move, actor in (
        (SessionMove.BEGIN_NOTICE, made.leader),
        (SessionMove.CONFIRM, made.kiosk),
    ):
        await sessions.move(db, session_id=session_id, move=move, actor=actor, now=NOW)
    return view, session_id


def promise(made: Prefecture) -> sessions.OutcomeDraft:
    return sessions.OutcomeDraft(
        type=OutcomeType.ASSIGNED,
        text="水务局十日内修好水渠。",
        owner_organ_id=made.organ_id,
        due_on=date(2026, 5, 1),
    )


async def test_a_reception_ends_with_the_promise_on_the_case(db: Database) -> None:
    made = await prefecture(db)
    view = await booked(db, made)
    assert view.case_no == "330726-2026-000001"
    assert view.session_state is SessionState.SCHEDULED
    session_id = view.session_id or ""
    states: list[SessionState] = [view.session_state]

    await sessions.save_preparation(
        db, session_id=session_id, note="水渠去年修过。", actor=made.clerk, now=NOW
    )
    await booking.check_in(db, code=view.code, actor=made.kiosk, now=NOW)
    states.append((await sessions.snapshot(db, session_id=session_id)).state)
    for move, actor in (
        (SessionMove.BEGIN_NOTICE, made.leader),
        (SessionMove.CONFIRM, made.kiosk),
        (SessionMove.STEP_ASIDE, made.leader),
        (SessionMove.STEP_BACK, made.leader),
        (SessionMove.READ_BACK, made.leader),
    ):
        shown = await sessions.move(db, session_id=session_id, move=move, actor=actor, now=later(1))
        states.append(shown.state)
    await sessions.save_record(
        db, session_id=session_id, text="吴某反映水渠断水。", actor=made.leader, now=later(2)
    )
    await sessions.save_record(
        db, session_id=session_id, text="吴某反映东渠断水。", actor=made.clerk, now=later(2)
    )
    shown = await sessions.sign(
        db, session_id=session_id, strokes="M0 0 L10.5 3", actor=made.kiosk, now=later(3)
    )
    states.append(shown.state)
    with pytest.raises(OutcomeIncomplete):
        await sessions.move(
            db, session_id=session_id, move=SessionMove.CLOSE, actor=made.leader, now=later(4)
        )
    saved = await sessions.save_outcome(
        db, session_id=session_id, draft=promise(made), actor=made.leader, now=later(4)
    )
    shown = await sessions.move(
        db, session_id=session_id, move=SessionMove.CLOSE, actor=made.leader, now=later(5)
    )
    states.append(shown.state)

    assert [str(state) for state in states] == [
        "scheduled",
        "lobby",
        "notice",
        "active",
        "consult",
        "active",
        "readback",
        "signed",
        "closed",
    ]
    assert (saved.due_on, saved.due_legal) == (date(2026, 5, 1), date(2026, 5, 6))
    assert (shown.started_at, shown.ended_at, shown.outcome_saved) == (later(1), later(5), True)

    page = await cases.case_page(db, case_id=view.case_id, actor=made.clerk, now=later(6))
    assert page.case.state is CaseState.ASSIGNED
    assert page.case.owner_organ is not None
    assert page.case.phone_masked == "138****1234"
    assert [event.kind for event in page.timeline] == [
        "registered",
        "booked",
        "checked_in",
        "session_confirm",
        "session_sign",
        "outcome",
        "case_assign",
        "session_close",
    ]
    assert [(one.rule, one.due_legal, one.met_at) for one in page.deadlines] == [
        ("D1", date(2026, 3, 25), later(4)),
        ("D2", date(2026, 3, 25), None),
    ]
    assert page.bookings[0].state is BookingState.COMPLETED
    assert page.bookings[0].slot.state is SlotState.DONE
    record = page.sessions[0].record
    assert record is not None
    assert (record.version, record.text, record.signed) == (2, "吴某反映东渠断水。", True)
    assert page.sessions[0].outcome == saved
    assert await cases.list_cases(db, actor=made.handler) == (page.case,)
    assert await cases.list_cases(db, actor=made.leader, search="水渠") == (page.case,)
    assert await cases.list_cases(db, actor=made.clerk, search="100%") == ()


async def test_the_query_code_shows_the_case_without_any_name(db: Database) -> None:
    made = await prefecture(db)
    view, session_id = await talking(db, made)
    await sessions.save_outcome(
        db, session_id=session_id, draft=promise(made), actor=made.leader, now=NOW
    )
    receipt = await sessions.receipt(db, session_id=session_id, actor=made.kiosk, now=NOW)
    shown = await cases.query(db, query_code=receipt.query_code.lower(), now=NOW)
    assert shown.case_no == view.case_no
    assert shown.owner_organ_name == "水务局"
    assert shown.due is not None
    assert shown.due.rule == "D2"
    assert [outcome.due_on for outcome in shown.outcomes] == [date(2026, 5, 1)]
    assert "吴某" not in repr(shown)
    assert "领导甲" not in repr(shown)


async def test_check_in_opens_an_hour_before_the_slot_and_repeats_while_it_is_live(
    db: Database,
) -> None:
    made = await prefecture(db)
    view = await booked(db, made)
    with pytest.raises(CheckInClosed):
        await booking.check_in(db, code=view.code, actor=made.kiosk, now=later(-61))
    first = await booking.check_in(db, code=view.code, actor=made.kiosk, now=later(-60))
    again = await booking.check_in(
        db, code=f"{view.code[:3]} {view.code[3:]}", actor=made.kiosk, now=later(10)
    )
    assert first.state is again.state is BookingState.CHECKED_IN
    assert again.session_state is SessionState.LOBBY


async def test_a_ticket_opens_the_room_once_and_within_a_minute(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await checked_in(db, made)

    async def ticket() -> str:
        return await sessions.issue_ticket(db, session_id=session_id, actor=made.leader, now=NOW)

    first = await ticket()
    admission = await sessions.redeem_ticket(db, ticket=first, now=later(0.9))
    assert (admission.person.role, admission.person.seat) == ("leader", 2)
    assert admission.actor == made.leader
    with pytest.raises(TicketUsed):
        await sessions.redeem_ticket(db, ticket=first, now=later(0.9))
    late = await ticket()
    with pytest.raises(TicketExpired):
        await sessions.redeem_ticket(db, ticket=late, now=later(1))
    with pytest.raises(TicketInvalid):
        await sessions.redeem_ticket(db, ticket="made up", now=NOW)


async def test_a_resume_token_brings_one_back_until_the_session_is_over(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await checked_in(db, made)
    ticket = await sessions.issue_ticket(db, session_id=session_id, actor=made.kiosk, now=NOW)
    admission = await sessions.redeem_ticket(db, ticket=ticket, now=NOW)
    for _ in range(2):
        back = await sessions.redeem_resume(db, resume=admission.resume, now=later(5))
        assert back.person.id == admission.person.id
    await sessions.move(
        db, session_id=session_id, move=SessionMove.STOP, actor=made.kiosk, now=later(6)
    )
    with pytest.raises(SessionOver):
        await sessions.redeem_resume(db, resume=admission.resume, now=later(7))
    with pytest.raises(SessionOver):
        await sessions.issue_ticket(db, session_id=session_id, actor=made.kiosk, now=later(7))


async def test_the_kiosk_is_admitted_only_after_check_in_and_others_never(db: Database) -> None:
    made = await prefecture(db)
    view = await booked(db, made)
    session_id = view.session_id or ""
    with pytest.raises(NotAdmitted):
        await sessions.issue_ticket(db, session_id=session_id, actor=made.kiosk, now=NOW)
    stranger = made.leader.__class__(
        kind="account",
        id="9" * 32,
        role=made.leader.role,
        area_code="330726",
        leader_id=made.other_leader_id,
    )
    with pytest.raises(NotAllowed):
        await sessions.issue_ticket(db, session_id=session_id, actor=stranger, now=NOW)


async def test_snapshots_show_who_came_and_who_is_connected(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await checked_in(db, made)
    ticket = await sessions.issue_ticket(db, session_id=session_id, actor=made.kiosk, now=NOW)
    before = await sessions.snapshot(db, session_id=session_id)
    assert before.people == ()
    admission = await sessions.redeem_ticket(db, ticket=ticket, now=NOW)
    shown = await sessions.set_online(
        db, session_id=session_id, person_id=admission.person.id, online=True, now=NOW
    )
    assert [(one.role, one.seat, one.online) for one in shown.people] == [("petitioner", 1, True)]
    assert shown.version > before.version


async def test_staff_stop_a_session_only_for_danger(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await talking(db, made)
    with pytest.raises(NotAllowed):
        await sessions.move(
            db, session_id=session_id, move=SessionMove.STOP, actor=made.leader, now=NOW
        )
    shown = await sessions.move(
        db,
        session_id=session_id,
        move=SessionMove.STOP,
        actor=made.leader,
        now=NOW,
        reason="danger",
    )
    assert shown.state is SessionState.STOPPED


async def test_a_lost_line_comes_back_to_where_it_was_or_breaks_off_after_ten_minutes(
    db: Database,
) -> None:
    made = await prefecture(db)
    view, session_id = await talking(db, made)
    lost = await sessions.move(
        db, session_id=session_id, move=SessionMove.LOSE, actor=SYSTEM, now=NOW
    )
    assert (lost.state, lost.resumes) == (SessionState.RECONNECTING, SessionState.ACTIVE)
    back = await sessions.move(
        db, session_id=session_id, move=SessionMove.RESTORE, actor=SYSTEM, now=later(9)
    )
    assert (back.state, back.resumes) == (SessionState.ACTIVE, None)
    await sessions.move(
        db, session_id=session_id, move=SessionMove.LOSE, actor=SYSTEM, now=later(10)
    )
    assert await sessions.sweep(db, now=later(19.9)) == ()
    assert await sessions.sweep(db, now=later(20)) == (session_id,)
    assert await sessions.sweep(db, now=later(30)) == ()
    after = await booking.booking(db, booking_id=view.id, actor=made.clerk)
    assert (after.state, after.slot.state) == (BookingState.MOVED, SlotState.LOST)


async def test_a_recording_needs_the_petitioners_consent(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await talking(db, made)

    async def answer(yes: bool) -> sessions.Snapshot:
        return await sessions.consent(
            db,
            session_id=session_id,
            answer=yes,
            text_version=RECORDING_CONSENT.version,
            how="button",
            actor=made.kiosk,
            now=NOW,
        )

    with pytest.raises(ConsentNeeded):
        await records.begin(db, session_id=session_id, now=NOW)
    await answer(False)
    with pytest.raises(ConsentNeeded):
        await records.begin(db, session_id=session_id, now=NOW)
    assert (await answer(True)).recording == "off"
    recording = await records.begin(db, session_id=session_id, now=NOW)
    assert await records.begin(db, session_id=session_id, now=NOW) == recording
    assert (await sessions.snapshot(db, session_id=session_id)).recording == "on"
    with pytest.raises(NotAllowed):
        await sessions.consent(
            db,
            session_id=session_id,
            answer=True,
            text_version=RECORDING_CONSENT.version,
            how="button",
            actor=made.leader,
            now=NOW,
        )


async def test_a_recording_is_finished_by_a_job_and_looking_at_it_is_written_down(
    db: Database,
) -> None:
    made = await prefecture(db)
    view, session_id = await talking(db, made)
    ticket = await sessions.issue_ticket(db, session_id=session_id, actor=made.kiosk, now=NOW)
    person = (await sessions.redeem_ticket(db, ticket=ticket, now=NOW)).person
    await sessions.consent(
        db,
        session_id=session_id,
        answer=True,
        text_version=RECORDING_CONSENT.version,
        how="voice",
        actor=made.kiosk,
        now=NOW,
    )
    recording = await records.begin(db, session_id=session_id, now=NOW)
    await records.progress(db, recording_id=recording, bytes=5_000_000_000, now=later(1))
    await records.progress(db, recording_id=recording, bytes=10, now=later(1))
    await records.ended(db, recording_id=recording, now=later(2))
    await records.ended(db, recording_id=recording, now=later(3))

    claimed = await jobs.claim(
        db, names=["recording.finish"], lease_seconds=60, now=later(3), limit=5
    )
    assert [job.args for job in claimed] == [{"recording_id": recording}]
    # The recorder started 300 ms after its row was written.
    zero = round(NOW.timestamp() * 1000) + 300
    await records.finished(
        db,
        recording_id=recording,
        result={
            "head": "0" * 64,
            "started_at_ms": zero,
            "files": [
                {
                    "participant": person.id,
                    "file": f"{person.id}.webm",
                    "bytes": 7,
                    "sha256": "0" * 64,
                    "duration_ms": 120_000,
                    "width": 640,
                    "height": 360,
                }
            ],
            "gaps": [
                {
                    "participant": person.id,
                    "kind": "video",
                    "from_ms": zero + 2000,
                    "to_ms": None,
                    "cause": "crash",
                }
            ],
        },
        now=later(4),
    )
    shown = await records.recording(db, recording_id=recording, actor=made.leader)
    assert (shown.state, shown.bytes, shown.seconds) == ("ready", 5_000_000_000, 120.0)
    assert [(gap.from_ms, gap.to_ms) for gap in shown.gaps] == [(2000, None)]
    assert [(file.role, file.duration_ms) for file in shown.files] == [("petitioner", 120_000)]

    file_id = shown.files[0].id
    supervisor = replace(made.clerk, id="5" * 32, role=Role.SUPERVISOR, name="督查员")
    # A player asks for several parts at once, and for more while it plays.
    for now in (later(5), later(34.9), later(35)):
        places = await asyncio.gather(
            *(
                playback.film(db, file_id=file_id, tickets=None, actor=supervisor, now=now)
                for _ in range(3)
            )
        )
        assert {place.relative_path for place in places} == {f"final/{person.id}.webm"}
    await playback.film(db, file_id=file_id, tickets=None, actor=made.leader, now=later(6))
    for nobody in (made.handler, made.clerk):
        with pytest.raises(NotAllowed):
            await playback.film(db, file_id=file_id, tickets=None, actor=nobody, now=later(6))
    page = await cases.case_page(db, case_id=view.case_id, actor=made.clerk, now=NOW)
    looked = [event for event in page.timeline if event.kind == "recording_viewed"]
    assert [(event.actor_name, event.at) for event in looked] == [
        (supervisor.name, later(5)),
        (supervisor.name, later(35)),
        (made.leader.name, later(6)),
    ]


async def test_a_day_follows_its_sessions(db: Database) -> None:
    made = await prefecture(db)
    slots = await open_day(db, made.leader_id)
    idle = await open_day(db, made.other_leader_id)
    views = [
        await booking.book(
            db,
            request=BookRequest(slot_id=slot.id, site_id=made.site_id, draft=draft()),
            actor=made.clerk,
            idempotency_key=None,
            now=NOW,
        )
        for slot in (slots[0], slots[-1])
    ]
    day_id = slots[0].day_id

    async def state(now: datetime) -> tuple[tuple[str, ...], DayState]:
        swept = await calendar.sweep(db, now=now)
        return swept, (await calendar.day(db, day_id=day_id, now=now)).state

    async def enter(view: BookingView, now: datetime) -> str:
        checked = await booking.check_in(db, code=view.code, actor=made.kiosk, now=now)
        return checked.session_id or ""

    async def move(session_id: str, step: SessionMove, actor: Actor, now: datetime) -> None:
        await sessions.move(db, session_id=session_id, move=step, actor=actor, now=now)

    first = await enter(views[0], NOW)
    await move(first, SessionMove.BEGIN_NOTICE, made.leader, NOW)
    assert await state(NOW) == ((), DayState.BOOKING_OPEN), "nobody talks yet"
    await move(first, SessionMove.CONFIRM, made.kiosk, later(1))
    assert await state(later(1)) == ((day_id,), DayState.IN_PROGRESS)
    assert await state(later(1)) == ((), DayState.IN_PROGRESS)
    await move(first, SessionMove.STOP, made.kiosk, later(2))

    over = slots[-1].ends_at
    waiting = await enter(views[1], over)
    assert await state(over) == ((), DayState.IN_PROGRESS), "somebody still waits"
    await move(waiting, SessionMove.STOP, made.kiosk, over)
    assert await state(slots[-1].starts_at) == ((), DayState.IN_PROGRESS), "a slot is left"
    assert await state(over) == ((day_id,), DayState.COMPLETED)
    untouched = await calendar.day(db, day_id=idle[0].day_id, now=over)
    assert untouched.state is DayState.BOOKING_OPEN


async def test_only_the_petitioner_rates_after_the_talk_and_only_once(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await talking(db, made)
    rating = {"session_id": session_id, "target": "organ", "level": 3, "now": NOW}
    with pytest.raises(MoveRefused):
        await sessions.rate(db, **rating, actor=made.kiosk)  # type: ignore[arg-type]  # one rating for all calls
    await sessions.move(db, session_id=session_id, move=SessionMove.STOP, actor=made.kiosk, now=NOW)
    await sessions.rate(db, **rating, actor=made.kiosk)  # type: ignore[arg-type]  # as above
    with pytest.raises(RatedAlready):
        await sessions.rate(db, **rating, actor=made.kiosk)  # type: ignore[arg-type]  # as above
    with pytest.raises(NotAllowed):
        await sessions.rate(db, **rating, actor=made.leader)  # type: ignore[arg-type]  # as above


async def test_case_numbers_have_no_gaps_when_a_registration_fails(db: Database) -> None:
    made = await prefecture(db)
    first = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    with pytest.raises(Exception, match="bad_input"):
        await cases.register(db, draft=draft(problem_area_code="999999"), actor=made.clerk, now=NOW)
    slots = await open_day(db, made.leader_id)
    with pytest.raises(Exception, match="not_found"):
        await booking.book(
            db,
            request=BookRequest(slot_id=slots[0].id, site_id="0" * 32, draft=draft()),
            actor=made.clerk,
            idempotency_key=None,
            now=NOW,
        )
    second = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    assert (first.case_no, second.case_no) == ("330726-2026-000001", "330726-2026-000002")
    free = await calendar.free_slots(db, after=NOW)
    assert len(free) == len(slots)


async def test_a_promise_for_a_year_not_loaded_is_settled_when_it_loads(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await talking(db, made)
    outcome = replace(promise(made), due_on=date(2027, 1, 4))
    saved = await sessions.save_outcome(
        db, session_id=session_id, draft=outcome, actor=made.leader, now=NOW
    )
    assert (saved.due_on, saved.due_legal) == (date(2027, 1, 4), date(2027, 1, 4))
    await _load_2027(db, first_workday=date(2027, 1, 6))
    shown = await sessions.session(db, session_id=session_id, actor=made.leader)
    assert shown.outcome is not None
    assert (shown.outcome.due_on, shown.outcome.due_strict, shown.outcome.due_legal) == (
        date(2027, 1, 4),
        date(2027, 1, 4),
        date(2027, 1, 6),
    )


async def test_a_promise_for_the_last_rest_days_of_a_year_waits_for_the_next(
    db: Database,
) -> None:
    made = await prefecture(db)
    await calendar.load_day_table(
        db,
        area_code="330700",
        year=2026,
        rows=[
            DayRow(day, DayKind.REST if day > date(2026, 12, 29) else DayKind.WORKDAY)
            for day in DaySpan(date(2026, 1, 1), date(2027, 1, 1))
        ],
        source="test",
        now=NOW,
    )
    _, session_id = await talking(db, made)
    outcome = replace(promise(made), due_on=date(2026, 12, 31))
    await sessions.save_outcome(
        db, session_id=session_id, draft=outcome, actor=made.leader, now=NOW
    )
    case = await cases.register(
        db, draft=draft(), actor=made.clerk, now=NOW.replace(month=12, day=16)
    )
    await _load_2027(db, first_workday=date(2027, 1, 4))
    shown = await sessions.session(db, session_id=session_id, actor=made.leader)
    assert shown.outcome is not None
    assert shown.outcome.due_legal == date(2027, 1, 4)
    page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
    assert [(one.due_strict, one.due_legal, one.provisional) for one in page.deadlines] == [
        (date(2026, 12, 31), date(2027, 1, 4), False)
    ]


async def _load_2027(db: Database, *, first_workday: date) -> None:
    await calendar.load_day_table(
        db,
        area_code="330700",
        year=2027,
        rows=[
            DayRow(day, DayKind.REST if day < first_workday else DayKind.WORKDAY)
            for day in DaySpan(date(2027, 1, 1), date(2028, 1, 1))
        ],
        source="test",
        now=NOW,
    )


async def test_a_december_deadline_is_provisional_until_next_year_is_loaded(
    db: Database,
) -> None:
    made = await prefecture(db)
    december = NOW.replace(month=12, day=20)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=december)
    page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=december)
    assert [(one.due_legal, one.provisional) for one in page.deadlines] == [
        (date(2027, 1, 4), True)
    ]
    await _load_2027(db, first_workday=date(2027, 1, 6))
    page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=december)
    assert [(one.due_strict, one.due_legal, one.provisional) for one in page.deadlines] == [
        (date(2027, 1, 4), date(2027, 1, 6), False)
    ]
