"""Whom a case accuses learns nothing of it: not by id, list, search, session, recording or room."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.cases import CaseMove
from reception.domain.codes import Purpose, Role
from reception.domain.errors import BadInput, MovedMeanwhile, NotAllowed, NotFound, TicketInvalid
from reception.domain.retention import HoldReason
from reception.domain.sessions import SessionMove
from reception.services import (
    accounts,
    booking,
    cases,
    petitioners,
    places,
    records,
    retention,
    sessions,
    subjects,
)
from reception.services.booking import BookRequest
from reception.services.errors import LeaderConcerned
from reception.services.expulsion import expelled
from reception.services.petitioners import Correction
from reception.services.subjects import Subject, SubjectKind, SubjectReason
from reception.storage import audit as audit_rows
from reception.storage.database import Database
from reception.storage.tables import Organ
from scheduler.calendar import local_day
from tests.build import COUNTY, NOW, Prefecture, draft, open_day, prefecture
from tests.integration.storage.test_retention import recorded

Ask = Callable[[Database, Actor, str, str, str], Awaitable[object]]

# Everything that can be asked about a case, its booking, its session or its recording.
ASKED: dict[str, Ask] = {
    "case": lambda db, who, case, booked, session: cases.case_page(
        db, case_id=case, actor=who, now=NOW
    ),
    "number": lambda db, who, case, booked, session: cases.number_of(db, case_id=case, actor=who),
    "move": lambda db, who, case, booked, session: cases.move(
        db, case_id=case, move=CaseMove.ACCEPT, actor=who, now=NOW
    ),
    "reveal": lambda db, who, case, booked, session: petitioners.reveal(
        db,
        case_id=case,
        what="phone",
        purpose=petitioners.Purpose.CONTACT,
        actor=who,
        now=NOW,
    ),
    "correct": lambda db, who, case, booked, session: petitioners.correct(
        db, case_id=case, correction=Correction(name="甲"), actor=who, now=NOW
    ),
    "subjects": lambda db, who, case, booked, session: subjects.of_case(
        db, case_id=case, actor=who
    ),
    "keeping": lambda db, who, case, booked, session: retention.keeping_of(
        db, case_id=case, actor=who
    ),
    "hold": lambda db, who, case, booked, session: retention.place_hold(
        db, case_id=case, reason=HoldReason.REVIEW, actor=who, now=NOW
    ),
    "booking": lambda db, who, case, booked, session: booking.booking(
        db, booking_id=booked, actor=who
    ),
    "cancel": lambda db, who, case, booked, session: booking.cancel(
        db, booking_id=booked, by="government", reason="无", actor=who, now=NOW
    ),
    "session": lambda db, who, case, booked, session: sessions.session(
        db, session_id=session, actor=who
    ),
    "ticket": lambda db, who, case, booked, session: sessions.issue_ticket(
        db, session_id=session, actor=who, now=NOW
    ),
    "prepare": lambda db, who, case, booked, session: sessions.save_preparation(
        db, session_id=session, note="无", actor=who, now=NOW
    ),
    "record": lambda db, who, case, booked, session: sessions.save_record(
        db, session_id=session, text="无", actor=who, now=NOW
    ),
    "stop": lambda db, who, case, booked, session: sessions.move(
        db, session_id=session, move=SessionMove.STOP, actor=who, now=NOW, reason="danger"
    ),
}


async def accounts_of(db: Database, made: Prefecture) -> tuple[Actor, Actor, Actor]:
    """Return a clerk, a leader and a handler who exist as accounts."""
    found = []
    for role in (Role.CLERK, Role.LEADER, Role.HANDLER):
        account_id = await accounts.create_account(
            db,
            login=role.value,
            name=role.zh,
            role=role,
            area_code=COUNTY,
            password="Correct horse battery 9",
            organ_id=made.organ_id if role is Role.HANDLER else None,
            leader_id=made.leader_id if role is Role.LEADER else None,
            now=NOW,
        )
        found.append(
            Actor(
                "account",
                account_id,
                role,
                area_code=COUNTY,
                organ_id=made.organ_id if role is Role.HANDLER else None,
                leader_id=made.leader_id if role is Role.LEADER else None,
                name=role.zh,
            )
        )
    return found[0], found[1], found[2]


async def booked_case(db: Database, made: Prefecture) -> tuple[str, str, str]:
    """Return case, booking and session of an accusation owned by the handler's organ."""
    slots = await open_day(db, made.leader_id)
    view = await booking.book(
        db,
        request=BookRequest(
            slot_id=slots[0].id,
            site_id=made.site_id,
            draft=draft(purpose=Purpose.ACCUSATION, summary="局长收钱（演示）"),
        ),
        actor=made.clerk,
        idempotency_key=None,
        now=NOW,
    )
    assert view.session_id is not None
    await cases.move(
        db,
        case_id=view.case_id,
        move=CaseMove.FORWARD,
        actor=made.clerk,
        now=NOW,
        organ_id=made.organ_id,
    )
    return view.case_id, view.id, view.session_id


