"""Every route that names a thing by its id, asked by everybody whose thing it is not.

`ASKS` holds a request that works for each route with an id, and who it works for: so a refusal
below comes from whose the thing is, and a new route without a line here fails.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from reception.services import (
    accounts,
    kiosks,
    places,
)
from reception.storage.database import Database
from reception.storage.tables import Table
from tests.devices import enrolled
from tests.integration.web.site import PASSWORD, Browser, Site, open_site, prove
from tests.security.files import pdf
from tests.security.world import CLERK, LEADER, SECADMIN, SYSADMIN, World, world_of

OTHER_COUNTY = "330727"
PRIVATE = ("吴某", "13800001234", "水渠断水", "一个月内修好水渠", "330726-2026-0000")
"""Words of the case that nobody outside may read in an answer."""

OPEN = {
    ("GET", "/calendar/{day_id}"),
    ("GET", "/booking/days/{day_id}"),
    ("GET", "/api/v1/days/{day_id}"),
    ("GET", "/api/v1/days/{day_id}/slots"),
    ("GET", "/api/v1/days/{day_id}/changes"),
}
"""What is published: the calendar."""

ENDS_ONLY_OWN = {
    ("DELETE", "/api/v1/slots/{slot_id}/hold"),
    ("POST", "/me/sessions/{session_id}/end"),
}
"""Giving up what one does not hold is answered as if it were over, and nothing happens."""


@dataclass(frozen=True)
class Ask:
    """What to send for a route, and a role it works for; `{names}` stand for ids."""

    insider: Role
    form: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


WORDS = {"words": "one two three four five six"}
RULE = {
    "text": "monthly_day 15",
    "on_weekend": "roll_forward",
    "on_holiday": "roll_forward",
    "windows": "09:00-12:00",
    "slot_minutes": "30",
    "buffer_minutes": "10",
}
DAY = {"date": "2026-04-02", "windows": "09:00-12:00", "slot_minutes": "30", "buffer_minutes": "10"}

CHANGE = {"reason": "赴灾区", "approved_by": "县委办主任"}

MATTER = {
    "purpose": "appeal_or_request",
    "category": "agriculture",
    "problem_area_code": "330726100",
    "summary": "另一件事",
}
DECLINE = {
    "slot": "{slot_id}",
    "alternative": "{other_slot_id}",
    "reason": "outside_portfolio",
}
AGENT = {
    "name": "代办员（演示）",
    "kind": "village_agent",
    "scope": "book",
    "valid_from": "2026-03-10",
    "valid_to": "2026-06-10",
}

ASKS: dict[tuple[str, str], Ask] = {
    ("GET", "/api/v1/bookings/{booking_id}"): Ask(CLERK),
    ("GET", "/api/v1/cases/{case_id}"): Ask(CLERK),
    ("GET", "/api/v1/sessions/{session_id}"): Ask(CLERK),
    ("GET", "/api/v1/sessions/{session_id}/outcome"): Ask(CLERK),
    ("GET", "/api/v1/sessions/{session_id}/recordings"): Ask(LEADER),
    ("GET", "/api/v1/recordings/{recording_id}"): Ask(LEADER),
    ("GET", "/api/v1/accounts/{account_id}"): Ask(SECADMIN),
    ("GET", "/api/v1/accounts/{account_id}/sessions"): Ask(SECADMIN),
    ("GET", "/api/v1/kiosks/{kiosk_id}"): Ask(SYSADMIN),
    ("GET", "/cases/{case_id}"): Ask(CLERK),
    ("GET", "/cases/{case_id}/file"): Ask(CLERK),
    ("GET", "/booking/{booking_id}"): Ask(CLERK),
    ("GET", "/clerk/sessions/{session_id}/preparation"): Ask(CLERK),
    ("GET", "/sessions/{session_id}/recordings"): Ask(LEADER),
    ("GET", "/recordings/files/{file_id}"): Ask(LEADER),
    ("GET", "/room/{session_id}"): Ask(LEADER),
    ("GET", "/accounts/{account_id}"): Ask(SECADMIN),
    ("GET", "/kiosks/{kiosk_id}"): Ask(SYSADMIN),
    ("GET", "/planning/{leader_id}"): Ask(CLERK),
    ("POST", "/room/{session_id}/ticket"): Ask(LEADER),
    ("POST", "/api/v1/sessions/{session_id}/tickets"): Ask(LEADER),
    ("PUT", "/api/v1/sessions/{session_id}/preparation"): Ask(CLERK, json={"note": "问过了"}),
    ("POST", "/clerk/sessions/{session_id}/preparation"): Ask(CLERK, {"note": "问过了"}),
    ("POST", "/api/v1/cases/{case_id}/moves"): Ask(
        CLERK, json={"move": "assign", "organ_id": "{organ_id}"}
    ),
    ("POST", "/api/v1/cases/{case_id}/reveals"): Ask(
        CLERK, json={"what": "phone", "purpose": "contact"}
    ),
    ("POST", "/api/v1/cases/{case_id}/corrections"): Ask(CLERK, json={"name": "吴某某"}),
    ("POST", "/api/v1/cases/{case_id}/files"): Ask(CLERK, json={"purpose": "handling"}),
    ("POST", "/cases/{case_id}/file"): Ask(CLERK, {"purpose": "handling"}),
    ("POST", "/cases/{case_id}/attachments"): Ask(
        CLERK,
        body=pdf(),
        headers={
            "Content-Type": "application/pdf",
            "Content-Disposition": "attachment; filename*=UTF-8''a.pdf",
        },
    ),
    ("GET", "/cases/{case_id}/attachments/{attachment_id}"): Ask(CLERK),
    ("POST", "/cases/{case_id}/attachments/{attachment_id}/remove"): Ask(CLERK),
    ("POST", "/cases/{case_id}/reveal"): Ask(CLERK, {"what": "phone", "purpose": "contact"}),
    ("POST", "/cases/{case_id}/correct"): Ask(CLERK, {"phone": "13800001234"}),
    ("POST", "/cases/{case_id}/subjects"): Ask(
        CLERK, {"subject": "leader:{other_leader_id}", "reason": "accused"}
    ),
    ("POST", "/cases/{case_id}/subjects/{entry_id}/remove"): Ask(CLERK),
    ("POST", "/cases/{case_id}/holds"): Ask(CLERK, {"reason": "review"}),
    ("POST", "/cases/{case_id}/holds/{hold_id}/lift"): Ask(CLERK),
    ("POST", "/api/v1/rules/{rule_id}/plan"): Ask(
        CLERK, json={"first": "2026-04-01", "last": "2026-04-30"}
    ),
    ("POST", "/planning/{leader_id}/rules"): Ask(CLERK, RULE),
    ("POST", "/planning/{leader_id}/plan"): Ask(
        CLERK, {"rule": "{rule_id}", "first": "2026-05-01", "last": "2026-05-31"}
    ),
    ("POST", "/planning/{leader_id}/days"): Ask(CLERK, DAY),
    ("POST", "/planning/{leader_id}/publish"): Ask(CLERK, {"day": "{draft_day_id}"}),
    ("GET", "/api/v1/leaders/{leader_id}/stand-ins"): Ask(CLERK),
    ("PUT", "/api/v1/leaders/{leader_id}/stand-ins"): Ask(CLERK, json={"leader_ids": []}),
    ("POST", "/booking/{booking_id}/separate"): Ask(CLERK, MATTER),
    ("POST", "/clerk/waiting/{wait_id}/take"): Ask(CLERK),
    ("POST", "/clerk/waiting/{wait_id}/give-up"): Ask(CLERK, {"move": "withdraw"}),
    ("POST", "/api/v1/waiting/{wait_id}/booking"): Ask(CLERK),
    ("POST", "/api/v1/waiting/{wait_id}/moves"): Ask(CLERK, json={"move": "withdraw"}),
    ("POST", "/cases/{case_id}/declines"): Ask(CLERK, DECLINE),
    ("POST", "/declines/{decline_id}/object"): Ask(CLERK),
    ("POST", "/objections/{decline_id}"): Ask(Role.SUPERVISOR, {"upheld": "yes", "words": "应约"}),
    ("POST", "/api/v1/cases/{case_id}/declines"): Ask(
        CLERK,
        json={f"{name}_id": value for name, value in DECLINE.items() if name != "reason"}
        | {"reason": DECLINE["reason"]},
    ),
    ("POST", "/api/v1/declines/{decline_id}/objection"): Ask(CLERK, json={}),
    ("POST", "/api/v1/declines/{decline_id}/decision"): Ask(
        Role.SUPERVISOR, json={"upheld": True, "words": "应约"}
    ),
    ("POST", "/clerk/queue/{ticket_id}/move"): Ask(CLERK, {"move": "call"}),
    ("POST", "/clerk/queue/{ticket_id}/priority"): Ask(CLERK, {"reason": "came_far"}),
    ("POST", "/api/v1/queue/{ticket_id}/moves"): Ask(CLERK, json={"move": "call"}),
    ("PUT", "/api/v1/queue/{ticket_id}/priority"): Ask(CLERK, json={"reason": "came_far"}),
    ("POST", "/api/v1/bookings/{booking_id}/separation"): Ask(CLERK, json=MATTER),
    ("POST", "/cases/{case_id}/agents"): Ask(
        CLERK, {f"agent_{name}": value for name, value in AGENT.items()} | {"agent_seen": "1"}
    ),
    ("POST", "/cases/{case_id}/agents/{agent_id}/revoke"): Ask(CLERK),
    ("POST", "/api/v1/cases/{case_id}/agents"): Ask(
        CLERK, json=AGENT | {"scope": [AGENT["scope"]], "seen": True}
    ),
    ("DELETE", "/api/v1/cases/{case_id}/agents/{agent_id}"): Ask(CLERK),
    ("GET", "/api/v1/leaders/{leader_id}/absences"): Ask(CLERK),
    ("POST", "/api/v1/leaders/{leader_id}/absences"): Ask(
        CLERK, json={"first_day": "2026-05-01", "last_day": "2026-05-03"}
    ),
    ("DELETE", "/api/v1/leaders/{leader_id}/absences/{absence_id}"): Ask(CLERK),
    ("POST", "/api/v1/days/{day_id}/substitute"): Ask(
        CLERK, json={"stand_in_id": "{other_leader_id}", **CHANGE}
    ),
    ("POST", "/api/v1/bookings/{booking_id}/accept-stand-in"): Ask(CLERK),
    ("POST", "/planning/{leader_id}/stand-ins"): Ask(CLERK, {"stand_in_1": "{other_leader_id}"}),
    ("POST", "/planning/{leader_id}/absences"): Ask(
        CLERK, {"first_day": "2026-04-01", "last_day": "2026-04-03", "reason": "培训"}
    ),
    ("POST", "/planning/{leader_id}/absences/{absence_id}/end"): Ask(CLERK),
    ("GET", "/planning/days/{day_id}"): Ask(CLERK),
    ("POST", "/planning/days/{day_id}/substitute"): Ask(
        CLERK, {"stand_in": "{other_leader_id}", **CHANGE}
    ),
    ("POST", "/planning/days/{day_id}/cancel"): Ask(CLERK, {"makeup": "2026-04-09", **CHANGE}),
    ("POST", "/api/v1/days/{day_id}/cancel"): Ask(CLERK, json={"makeup": "2026-04-10", **CHANGE}),
    ("POST", "/clerk/let-down/{booking_id}/accept"): Ask(CLERK),
    ("POST", "/api/v1/slots/{slot_id}/hold"): Ask(CLERK),
    ("DELETE", "/api/v1/slots/{slot_id}/hold"): Ask(CLERK),
    ("POST", "/api/v1/bookings/{booking_id}/move"): Ask(
        CLERK, json={"slot_id": "{slot_id}", "by": "petitioner"}
    ),
    ("POST", "/booking/{booking_id}/move"): Ask(
        CLERK, {"slot": "{late_slot_id}", "by": "petitioner"}
    ),
    ("DELETE", "/api/v1/bookings/{booking_id}"): Ask(
        CLERK, json={"by": "petitioner", "reason": "改日再来"}
    ),
    ("POST", "/booking/{booking_id}/cancel"): Ask(CLERK, {"by": "petitioner", "reason": "改日"}),
    ("POST", "/me/delegation/{delegation_id}/end"): Ask(LEADER),
    ("POST", "/me/sessions/{session_id}/end"): Ask(LEADER),
    ("POST", "/me/keys/{key_id}/remove"): Ask(LEADER),
    ("POST", "/kiosks/{kiosk_id}/limits"): Ask(SYSADMIN, {"network": "10.0.0.0/8"}),
    ("POST", "/kiosks/{kiosk_id}/approval"): Ask(SYSADMIN, WORDS),
    ("POST", "/kiosks/{kiosk_id}/code"): Ask(SYSADMIN),
    ("POST", "/kiosks/{kiosk_id}/revocation"): Ask(SYSADMIN),
    ("PUT", "/api/v1/kiosks/{kiosk_id}/limits"): Ask(
        SYSADMIN, json={"hours": [], "network": ["10.0.0.0/8"]}
    ),
    ("POST", "/api/v1/kiosks/{kiosk_id}/approval"): Ask(
        SYSADMIN, json={"words": ["one", "two", "three", "four", "five", "six"]}
    ),
    ("POST", "/api/v1/kiosks/{kiosk_id}/code"): Ask(SYSADMIN),
    ("POST", "/api/v1/kiosks/{kiosk_id}/revocation"): Ask(SYSADMIN),
    ("DELETE", "/api/v1/rehearsals/{rehearsal_id}"): Ask(CLERK),
    ("POST", "/accounts/{account_id}/sessions/{session_id}/end"): Ask(SECADMIN),
    ("DELETE", "/api/v1/accounts/{account_id}/sessions/{session_id}"): Ask(SECADMIN),
    ("POST", "/accounts/{account_id}/role"): Ask(SECADMIN, {"role": "clerk"}),
    ("PUT", "/api/v1/accounts/{account_id}/role"): Ask(SECADMIN, json={"role": "scheduler"}),
    ("POST", "/accounts/{account_id}/factor"): Ask(SECADMIN),
    ("DELETE", "/api/v1/accounts/{account_id}/factor"): Ask(SECADMIN),
    ("POST", "/accounts/{account_id}/password"): Ask(SECADMIN),
    ("POST", "/api/v1/accounts/{account_id}/password"): Ask(SECADMIN),
    ("POST", "/accounts/{account_id}/disable"): Ask(SECADMIN),
    ("POST", "/accounts/{account_id}/enable"): Ask(SECADMIN),
    ("POST", "/api/v1/accounts/{account_id}/disable"): Ask(SECADMIN),
    ("POST", "/api/v1/accounts/{account_id}/enable"): Ask(SECADMIN),
}
"""In an order in which each works on what the ones before left."""


async def ask(
    world: World, browser: Browser, method: str, path: str, **more: str
) -> ClientResponse:
    """Send the request of a route for somebody."""
    wish = ASKS[method, path]
    headers = {"X-CSRF": browser.csrf, "Sec-Fetch-Site": "same-origin", **wish.headers, **more}
    body: dict[str, Any] = {}
    if wish.body:
        body["data"] = wish.body
    elif wish.json is not None:
        body["json"] = {
            name: value.format(**world.ids) if isinstance(value, str) else value
            for name, value in wish.json.items()
        }
    elif method == "POST" and not path.startswith("/api/"):
        body["data"] = {name: value.format(**world.ids) for name, value in wish.form.items()}
    return await browser.raw(method, world.path(path), headers=headers, **body)


async def outsider(site: Site, role: Role) -> Browser:
    """Seat somebody of a role in another county, with an organ and a leader there."""
    db, now = site.db, site.clock.now()
    organ_id = await places.add_organ(db, area_code=OTHER_COUNTY, name=f"外县{role.value}")
    leader_id = await places.add_leader(
        db, area_code=OTHER_COUNTY, name=f"外县{role.value}", title="副县长", portfolio=""
    )
    login = f"elsewhere-{role.value}".replace("_", "-")
    await accounts.create_account(
        db,
        login=login,
        name="外县人员",
        role=role,
        area_code=OTHER_COUNTY,
        password=PASSWORD,
        organ_id=organ_id if role in (Role.HANDLER, Role.ORG_HEAD) else None,
        leader_id=leader_id if role is LEADER else None,
        now=now,
    )
    browser = await site.browser()
    assert (await browser.log_in(login)).status == 200
    await browser.get("/me/sessions")
    return browser


async def state_of(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is kept, but for what a request may write: the log and who was seen when."""
    left_out = {"audit_event", "audit_checkpoint", "kiosk_session"}
    seen = {"seen_at", "last_seen_at"}
    async with db.reading(SYSTEM) as tx:
        return {
            table.name: [
                tuple(row)
                for row in await tx.execute(
                    select(*(column for column in table.columns if column.name not in seen))
                )
            ]
            for table in Table.metadata.sorted_tables
            if table.name not in left_out
        }


