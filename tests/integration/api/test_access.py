"""Who gets through the API's door, and what nonsense does to it."""

import json
import random
from typing import Any

from reception.domain.codes import Role
from tests.devices import Device
from tests.integration.api.conftest import COUNTY, TOWNSHIP, County, booked, draft
from tests.integration.api.contract import ContractClient
from web.api import OPERATIONS
from web.api.operation import PREFIX, Operation

ROUNDS = 6
KEYED = frozenset({Role.CLERK, Role.SYSADMIN, Role.LEADER, Role.HANDLER, Role.KIOSK})
NONSENSE: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1e308,
    "",
    " ",
    "\x00",
    "a" * 6_000,
    "2026-02-30",
    "9999-12-31",
    "2026-04-15",
    "24:61",
    "’ OR 1=1 --",
    "😀" * 50,
    "%00%ff",
    [],
    {},
    [[[[]]]],
    {"a": {"b": []}},
    "monthly_day 99",
    "weekly mon every 99 from 9999-12-31",
)


async def test_the_document_is_served_to_anybody(api: ContractClient) -> None:
    async with api.client.get(f"{PREFIX}/openapi.json") as response:
        served = json.loads(await response.text())
    assert response.status == 200
    assert set(served["paths"]) == {PREFIX + operation.path for operation in OPERATIONS}


async def test_an_unknown_or_broken_key_is_nobody(api: ContractClient) -> None:
    for key in ("Bearer wrong", "Kiosk wrong", "Basic YTpi", "Bearer", ""):
        answer = await api.ask(None, "GET", "/cases", headers={"Authorization": key})
        assert (answer.status, answer.code) == (401, "not_logged_in"), key


async def test_every_operation_that_needs_a_login_says_so_to_nobody(
    api: ContractClient, county: County
) -> None:
    for operation in OPERATIONS:
        if operation.roles:
            answer = await api.ask(None, operation.method, _path(operation, "0" * 32))
            assert answer.code == "not_logged_in", operation.name


async def test_every_operation_refuses_the_roles_it_does_not_name(
    api: ContractClient, county: County
) -> None:
    for operation in OPERATIONS:
        others = {"clerk", "sysadmin", "handler", "leader", "kiosk"} - set(operation.roles)
        for role in sorted(others if operation.roles else ()):
            answer = await api.ask(role, operation.method, _path(operation, "0" * 32))
            assert answer.code == "not_allowed", (operation.name, role)


