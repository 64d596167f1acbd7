"""Areas, sites, kiosks, organs, leaders, rules and days over the API."""

from datetime import date, timedelta

from reception.domain.kiosks import fingerprint, read_code
from tests.devices import Device
from tests.integration.api.conftest import CITY, COUNTY, ELSEWHERE, TOWNSHIP, County
from tests.integration.api.contract import ContractClient

WINDOWS = [{"starts": "09:00", "ends": "11:30"}]
RULE = {
    "text": "monthly_day 15",
    "on_weekend": "hold",
    "on_holiday": "roll_forward",
    "windows": WINDOWS,
    "valid_from": "2026-01-01",
}


async def test_anybody_reads_areas_sites_and_leaders(api: ContractClient, county: County) -> None:
    areas = await api.get(None, f"/areas?within={COUNTY}")
    assert [(area["code"], area["level"]) for area in areas["items"]] == [
        (COUNTY, "county"),
        (TOWNSHIP, "township"),
    ]
    sites = await api.get(None, f"/sites?within={CITY}")
    assert [site["id"] for site in sites["items"]] == [county.site_id]
    assert (await api.get(None, f"/sites?within={ELSEWHERE}"))["items"] == []
    leaders = await api.get(None, "/leaders")
    assert [leader["title"] for leader in leaders["items"]] == ["副县长"]
    organs = await api.get(None, f"/organs?within={COUNTY}")
    assert [organ["name"] for organ in organs["items"]] == ["县住建局"]


async def test_an_administrator_sets_a_township_up(api: ContractClient) -> None:
    code = f"{COUNTY}102"
    made = await api.send("sysadmin", "POST", "/areas", {"code": code, "name": "戊镇"})
    assert made == {"id": code}
    site = await api.send(
        "sysadmin",
        "POST",
        "/sites",
        {"area_code": code, "name": "戊镇接访室", "address": "戊镇", "phone": "0579-84100001"},
    )
    kiosk = await api.send("sysadmin", "POST", "/kiosks", {"site_id": site["id"], "name": "一号机"})
    shown = await api.get("sysadmin", f"/kiosks/{kiosk['kiosk_id']}")
    assert (shown["site_id"], shown["site_name"]) == (site["id"], "戊镇接访室")
    await api.send("sysadmin", "POST", "/organs", {"area_code": code, "name": "镇政府"})
    leader = {
        "area_code": code,
        "name": "王强（演示）",
        "title": "镇长",
        "portfolio": "全面工作",
        "body": "政府",
    }
    await api.send("sysadmin", "POST", "/leaders", leader)
    leaders = await api.get(None, f"/leaders?within={code}")
    assert [found["title"] for found in leaders["items"]] == ["镇长"]


async def test_an_area_that_is_there_already_is_refused(api: ContractClient) -> None:
    again = {"code": TOWNSHIP, "name": "丙镇"}
    assert await api.refused("sysadmin", "POST", "/areas", again) == (400, "bad_input")


async def test_only_an_administrator_of_the_area_sets_it_up(
    api: ContractClient, county: County
) -> None:
    organ = {"area_code": COUNTY, "name": "县信访局"}
    elsewhere = {"area_code": ELSEWHERE, "name": "市信访局"}
    assert await api.refused(None, "POST", "/organs", organ) == (401, "not_logged_in")
    assert await api.refused("clerk", "POST", "/organs", organ) == (403, "not_allowed")
    assert await api.refused("sysadmin", "POST", "/organs", elsewhere) == (403, "not_allowed")


async def test_a_kiosk_is_enrolled_approved_limited_and_revoked(
    api: ContractClient, county: County
) -> None:
    wish = {"site_id": county.site_id, "name": "二号机"}
    made = await api.send("sysadmin", "POST", "/kiosks", wish)
    assert made["url"].partition("#code=")[2] == read_code(made["code"])
    device, now = Device(), county.clock.now()
    await device.enrol(county.db, read_code(made["code"]), now=now)
    first = (await api.get("sysadmin", "/kiosks"))["items"][0]
    assert (first["id"], first["state"]) == (made["kiosk_id"], "awaiting")
    path = f"/kiosks/{made['kiosk_id']}"
    wrong = {"words": list(fingerprint(Device().public_key))}
    assert await api.refused("sysadmin", "POST", f"{path}/approval", wrong) == (
        409,
        "moved_meanwhile",
    )
    await api.send("sysadmin", "POST", f"{path}/approval", {"words": first["words"]})
    await device.open(county.db, now=now)
    limits = {"hours": [{"starts": "08:30", "ends": "17:30"}], "network": ["10.20.0.0/16"]}
    assert (await api.send("sysadmin", "PUT", f"{path}/limits", limits))["hours"] == limits["hours"]
    revoked = await api.send("sysadmin", "POST", f"{path}/revocation")
    assert revoked["state"] == "revoked"
    assert await api.refused("sysadmin", "POST", f"{path}/revocation") == (409, "move_refused")
    again = await api.send("sysadmin", "POST", f"{path}/code")
    assert again["kiosk_id"] == made["kiosk_id"]
    assert again["code"] != made["code"]