async def name(db: Database, made: Prefecture, case_id: str, subject: Subject) -> str:
    return await subjects.add(
        db,
        case_id=case_id,
        subject=subject,
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )


async def test_an_accused_gets_the_answers_for_a_case_that_is_not_there(db: Database) -> None:
    made = await prefecture(db)
    clerk, leader, handler = await accounts_of(db, made)
    case_id, booking_id, session_id = await booked_case(db, made)
    await name(db, made, case_id, Subject("account", clerk.id))
    await name(db, made, case_id, Subject("leader", made.leader_id))
    await name(db, made, case_id, Subject("organ", made.organ_id))
    nowhere = "0" * 32
    for who in (clerk, leader, handler):
        for asked, ask in ASKED.items():
            answers = []
            for ids in ((case_id, booking_id, session_id), (nowhere, nowhere, nowhere)):
                with pytest.raises((NotFound, NotAllowed)) as refused:
                    await ask(db, who, *ids)
                answers.append((refused.type, refused.value.details))
            assert answers[0] == answers[1], (who.role, asked)
            # A role that may never ask is told so for any id; the others find nothing.
            assert answers[0][0] is NotFound or asked in {
                "reveal",
                "correct",
                "subjects",
                "hold",
                "prepare",
                "record",
                "stop",
            }, (who.role, asked)


async def test_an_accused_finds_it_in_no_list_and_no_search(db: Database) -> None:
    made = await prefecture(db)
    clerk, leader, handler = await accounts_of(db, made)
    case_id, booking_id, _ = await booked_case(db, made)

    async def seen(who: Actor) -> list[str]:
        found = [one.id for one in await cases.list_cases(db, actor=who)]
        found += [one.id for one in await cases.list_cases(db, actor=who, search="局长")]
        found += [one.id for one in await cases.list_cases(db, actor=who, search="吴某（演示）")]
        found += [one.id for one in await cases.list_cases(db, actor=who, search="000001")]
        if who.role is not Role.HANDLER:
            found += [
                one.id for one in await booking.today(db, actor=who, day=local_day(NOW), now=NOW)
            ]
        return found

    for who in (clerk, leader, handler):
        assert case_id in await seen(who)
    await name(db, made, case_id, Subject("account", clerk.id))
    await name(db, made, case_id, Subject("leader", made.leader_id))
    await name(db, made, case_id, Subject("organ", made.organ_id))
    assert [await seen(who) for who in (clerk, leader, handler)] == [[], [], []]
    assert case_id in await seen(made.clerk)
    assert booking_id in await seen(made.clerk)


async def test_who_works_under_an_accused_organ_is_kept_away_with_it(db: Database) -> None:
    made = await prefecture(db)
    above = await places.add_organ(db, area_code=COUNTY, name="县水利集团（演示）")
    beside = await places.add_organ(db, area_code=COUNTY, name="县交通局（演示）")
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(Organ, made.organ_id)).parent_id = above
    case_id, _, _ = await booked_case(db, made)
    await name(db, made, case_id, Subject("organ", beside))
    await cases.case_page(db, case_id=case_id, actor=made.handler, now=NOW)
    await name(db, made, case_id, Subject("organ", above))
    with pytest.raises(NotFound):
        await cases.case_page(db, case_id=case_id, actor=made.handler, now=NOW)


async def test_a_secretary_is_kept_away_with_the_leader(db: Database) -> None:
    made = await prefecture(db)
    case_id, _, _ = await booked_case(db, made)
    secretary = replace(made.leader, id="7" * 32, role=Role.SECRETARY)
    await cases.case_page(db, case_id=case_id, actor=secretary, now=NOW)
    await name(db, made, case_id, Subject("leader", made.leader_id))
    with pytest.raises(NotFound):
        await cases.case_page(db, case_id=case_id, actor=secretary, now=NOW)


