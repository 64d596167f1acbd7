"""Builders: a small prefecture with people, sites and slots to test with."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from reception.crypto.keyfile import KeyFile
from reception.crypto.vault import Vault
from reception.domain.access import Actor
from reception.domain.codes import Category, Channel, Mode, Purpose, Role
from reception.services import calendar, kiosks, places
from reception.services.registration import CaseDraft
from reception.storage.database import Database
from tests.devices import Device, enrolled

NOW = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
"""Tuesday 2026-03-10, 09:00 in China: a workday in a loaded year."""
TODAY = date(2026, 3, 10)

VAULT = Vault(KeyFile.of_secret(b"a secret of thirty-two bytes....."[:32]))
"""The keys of every test database."""

CITY = "330700"
COUNTY = "330726"
TOWNSHIP = "330726100"
WINDOWS = ((time(9, 0), time(12, 0)),)

CLERK = Actor(kind="account", id="c" * 32, role=Role.CLERK, area_code=COUNTY, name="登记员甲")
ADMIN = Actor(kind="account", id="a" * 32, role=Role.SYSADMIN, area_code=CITY, name="管理员")


@dataclass(frozen=True)
class Prefecture:
    """Ids of what `prefecture` made, and the actors who act in it."""

    leader_id: str
    other_leader_id: str
    site_id: str
    organ_id: str
    device: Device
    kiosk: Actor
    leader: Actor
    clerk: Actor
    handler: Actor


async def prefecture(db: Database) -> Prefecture:
    """Build city, county and township with a leader each side, a site of two rooms, an organ."""
    for code, name in ((CITY, "金华市"), (COUNTY, "浦江县"), (TOWNSHIP, "测试镇")):
        await places.add_area(db, code=code, name=name)
    await calendar.load_seeded_year(db, area_code=CITY, year=2026, now=NOW)
    leader_id, other_leader_id = [
        await places.add_leader(
            db, area_code=COUNTY, name=name, title="副县长", portfolio="农业农村"
        )
        for name in ("领导甲", "领导乙")
    ]
    site_id = await places.add_site(
        db, area_code=TOWNSHIP, name="测试镇接访点", address="一路1号", phone="0579-1", rooms=2
    )
    organ_id = await places.add_organ(db, area_code=COUNTY, name="水务局")
    kiosk_id = await kiosks.create_kiosk(db, site_id=site_id, name="一号终端", now=NOW)
    device = await enrolled(db, kiosk_id, now=NOW)
    return Prefecture(
        leader_id=leader_id,
        other_leader_id=other_leader_id,
        site_id=site_id,
        organ_id=organ_id,
        device=device,
        kiosk=await device.use(db, now=NOW),
        leader=Actor(
            kind="account",
            id="1" * 32,
            role=Role.LEADER,
            area_code=COUNTY,
            leader_id=leader_id,
            name="领导甲",
        ),
        clerk=CLERK,
        handler=Actor(
            kind="account",
            id="2" * 32,
            role=Role.HANDLER,
            area_code=COUNTY,
            organ_id=organ_id,
            name="承办人",
        ),
    )


async def open_day(
    db: Database, leader_id: str, *, day: date = TODAY, slot_minutes: int = 30
) -> tuple[calendar.SlotView, ...]:
    """Add a published day and return its slots."""
    day_id = await calendar.add_day(
        db,
        leader_id=leader_id,
        date=day,
        windows=WINDOWS,
        slot_minutes=slot_minutes,
        buffer_minutes=10,
        mode=Mode.VIDEO,
        actor=CLERK,
        now=NOW,
    )
    return await calendar.slots(db, day_id=day_id, now=NOW)


def draft(**changes: object) -> CaseDraft:
    """Return a complete case draft."""
    fields: dict[str, object] = {
        "petitioner_name": "吴某（演示）",
        "channel": Channel.VIDEO,
        "purpose": Purpose.APPEAL_OR_REQUEST,
        "category": Category.AGRICULTURE,
        "problem_area_code": TOWNSHIP,
        "summary": "水渠断水",
        "phone": "13800001234",
    }
    return CaseDraft(**{**fields, **changes})  # type: ignore[arg-type]  # fields by name, values by caller


def later(minutes: float) -> datetime:
    """Return the instant so many minutes after `NOW`."""
    return NOW + timedelta(minutes=minutes)