async def test_a_kiosk_that_is_stopped_is_told_why_by_the_api(
    api: ContractClient, county: County
) -> None:
    path = f"/kiosks/{county.kiosk_id}"
    await api.get("kiosk", f"/bookings?day={county.today}")
    elsewhere = {"hours": [], "network": ["192.0.2.0/24"]}
    await api.send("sysadmin", "PUT", f"{path}/limits", elsewhere)
    assert (await api.ask("kiosk", "GET", f"/bookings?day={county.today}")).code == (
        "kiosk_misplaced"
    )
    await api.send("sysadmin", "POST", f"{path}/revocation")
    assert (await api.ask("kiosk", "GET", f"/bookings?day={county.today}")).code == "kiosk_revoked"


async def test_a_kiosk_at_an_unknown_site_is_refused(api: ContractClient) -> None:
    wish = {"site_id": "0" * 32, "name": "一号机"}
    assert await api.refused("sysadmin", "POST", "/kiosks", wish) == (404, "not_found")
    assert await api.refused("sysadmin", "GET", f"/kiosks/{'0' * 32}") == (404, "not_found")


async def test_a_rule_is_tried_out_stored_planned_and_published(
    api: ContractClient, county: County
) -> None:
    preview = await api.send(
        None,
        "POST",
        "/rules/preview",
        {
            "area_code": TOWNSHIP,
            "text": "monthly_day 15",
            "on_weekend": "hold",
            "on_holiday": "roll_forward",
            "first": "2026-01-01",
            "last": "2026-03-31",
        },
    )
    # 15 February 2026 is the eve of the Spring Festival, which ends on the 23rd.
    assert [(day["nominal"], day["date"]) for day in preview["items"]] == [
        ("2026-01-15", "2026-01-15"),
        ("2026-02-15", "2026-02-24"),
        ("2026-03-15", "2026-03-15"),
    ]
    rule = await api.send("clerk", "POST", "/rules", RULE | {"leader_id": county.leader_id})
    (stored,) = (await api.get("clerk", f"/rules?leader_id={county.leader_id}"))["items"]
    assert stored["id"] == rule["id"]
    assert stored["windows"] == WINDOWS
    span = {"first": "2026-05-01", "last": "2026-07-31"}
    planned = await api.send("clerk", "POST", f"/rules/{rule['id']}/plan", span)
    assert planned["created"] == 3
    again = await api.send("clerk", "POST", f"/rules/{rule['id']}/plan", span)
    assert (again["created"], again["kept"]) == (0, 3)
    assert (await api.get(None, "/days?first=2026-05-01&last=2026-07-31"))["items"] == []


async def test_a_planned_day_is_seen_by_planners_only_until_it_is_published(
    api: ContractClient, county: County
) -> None:
    rule = await api.send("clerk", "POST", "/rules", RULE | {"leader_id": county.leader_id})
    span = {"first": "2026-05-01", "last": "2026-05-31"}
    await api.send("clerk", "POST", f"/rules/{rule['id']}/plan", span)
    (planned,) = await county.planned_days(date(2026, 5, 1), date(2026, 5, 31))
    assert await api.refused(None, "GET", f"/days/{planned}") == (404, "not_found")
    assert await api.refused(None, "GET", f"/days/{planned}/slots") == (404, "not_found")
    assert (await api.get("clerk", f"/days/{planned}"))["state"] == "planned"
    await api.send("clerk", "POST", "/days/publish", {"day_ids": [planned]})
    shown = await api.get(None, f"/days/{planned}")
    assert (shown["state"], shown["date"]) == ("booking_open", "2026-05-15")
    (listed,) = (await api.get(None, f"/days?first=2026-05-01&last=2026-05-31&within={CITY}"))[
        "items"
    ]
    assert listed == shown
    slots = await api.get(None, f"/days/{planned}/slots")
    assert {slot["state"] for slot in slots["items"]} == {"open"}
    assert await api.refused("clerk", "POST", "/days/publish", {"day_ids": [planned]}) == (
        409,
        "move_refused",
    )


