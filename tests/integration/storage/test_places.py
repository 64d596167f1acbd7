"""Areas stand once, below the area above them."""

import pytest

from reception.domain.errors import BadInput
from reception.services import places
from reception.storage.database import Database
from tests.build import CITY, COUNTY


async def test_an_area_is_added_once_and_below_its_parent(db: Database) -> None:
    with pytest.raises(BadInput) as orphan:
        await places.add_area(db, code=COUNTY, name="浦江县")
    assert orphan.value.details == {
        "field": "area_code",
        "reason": "parent_missing",
        "parent": CITY,
    }
    for code, name in ((CITY, "金华市"), (COUNTY, "浦江县")):
        assert await places.add_area(db, code=code, name=name) == code
    with pytest.raises(BadInput) as twice:
        await places.add_area(db, code=COUNTY, name="另一个县")
    assert twice.value.details == {"field": "area_code", "reason": "exists"}
    assert [area.name for area in await places.areas(db)] == ["金华市", "浦江县"]
