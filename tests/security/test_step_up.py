"""Proving once more who one is: what counts, how often it may be tried, and that the old token dies."""

import pytest

from reception.domain.errors import BadCredentials, NotLoggedIn, TooManyAttempts
from reception.services import accounts, step_up
from tests.build import NOW, later
from tests.security.test_log_ins import HALF, OLD, Person, events, guarded, person

__all__ = ["guarded", "person"]  # fixtures


async def test_a_proof_is_fresh_for_a_quarter_of_an_hour(person: Person) -> None:
    made = await person.inside()
    assert made.is_fresh(later(14.9))
    assert not made.is_fresh(later(15))
    again = await step_up.confirm(person.db, token=made.token, proof=OLD, now=later(20))
    assert again.is_fresh(later(34))
    seen = await accounts.actor_of_session(person.db, token=again.token, now=later(34))
    assert (seen.verified_at, seen.actor.credential) == (later(20), made.actor.credential)
    assert "identity_proved" in await events(person.db)


async def test_the_log_in_goes_on_under_a_new_token_and_the_old_one_opens_nothing(
    person: Person,
) -> None:
    made = await person.inside()
    again = await step_up.confirm(person.db, token=made.token, proof=OLD, now=later(1))
    assert again.token != made.token
    assert again.csrf != made.csrf
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=made.token, now=later(1))
    with pytest.raises(NotLoggedIn):
        await step_up.confirm(person.db, token=made.token, proof=OLD, now=later(1))


async def test_proving_does_not_make_a_log_in_younger(person: Person) -> None:
    made = await person.inside()
    for minutes in range(25, 720, 25):
        made = await step_up.confirm(person.db, token=made.token, proof=OLD, now=later(minutes))
    with pytest.raises(NotLoggedIn):
        await accounts.actor_of_session(person.db, token=made.token, now=later(720))


async def test_where_there_is_a_second_factor_the_password_proves_nothing(guarded: Person) -> None:
    now = NOW + 2 * HALF
    made = await guarded.code(await guarded.waiting(now), guarded.shown(now), now)
    with pytest.raises(BadCredentials):
        await step_up.confirm(guarded.db, token=made.token, proof=OLD, now=now)
    with pytest.raises(BadCredentials):
        await step_up.confirm(guarded.db, token=made.token, proof=guarded.shown(now), now=now)
    then = now + HALF
    await step_up.confirm(guarded.db, token=made.token, proof=guarded.shown(then), now=then)


async def test_guesses_at_the_confirmation_count_like_guesses_at_the_log_in(
    person: Person,
) -> None:
    made = await person.inside()
    for _ in range(accounts.FREE_TRIES_OF_LOGIN):
        with pytest.raises(BadCredentials):
            await step_up.confirm(person.db, token=made.token, proof="guess", now=NOW)
    with pytest.raises(TooManyAttempts):
        await step_up.confirm(person.db, token=made.token, proof=OLD, now=NOW)
    with pytest.raises(TooManyAttempts):
        await person.password()
