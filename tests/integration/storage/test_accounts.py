"""Who logs in, for how long, and how guessing is slowed down; no secret is stored."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.domain.errors import BadCredentials, BadInput, NotLoggedIn, TooManyAttempts
from reception.services import accounts, places, tokens
from reception.storage.database import Database
from reception.storage.tables import Account, ApiToken, AuthSession, LoginFailure
from tests.build import COUNTY, NOW, later, prefecture

PASSWORD = "eine Lange invented 1"


async def _account(db: Database) -> None:
    await places.add_area(db, code="330700", name="金华市")
    await places.add_area(db, code=COUNTY, name="浦江县")
    await accounts.create_account(
        db,
        login="Clerk",
        name="登记员",
        role=Role.CLERK,
        area_code=COUNTY,
        password=PASSWORD,
        now=NOW,
    )


async def _log_in(
    db: Database, password: str = PASSWORD, *, seconds: float = 0, login: str = "clerk"
) -> accounts.LoggedIn:
    made = await accounts.log_in(
        db,
        login=login,
        password=password,
        address="192.0.2.1",
        now=NOW + timedelta(seconds=seconds),
    )
    assert isinstance(made, accounts.LoggedIn)
    return made


async def test_a_log_in_holds_until_idle_too_old_or_ended(db: Database) -> None:
    await _account(db)
    made = await _log_in(db, login=" CLERK ")
    assert (made.actor.kind, made.actor.role, made.actor.area_code) == (
        "account",
        Role.CLERK,
        COUNTY,
    )
    for minutes in range(0, 720, 29):
        seen = await accounts.actor_of_session(db, token=made.token, now=later(minutes))
        assert seen == made
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(db, token=made.token, now=later(720))

    idle = await _log_in(db)
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(db, token=idle.token, now=later(30))

    ended = await _log_in(db)
    await accounts.log_out(db, token=ended.token, now=NOW)
    await accounts.log_out(db, token=ended.token, now=NOW)
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(db, token=ended.token, now=NOW)


async def test_wrong_passwords_are_slowed_down_and_forgotten_after_a_while(db: Database) -> None:
    await _account(db)
    for _ in range(accounts.FREE_TRIES_OF_LOGIN):
        with pytest.raises(BadCredentials):
            await _log_in(db, "wrong")
    with pytest.raises(TooManyAttempts) as refusal:
        await _log_in(db)
    assert refusal.value.details["retry_seconds"] == 1
    with pytest.raises(BadCredentials):
        await _log_in(db, "wrong", seconds=1)
    with pytest.raises(TooManyAttempts):
        await _log_in(db, seconds=2)
    await _log_in(db, seconds=3)
    await _log_in(db, seconds=3)


async def test_guessing_many_names_from_one_address_is_slowed_down_too(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "FREE_TRIES_OF_ADDRESS", 3)
    await _account(db)
    for number in range(3):
        await _log_in(db)
        with pytest.raises(BadCredentials):
            await _log_in(db, "wrong", login=f"name {number}")
    with pytest.raises(TooManyAttempts):
        await _log_in(db)


async def test_an_unknown_name_is_answered_like_a_wrong_password(db: Database) -> None:
    await _account(db)
    with pytest.raises(BadCredentials):
        await _log_in(db, login="nobody")


async def test_no_secret_is_stored(db: Database) -> None:
    await prefecture(db)
    await accounts.create_account(
        db,
        login="clerk",
        name="登记员",
        role=Role.CLERK,
        area_code=COUNTY,
        password=PASSWORD,
        now=NOW,
    )
    session = await _log_in(db)
    token = await tokens.create_token(db, name="接口", role=Role.CLERK, area_code=COUNTY, now=NOW)
    assert (await tokens.actor_of_token(db, token=token, now=NOW)).kind == "token"
    async with db.reading(SYSTEM) as tx:
        stored = repr(
            [
                {column.key: getattr(row, column.key) for column in table.__table__.c}
                for table in (Account, ApiToken, AuthSession, LoginFailure)
                for row in await tx.scalars(select(table))
            ]
        )
    for secret in (PASSWORD, session.token, session.csrf, token):
        assert secret not in stored
    assert "$argon2id$v=19$m=65536,t=3,p=1$" in stored


async def test_a_short_password_and_a_taken_name_are_refused(db: Database) -> None:
    await _account(db)
    for login, password, field in (("new", "short", "password"), ("CLERK", PASSWORD, "login")):
        with pytest.raises(BadInput) as refusal:
            await accounts.create_account(
                db,
                login=login,
                name="登记员",
                role=Role.CLERK,
                area_code=COUNTY,
                password=password,
                now=NOW,
            )
        assert refusal.value.details["field"] == field


async def test_places_are_listed_from_the_top_down_within_an_area(db: Database) -> None:
    await prefecture(db)
    assert [area.code for area in await places.areas(db, within=COUNTY)] == [
        COUNTY,
        "330726100",
    ]
    assert [site.area_name for site in await places.sites(db, within="330700")] == ["测试镇"]
    assert await places.sites(db, within="330726101") == ()
    assert [organ.name for organ in await places.organs(db, within=COUNTY)] == ["水务局"]
    assert len(await places.leaders(db)) == 2
    with pytest.raises(BadInput):
        await places.add_area(db, code="330681001", name="没有上级")
