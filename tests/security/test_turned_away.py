"""Who tries what they may not do is in the audit log, once."""

import json
from datetime import timedelta
from typing import Any

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.services import cases
from reception.storage import audit as rows
from tests.build import draft
from tests.integration.web.site import Site
from web.turned_away import MOST_KEPT, TurnedAway

ASKED = {"Accept": "application/json"}


async def attempts(site: Site) -> list[dict[str, Any]]:
    """The attempts in the log: role, door, refusal and thing."""
    async with site.db.reading(SYSTEM) as tx:
        events = await rows.events_after(tx, 0, 1000)
    told = [json.loads(event.canon[1:]) for event in events if event.action == "access_refused"]
    assert all(event.decision == "refused" for event in events if event.action == "access_refused")
    return told


async def test_an_attempt_is_written_down_with_who_where_and_what(site: Site) -> None:
    case = await cases.register(
        site.db, draft=draft(), actor=site.place.clerk, now=site.clock.now()
    )
    sysadmin = await site.staff(Role.SYSADMIN)
    for _ in range(3):
        assert (await sysadmin.raw("GET", f"/cases/{case.id}", headers=ASKED)).status == 403
    (event,) = await attempts(site)
    text = json.dumps(event)
    for word in ("sysadmin", "GET /cases/{case_id}", "not_allowed", case.id):
        assert word in text, word
    # Another door, and the same one later, are news.
    await sysadmin.raw("GET", "/cases", headers=ASKED)
    assert len(await attempts(site)) == 2
    site.clock.advance(timedelta(minutes=11))
    await sysadmin.raw("GET", f"/cases/{case.id}", headers=ASKED)
    assert len(await attempts(site)) == 3


async def test_a_forged_form_is_an_attempt_and_a_slip_of_the_day_is_none(site: Site) -> None:
    clerk = await site.staff(Role.CLERK)
    await clerk.raw("GET", f"/cases/{'0' * 32}", headers=ASKED)
    await clerk.raw("GET", "/cases?search=a&search=b", headers=ASKED)
    assert await attempts(site) == []
    forged = await clerk.raw("POST", "/cases/x/reveal", headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status == 403
    (event,) = await attempts(site)
    assert "origin_refused" in json.dumps(event)


async def test_nothing_of_what_was_typed_gets_into_the_log(site: Site) -> None:
    sysadmin = await site.staff(Role.SYSADMIN)
    await sysadmin.raw("GET", "/cases/吴某某13800001234?name=吴某某", headers=ASKED)
    assert "吴" not in json.dumps(await attempts(site), ensure_ascii=False)
    assert "13800001234" not in json.dumps(await attempts(site))


async def test_strangers_leave_none(site: Site) -> None:
    stranger = await site.browser()
    assert (await stranger.raw("GET", "/cases", headers=ASKED)).status == 401
    assert await attempts(site) == []


def test_who_goes_on_trying_is_written_down_every_ten_minutes() -> None:
    kept = TurnedAway()
    news = [
        kept.is_news(SYSTEM, "door", "not_allowed", minute * 60.0) for minute in range(0, 31, 5)
    ]
    assert news == [True, False, True, False, True, False, True]


def test_what_is_remembered_is_bounded() -> None:
    kept = TurnedAway()
    for number in range(MOST_KEPT + 10):
        assert kept.is_news(SYSTEM, f"door {number}", "not_allowed", 0.0)
    assert len(kept._noted) == MOST_KEPT
    assert not kept.is_news(SYSTEM, f"door {MOST_KEPT}", "not_allowed", 1.0)
