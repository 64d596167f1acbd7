"""The demo prefecture: real city and county codes, invented places and people, marked as such."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Category, Channel, Mode, Purpose, Role
from reception.domain.delegations import LONGEST
from reception.domain.errors import NotFound
from reception.domain.reception_days import MINIMUM_LEAD
from reception.services import accounts, calendar, delegations, kiosks, places, tokens
from reception.services.booking import BookRequest, book
from reception.services.reception_days import (
    ADDED,
    Span,
    Windows,
    new_day,
    not_offered_yet,
    publish_day,
    put_days,
)
from reception.services.registration import CaseDraft
from reception.storage import accounts as account_rows
from reception.storage import places as place_rows
from reception.storage.database import Database
from scheduler.calendar import SHANGHAI, local_day
from scheduler.errors import YearNotLoaded
from scheduler.rules import RestPolicy

CITY: Final = "330700"
COUNTY: Final = "330726"
TOWNSHIPS: Final = (
    ("330726901", "一号示范镇（演示）"),
    ("330726902", "二号示范镇（演示）"),
    ("330726903", "三号示范乡（演示）"),
)
"""The last three digits are in use by no township of the county."""

ORGANS: Final = ("水务局", "自然资源和规划局", "人力资源和社会保障局", "农业农村局")
SITE_ROOMS: Final = 4
PLANNED_AHEAD: Final = timedelta(days=60)

TALK: Final = timedelta(minutes=30)
PAUSE: Final = timedelta(minutes=10)
SLOTS_NOW: Final = 4

_HOURS: Final[Windows] = ((time(8, 30), time(11, 30)), (time(14, 30), time(17, 0)))
_MORNING: Final[Windows] = ((time(8, 30), time(11, 30)),)

# No letter or digit that is easily mistaken for another: these are typed from a screen.


@dataclass(frozen=True)
class DemoLogin:
    """Somebody who can log in."""

    role: Role
    name: str
    title: str
    login: str
    password: str


CODE_HOLDS: Final = timedelta(days=1)


@dataclass(frozen=True)
class DemoKiosk:
    """A kiosk with the one-time code that makes a browser into it."""

    kiosk_id: str
    name: str
    site: str
    code: str


@dataclass(frozen=True)
class DemoBooking:
    """A booking for now; `code` is typed at the kiosk of `site`."""

    booking_id: str
    session_id: str
    code: str
    starts_at: datetime
    leader: str
    site: str
    petitioner: str


@dataclass(frozen=True)
class DemoPeople:
    """Everything `reception demo` prints: secrets are shown this once."""

    logins: tuple[DemoLogin, ...]
    kiosks: tuple[DemoKiosk, ...]
    bookings: tuple[DemoBooking, ...]
    token: str


async def seed(db: Database, *, now: datetime) -> DemoPeople:
    """Fill an empty, migrated database with the demo prefecture and open slots for now."""
    await _add_areas(db)
    for year in (local_day(now).year, local_day(now).year + 1):
        try:
            await calendar.load_seeded_year(db, area_code=CITY, year=year, now=now)
        except YearNotLoaded:
            continue  # its days are shown as provisional until the notice is out
    leaders = await _add_leaders(db)
    organs = [
        await places.add_organ(db, area_code=COUNTY, name=f"浦江县{name}（演示）")
        for name in ORGANS
    ]
    kiosks = await _add_kiosks(db, now)
    logins = await _add_logins(db, leaders[0], organs[0], now)
    await _delegate(db, now)
    await _plan(db, leaders, await _clerk(db), now)
    token = await tokens.create_token(db, name="演示接口", role=Role.CLERK, area_code=CITY, now=now)
    return DemoPeople(
        logins=logins, kiosks=kiosks, bookings=await open_now(db, now=now), token=token
    )


async def open_now(db: Database, *, now: datetime) -> tuple[DemoBooking, ...]:
    """Open slots of the demo's leader from now on and book two of them; return the bookings.

    Raises:
        NotFound: the database holds no demo.

    """
    async with db.transaction(SYSTEM) as tx:
        account = await account_rows.account_by_login(tx, "leader")
        found = None
        if account is not None and account.leader_id is not None:
            found = await place_rows.leader(tx, account.leader_id)
        if found is None:
            raise NotFound(thing="demo")
        leader, _ = found
        free = await not_offered_yet(tx, leader.id, _spans_from(now))
        if free:
            day = new_day(
                leader_id=leader.id,
                day=local_day(now),
                windows=_window_of(free),
                mode=Mode.VIDEO,
                topic="演示",
                now=now,
            )
            day.reason = ADDED
            await put_days(tx, [(day, free)])
            await publish_day(tx, day, leader, SYSTEM, now)
    return await _book_two(db, leader.id, now)


def _spans_from(now: datetime) -> list[Span]:
    minute = now.minute - now.minute % 5
    start = now.replace(minute=minute, second=0, microsecond=0)
    starts = [start + number * (TALK + PAUSE) for number in range(SLOTS_NOW)]
    return [(start, start + TALK) for start in starts]


def _window_of(spans: Sequence[Span]) -> Windows:
    start = spans[0][0].astimezone(SHANGHAI)
    end = spans[-1][1].astimezone(SHANGHAI)
    # A window ends on its own day; late in the evening the last talks run past it.
    until = end.time() if end.date() == start.date() else time(23, 59)
    return ((start.time(), until),)


async def _book_two(db: Database, leader_id: str, now: datetime) -> tuple[DemoBooking, ...]:
    slots = await calendar.free_slots(db, leader_id=leader_id, after=now, limit=2)
    site = (await places.sites(db, within=COUNTY))[0]
    clerk = await _clerk(db)
    made = []
    for slot, draft in zip(slots, _DRAFTS, strict=False):
        view = await book(
            db,
            request=BookRequest(slot_id=slot.id, site_id=site.id, draft=draft),
            actor=clerk,
            idempotency_key=None,
            now=now,
        )
        assert view.session_id is not None
        made.append(
            DemoBooking(
                booking_id=view.id,
                session_id=view.session_id,
                code=view.code,
                starts_at=view.slot.starts_at,
                leader=view.slot.leader.name,
                site=view.site.name,
                petitioner=view.petitioner_name,
            )
        )
    return tuple(made)


_DRAFTS: Final = (
    CaseDraft(
        petitioner_name="吴阿根（演示）",
        channel=Channel.VIDEO,
        purpose=Purpose.APPEAL_OR_REQUEST,
        category=Category.AGRICULTURE,
        problem_area_code=TOWNSHIPS[0][0],
        summary="灌溉水渠断水，稻田缺水（演示）",
        facts="今年三月起东侧水渠断流，二十余户稻田无水可灌，向镇里反映两次未修复。",
        persons_present=2,
    ),
    CaseDraft(
        petitioner_name="陈桂花（演示）",
        channel=Channel.VIDEO,
        purpose=Purpose.APPEAL_OR_REQUEST,
        category=Category.LABOUR,
        problem_area_code=COUNTY,
        summary="工地拖欠三个月工资（演示）",
        facts="在县城一处工地做工，三个月工资未付，包工头已联系不上。",
        needs=("hearing",),
    ),
)


async def _add_areas(db: Database) -> None:
    for code, name in ((CITY, "金华市"), (COUNTY, "浦江县"), *TOWNSHIPS):
        await places.add_area(db, code=code, name=name)
    for code, name in TOWNSHIPS:
        for number, village in ((201, "一号示范村（演示）"), (202, "二号示范村（演示）")):
            await places.add_area(
                db, code=f"{code}{number}", name=f"{name.removesuffix('（演示）')}{village}"
            )


async def _add_leaders(db: Database) -> list[str]:
    """Add the leaders: monthly, every workday, weekly in the city, on demand in a township."""
    wanted = (
        (COUNTY, "周正明（演示）", "县委副书记、县长", "县政府全面工作", "政府"),
        (COUNTY, "林淑芬（演示）", "副县长", "农业农村、水利", "政府"),
        (CITY, "郑国华（演示）", "副市长", "自然资源、住房建设", "政府"),
        (TOWNSHIPS[0][0], "徐建国（演示）", "镇长", "镇政府全面工作", "政府"),
    )
    return [
        await places.add_leader(
            db, area_code=area, name=name, title=title, portfolio=portfolio, body=body
        )
        for area, name, title, portfolio, body in wanted
    ]


async def _add_kiosks(db: Database, now: datetime) -> tuple[DemoKiosk, ...]:
    made = []
    for code, name in TOWNSHIPS:
        plain = name.removesuffix("（演示）")
        site_id = await places.add_site(
            db,
            area_code=code,
            name=f"{plain}视频接访点（演示）",
            address=f"{plain}便民服务中心一楼",
            phone="0579-00000000",
            rooms=SITE_ROOMS,
        )
        kiosk_id = await kiosks.create_kiosk(db, site_id=site_id, name="一号终端", now=now)
        made.append(
            DemoKiosk(
                kiosk_id=kiosk_id,
                name="一号终端",
                site=f"{plain}视频接访点（演示）",
                code=await kiosk_code(db, kiosk_id=kiosk_id, now=now),
            )
        )
    return tuple(made)


async def kiosk_code(db: Database, *, kiosk_id: str, now: datetime) -> str:
    """Make a code that enrols a demo's kiosk at once; people try a demo at leisure."""
    made = await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, holds=CODE_HOLDS, now=now)
    return made.code


