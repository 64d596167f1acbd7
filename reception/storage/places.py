"""Rows of areas, sites, kiosks, organs and leaders."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from reception.storage.database import Transaction
from reception.storage.tables import Area, Kiosk, Leader, Organ, Site


def inside(column: InstrumentedAttribute[str], within: str) -> ColumnElement[bool]:
    """Return the condition that `column` is the area `within` or one below it."""
    return column.in_(_codes_below(within))


def _codes_below(within: str) -> Select[str]:
    top = aliased(Area)
    below = aliased(Area)
    return (
        select(below.code)
        .join(top, (below.path == top.path) | below.path.like(top.path + "/%"))
        .where(top.code == within)
    )


async def area(tx: Transaction, code: str) -> Area | None:
    """Return the area with this code."""
    return await tx.get(Area, code)


async def areas(tx: Transaction, within: str | None) -> Sequence[Area]:
    """Return the areas of a subtree from the top down, or all."""
    query = select(Area).order_by(Area.path)
    if within is not None:
        query = query.where(inside(Area.code, within))
    return (await tx.scalars(query)).all()


async def area_names(tx: Transaction, codes: set[str]) -> dict[str, str]:
    """Return the names of these areas by code."""
    found = await tx.execute(select(Area.code, Area.name).where(Area.code.in_(codes)))
    return {row[0]: row[1] for row in found}


async def site(tx: Transaction, site_id: str) -> tuple[Site, Area] | None:
    """Return a site and its area."""
    found = await tx.execute(
        select(Site, Area).join(Area, Site.area_code == Area.code).where(Site.id == site_id)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def sites(tx: Transaction, within: str | None) -> Sequence[tuple[Site, Area]]:
    """Return the sites of a subtree, or all, by area and name; rehearsal sites are left out."""
    query = (
        select(Site, Area)
        .join(Area, Site.area_code == Area.code)
        .where(~Site.rehearsal)
        .order_by(Area.path, Site.name)
    )
    if within is not None:
        query = query.where(inside(Site.area_code, within))
    return [(row[0], row[1]) for row in await tx.execute(query)]


async def kiosk(tx: Transaction, kiosk_id: str) -> tuple[Kiosk, Site] | None:
    """Return a kiosk and its site."""
    found = await tx.execute(
        select(Kiosk, Site).join(Site, Kiosk.site_id == Site.id).where(Kiosk.id == kiosk_id)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def organ(tx: Transaction, organ_id: str) -> Organ | None:
    """Return the organ with this id."""
    return await tx.get(Organ, organ_id)


async def organs(tx: Transaction, within: str) -> Sequence[Organ]:
    """Return the organs of a subtree by area and name."""
    query = (
        select(Organ)
        .join(Area, Organ.area_code == Area.code)
        .where(inside(Organ.area_code, within))
        .order_by(Area.path, Organ.name)
    )
    return (await tx.scalars(query)).all()


async def organ_names(tx: Transaction, ids: set[str]) -> dict[str, Organ]:
    """Return these organs by id."""
    found = await tx.scalars(select(Organ).where(Organ.id.in_(ids)))
    return {organ.id: organ for organ in found}


async def leader(tx: Transaction, leader_id: str) -> tuple[Leader, Area] | None:
    """Return a leader and the leader's area."""
    found = await tx.execute(
        select(Leader, Area).join(Area, Leader.area_code == Area.code).where(Leader.id == leader_id)
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def lock_leader(tx: Transaction, leader_id: str) -> None:
    """Let nobody else plan this leader's days until the transaction ends; bookings go on.

    SQLite has one writer at a time anyway.
    """
    await tx.execute(
        select(Leader.id).where(Leader.id == leader_id).with_for_update(key_share=True)
    )


async def leaders(tx: Transaction, within: str | None) -> Sequence[tuple[Leader, Area]]:
    """Return the leaders of a subtree, or all, from the top down; rehearsal ones are left out."""
    query = (
        select(Leader, Area)
        .join(Area, Leader.area_code == Area.code)
        .where(~Leader.rehearsal)
        .order_by(Area.path, Leader.name)
    )
    if within is not None:
        query = query.where(inside(Leader.area_code, within))
    return [(row[0], row[1]) for row in await tx.execute(query)]
