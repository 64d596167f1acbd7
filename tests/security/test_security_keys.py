"""Security keys: what they signed counts once, for one person, on our own page, and only fresh."""

import json
from dataclasses import replace

import pyotp
import pytest

from reception.domain.access import Actor
from reception.domain.codes import Role
from reception.domain.errors import BadCredentials, NotAllowed, NotFound, NotLoggedIn
from reception.domain.factors import RelyingParty
from reception.services import account_admin, accounts, second_factor, security_keys, step_up
from reception.services.accounts import LoggedIn
from reception.storage.database import Database
from tests.build import COUNTY, NOW, later
from tests.security.test_log_ins import OLD, SECURITY, Person, events, person
from tests.soft_key import SoftKey

__all__ = ["person"]  # a fixture

PARTY = RelyingParty("jiefang.example.gov.cn", "https://jiefang.example.gov.cn")


async def give(db: Database, actor: Actor, key: SoftKey) -> tuple[str, ...]:
    """Enrol a key; return the recovery codes that came with it."""
    options = await security_keys.enrolment_options(
        db, login="clerk", party=PARTY, actor=actor, now=NOW
    )
    return await security_keys.enrol(
        db, credential=key.create(options), party=PARTY, agent="Edge", actor=actor, now=NOW
    )


@pytest.fixture
async def key(person: Person) -> SoftKey:
    """The person's key, enrolled."""
    made = SoftKey(PARTY.origin)
    person.recovery = await give(person.db, (await person.inside()).actor, made)
    return made


async def asked(person: Person, pending: str) -> str:
    return await accounts.key_options(person.db, pending=pending, party=PARTY, now=NOW)


async def answer(person: Person, pending: str, credential: str, minutes: float = 0) -> LoggedIn:
    return await accounts.log_in_with_key(
        person.db,
        pending=pending,
        credential=credential,
        party=PARTY,
        address="192.0.2.1",
        now=later(minutes),
    )


async def test_a_key_opens_what_the_password_alone_does_not(person: Person, key: SoftKey) -> None:
    pending = await person.waiting()
    made = await answer(person, pending, key.sign(await asked(person, pending)))
    assert (made.has_key, made.has_app) == (True, False)
    seen = await accounts.actor_of_session(person.db, token=made.token, now=NOW)
    assert (seen.actor.id, seen.has_key) == (person.id, True)
    assert "factor_enrolled" in await events(person.db)


async def test_what_a_key_signed_is_taken_once(person: Person, key: SoftKey) -> None:
    first = await person.waiting()
    signed = key.sign(await asked(person, first))
    await answer(person, first, signed)
    second = await person.waiting()
    with pytest.raises(BadCredentials):
        await answer(person, second, signed)
    assert "login_refused" in await events(person.db)


async def test_a_challenge_counts_once_even_when_the_answer_was_wrong(
    person: Person, key: SoftKey
) -> None:
    pending = await person.waiting()
    options = await asked(person, pending)
    with pytest.raises(BadCredentials):
        await answer(person, pending, replace(key, origin="https://evil.example").sign(options))
    with pytest.raises(BadCredentials):
        await answer(person, pending, key.sign(options))


async def test_a_challenge_is_too_old_after_five_minutes(person: Person, key: SoftKey) -> None:
    made = await enter(person, key)
    options = await step_up.key_options(person.db, token=made.token, party=PARTY, now=NOW)
    with pytest.raises(BadCredentials):
        await step_up.confirm_with_key(
            person.db,
            token=made.token,
            credential=key.sign(options),
            party=PARTY,
            now=later(5),
        )


async def enter(person: Person, key: SoftKey) -> LoggedIn:
    pending = await person.waiting()
    return await answer(person, pending, key.sign(await asked(person, pending)))


async def test_a_false_page_another_key_and_mere_presence_prove_nothing(
    person: Person, key: SoftKey
) -> None:
    for wrong in (
        replace(key, origin="https://jiefang.example.gov.cn.evil.example"),
        SoftKey(PARTY.origin),
        replace(SoftKey(PARTY.origin), credential_id=key.credential_id),
        replace(key, verifies=False, sign_count=50),
    ):
        pending = await person.waiting()
        with pytest.raises(BadCredentials):
            await answer(person, pending, wrong.sign(await asked(person, pending)))


async def test_a_copied_key_is_known_by_its_count(person: Person, key: SoftKey) -> None:
    copy = replace(key)
    for _ in range(3):
        await enter(person, key)
    pending = await person.waiting()
    with pytest.raises(BadCredentials):
        await answer(person, pending, copy.sign(await asked(person, pending)))


async def test_a_challenge_of_the_confirmation_opens_no_log_in(
    person: Person, key: SoftKey
) -> None:
    made = await enter(person, key)
    options = await step_up.key_options(person.db, token=made.token, party=PARTY, now=NOW)
    pending = await person.waiting()
    with pytest.raises(BadCredentials):
        await answer(person, pending, key.sign(options))


