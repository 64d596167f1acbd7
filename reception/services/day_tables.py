"""The working days of an area as they are loaded now."""

from collections import OrderedDict
from typing import Final

from reception.domain.areas import path_of
from reception.storage import calendar as rows
from reception.storage.database import Transaction
from scheduler.calendar import DayKind, DayRow, DayTable

_KEPT: Final = 32
# Loaded tables never change (a correction is a new version with a new id), so they may be kept.
_by_ids: OrderedDict[tuple[str, ...], DayTable] = OrderedDict()


async def table_of(tx: Transaction, area_code: str) -> DayTable:
    """Return the day table of the nearest area, upwards, that has one.

    Without any the table is empty: every question raises `YearNotLoaded`.
    """
    for code in reversed(path_of(area_code)):
        loaded = await rows.newest_tables(tx, code)
        if loaded:
            break
    ids = tuple(table.id for table in loaded)
    if ids in _by_ids:
        _by_ids.move_to_end(ids)
        return _by_ids[ids]
    version = ",".join(f"{table.year}v{table.version}" for table in loaded)
    found = await rows.rows_of_tables(tx, ids)
    table = DayTable(
        area_code if not loaded else loaded[0].area_code,
        version,
        (DayRow(row.day, DayKind(row.kind), row.holiday) for row in found),
    )
    _by_ids[ids] = table
    while len(_by_ids) > _KEPT:
        _by_ids.popitem(last=False)
    return table