async def _add_logins(
    db: Database, leader_id: str, organ_id: str, now: datetime
) -> tuple[DemoLogin, ...]:
    wanted = (
        (Role.SYSADMIN, "admin", "管理员（演示）", "系统管理员", CITY),
        (Role.SECADMIN, "security", "安全员（演示）", "安全管理员", CITY),
        (Role.AUDITOR, "auditor", "审计员（演示）", "审计管理员", CITY),
        (Role.SUPERVISOR, "supervisor", "督查员（演示）", "督查专员", COUNTY),
        (Role.CLERK, "clerk", "方敏（演示）", "信访局登记员", COUNTY),
        (Role.LEADER, "leader", "周正明（演示）", "县委副书记、县长", COUNTY),
        (Role.SECRETARY, "secretary", "秦芳（演示）", "县长联络员", COUNTY),
        (Role.HANDLER, "handler", "何涛（演示）", "水务局承办人", COUNTY),
    )
    made = []
    for role, login, name, title, area in wanted:
        password = accounts.new_password()
        await accounts.create_account(
            db,
            login=login,
            name=name,
            role=role,
            area_code=area,
            password=password,
            organ_id=organ_id if role is Role.HANDLER else None,
            leader_id=leader_id if role is Role.LEADER else None,
            now=now,
        )
        made.append(DemoLogin(role=role, name=name, title=title, login=login, password=password))
    return tuple(made)