async def test_a_recording_of_it_is_not_there_for_an_accused(db: Database) -> None:
    made = await prefecture(db)
    case_id, recording_id = await recorded(db, made)
    await records.recording(db, recording_id=recording_id, actor=made.leader)
    await name(db, made, case_id, Subject("leader", made.leader_id))
    with pytest.raises(NotFound) as hidden:
        await records.recording(db, recording_id=recording_id, actor=made.leader)
    with pytest.raises(NotFound) as missing:
        await records.recording(db, recording_id="0" * 32, actor=made.leader)
    assert hidden.value.details == missing.value.details


async def test_an_accused_leader_is_not_booked_and_another_is(db: Database) -> None:
    made = await prefecture(db)
    own = await open_day(db, made.leader_id)
    others = await open_day(db, made.other_leader_id)
    accused = draft(purpose=Purpose.ACCUSATION, accused=(Subject("leader", made.leader_id),))

    async def book(slot_id: str) -> str:
        request = BookRequest(slot_id=slot_id, site_id=made.site_id, draft=accused)
        made_ = await booking.book(
            db, request=request, actor=made.clerk, idempotency_key=None, now=NOW
        )
        return made_.id

    with pytest.raises(LeaderConcerned):
        await book(own[0].id)
    booking_id = await book(others[0].id)
    with pytest.raises(LeaderConcerned):
        await booking.move(
            db, booking_id=booking_id, slot_id=own[1].id, by="petitioner", actor=made.clerk, now=NOW
        )


async def test_a_ticket_given_before_opens_nothing_after(db: Database) -> None:
    made = await prefecture(db)
    case_id, _, session_id = await booked_case(db, made)
    tickets = [
        await sessions.issue_ticket(db, session_id=session_id, actor=made.leader, now=NOW)
        for _ in range(2)
    ]
    admitted = await sessions.redeem_ticket(db, ticket=tickets[0], now=NOW)
    await name(db, made, case_id, Subject("leader", made.leader_id))
    with pytest.raises(TicketInvalid):
        await sessions.redeem_ticket(db, ticket=tickets[1], now=NOW)
    with pytest.raises(TicketInvalid):
        await sessions.redeem_resume(db, resume=admitted.resume, now=NOW)
    gone = await expelled(db, online={session_id: [admitted.person.id]}, now=NOW)
    assert [one.person_id for one in gone] == [admitted.person.id]


async def test_it_takes_two_clerks_to_let_somebody_back(db: Database) -> None:
    made = await prefecture(db)
    case_id, _, _ = await booked_case(db, made)
    entry = await name(db, made, case_id, Subject("leader", made.leader_id))
    assert await name(db, made, case_id, Subject("leader", made.leader_id)) == entry

    async def remove(who: Actor) -> str:
        return await subjects.remove(db, case_id=case_id, entry_id=entry, actor=who, now=NOW)

    assert await remove(made.clerk) == "asked"
    with pytest.raises(MovedMeanwhile):
        await remove(made.clerk)
    with pytest.raises(NotFound):
        await cases.case_page(db, case_id=case_id, actor=made.leader, now=NOW)
    assert await remove(replace(made.clerk, id="d" * 32)) == "removed"
    await cases.case_page(db, case_id=case_id, actor=made.leader, now=NOW)
    (shown,) = await subjects.of_case(db, case_id=case_id, actor=made.clerk)
    assert (shown.title, shown.removed_at) == ("领导甲 副县长", NOW)
    async with db.reading(SYSTEM) as tx:
        log = [one.action for one in await audit_rows.events_after(tx, 0, 999)]
    named = [action for action in log if action.startswith("subject_")]
    assert named == ["subject_named", "subject_removal_asked", "subject_removed"]


async def test_only_a_clerk_names_and_only_who_exists(db: Database) -> None:
    made = await prefecture(db)
    case_id, _, _ = await booked_case(db, made)
    for who in (made.leader, made.handler):
        with pytest.raises(NotAllowed):
            await subjects.add(
                db,
                case_id=case_id,
                subject=Subject("leader", made.other_leader_id),
                reason=SubjectReason.RECUSED,
                actor=who,
                now=NOW + timedelta(hours=1),
            )
    kinds: tuple[SubjectKind, ...] = ("leader", "organ", "account")
    for kind in kinds:
        with pytest.raises(BadInput):
            await name(db, made, case_id, Subject(kind, "0" * 32))
