"""Who comes with a petitioner is on the case, sealed; an area sets how many of them speak."""

import pytest
from sqlalchemy import select, text

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.groups import Companion
from reception.services import cases, groups
from reception.services.groups import PartyView
from reception.storage import contents
from reception.storage.database import Database
from reception.storage.tables import AuditEvent, PetitionCase
from tests.build import CITY, CLERK, COUNTY, NOW, TOWNSHIP, draft, prefecture

PLANNER = Actor(kind="account", id="p" * 32, role=Role.SCHEDULER, area_code=CITY, name="排班员")
SEVEN = tuple(Companion(f"村民{n}（演示）", speaks=n < 5) for n in range(1, 7))


async def test_all_seven_are_parties_and_five_of_them_speak(db: Database) -> None:
    await prefecture(db)
    case = await cases.register(
        db, draft=draft(persons_present=7, companions=SEVEN), actor=CLERK, now=NOW
    )
    page = await cases.case_page(db, case_id=case.id, actor=CLERK, now=NOW)
    assert page.parties == tuple(PartyView(one.name, one.speaks) for one in SEVEN)
    async with db.reading(CLERK) as tx:
        assert (await tx.get_one(PetitionCase, case.id)).persons_present == 7
        stored = (await tx.execute(text("SELECT * FROM party"))).all()
        assert "村民" not in str([bytes(row.name).decode("utf-8", "ignore") for row in stored])
    async with db.transaction(CLERK) as tx:
        await contents.destroy(tx, case.id)
    page = await cases.case_page(db, case_id=case.id, actor=CLERK, now=NOW)
    assert {party.name for party in page.parties} == {contents.DESTROYED}


async def test_an_area_without_a_rule_follows_the_one_above_it(db: Database) -> None:
    await prefecture(db)
    law = await groups.rule_in(db, area_code=TOWNSHIP, actor=CLERK)
    assert (law.area_code, law.rule.most_speakers(7)) == (None, 5)
    await groups.set_rule(db, area_code=CITY, steps=[(10, 3)], actor=PLANNER, now=NOW)
    async with db.reading(SYSTEM) as tx:
        event = await tx.scalar(select(AuditEvent).where(AuditEvent.action == "group_rule_set"))
        assert event is not None
        assert (event.actor_id, event.object_id) == (PLANNER.id, CITY)
    found = await groups.rule_in(db, area_code=TOWNSHIP, actor=CLERK)
    assert (found.area_code, found.rule.most_speakers(7)) == (CITY, 3)
    with pytest.raises(BadInput, match="too_many_speakers"):
        await cases.register(
            db, draft=draft(persons_present=7, companions=SEVEN), actor=CLERK, now=NOW
        )
    await groups.set_rule(db, area_code=COUNTY, steps=[(5, 2)], actor=PLANNER, now=NOW)
    nearer = await groups.rule_in(db, area_code=TOWNSHIP, actor=CLERK)
    assert (nearer.area_code, nearer.rule.most_speakers(7)) == (COUNTY, 5)
    await groups.set_rule(db, area_code=COUNTY, steps=[], actor=PLANNER, now=NOW)
    again = await groups.rule_in(db, area_code=TOWNSHIP, actor=CLERK)
    assert again.area_code == CITY


async def test_who_plans_elsewhere_sets_no_rule_here(db: Database) -> None:
    made = await prefecture(db)
    for actor in (made.handler, CLERK):
        with pytest.raises(NotAllowed):
            await groups.set_rule(db, area_code=CITY, steps=[(10, 3)], actor=actor, now=NOW)
    with pytest.raises(NotFound):
        await groups.set_rule(db, area_code="330799", steps=[(10, 3)], actor=PLANNER, now=NOW)
