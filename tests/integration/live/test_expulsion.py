"""Whoever loses the right to be in a room is out of it with the next sweep, and stays out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.domain.errors import NotLoggedIn
from reception.services import account_admin, accounts, kiosks, sessions, subjects, tokens
from reception.services.subjects import Subject, SubjectReason
from reception.storage.tables import ApiToken
from tests.build import ADMIN, CITY, COUNTY
from tests.integration.live.house import Client, House, open_house

PASSWORD = "Correct horse battery 9"
SECURITY = Actor("account", "5" * 32, Role.SECADMIN, area_code=CITY, name="安全员")


@pytest.fixture
async def house(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The running application with one checked-in villager."""
    async with open_house(sqlite_database_url, tmp_path) as opened:
        yield opened


async def logged_in(house: House) -> accounts.LoggedIn:
    """Log the leader in."""
    await accounts.create_account(
        house.db,
        login="leader",
        name="领导甲",
        role=Role.LEADER,
        area_code=COUNTY,
        password=PASSWORD,
        leader_id=house.leader.leader_id,
        now=house.clock.now(),
    )
    made = await accounts.log_in(
        house.db, login="leader", password=PASSWORD, address="192.0.2.1", now=house.clock.now()
    )
    assert isinstance(made, accounts.LoggedIn)
    return made


async def is_out(house: House, client: Client, staying: Client) -> None:
    """The next sweep closes this connection for good and no other."""
    await house.live.sweep()
    assert await client.close_code() == 4003
    assert (await staying.ask("ping", t=1))["ok"]


async def test_ending_a_log_in_ends_its_place_in_the_room(house: House) -> None:
    login = await logged_in(house)
    villager, leader = await house.seated(house.kiosk), await house.seated(login.actor)
    await house.live.sweep()
    assert (await leader.ask("ping", t=1))["ok"]
    await accounts.log_out(house.db, token=login.token, now=house.clock.now())
    await is_out(house, leader, villager)


async def test_disabling_an_account_shows_it_out(house: House) -> None:
    login = await logged_in(house)
    villager, leader = await house.seated(house.kiosk), await house.seated(login.actor)
    await account_admin.disable(
        house.db, account_id=login.actor.id, actor=SECURITY, now=house.clock.now()
    )
    await is_out(house, leader, villager)


async def test_a_revoked_token_is_out(house: House) -> None:
    async with house.db.transaction(SYSTEM) as tx:
        token = tokens.add_token(
            tx,
            name="接口",
            role=Role.LEADER,
            area_code=COUNTY,
            leader_id=house.leader.leader_id,
            now=house.clock.now(),
        )
    actor = await tokens.actor_of_token(house.db, token=token, now=house.clock.now())
    villager, leader = await house.seated(house.kiosk), await house.seated(actor)
    async with house.db.transaction(SYSTEM) as tx:
        (await tx.get_one(ApiToken, actor.id)).revoked_at = house.clock.now()
    await is_out(house, leader, villager)
    with pytest.raises(NotLoggedIn):
        await tokens.actor_of_token(house.db, token=token, now=house.clock.now())


async def test_who_becomes_a_subject_of_the_case_is_out_and_does_not_come_back(
    house: House,
) -> None:
    villager, leader = await house.seated(house.kiosk), await house.seated(house.leader)
    view = await sessions.session(house.db, session_id=house.session_id, actor=house.clerk)
    assert house.leader.leader_id is not None
    await subjects.add(
        house.db,
        case_id=view.case_id,
        subject=Subject("leader", house.leader.leader_id),
        reason=SubjectReason.ACCUSED,
        actor=house.clerk,
        now=house.clock.now(),
    )
    await is_out(house, leader, villager)


async def test_who_listens_for_an_hour_is_not_idle(house: House) -> None:
    login = await logged_in(house)
    leader = await house.seated(login.actor)
    for _ in range(4):
        house.clock.advance(timedelta(minutes=20))
        await house.live.sweep()
        assert (await leader.ask("ping", t=1))["ok"]
    await accounts.actor_of_session(house.db, token=login.token, now=house.clock.now())


async def test_a_revoked_kiosk_is_out_and_one_that_renews_its_session_stays(house: House) -> None:
    villager, leader = await house.seated(house.kiosk), await house.seated(house.leader)
    await house.device.open(house.db, now=house.clock.now())
    await house.live.sweep()
    assert (await villager.ask("ping", t=1))["ok"]
    await kiosks.revoke(house.db, kiosk_id=house.kiosk.id, by=ADMIN, now=house.clock.now())
    await is_out(house, villager, leader)
