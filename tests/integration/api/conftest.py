"""A county with people and keys, and the web application over it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Mode, Role
from reception.services import calendar, kiosks, places, tokens
from reception.storage.database import Database
from tests.devices import enrolled
from tests.fakes import FixedClock
from tests.integration.api.contract import ContractClient
from web.app import create_app
from web.keys import WebContext
from web.live import LiveRooms

CITY, COUNTY, TOWNSHIP, ELSEWHERE = "330700", "330726", "330726101", "330800"


class QuietRooms:
    """Stands where the live rooms are: notes which sessions it was told of."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def changed(self, session_id: str) -> None:
        """Note it."""
        self.told.append(session_id)


@dataclass(frozen=True)
class County:
    """What the tests need to know of the county; `keys` are Authorization headers."""

    db: Database
    clock: FixedClock
    rooms: QuietRooms
    data_root: Path
    site_id: str
    kiosk_id: str
    organ_id: str
    leader_id: str
    day_id: str
    clerk: Actor
    keys: dict[str, str]

    @property
    def today(self) -> date:
        """The day in China, a Wednesday."""
        return date(2026, 4, 15)

    async def planned_days(self, first: date, last: date) -> list[str]:
        """The ids of all days of a span, published or not."""
        found = await calendar.days(self.db, first=first, last=last, now=self.clock.now())
        return [day.id for day in found]


@pytest.fixture
async def county(db: Database, tmp_path: Path) -> County:
    """浦江-like county: one site with a kiosk, one leader who receives today from 09:30."""
    clock = FixedClock()
    now = clock.now()
    for code, name in ((CITY, "甲市"), (COUNTY, "乙县"), (TOWNSHIP, "丙镇"), (ELSEWHERE, "丁市")):
        await places.add_area(db, code=code, name=name)
    for year in (2025, 2026):
        await calendar.load_seeded_year(db, area_code=CITY, year=year, now=now)
    site_id = await places.add_site(
        db,
        area_code=TOWNSHIP,
        name="丙镇接访室",
        address="丙镇大街 1 号",
        phone="0579-84100000",
        rooms=2,
    )
    kiosk_id = await kiosks.create_kiosk(db, site_id=site_id, name="一号机", now=now)
    organ_id = await places.add_organ(db, area_code=COUNTY, name="县住建局")
    leader_id = await places.add_leader(
        db,
        area_code=COUNTY,
        name="张明（演示）",
        title="副县长",
        portfolio="住建、交通",
        body="政府",
    )
    device = await enrolled(db, kiosk_id, now=now)
    keys = {"kiosk": f"Kiosk {device.token}"}
    for role in (Role.CLERK, Role.SYSADMIN, Role.SECADMIN, Role.HANDLER):
        token = await tokens.create_token(db, name=role.value, role=role, area_code=COUNTY, now=now)
        keys[role.value] = f"Bearer {token}"
    async with db.transaction(SYSTEM) as tx:
        token = tokens.add_token(
            tx, name="张明", role=Role.LEADER, area_code=COUNTY, leader_id=leader_id, now=now
        )
    keys["leader"] = f"Bearer {token}"
    token = await tokens.create_token(
        db, name="elsewhere", role=Role.CLERK, area_code=ELSEWHERE, now=now
    )
    keys["stranger"] = f"Bearer {token}"
    clerk = await tokens.actor_of_token(db, token=keys["clerk"].split()[1], now=now)
    day_id = await calendar.add_day(
        db,
        leader_id=leader_id,
        date=date(2026, 4, 15),
        windows=((time(9, 30), time(11, 50)), (time(14), time(16))),
        slot_minutes=20,
        buffer_minutes=10,
        mode=Mode.VIDEO,
        topic="",
        actor=clerk,
        now=now,
    )
    return County(
        db=db,
        clock=clock,
        rooms=QuietRooms(),
        data_root=tmp_path,
        site_id=site_id,
        kiosk_id=kiosk_id,
        organ_id=organ_id,
        leader_id=leader_id,
        day_id=day_id,
        clerk=clerk,
        keys=keys,
    )


@pytest.fixture
async def api(county: County) -> AsyncIterator[ContractClient]:
    """The county's API, each answer held against the document."""
    context = WebContext(
        db=county.db,
        clock=county.clock,
        live=cast(LiveRooms, county.rooms),
        engine=cast(Any, None),
        data_root=county.data_root,
        base_url="http://127.0.0.1",
        secure_cookies=False,
        version="0.0.0",
    )
    async with TestClient(TestServer(create_app(context))) as client:
        yield ContractClient(client, county.keys)


def draft(**changes: object) -> dict[str, object]:
    """A case as a clerk takes it down."""
    return {
        "petitioner_name": "李秀英（演示）",
        "phone": "13800000000",
        "purpose": "appeal_or_request",
        "category": "construction",
        "problem_area_code": TOWNSHIP,
        "summary": "宅基地审批三年没有结果",
    } | changes


async def free_slot(api: ContractClient, number: int = 0) -> str:
    """The id of a free slot."""
    found = await api.get(None, f"/slots/free?within={COUNTY}")
    slot_id: str = found["items"][number]["id"]
    return slot_id


async def booked(api: ContractClient, county: County, number: int = 0) -> dict[str, Any]:
    """A booking made by the clerk."""
    wish = {"slot_id": await free_slot(api, number), "site_id": county.site_id, "draft": draft()}
    made: dict[str, Any] = await api.send("clerk", "POST", "/bookings", wish)
    return made
