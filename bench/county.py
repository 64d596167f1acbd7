"""A county to book in: one site, several leaders, and as many open slots as a measurement takes."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import text

from reception.app.keys import open_vault
from reception.crypto.vault import Vault
from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Mode, Role
from reception.services import calendar, places, tokens
from reception.settings import Settings
from reception.storage.database import Database
from scheduler.calendar import local_day
from scheduler.clock import SystemClock
from scheduler.errors import YearNotLoaded

CITY: Final = "330700"
COUNTY: Final = "330726"
LEADERS: Final = 12
SLOT_MINUTES: Final = 10
_HOURS: Final = ((time(8), time(18)),)
_SLOTS_A_DAY: Final = LEADERS * 10 * 60 // SLOT_MINUTES

_OVERLAPS: Final = """
SELECT count(*) FROM booking a JOIN booking b
  ON a.leader_id = b.leader_id AND a.id < b.id
  AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
 WHERE a.state = 'confirmed' AND b.state = 'confirmed'
"""


def vault(folder: Path) -> Vault:
    """Return the keys a server started in `folder` uses."""
    return open_vault(Settings(data=folder / "data"))


@dataclass(frozen=True, slots=True)
class County:
    """What a clerk of it needs: a token, a site, and slots that nobody has booked."""

    token: str
    site_id: str
    slots: tuple[str, ...]


async def make_county(url: str, vault: Vault, slots: int) -> County:
    """Fill a migrated, empty database with a county of at least so many open slots."""
    now = SystemClock().now()
    db = Database(url, vault)
    try:
        for code, name in ((CITY, "甲市"), (COUNTY, "乙县")):
            await places.add_area(db, code=code, name=name)
        await _load_years(db, now)
        site_id = await places.add_site(
            db,
            area_code=COUNTY,
            name="测量接访点",
            address="一路1号",
            phone="0579-1",
            rooms=LEADERS,
        )
        clerk = Actor(kind="account", id="c" * 32, role=Role.CLERK, area_code=CITY, name="测量")
        found: list[str] = []
        leaders = [await _leader(db, number) for number in range(LEADERS)]
        for ahead in range(1, 2 + slots // _SLOTS_A_DAY):
            day = local_day(now) + timedelta(days=ahead)
            for leader_id in leaders:
                found += await _open_day(db, leader_id, day, clerk, now)
        token = await tokens.create_token(
            db, name="bench", role=Role.CLERK, area_code=CITY, now=now
        )
    finally:
        await db.close()
    return County(token, site_id, tuple(found))


async def _load_years(db: Database, now: datetime) -> None:
    for year in (local_day(now).year, local_day(now).year + 1):
        try:
            await calendar.load_seeded_year(db, area_code=CITY, year=year, now=now)
        except YearNotLoaded:
            continue


async def _leader(db: Database, number: int) -> str:
    return await places.add_leader(
        db, area_code=COUNTY, name=f"领导{number}", title="副县长", portfolio="测量"
    )


async def _open_day(
    db: Database, leader_id: str, day: date, clerk: Actor, now: datetime
) -> list[str]:
    day_id = await calendar.add_day(
        db,
        leader_id=leader_id,
        date=day,
        windows=_HOURS,
        slot_minutes=SLOT_MINUTES,
        buffer_minutes=0,
        mode=Mode.VIDEO,
        actor=clerk,
        now=now,
    )
    return [slot.id for slot in await calendar.slots(db, day_id=day_id, now=now)]


async def overlaps(url: str, vault: Vault) -> int:
    """Count the pairs of live bookings that put one leader in two places."""
    db = Database(url, vault)
    try:
        async with db.reading(SYSTEM) as tx:
            return int(await tx.scalar(text(_OVERLAPS)) or 0)
    finally:
        await db.close()
