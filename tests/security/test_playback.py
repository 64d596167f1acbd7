"""Films are played by whoever opened them, where they opened them, for a while."""

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.services import playback, tokens
from reception.storage.tables import PlaybackTicket
from tests.integration.web.site import PASSWORD, Browser, Site
from tests.integration.web.talks import BYTES, Talk, hold


@pytest.fixture
async def talk(site: Site, tmp_path: Path) -> Talk:
    """A held reception with a recording."""
    return await hold(site, tmp_path)


def film(talk: Talk) -> str:
    return f"/recordings/files/{talk.file_id}"


def player(talk: Talk) -> str:
    return f"/sessions/{talk.session_id}/recordings"


async def code_of(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json(content_type=None)).get("code", "")


async def asked(browser: Browser, path: str) -> tuple[int, str]:
    headers = {"Accept": "application/json"}
    return await code_of(await browser.raw("GET", path, headers=headers))


ENDED = (403, "playback_ended")


async def test_who_has_not_opened_the_page_plays_nothing(site: Site, talk: Talk) -> None:
    leader = await site.staff(Role.LEADER)
    assert await asked(leader, film(talk)) == ENDED
    for odd in ("Basic x", "Negotiate x", "x"):
        headers = {"Accept": "application/json", "Authorization": odd}
        told = await leader.raw("GET", film(talk), headers=headers)
        assert await code_of(told) == ENDED, odd
    assert (await leader.get(player(talk))).status == 200
    answer = await leader.raw("GET", film(talk))
    assert (answer.status, await answer.read()) == (200, BYTES)


async def test_the_ticket_is_where_no_script_address_or_other_page_gets_it(
    site: Site, talk: Talk
) -> None:
    leader = await site.staff(Role.LEADER)
    page = await leader.get(player(talk))
    cookie = page.response.cookies[f"play-{talk.session_id[:8]}"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/recordings"
    assert cookie["max-age"] == "7200"
    assert cookie.value not in page.html
    async with site.db.reading(SYSTEM) as tx:
        assert await tx.get(PlaybackTicket, cookie.value) is None


async def test_a_ticket_taken_to_another_log_in_plays_nothing(site: Site, talk: Talk) -> None:
    leader = await site.staff(Role.LEADER)
    page = await leader.get(player(talk))
    name = f"play-{talk.session_id[:8]}"
    stolen = {"Cookie": f"{name}={page.response.cookies[name].value}", "Accept": "application/json"}
    other = await site.browser()
    assert (await other.raw("GET", film(talk), headers=stolen)).status == 401
    # The same person at another machine has to open it there.
    again = await site.browser()
    assert (await again.log_in("leader", PASSWORD)).status == 200
    sid = again.cookie("sid")
    stolen["Cookie"] += f"; sid={sid}"
    fresh = await site.browser()
    assert await code_of(await fresh.raw("GET", film(talk), headers=stolen)) == ENDED


async def test_a_ticket_ends_after_two_hours_and_with_the_log_in(site: Site, talk: Talk) -> None:
    leader = await site.staff(Role.LEADER)
    await leader.get(player(talk))
    for _ in range(4):
        site.clock.advance(timedelta(minutes=29))
        assert (await leader.raw("GET", film(talk))).status == 200
    site.clock.advance(timedelta(minutes=5))
    assert await asked(leader, film(talk)) == ENDED
    # Those that open nothing any more are not kept.
    await playback.open_session(
        site.db, session_id=talk.session_id, actor=site.place.leader, now=site.clock.now()
    )
    async with site.db.reading(SYSTEM) as tx:
        assert len((await tx.scalars(select(PlaybackTicket))).all()) == 1
    await leader.post("/logout")
    assert (
        await leader.raw("GET", film(talk), headers={"Accept": "application/json"})
    ).status == 401


async def test_a_program_needs_no_page(site: Site, talk: Talk) -> None:
    place = site.place
    async with site.db.transaction(SYSTEM) as tx:
        token = tokens.add_token(
            tx,
            name="演示",
            role=Role.LEADER,
            area_code=place.leader.area_code,
            leader_id=place.leader_id,
            now=site.clock.now(),
        )
    program = await site.browser()
    headers = {"Authorization": f"Bearer {token}"}
    assert (await program.raw("GET", film(talk), headers=headers)).status == 200