async def test_a_browser_changes_nothing_from_another_site(api: ContractClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = await api.ask(None, "POST", "/queries", {"query_code": "AAAA"}, headers=foreign)
    assert (answer.status, answer.code) == (403, "origin_refused")


async def test_unknown_paths_and_methods_are_problem_documents(api: ContractClient) -> None:
    async with api.client.get(f"{PREFIX}/nothing") as response:
        assert (response.status, response.content_type) == (404, "application/problem+json")
    async with api.client.patch(f"{PREFIX}/cases", headers=api.key("clerk")) as response:
        assert response.status == 405
        assert json.loads(await response.text())["code"] == "method_not_allowed"


async def test_query_parameters_are_checked(api: ContractClient) -> None:
    for query in ("limit=0", "limit=x", "limit=1&limit=2", "colour=red", "offset=-1", "search=%00"):
        answer = await api.ask("clerk", "GET", f"/cases?{query}")
        assert answer.code == "bad_input", query


async def test_nonsense_is_refused_and_never_breaks_the_server(
    api: ContractClient, county: County
) -> None:
    made = await booked(api, county)
    ids = [made["id"], made["case_id"], made["session_id"], made["slot"]["id"], county.site_id]
    ids += [county.leader_id, county.organ_id, county.day_id, "0" * 32]
    good = _good_bodies(made, county)
    chance = random.Random(20261122)  # noqa: S311  # the same nonsense in every run
    for operation in OPERATIONS:
        for _ in range(ROUNDS):
            who = chance.choice([*sorted(operation.roles & KEYED), "kiosk", None])
            path = _path(operation, chance.choice(ids)) + _query(operation, chance)
            body = _body(good.get(operation.name, {}), ids, chance)
            answer = await api.ask(who, operation.method, path, body)
            assert answer.status < 500, (operation.name, body, answer.body)


async def test_bodies_that_are_no_objects_are_refused(api: ContractClient) -> None:
    for data in (b"", b"\xff\xfe", b"nul", b"[]", b'"x"', b"1e999", b'{"a":1,"a":2}', b"{}{}"):
        for operation in OPERATIONS:
            if operation.method in ("POST", "PUT") and not operation.roles:
                headers = {"Content-Type": "application/json"}
                path = _path(operation, "0" * 32)
                answer = await api.ask(None, operation.method, path, data=data, headers=headers)
                assert answer.code == "bad_input", (operation.name, data)


def _path(operation: Operation, some_id: str) -> str:
    parts = operation.path.split("/")
    return "/".join(some_id if part.startswith("{") else part for part in parts)


def _query(operation: Operation, chance: random.Random) -> str:
    names = [*operation.query.model_fields, "other"]
    words = ("1", "x", "2026-04-15", TOWNSHIP, "-1", "%00", "%F0%9F%98%80", "")
    some = chance.sample(names, chance.randint(0, len(names)))
    pairs = [f"{name}={chance.choice(words)}" for name in some]
    return "?" + "&".join(pairs) if pairs else ""


def _good_bodies(made: dict[str, Any], county: County) -> dict[str, dict[str, Any]]:
    """For each operation that takes one, a body it would do."""
    windows = [{"starts": "09:00", "ends": "10:00"}]
    policies = {"on_weekend": "hold", "on_holiday": "roll_forward"}
    span = {"first": "2026-05-01", "last": "2026-06-30"}
    leader = {"leader_id": county.leader_id}
    slot = {"slot_id": made["slot"]["id"]}
    place = {"area_code": COUNTY, "name": "某处"}
    return {
        "add_area": {"code": f"{COUNTY}109", "name": "某镇"},
        "add_site": place | {"address": "某街", "phone": "0579-84100009"},
        "add_organ": place,
        "add_leader": place | {"title": "副县长", "portfolio": "农业", "body": "政府"},
        "add_kiosk": {"site_id": county.site_id, "name": "二号机"},
        "add_day": leader | {"date": "2026-04-20", "windows": windows, "topic": "专题"},
        "publish_days": {"day_ids": [county.day_id]},
        "add_rule": leader
        | policies
        | {"text": "weekly mon,thu", "windows": windows, "valid_from": "2026-01-01"},
        "preview_rule": policies | span | {"area_code": TOWNSHIP, "text": "nth_weekday 2 tue"},
        "plan_rule": span,
        "create_booking": slot | {"site_id": county.site_id, "draft": draft(), "needs": ["sign"]},
        "cancel_booking": {"by": "government", "reason": "停电"},
        "move_booking": slot,
        "check_in": {"code": made["code"]},
        "register_case": draft(),
        "move_case": {"move": "assign", "organ_id": county.organ_id, "note": "请办理"},
        "query_case": {"query_code": "AAAA AAAA AA"},
        "save_preparation": {"note": "已走访"},
        "preview_deadline": {"rule": "D4x", "start": "2026-04-15", "area_code": COUNTY}
        | {"extension_days": 10, "hearing_days": 0},
        "create_rehearsal": {"rooms": 1, "public_key": Device().public_key.hex()},
        "approve_kiosk": {"words": ["苹果"] * 6},
        "limit_kiosk": {"hours": windows, "network": ["10.20.0.0/16"]},
    }


def _body(good: dict[str, Any], ids: list[str], chance: random.Random) -> object:
    """A good body with one or two fields dropped, or turned to nonsense or another thing's id."""
    if not good or chance.random() < 0.1:
        return chance.choice(NONSENSE)
    body = dict(good)
    for name in chance.sample(sorted(body), min(len(body), chance.randint(0, 2))):
        luck = chance.random()
        if luck < 0.2:
            del body[name]
        else:
            body[name] = chance.choice(ids) if luck < 0.4 else chance.choice(NONSENSE)
    return body