async def _delegate(db: Database, now: datetime) -> None:
    """Let the secretary work for the leader."""
    async with db.reading(SYSTEM) as tx:
        leader = await account_rows.account_by_login(tx, "leader")
        secretary = await account_rows.account_by_login(tx, "secretary")
    assert leader is not None
    assert secretary is not None
    await delegations.give(
        db,
        account_id=secretary.id,
        last_day=local_day(now) + LONGEST,
        actor=accounts.actor_of_account(leader),
        now=now,
    )


async def _plan(db: Database, leaders: Sequence[str], clerk: Actor, now: datetime) -> None:
    """Plan 60 days ahead and publish what may still be published."""
    monthly, daily, weekly, on_demand = leaders
    today = local_day(now)
    planner = Actor(kind="account", id=clerk.id, role=Role.CLERK, area_code=CITY, name=clerk.name)
    hold, forward = RestPolicy.HOLD, RestPolicy.ROLL_FORWARD
    for leader_id, text, on_weekend, windows in (
        (monthly, "monthly_day 15", hold, _HOURS),
        (daily, "every_workday", forward, _MORNING),
        (weekly, "weekly wed", forward, _MORNING),
        (on_demand, "on_demand", hold, _MORNING),
    ):
        rule_id = await calendar.add_rule(
            db,
            leader_id=leader_id,
            text=text,
            on_weekend=on_weekend,
            on_holiday=forward,
            windows=windows,
            mode=Mode.VIDEO,
            valid_from=today,
            actor=planner,
            now=now,
        )
        window = (today + MINIMUM_LEAD, today + PLANNED_AHEAD)
        await calendar.plan(db, rule_id=rule_id, window=window, actor=planner, now=now)
    planned = await calendar.days(db, first=today, last=date.max, now=now)
    await calendar.publish(db, day_ids=[day.id for day in planned], actor=planner, now=now)


async def _clerk(db: Database) -> Actor:
    async with db.reading(SYSTEM) as tx:
        account = await account_rows.account_by_login(tx, "clerk")
    if account is None:
        raise NotFound(thing="demo")
    return accounts.actor_of_account(account)
