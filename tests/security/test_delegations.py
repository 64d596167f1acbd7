"""A secretary works for a leader under their own name, for a while, and never as the leader."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.domain.errors import BadInput, NotAllowed, NotFound, Refused
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionMove
from reception.services import (
    account_admin,
    accounts,
    booking,
    cases,
    delegations,
    playback,
    sessions,
)
from reception.services.booking import BookRequest
from reception.services.sessions import OutcomeDraft
from reception.storage import audit as audit_rows
from reception.storage.database import Database
from tests.build import (
    CITY,
    CLERK,
    COUNTY,
    NOW,
    TODAY,
    Prefecture,
    draft,
    later,
    open_day,
    prefecture,
)

PASSWORD = "Eine Lange Invented 1"
SECURITY = Actor("account", "5" * 32, Role.SECADMIN, area_code=CITY, name="安全员")
LAST_DAY = TODAY + timedelta(days=30)


@dataclass
class Office:
    """A leader with a booking today, a second leader, and a secretary whom nobody asked yet."""

    db: Database
    made: Prefecture
    leader: Actor
    other: Actor
    secretary_id: str
    session_id: str
    case_id: str

    async def secretary(self, minutes: float = 0) -> Actor:
        """Log the secretary in."""
        made = await accounts.log_in(
            self.db, login="secretary", password=PASSWORD, address="192.0.2.1", now=later(minutes)
        )
        assert isinstance(made, accounts.LoggedIn)
        return made.actor

    async def token(self) -> str:
        """Log the secretary in; the token opens what they may at each moment."""
        made = await accounts.log_in(
            self.db, login="secretary", password=PASSWORD, address="192.0.2.1", now=NOW
        )
        assert isinstance(made, accounts.LoggedIn)
        return made.token

    async def give(self, leader: Actor | None = None, days: int = 30, minutes: float = 0) -> None:
        await delegations.give(
            self.db,
            account_id=self.secretary_id,
            last_day=TODAY + timedelta(days=days),
            actor=leader or self.leader,
            now=later(minutes),
        )

    async def log(self) -> list[dict[str, object]]:
        async with self.db.reading(SYSTEM) as tx:
            events = await audit_rows.events_after(tx, 0, 1000)
        return [json.loads(event.canon[1:]) for event in events]


@pytest.fixture
async def office(db: Database) -> Office:
    made = await prefecture(db)

    async def account(login: str, role: Role, leader_id: str | None) -> str:
        return await accounts.create_account(
            db,
            login=login,
            name=f"某{login}",
            role=role,
            area_code=COUNTY,
            password=PASSWORD,
            leader_id=leader_id,
            now=NOW,
        )

    leaders = [
        Actor(
            "account",
            await account(login, Role.LEADER, leader_id),
            Role.LEADER,
            area_code=COUNTY,
            leader_id=leader_id,
        )
        for login, leader_id in (("one", made.leader_id), ("two", made.other_leader_id))
    ]
    secretary_id = await account("secretary", Role.SECRETARY, None)
    slots = await open_day(db, made.leader_id)
    view = await booking.book(
        db,
        request=BookRequest(slot_id=slots[0].id, site_id=made.site_id, draft=draft()),
        actor=CLERK,
        idempotency_key=None,
        now=NOW,
    )
    assert view.session_id is not None
    return Office(db, made, leaders[0], leaders[1], secretary_id, view.session_id, view.case_id)


async def test_without_a_delegation_a_secretary_sees_nothing(office: Office) -> None:
    secretary = await office.secretary()
    assert secretary.leader_id is None
    with pytest.raises(NotAllowed):
        await booking.today(office.db, actor=secretary, day=TODAY, now=NOW)
    with pytest.raises(NotAllowed):
        await cases.case_page(office.db, case_id=office.case_id, actor=secretary, now=NOW)


async def test_a_secretary_sees_the_leaders_list_and_case_and_prepares_the_talk(
    office: Office,
) -> None:
    await office.give()
    secretary = await office.secretary()
    (held,) = await booking.today(office.db, actor=secretary, day=TODAY, now=NOW)
    assert held.session_id == office.session_id
    await cases.case_page(office.db, case_id=office.case_id, actor=secretary, now=NOW)
    await sessions.save_preparation(
        office.db, session_id=office.session_id, note="已联系水务局", actor=secretary, now=NOW
    )
    view = await sessions.session(office.db, session_id=office.session_id, actor=office.leader)
    assert view.preparation == "已联系水务局"


async def test_a_secretary_never_joins_decides_moves_writes_or_plays(office: Office) -> None:
    await office.give()
    secretary, db, session_id = await office.secretary(), office.db, office.session_id
    outcome = OutcomeDraft(
        type=OutcomeType.ANSWERED, text="已答复", owner_organ_id=None, due_on=None, legal_basis=""
    )
    for attempt in (
        sessions.issue_ticket(db, session_id=session_id, actor=secretary, now=NOW),
        sessions.save_outcome(db, session_id=session_id, draft=outcome, actor=secretary, now=NOW),
        sessions.save_record(db, session_id=session_id, text="笔录", actor=secretary, now=NOW),
        sessions.sign(db, session_id=session_id, strokes="M0 0", actor=secretary, now=NOW),
        sessions.rate(
            db, session_id=session_id, target="session", level=0, actor=secretary, now=NOW
        ),
        playback.film(db, file_id="0" * 32, tickets=None, actor=secretary, now=NOW),
        *(
            sessions.move(db, session_id=session_id, move=move, actor=secretary, now=NOW)
            for move in SessionMove
            if move is not SessionMove.PREPARE
        ),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code in ("not_allowed", "not_admitted", "not_found", "move_refused")
    assert (await booking.today(db, actor=office.leader, day=TODAY, now=NOW))[0].state.value == (
        "confirmed"
    )


async def test_what_is_taken_back_ends_with_the_next_step(office: Office) -> None:
    await office.give()
    token = await office.token()
    seen = await accounts.actor_of_session(office.db, token=token, now=later(1))
    assert seen.actor.leader_id == office.made.leader_id
    (given,) = await delegations.of_leader(office.db, actor=office.leader, now=later(1))
    assert (given.secretary.login, given.last_day) == ("secretary", LAST_DAY)
    await delegations.end(office.db, delegation_id=given.id, actor=office.leader, now=later(2))
    seen = await accounts.actor_of_session(office.db, token=token, now=later(2))
    assert seen.actor.leader_id is None
    assert await delegations.of_leader(office.db, actor=office.leader, now=later(2)) == ()


async def test_a_delegation_ends_with_its_last_day_in_china(office: Office) -> None:
    await office.give(days=0)
    # Tuesday 23:59 in China, and a minute later.
    for minutes, serves in ((15 * 60 - 1, office.made.leader_id), (15 * 60, None)):
        assert (await office.secretary(minutes)).leader_id == serves
    await office.give(office.other, minutes=15 * 60)


async def test_a_delegation_ends_when_the_leaders_account_is_disabled(office: Office) -> None:
    await office.give()
    await account_admin.disable(office.db, account_id=office.leader.id, actor=SECURITY, now=NOW)
    assert (await office.secretary()).leader_id is None


@pytest.mark.parametrize("days", [-1, 91])
async def test_a_last_day_that_is_over_or_too_far_is_refused(office: Office, days: int) -> None:
    with pytest.raises(BadInput):
        await office.give(days=days)


async def test_a_secretary_works_for_one_leader_at_a_time(office: Office) -> None:
    await office.give()
    with pytest.raises(BadInput) as refused:
        await office.give(office.other)
    assert refused.value.details["reason"] == "serves_another"
    await office.give(days=60)
    (given,) = await delegations.of_leader(office.db, actor=office.leader, now=NOW)
    assert given.last_day == TODAY + timedelta(days=60)
    with pytest.raises(NotFound):
        await delegations.end(office.db, delegation_id=given.id, actor=office.other, now=NOW)


async def test_only_a_leader_gives_and_only_to_a_secretary_of_the_area(office: Office) -> None:
    secretary = await office.secretary()
    for actor in (secretary, CLERK, SECURITY):
        with pytest.raises(NotAllowed):
            await office.give(actor)
    for account_id in (office.leader.id, office.other.id, "0" * 32):
        with pytest.raises(BadInput):
            await delegations.give(
                office.db,
                account_id=account_id,
                last_day=LAST_DAY,
                actor=office.leader,
                now=NOW,
            )


async def test_the_log_says_who_it_was_and_for_whom(office: Office) -> None:
    await office.give()
    secretary = await office.secretary()
    await cases.case_page(office.db, case_id=office.case_id, actor=secretary, now=NOW)
    log = await office.log()
    (given,) = [event for event in log if event["action"] == "delegated"]
    assert given["object_id"] == office.secretary_id
    opened = [event for event in log if event["action"] == "case_opened"][-1]
    assert (opened["actor_id"], opened["actor_role"]) == (office.secretary_id, "secretary")
    detail = opened["detail"]
    assert isinstance(detail, dict)
    assert detail["for_leader"] == office.made.leader_id
