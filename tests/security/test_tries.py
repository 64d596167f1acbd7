"""Guesses at codes from slips are slowed down for whoever guesses, and for nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.domain.errors import BadCredentials, CodeUnknown, TooManyAttempts
from reception.services import accounts, cases
from reception.services.tries import FORGET_AFTER, FREE_CODES, looking_up, neighbourhood
from reception.storage.database import Database
from reception.storage.tables import LoginFailure
from tests.build import NOW, draft, later, prefecture
from tests.integration.web.site import Site, open_site, prove

WRONG = "AAAAAAAAAA"
PROXY = "127.0.0.1"


async def guess(db: Database, by: str, code: str, minutes: float = 0) -> None:
    async with looking_up(db, by=by, now=later(minutes)):
        await cases.query(db, query_code=code, now=later(minutes))


async def test_wrong_codes_wait_longer_and_longer_and_right_ones_hide_none(db: Database) -> None:
    made = await prefecture(db)
    right = (await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)).query_code
    for _ in range(FREE_CODES):
        await guess(db, "address 1", right)
        with pytest.raises(CodeUnknown):
            await guess(db, "address 1", WRONG)
    waits: list[int] = []
    for _ in range(8):
        with pytest.raises(TooManyAttempts) as refused:
            await guess(db, "address 1", right, sum(waits) / 60)
        waits.append(int(str(refused.value.details["retry_seconds"])))
        with pytest.raises(CodeUnknown):
            await guess(db, "address 1", WRONG, sum(waits) / 60)
    assert waits == [1, 2, 4, 8, 16, 32, 42, 42]
    await guess(db, "address 2", right)
    await guess(db, "address 1", right, 30)


@pytest.fixture
async def behind(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """The application behind a proxy it trusts."""
    async with open_site(sqlite_database_url, tmp_path, trusted_proxies=[f"{PROXY}/32"]) as opened:
        yield opened


async def test_a_flood_of_wrong_codes_from_one_address_stops_only_that_address(
    behind: Site,
) -> None:
    case = await cases.register(
        behind.db, draft=draft(), actor=behind.place.clerk, now=behind.clock.now()
    )
    somebody, other = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    browser = await behind.browser()
    for number in range(FREE_CODES):
        # Half on the page and half over the API: they are one person's guesses.
        if number % 2:
            page = await browser.post("/query", {"code": WRONG}, **somebody)
            assert page.status == 404
        else:
            answer = await browser.raw(
                "POST",
                "/api/v1/queries",
                json={"query_code": WRONG},
                headers={"Sec-Fetch-Site": "same-origin"} | somebody,
            )
            assert answer.status == 404
    page = await browser.post("/query", {"code": case.query_code}, **somebody)
    assert (page.status, page.response.headers["Retry-After"]) == (429, "1")
    assert "试的次数太多了" in page.text
    assert (await browser.post("/query", {"code": case.query_code}, **other)).status == 200
    behind.clock.advance(timedelta(seconds=2))
    assert (await browser.post("/query", {"code": case.query_code}, **somebody)).status == 200


async def test_who_invents_another_address_for_each_guess_is_not_believed(site: Site) -> None:
    browser = await site.browser()
    statuses = [
        (await browser.post("/query", {"code": WRONG}, **{"X-Forwarded-For": f"10.9.9.{n}"})).status
        for n in range(FREE_CODES + 1)
    ]
    assert statuses == [404] * FREE_CODES + [429]


async def test_wrong_check_in_codes_stop_the_kiosk_they_were_typed_at_and_no_clerk(
    site: Site,
) -> None:
    kiosk = await site.browser()
    headers = {
        "X-CSRF": await prove(kiosk, site.place.device),
        "X-Kiosk": "1",
        "Sec-Fetch-Site": "same-origin",
        "Accept": "application/json",
    }
    statuses = []
    for _ in range(FREE_CODES + 1):
        answer = await kiosk.raw("POST", "/kiosk/check-in", json={"code": "0000"}, headers=headers)
        statuses.append(answer.status)
    assert statuses == [404] * FREE_CODES + [429]
    clerk = await site.staff(Role.CLERK)
    answer = await clerk.raw(
        "POST",
        "/api/v1/check-ins",
        json={"code": "0000"},
        headers={"X-CSRF": clerk.csrf, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status == 404


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_address_is_counted_with_all_its_subscriber_has(
    address: str, counted_as: str
) -> None:
    assert neighbourhood(address) == counted_as


async def test_fresh_addresses_of_one_ipv6_subscriber_give_no_fresh_tries(db: Database) -> None:
    async def refused_from(address: str, login: str) -> type[Exception]:
        with pytest.raises((BadCredentials, TooManyAttempts)) as refused:
            await accounts.log_in(db, login=login, password="wrong", address=address, now=NOW)
        return refused.type

    for number in range(accounts.FREE_TRIES_OF_ADDRESS):
        assert await refused_from(f"2001:db8::{number:x}", f"nobody{number}") is BadCredentials
    assert await refused_from("2001:db8::ffff", "nobody") is TooManyAttempts
    assert await refused_from("2001:db8:0:1::1", "nobody") is BadCredentials


async def test_counts_of_tries_are_deleted_once_they_count_no_longer(db: Database) -> None:
    async def counted() -> int:
        async with db.reading(SYSTEM) as tx:
            return len((await tx.scalars(select(LoginFailure))).all())

    for number in range(3):
        with pytest.raises(CodeUnknown):
            await guess(db, f"address {number}", WRONG)
    assert await counted() == 3
    with pytest.raises(CodeUnknown):
        await guess(db, "address 9", WRONG, FORGET_AFTER.total_seconds() / 60 + 1)
    assert await counted() == 1
