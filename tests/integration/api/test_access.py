"""Who gets through the API's door, and what nonsense does to it."""

import json
import random
from typing import Any

from pydantic import BaseModel

from tests.integration.api.conftest import COUNTY, TOWNSHIP, County, booked, draft
from tests.integration.api.contract import ContractClient
from web.api import OPERATIONS
from web.api.operation import PREFIX, Operation

ROUNDS = 6
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
        others = {"clerk", "admin", "handler", "leader", "kiosk"} - set(operation.roles)
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
    known = {"area_code": TOWNSHIP, "problem_area_code": COUNTY, "draft": draft(), "rooms": 1}
    chance = random.Random(20261122)  # noqa: S311  # the same nonsense in every run
    for operation in OPERATIONS:
        for _ in range(ROUNDS):
            who = chance.choice(["clerk", "admin", "leader", "kiosk", "handler", None])
            path = _path(operation, chance.choice(ids)) + _query(operation, chance)
            body = _body(operation.body, ids, known, chance)
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


def _body(
    model: type[BaseModel], ids: list[str], known: dict[str, Any], chance: random.Random
) -> object:
    """A body of the right fields, each sometimes right, sometimes missing, mostly nonsense."""
    if not model.model_fields or chance.random() < 0.1:
        return chance.choice(NONSENSE)
    body: dict[str, object] = {}
    for name in model.model_fields:
        luck = chance.random()
        if luck < 0.4 and (name in known or name.endswith("_id")):
            body[name] = known.get(name, chance.choice(ids))
        elif luck < 0.9:
            body[name] = chance.choice(NONSENSE)
    return body
