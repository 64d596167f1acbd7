"""Every route that names a thing by its id, asked by everybody whose thing it is not.

`ASKS` holds a request that works for each route with an id, and who it works for: so a refusal
below comes from whose the thing is, and a new route without a line here fails.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import literal_column, select

from reception.domain.access import SYSTEM
from reception.domain.codes import Mode, Role
from reception.domain.retention import HoldReason
from reception.services import (
    accounts,
    booking,
    calendar,
    delegations,
    kiosks,
    places,
    rehearsals,
    retention,
    subjects,
)
from reception.services.booking import BookRequest
from reception.services.subjects import Subject, SubjectReason
from reception.storage.database import Database
from reception.storage.ids import new_id
from reception.storage.tables import Account, AuthSession, ReceptionDay, SecurityKey, Table
from scheduler.rules import RestPolicy
from tests.build import COUNTY, TODAY, WINDOWS, open_day
from tests.devices import Device, enrolled
from tests.integration.web.site import PASSWORD, Browser, Site, open_site, prove
from tests.integration.web.talks import hold

OTHER_COUNTY = "330727"
PRIVATE = ("吴某", "13800001234", "水渠断水", "一个月内修好水渠", "330726-2026-0000")
"""Words of the case that nobody outside may read in an answer."""

OPEN = {
    ("GET", "/calendar/{day_id}"),
    ("GET", "/booking/days/{day_id}"),
    ("GET", "/api/v1/days/{day_id}"),
    ("GET", "/api/v1/days/{day_id}/slots"),
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


CLERK, LEADER, SECADMIN, SYSADMIN = Role.CLERK, Role.LEADER, Role.SECADMIN, Role.SYSADMIN
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


@dataclass(frozen=True)
class World:
    """A county at work: a case with all that can belong to one, and the ids of everything."""

    site: Site
    ids: Mapping[str, str]
    insiders: Mapping[Role, Browser]

    def path(self, path: str) -> str:
        """Fill an address; the log-ins and the receptions both call theirs `session_id`."""
        log_in = path.startswith(("/accounts", "/api/v1/accounts", "/me"))
        session_id = self.ids["login_id" if log_in else "session_id"]
        return path.format(**{**self.ids, "session_id": session_id})

    async def ask(self, browser: Browser, method: str, path: str, **more: str) -> ClientResponse:
        """Send the request of a route for somebody."""
        ask = ASKS[method, path]
        headers = {"X-CSRF": browser.csrf, "Sec-Fetch-Site": "same-origin", **more}
        body: dict[str, Any] = {}
        if ask.json is not None:
            body["json"] = {
                name: value.format(**self.ids) if isinstance(value, str) else value
                for name, value in ask.json.items()
            }
        elif method == "POST" and not path.startswith("/api/"):
            body["data"] = {name: value.format(**self.ids) for name, value in ask.form.items()}
        return await browser.raw(method, self.path(path), headers=headers, **body)


async def world_of(site: Site, data_root: Path) -> World:
    db, place, now = site.db, site.place, site.clock.now()
    talk = await hold(site, data_root)
    now = site.clock.now()
    days = [TODAY + timedelta(days=days) for days in (1, 2)]
    slots = [(await open_day(db, place.leader_id, day=day)) for day in days]
    request = BookRequest(slot_id=slots[0][0].id, site_id=place.site_id, case_id=talk.case_id)
    booked = await booking.book(
        db, request=request, actor=place.clerk, idempotency_key=None, now=now
    )
    insiders = {}
    for role in (CLERK, LEADER, SECADMIN, SYSADMIN):
        insiders[role] = await site.staff(role)
    forgotten = await site.browser()
    await forgotten.log_in(LEADER.value)
    ids = {
        "case_id": talk.case_id,
        "session_id": talk.session_id,
        "recording_id": talk.recording_id,
        "file_id": talk.file_id,
        "booking_id": booked.id,
        "slot_id": slots[0][1].id,
        "late_slot_id": slots[1][1].id,
        "leader_id": place.leader_id,
        "other_leader_id": place.other_leader_id,
        "organ_id": place.organ_id,
        "kiosk_id": place.device.kiosk_id,
    }
    return World(site, ids | await _rest_of(site, talk.case_id), insiders)


async def _rest_of(site: Site, case_id: str) -> dict[str, str]:
    db, place, now = site.db, site.place, site.clock.now()
    secretary = await site.account(Role.SECRETARY)
    async with db.reading(SYSTEM) as tx:
        rows = (await tx.scalars(select(Account))).all()
        accounts_by_login = {row.login: row.id for row in rows}
        log_ins = (await tx.scalars(select(AuthSession).order_by(literal_column("rowid")))).all()
    leader_account = accounts_by_login[LEADER.value]
    leader = replace(place.leader, id=leader_account)
    await delegations.give(
        db,
        account_id=accounts_by_login[secretary],
        last_day=TODAY + timedelta(days=30),
        actor=leader,
        now=now,
    )
    (delegation,) = await delegations.of_leader(db, actor=leader, now=now)
    rehearsal = await rehearsals.create(
        db, rooms=1, public_key=Device().public_key, actor=place.clerk, now=now
    )
    key = SecurityKey(
        id=new_id(),
        account_id=leader_account,
        credential_id="credential",
        public_key=b"key",
        sign_count=0,
        agent="",
        created_at=now,
        used_at=None,
    )
    async with db.transaction(SYSTEM) as tx:
        await tx.put(key)
    return {
        "account_id": leader_account,
        "login_id": [row.id for row in log_ins if row.account_id == leader_account][-1],
        "delegation_id": delegation.id,
        "key_id": key.id,
        "rehearsal_id": rehearsal.id,
        "entry_id": await subjects.add(
            db,
            case_id=case_id,
            subject=Subject("organ", await places.add_organ(db, area_code=COUNTY, name="某单位")),
            reason=SubjectReason.ACCUSED,
            actor=place.clerk,
            now=now,
        ),
        "hold_id": await retention.place_hold(
            db, case_id=case_id, reason=HoldReason.LITIGATION, actor=place.clerk, now=now
        ),
    } | await _planned(site)


async def _planned(site: Site) -> dict[str, str]:
    """Return a rule and a day that is planned and not published."""
    db, place, now = site.db, site.place, site.clock.now()
    rule_id = await calendar.add_rule(
        db,
        leader_id=place.leader_id,
        text="monthly_day 15",
        on_weekend=RestPolicy.ROLL_FORWARD,
        on_holiday=RestPolicy.ROLL_FORWARD,
        windows=WINDOWS,
        mode=Mode.VIDEO,
        valid_from=TODAY,
        actor=place.clerk,
        now=now,
    )
    window = (TODAY, TODAY + timedelta(days=40))
    await calendar.plan(db, rule_id=rule_id, window=window, actor=place.clerk, now=now)
    async with db.reading(SYSTEM) as tx:
        days = await tx.scalars(select(ReceptionDay.id).where(ReceptionDay.rule_id == rule_id))
        return {"rule_id": rule_id, "draft_day_id": days.all()[0]}


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
        answer = await world.ask(insider, method, path, Accept="application/json")
        if answer.status >= 400 and answer.status not in (409, 422):
            refused.append((method, path, answer.status, (await answer.text())[:200]))
    assert not refused, refused


STAFF = sorted(set(Role) - {Role.KIOSK, Role.PUBLIC, Role.SYSTEM})


async def refuses_everything(world: World, browser: Browser, **headers: str) -> None:
    """Ask every route; everything must be refused, without a word of the case, changing nothing."""
    before = await state_of(world.site.db)
    let_in = []
    for method, path in ASKS:
        answer = await world.ask(browser, method, path, Accept="application/json", **headers)
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