async def test_a_day_is_added_on_demand_and_is_public_at_once(
    api: ContractClient, county: County
) -> None:
    wish = {"leader_id": county.leader_id, "date": "2026-04-17", "windows": WINDOWS}
    made = await api.send("clerk", "POST", "/days", wish)
    shown = await api.get(None, f"/days/{made['id']}")
    assert shown["windows"] == WINDOWS
    assert shown["leader"]["id"] == county.leader_id


async def test_a_rule_nobody_understands_is_refused_with_the_part(
    api: ContractClient, county: County
) -> None:
    wish = RULE | {"leader_id": county.leader_id, "text": "every blue moon"}
    answer = await api.ask("clerk", "POST", "/rules", wish)
    assert (answer.status, answer.code) == (422, "rule_unknown")
    assert answer.body["details"]["part"] == "every"
    assert "blue moon" in answer.body["details"]["text"]


async def test_a_span_is_bounded(api: ContractClient) -> None:
    for span in ("first=2026-02-01&last=2026-01-01", "first=2026-01-01&last=2026-05-01"):
        assert await api.refused(None, "GET", f"/days?{span}") == (400, "bad_input")


async def test_time_limits_are_counted_and_never_guessed(api: ContractClient) -> None:
    question = {"rule": "D1", "start": "2026-04-15", "area_code": TOWNSHIP}
    answer = await api.send(None, "POST", "/deadlines/preview", question)
    assert answer["strict"] == "2026-04-30"
    unknown = question | {"start": "2031-01-01"}
    assert await api.refused(None, "POST", "/deadlines/preview", unknown) == (
        422,
        "year_not_loaded",
    )
    wrong = await api.ask(None, "POST", "/deadlines/preview", question | {"rule": "D77"})
    assert wrong.code == "bad_input"
    assert "D1" in wrong.body["details"]["known"]


async def test_a_new_holiday_year_is_loaded_and_counted_with(api: ContractClient) -> None:
    question = {"rule": "D1", "start": "2030-04-15", "area_code": TOWNSHIP}
    assert (await api.ask(None, "POST", "/deadlines/preview", question)).code == "year_not_loaded"
    days = [date(2030, 1, 1) + timedelta(days=n) for n in range(365)]
    # Invented: 30 April and the two days after it are a holiday.
    holiday = {date(2030, 4, 30), date(2030, 5, 1), date(2030, 5, 2)}
    rows = [
        {"day": str(day), "kind": "rest", "holiday": "劳动节" if day in holiday else None}
        if day in holiday or day.weekday() >= 5
        else {"day": str(day), "kind": "workday"}
        for day in days
    ]
    table = {"area_code": COUNTY, "year": 2030, "source": "国办发〔2029〕1号（演示）", "rows": rows}
    assert await api.send("sysadmin", "POST", "/day-tables", table) == {"version": 1}
    assert await api.send("sysadmin", "POST", "/day-tables", table) == {"version": 2}
    answer = await api.send(None, "POST", "/deadlines/preview", question)
    assert answer == {"strict": "2030-04-30", "legal": "2030-05-03"}
    short = table | {"rows": [*rows[:-1], rows[0]]}
    assert await api.refused("sysadmin", "POST", "/day-tables", short) == (400, "bad_input")
    worked = [*rows[:-1], {"day": "2030-12-31", "kind": "workday", "holiday": "元旦"}]
    assert await api.refused("sysadmin", "POST", "/day-tables", table | {"rows": worked}) == (
        400,
        "bad_input",
    )
    elsewhere = table | {"area_code": ELSEWHERE}
    assert await api.refused("sysadmin", "POST", "/day-tables", elsewhere) == (403, "not_allowed")


async def test_the_texts_to_read_aloud_come_with_their_version(api: ContractClient) -> None:
    texts = await api.get(None, "/texts")
    for text in texts.values():
        assert text["version"].startswith(text["name"])
        assert len(text["zh"]) == len(text["en"]) > 0
