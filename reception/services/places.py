"""Areas, sites, kiosks, organs and leaders: where things happen and who answers for them."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from reception.domain.access import SYSTEM
from reception.domain.areas import level_of, parent_of, path_of
from reception.domain.codes import Level
from reception.domain.errors import BadInput, NotFound
from reception.storage import places as rows
from reception.storage.database import Database, Transaction
from reception.storage.errors import Contended, NotUnique
from reception.storage.ids import new_id
from reception.storage.tables import Area, Leader, Organ, Site

BARE_AREA: Final = "899900"
"""GB/T 2260 has no province 89; the real tree replaces this area when it is loaded."""


@dataclass(frozen=True)
class AreaView:
    """An administrative area by its GB/T 2260 code."""

    code: str
    name: str
    level: Level
    parent_code: str | None


@dataclass(frozen=True)
class SiteView:
    """A place where petitioners sit down; `phone` is the number to call when video fails."""

    id: str
    area_code: str
    area_name: str
    name: str
    address: str
    phone: str


@dataclass(frozen=True)
class KioskView:
    """A kiosk and the site it stands at."""

    id: str
    site_id: str
    site_name: str
    name: str


@dataclass(frozen=True)
class OrganView:
    """An organ that may own a case."""

    id: str
    area_code: str
    name: str


@dataclass(frozen=True)
class LeaderView:
    """A leader who receives; `portfolio` says which matters, `body` which of the four bodies."""

    id: str
    name: str
    title: str
    portfolio: str
    body: str
    area_code: str
    area_name: str


@dataclass(frozen=True)
class AreaFault:
    """A row that was not taken, and why."""

    line: int
    code: str
    fault: BadInput


@dataclass(frozen=True)
class AreaImport:
    """How many areas an import added, renamed and found as they were; `faults` by line."""

    added: int
    renamed: int
    kept: int
    faults: tuple[AreaFault, ...]


async def add_area(db: Database, *, code: str, name: str) -> str:
    """Add an area under its parent (which must be there, unless it is a city); return the code.

    Raises:
        BadInput: not an area code, without a name, there already, or the area above is missing.

    """
    parent = parent_of(code)
    try:
        async with db.transaction(SYSTEM) as tx:
            above = () if parent is None else await rows.area_names(tx, {parent})
            tx.add(_area(code, name, above))
    except NotUnique:
        raise BadInput(field="area_code", reason="exists") from None
    return code


async def import_areas(db: Database, *, listed: Iterable[tuple[int, str, str]]) -> AreaImport:
    """Bring the area tree in line with `(line, code, name)` rows, whatever order they come in.

    What is right is taken, whatever is wrong beside it; importing the same again changes nothing.

    Raises:
        Contended: somebody added the same areas just now; trying again is safe.

    """
    added, renamed, kept = 0, 0, 0
    faults = []
    try:
        async with db.transaction(SYSTEM) as tx:
            known = {area.code: area for area in await rows.areas(tx, None)}
            # A shorter path is higher up: parents come before what lies in them.
            for line, code, name in sorted(listed, key=lambda row: (_depth(row[1]), row[0])):
                try:
                    area = _area(code, name, known)
                except BadInput as fault:
                    faults.append(AreaFault(line=line, code=code, fault=fault))
                    continue
                before = known.get(code)
                if before is None:
                    known[code] = area
                    tx.add(area)
                    added += 1
                elif before.name == area.name:
                    kept += 1
                else:
                    before.name = area.name
                    renamed += 1
    except NotUnique:
        raise Contended(reason="busy") from None
    return AreaImport(
        added=added,
        renamed=renamed,
        kept=kept,
        faults=tuple(sorted(faults, key=lambda fault: fault.line)),
    )


def _depth(code: str) -> int:
    try:
        return len(path_of(code))
    except BadInput:
        return 0


def _area(code: str, name: str, known: Container[str]) -> Area:
    level, parent = level_of(code), parent_of(code)
    if not name.strip():
        raise BadInput(field="name", reason="missing")
    if parent is not None and parent not in known:
        raise BadInput(field="area_code", reason="parent_missing", parent=parent)
    path = "/".join(path_of(code))
    return Area(code=code, name=name.strip(), level=level, parent_code=parent, path=path)


async def add_site(
    db: Database, *, area_code: str, name: str, address: str, phone: str, rooms: int = 1
) -> str:
    """Add a site where `rooms` receptions can run at once; return its id."""
    if rooms < 1:
        raise BadInput(field="rooms", reason="too_few")
    async with db.transaction(SYSTEM) as tx:
        await _require_area(tx, area_code)
        site = Site(
            id=new_id(),
            area_code=area_code,
            name=name,
            address=address,
            phone=phone,
            rooms=rooms,
            rehearsal=False,
        )
        tx.add(site)
    return site.id


async def add_organ(db: Database, *, area_code: str, name: str) -> str:
    """Add an organ; return its id."""
    async with db.transaction(SYSTEM) as tx:
        await _require_area(tx, area_code)
        organ = Organ(id=new_id(), area_code=area_code, name=name)
        tx.add(organ)
    return organ.id


async def add_leader(
    db: Database, *, area_code: str, name: str, title: str, portfolio: str, body: str = "政府"
) -> str:
    """Add a leader; return the id."""
    async with db.transaction(SYSTEM) as tx:
        await _require_area(tx, area_code)
        leader = Leader(
            id=new_id(),
            area_code=area_code,
            name=name,
            title=title,
            portfolio=portfolio,
            body=body,
            rehearsal=False,
        )
        tx.add(leader)
    return leader.id


async def areas(db: Database, *, within: str | None = None) -> tuple[AreaView, ...]:
    """Return the areas of a subtree, or all, from the top down."""
    async with db.reading(SYSTEM) as tx:
        found = await rows.areas(tx, within)
    views = tuple(
        AreaView(code=area.code, name=area.name, level=area.level, parent_code=area.parent_code)
        for area in found
    )
    real = tuple(area for area in views if area.code != BARE_AREA)
    return real or views


async def whole_tree(db: Database) -> str:
    """Return the code of the area everything lies in: the first city of the tree.

    Where no tree is loaded yet it is `BARE_AREA`, added now, so that a line can be rehearsed on a
    bare installation.
    """
    found = await areas(db)
    if found:
        return found[0].code
    return await add_area(db, code=BARE_AREA, name="未设行政区划")


async def sites(db: Database, *, within: str | None = None) -> tuple[SiteView, ...]:
    """Return the sites of a subtree, or all."""
    async with db.reading(SYSTEM) as tx:
        return tuple(site_view(site, area) for site, area in await rows.sites(tx, within))


async def kiosk(db: Database, *, kiosk_id: str) -> KioskView:
    """Return a kiosk.

    Raises:
        NotFound: there is none with this id.

    """
    async with db.reading(SYSTEM) as tx:
        found = await rows.kiosk(tx, kiosk_id)
    if found is None:
        raise NotFound(thing="kiosk")
    device, site = found
    return KioskView(id=device.id, site_id=site.id, site_name=site.name, name=device.name)


async def organs(db: Database, *, within: str) -> tuple[OrganView, ...]:
    """Return the organs of a subtree."""
    async with db.reading(SYSTEM) as tx:
        return tuple(organ_view(organ) for organ in await rows.organs(tx, within))


async def leaders(db: Database, *, within: str | None = None) -> tuple[LeaderView, ...]:
    """Return the leaders of a subtree, or all, from the top down."""
    async with db.reading(SYSTEM) as tx:
        return tuple(leader_view(leader, area) for leader, area in await rows.leaders(tx, within))


def site_view(site: Site, area: Area) -> SiteView:
    """Return a site as others see it."""
    return SiteView(
        id=site.id,
        area_code=site.area_code,
        area_name=area.name,
        name=site.name,
        address=site.address,
        phone=site.phone,
    )


def organ_view(organ: Organ) -> OrganView:
    """Return an organ as others see it."""
    return OrganView(id=organ.id, area_code=organ.area_code, name=organ.name)


def leader_view(leader: Leader, area: Area) -> LeaderView:
    """Return a leader as others see them."""
    return LeaderView(
        id=leader.id,
        name=leader.name,
        title=leader.title,
        portfolio=leader.portfolio,
        body=leader.body,
        area_code=leader.area_code,
        area_name=area.name,
    )


async def _require_area(tx: Transaction, code: str) -> None:
    if await rows.area(tx, code) is None:
        raise BadInput(field="area_code", reason="unknown", value=code)
