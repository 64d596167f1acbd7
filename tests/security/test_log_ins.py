"""Log-ins: codes that work once, passwords of one's own, and log-ins that can be ended."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyotp
import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.domain.errors import (
    BadCredentials,
    BadInput,
    NotAllowed,
    NotFound,
    NotLoggedIn,
    TooManyAttempts,
)
from reception.domain.passwords import Profile
from reception.services import account_admin, accounts, passwords, second_factor
from reception.services.accounts import LoggedIn, Pending
from reception.storage import accounts as rows
from reception.storage import audit as audit_rows
from reception.storage.database import Database
from tests.build import COUNTY, NOW, later, prefecture

OLD, NEW = "Eine Lange Invented 1", "Noch Eine Lange 2"
SECURITY = Actor("account", "5" * 32, Role.SECADMIN, area_code=COUNTY, name="安全员")
HALF = timedelta(seconds=30)


@dataclass
class Person:
    """An account and, once enrolled, its authenticator and recovery codes."""

    db: Database
    id: str
    app: pyotp.TOTP | None = None
    recovery: tuple[str, ...] = ()

    async def password(self, password: str = OLD, now: datetime = NOW) -> LoggedIn | Pending:
        return await accounts.log_in(
            self.db, login="clerk", password=password, address="192.0.2.1", now=now
        )

    async def inside(self, now: datetime = NOW) -> LoggedIn:
        made = await self.password(now=now)
        assert isinstance(made, LoggedIn)
        return made

    async def waiting(self, now: datetime = NOW) -> str:
        made = await self.password(now=now)
        assert isinstance(made, Pending)
        return made.token

    async def code(self, pending: str, code: str, now: datetime = NOW) -> LoggedIn:
        return await accounts.log_in_with_code(
            self.db, pending=pending, code=code, address="192.0.2.1", now=now
        )

    def shown(self, now: datetime) -> str:
        assert self.app is not None
        return self.app.at(now)


@pytest.fixture
async def person(db: Database) -> Person:
    """A clerk with a password."""
    await prefecture(db)
    account_id = await accounts.create_account(
        db,
        login="clerk",
        name="张三",
        role=Role.CLERK,
        area_code=COUNTY,
        password=OLD,
        now=NOW,
    )
    return Person(db, account_id)


@pytest.fixture
async def guarded(person: Person) -> Person:
    """The same with an authenticator."""
    actor = (await person.inside()).actor
    seed = second_factor.new_seed("clerk")
    person.app = pyotp.TOTP(seed.secret)
    person.recovery = await second_factor.enrol(
        person.db, secret=seed.secret, code=person.shown(NOW), actor=actor, now=NOW
    )
    return person


async def events(db: Database) -> list[str]:
    async with db.reading(SYSTEM) as tx:
        return [event.action for event in await audit_rows.events_after(tx, 0, 1000)]


async def test_with_an_authenticator_the_password_alone_opens_nothing(guarded: Person) -> None:
    pending = await guarded.waiting()
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(guarded.db, token=pending, now=NOW)
    now = NOW + HALF
    made = await guarded.code(pending, guarded.shown(now), now)
    assert made.has_factor
    seen = await accounts.actor_of_session(guarded.db, token=made.token, now=now)
    assert seen.actor.id == guarded.id


async def test_a_code_works_once_and_so_does_every_earlier_one(guarded: Person) -> None:
    now = NOW + 2 * HALF
    code, earlier = guarded.shown(now), guarded.shown(now - HALF)
    await guarded.code(await guarded.waiting(now), code, now)
    for used in (code, earlier):
        with pytest.raises(BadCredentials):
            await guarded.code(await guarded.waiting(now), used, now)
    assert "login_refused" in await events(guarded.db)


async def test_the_code_that_enrolled_the_app_is_used_up(guarded: Person) -> None:
    with pytest.raises(BadCredentials):
        await guarded.code(await guarded.waiting(), guarded.shown(NOW))


async def test_a_clock_half_a_minute_off_is_forgiven_and_more_is_not(guarded: Person) -> None:
    now = NOW + 10 * HALF
    for offset in (-2, 2):
        with pytest.raises(BadCredentials):
            await guarded.code(await guarded.waiting(now), guarded.shown(now + offset * HALF), now)
    await guarded.code(await guarded.waiting(now), guarded.shown(now - HALF), now)
    await guarded.code(await guarded.waiting(now), guarded.shown(now + HALF), now)


async def test_a_wait_for_a_code_ends_by_time_by_use_and_after_five_tries(
    guarded: Person,
) -> None:
    late = await guarded.waiting()
    with pytest.raises(NotLoggedIn):
        await guarded.code(late, guarded.shown(later(5)), later(5))
    used = await guarded.waiting(later(1))
    await guarded.code(used, guarded.shown(later(1)), later(1))
    with pytest.raises(NotLoggedIn):
        await guarded.code(used, guarded.shown(later(2)), later(2))
    tried = await guarded.waiting(later(2))
    for _ in range(accounts.CODE_TRIES):
        with pytest.raises(BadCredentials):
            await guarded.code(tried, "000000", later(2))
    with pytest.raises(NotLoggedIn):
        await guarded.code(tried, guarded.shown(later(2)), later(2))
    with pytest.raises(NotLoggedIn):
        await guarded.code("made up", guarded.shown(later(2)), later(2))


async def test_a_recovery_code_works_once(guarded: Person) -> None:
    assert len(set(guarded.recovery)) == second_factor.RECOVERY_CODES
    await guarded.code(await guarded.waiting(), guarded.recovery[3].upper())
    with pytest.raises(BadCredentials):
        await guarded.code(await guarded.waiting(), guarded.recovery[3])
    await guarded.code(await guarded.waiting(), guarded.recovery[4])


async def test_guessed_codes_count_as_failed_tries_of_the_name(guarded: Person) -> None:
    for _ in range(accounts.FREE_TRIES_OF_LOGIN):
        pending = await guarded.waiting()
        with pytest.raises(BadCredentials):
            await guarded.code(pending, "000000")
    with pytest.raises(TooManyAttempts):
        await guarded.password()


async def test_neither_seed_nor_codes_are_kept_in_clear(guarded: Person) -> None:
    assert guarded.app is not None
    async with guarded.db.reading(SYSTEM) as tx:
        account = await rows.account(tx, guarded.id)
        assert account is not None
        kept = repr(vars(account))
    assert guarded.app.secret not in kept
    assert not any(code in kept for code in guarded.recovery)


async def test_a_wrong_code_enrols_nothing(person: Person) -> None:
    actor = (await person.inside()).actor
    with pytest.raises(BadCredentials):
        await second_factor.enrol(
            person.db, secret=second_factor.new_seed("x").secret, code="1", actor=actor, now=NOW
        )
    with pytest.raises(BadInput):
        await second_factor.enrol(person.db, secret="<script>", code="123456", actor=actor, now=NOW)
    assert isinstance(await person.password(), LoggedIn)


async def test_another_password_ends_every_other_log_in(person: Person) -> None:
    here, there = await person.inside(), await person.inside()

    async def change(old: str, new: str) -> None:
        await passwords.change(
            person.db,
            old=old,
            new=new,
            profile=Profile.DJBH3,
            actor=here.actor,
            keep=here.actor.credential.partition(":")[2],
            now=NOW,
        )

    with pytest.raises(BadCredentials):
        await change("wrong", NEW)
    for bad in ("short", OLD, "zhang Invented clerk 1"):
        with pytest.raises(BadInput):
            await change(OLD, bad)
    await change(OLD, NEW)
    await accounts.actor_of_session(person.db, token=here.token, now=NOW)
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=there.token, now=NOW)
    with pytest.raises(BadCredentials):
        await person.password(OLD)
    assert isinstance(await person.password(NEW), LoggedIn)
    with pytest.raises(BadInput):
        await change(NEW, OLD)
    assert "password_changed" in await events(person.db)


async def test_one_lists_and_ends_ones_own_log_ins_and_nobody_elses(person: Person) -> None:
    first, second = await person.inside(), await person.inside(later(1))
    listed = await accounts.sessions_of(person.db, actor=second.actor, account_id=person.id)
    assert [(one.current, one.address) for one in listed] == [
        (True, "192.0.2.1"),
        (False, "192.0.2.1"),
    ]
    stranger = replace(second.actor, id="9" * 32)
    for doing in (
        accounts.sessions_of(person.db, actor=stranger, account_id=person.id),
        accounts.end_session(
            person.db, account_id=person.id, session_id=listed[1].id, actor=stranger, now=NOW
        ),
    ):
        with pytest.raises(NotAllowed):
            await doing
    await accounts.end_session(
        person.db, account_id=person.id, session_id=listed[1].id, actor=second.actor, now=NOW
    )
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=first.token, now=NOW)
    assert "session_ended" in await events(person.db)


async def test_the_security_administrator_locks_resets_and_lets_back(guarded: Person) -> None:
    db, now = guarded.db, later(10)
    inside = await guarded.code(await guarded.waiting(now), guarded.shown(now), now)
    await account_admin.disable(db, account_id=guarded.id, actor=SECURITY, now=now)
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(db, token=inside.token, now=now)
    with pytest.raises(BadCredentials):
        await guarded.password(now=now)
    await account_admin.enable(db, account_id=guarded.id, actor=SECURITY, now=now)
    await account_admin.reset_factor(db, account_id=guarded.id, actor=SECURITY, now=now)
    given = await account_admin.reset_password(db, account_id=guarded.id, actor=SECURITY, now=now)
    back = await guarded.password(given, now)
    assert isinstance(back, LoggedIn)
    assert back.must_change
    (shown,) = await account_admin.accounts(db, actor=SECURITY)
    assert (shown.login, shown.has_factor, shown.must_change) == ("clerk", False, True)
    done = [
        one
        for one in await events(db)
        if one.startswith(("account_d", "account_e", "password_r", "factor_r"))
    ]
    assert done == ["account_disabled", "account_enabled", "factor_removed", "password_reset"]


async def test_nobody_administers_accounts_but_the_security_administrator_and_never_the_own(
    person: Person,
) -> None:
    own = replace(SECURITY, id=person.id)
    elsewhere = replace(SECURITY, area_code="330800")
    sysadmin = replace(SECURITY, role=Role.SYSADMIN)
    for actor in (own, elsewhere, sysadmin, replace(SECURITY, role=Role.AUDITOR)):
        for act in (
            account_admin.disable,
            account_admin.enable,
            account_admin.reset_password,
            account_admin.reset_factor,
        ):
            with pytest.raises(NotAllowed):
                await act(person.db, account_id=person.id, actor=actor, now=NOW)
    with pytest.raises(NotFound):
        await account_admin.disable(person.db, account_id="0" * 32, actor=SECURITY, now=NOW)


async def test_a_changed_role_ends_the_log_ins_and_is_written_down(person: Person) -> None:
    made = await person.inside()
    await account_admin.change_role(
        person.db, account_id=person.id, role=Role.SCHEDULER, actor=SECURITY, now=NOW
    )
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=made.token, now=NOW)
    assert (await person.inside()).actor.role is Role.SCHEDULER
    for actor in (
        replace(SECURITY, id=person.id),
        replace(SECURITY, role=Role.SYSADMIN),
        replace(SECURITY, area_code="330800"),
    ):
        with pytest.raises(NotAllowed):
            await account_admin.change_role(
                person.db, account_id=person.id, role=Role.SECADMIN, actor=actor, now=NOW
            )
    assert "role_changed" in await events(person.db)


async def test_one_log_in_too_many_ends_the_one_used_longest_ago(person: Person) -> None:
    opened = [await person.inside(now=later(number)) for number in range(accounts.MOST_LOG_INS)]
    # The first is used again, so the second is the oldest now.
    await accounts.actor_of_session(person.db, token=opened[0].token, now=later(15))
    opened.append(await person.inside(now=later(16)))
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=opened[1].token, now=later(16))
    for one in (opened[0], *opened[2:]):
        await accounts.actor_of_session(person.db, token=one.token, now=later(16))