@pytest.fixture
async def world(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A county at work, and a county beside it."""
    async with open_site(sqlite_database_url, tmp_path) as site:
        await places.add_area(site.db, code=OTHER_COUNTY, name="磐安县")
        yield await world_of(site, tmp_path)


async def test_every_route_that_names_a_thing_is_asked_here(world: World) -> None:
    named = {
        (route.method, route.resource.canonical)
        for route in world.site.app.router.routes()
        if route.resource and "{" in route.resource.canonical and route.method not in ("*", "HEAD")
    }
    named = {(method, path) for method, path in named if not path.startswith("/static")}
    assert named - OPEN == set(ASKS)


async def test_each_request_works_for_somebody_it_is_meant_for(world: World) -> None:
    refused = []
    for method, path in ASKS:
        insider = world.insiders[ASKS[method, path].insider]
        answer = await ask(world, insider, method, path, Accept="application/json")
        if answer.status >= 400 and answer.status not in (409, 422):
            refused.append((method, path, answer.status, (await answer.text())[:200]))
    assert not refused, refused


STAFF = sorted(set(Role) - {Role.KIOSK, Role.PUBLIC, Role.SYSTEM})


async def refuses_everything(world: World, browser: Browser, **headers: str) -> None:
    """Ask every route; everything must be refused, without a word of the case, changing nothing."""
    before = await state_of(world.site.db)
    let_in = []
    for method, path in ASKS:
        answer = await ask(world, browser, method, path, Accept="application/json", **headers)
        text = await answer.text()
        told = [word for word in PRIVATE if word in text]
        is_refused = answer.status in (401, 403, 404) or (method, path) in ENDS_ONLY_OWN
        if not is_refused or told:
            let_in.append((method, path, answer.status, told))
    assert not let_in, let_in
    after = await state_of(world.site.db)
    assert [name for name in before if before[name] != after[name]] == []


@pytest.mark.parametrize("role", STAFF)
async def test_nobody_of_another_county_reaches_a_thing_by_its_id(world: World, role: Role) -> None:
    await refuses_everything(world, await outsider(world.site, role))


async def test_a_kiosk_elsewhere_reaches_nothing_by_its_id(world: World) -> None:
    site = world.site
    site_id = await places.add_site(
        site.db, area_code=OTHER_COUNTY, name="外县接访点", address="", phone="", rooms=1
    )
    kiosk_id = await kiosks.create_kiosk(
        site.db, site_id=site_id, name="外县终端", now=site.clock.now()
    )
    device = await enrolled(site.db, kiosk_id, now=site.clock.now())
    browser = await site.browser()
    browser.csrf = await prove(browser, device)
    await refuses_everything(world, browser, **{"X-Kiosk": "1"})


async def test_nobody_reaches_a_thing_without_a_log_in(world: World) -> None:
    await refuses_everything(world, await world.site.browser())
