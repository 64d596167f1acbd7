"""Who stands in and what happens to published days, over the API."""

from reception.domain.codes import Role
from reception.services import places
from tests.integration.api.conftest import County
from tests.integration.api.contract import ContractClient

WINDOWS = [{"starts": "09:00", "ends": "11:30"}]
WHY = {"reason": "抢险", "approved_by": "县委办主任"}


async def deputy(county: County) -> str:
    """One more leader of the county."""
    return await places.add_leader(
        county.db,
        area_code=county.clerk.area_code,
        name="李副（演示）",
        title="副县长",
        portfolio="",
    )


async def day_of(api: ContractClient, county: County, date: str) -> str:
    wish = {"leader_id": county.leader_id, "date": date, "windows": WINDOWS}
    made: str = (await api.send("clerk", "POST", "/days", wish))["id"]
    return made


async def test_stand_ins_are_set_in_order_and_asked_for_a_day(
    api: ContractClient, county: County
) -> None:
    stand_in = await deputy(county)
    leader = f"/leaders/{county.leader_id}/stand-ins"
    await api.send("clerk", "PUT", leader, {"leader_ids": [stand_in]})
    assert [one["id"] for one in (await api.get("clerk", leader))["items"]] == [stand_in]

    day = await day_of(api, county, "2026-04-20")
    wish = {"stand_in_id": stand_in, **WHY}
    assert await api.send("clerk", "POST", f"/days/{day}/substitute", wish) == {
        "booking_ids": [],
        "makeup_day_id": None,
    }
    assert (await api.get(None, f"/days/{day}"))["leader"]["id"] == stand_in
    (entry,) = (await api.get(None, f"/days/{day}/changes"))["items"]
    assert (entry["kind"], entry["reason"]) == ("substituted", WHY["reason"])
    assert entry["after"].startswith("李副")


async def test_a_cancelled_day_names_its_make_up_day(api: ContractClient, county: County) -> None:
    day = await day_of(api, county, "2026-04-20")
    wish = {"makeup": "2026-04-27", **WHY}
    answer = await api.send("clerk", "POST", f"/days/{day}/cancel", wish)
    assert (await api.get(None, f"/days/{answer['makeup_day_id']}"))["date"] == "2026-04-27"
    (entry,) = (await api.get(None, f"/days/{day}/changes"))["items"]
    assert entry["makeup_on"] == "2026-04-27"
    again = await api.refused("clerk", "POST", f"/days/{day}/cancel", wish)
    assert again == (409, "move_refused")


async def test_absences_are_kept_and_taken_back(api: ContractClient, county: County) -> None:
    path = f"/leaders/{county.leader_id}/absences"
    draft = {"first_day": "2026-05-01", "last_day": "2026-05-31", "rule": "weekly mon"}
    made = await api.send("clerk", "POST", path, draft)
    (kept,) = (await api.get("clerk", path))["items"]
    assert (kept["id"], kept["rule"]) == (made["id"], "weekly mon")
    await api.send("clerk", "DELETE", f"{path}/{made['id']}")
    assert (await api.get("clerk", path))["items"] == []
    assert await api.refused("clerk", "DELETE", f"{path}/{made['id']}") == (404, "not_found")
    wrong = {**draft, "rule": "when it rains"}
    assert (await api.refused("clerk", "POST", path, wrong))[1] == "rule_unknown"


async def test_only_planners_may(api: ContractClient, county: County) -> None:
    assert county.keys[Role.HANDLER.value]
    path = f"/leaders/{county.leader_id}/absences"
    for who in ("handler", "leader", None):
        answer = await api.ask(who, "GET", path)
        assert answer.status in (401, 403), who