async def test_a_key_confirms_and_the_password_does_not(person: Person, key: SoftKey) -> None:
    made = await enter(person, key)
    with pytest.raises(BadCredentials):
        await step_up.confirm(person.db, token=made.token, proof=OLD, now=later(20))
    options = await step_up.key_options(person.db, token=made.token, party=PARTY, now=later(20))
    again = await step_up.confirm_with_key(
        person.db, token=made.token, credential=key.sign(options), party=PARTY, now=later(20)
    )
    assert again.is_fresh(later(20))
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=made.token, now=later(20))


async def test_a_recovery_code_stands_in_for_a_lost_key_once(person: Person, key: SoftKey) -> None:
    assert len(person.recovery) == second_factor.RECOVERY_CODES
    await person.code(await person.waiting(), person.recovery[0])
    with pytest.raises(BadCredentials):
        await person.code(await person.waiting(), person.recovery[0])
    assert key.sign_count == 2


async def test_a_second_key_brings_no_second_recovery_codes_and_no_key_counts_twice(
    person: Person, key: SoftKey
) -> None:
    actor = (await enter(person, key)).actor
    assert await give(person.db, actor, SoftKey(PARTY.origin)) == ()
    with pytest.raises(BadCredentials):
        await give(person.db, actor, key)
    assert len(await security_keys.keys_of(person.db, actor=actor)) == 2


async def test_a_key_is_made_for_a_fresh_challenge_of_the_own_account_only(
    person: Person,
) -> None:
    db, actor = person.db, (await person.inside()).actor
    key = SoftKey(PARTY.origin)
    options = await security_keys.enrolment_options(
        db, login="clerk", party=PARTY, actor=actor, now=NOW
    )
    other = await accounts.create_account(
        db, login="other", name="李四", role=Role.CLERK, area_code=COUNTY, password=OLD, now=NOW
    )
    for who, now in ((replace(actor, id=other), NOW), (actor, later(5))):
        with pytest.raises(BadCredentials):
            await security_keys.enrol(
                db, credential=key.create(options), party=PARTY, agent="", actor=who, now=now
            )
    assert isinstance(await person.password(), LoggedIn)


@pytest.mark.parametrize(
    "credential",
    ["", "[]", "{}", "null", '{"id": 1}', '{"id": "é", "rawId": "é", "response": {}}'],
)
async def test_what_is_no_answer_of_a_key_is_refused(
    person: Person, key: SoftKey, credential: str
) -> None:
    whole = json.loads(key.sign(json.dumps({"challenge": "AAAA", "rpId": PARTY.id})))
    whole["response"]["clientDataJSON"] = "bm90IGpzb24"
    for sent in (credential, json.dumps(whole)):
        pending = await person.waiting()
        with pytest.raises(BadCredentials):
            await answer(person, pending, sent)
        with pytest.raises(BadCredentials):
            await security_keys.enrol(
                person.db,
                credential=sent,
                party=PARTY,
                agent="",
                actor=SECURITY,
                now=NOW,
            )


async def test_a_leaders_key_takes_the_place_of_the_app_for_good(person: Person) -> None:
    db = person.db
    leader = replace((await person.inside()).actor, role=Role.LEADER)

    async def enrol_app() -> None:
        seed = second_factor.new_seed("clerk")
        person.app = pyotp.TOTP(seed.secret)
        await second_factor.enrol(
            db, secret=seed.secret, code=person.shown(NOW), actor=leader, now=NOW
        )

    await enrol_app()
    await give(db, leader, SoftKey(PARTY.origin))
    with pytest.raises(BadCredentials):
        await person.code(await person.waiting(), person.shown(later(1)), later(1))
    with pytest.raises(NotAllowed):
        await enrol_app()


async def test_a_reset_takes_the_keys_too_and_the_person_is_told_once(
    person: Person, key: SoftKey
) -> None:
    await account_admin.reset_factor(person.db, account_id=person.id, actor=SECURITY, now=later(1))
    first, second = await person.inside(later(2)), await person.inside(later(3))
    assert (first.has_factor, first.factor_reset_at) == (False, later(1))
    assert second.factor_reset_at is None
    assert key.sign_count == 2


async def test_one_forgets_ones_own_key_and_nobody_elses(person: Person, key: SoftKey) -> None:
    actor = (await enter(person, key)).actor
    (shown,) = await security_keys.keys_of(person.db, actor=actor)
    assert (shown.agent, shown.used_at) == ("Edge", NOW)
    with pytest.raises(NotFound):
        await security_keys.remove(
            person.db, key_id=shown.id, actor=replace(actor, id="9" * 32), now=NOW
        )
    await security_keys.remove(person.db, key_id=shown.id, actor=actor, now=NOW)
    assert not (await person.inside()).has_factor
