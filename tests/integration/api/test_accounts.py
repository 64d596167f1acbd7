"""Accounts over the API: made, looked at, changed and locked by the security administrator alone."""

from reception.services import accounts, places
from reception.services.accounts import LoggedIn, Pending
from tests.integration.api.conftest import CITY, COUNTY, ELSEWHERE, TOWNSHIP, County
from tests.integration.api.contract import ContractClient

DRAFT = {"login": "zhang", "name": "张三", "role": "clerk", "area_code": COUNTY}


async def log_in(county: County, password: str) -> LoggedIn | Pending:
    return await accounts.log_in(
        county.db,
        login="zhang",
        password=password,
        address="192.0.2.1",
        now=county.clock.now(),
    )


async def test_an_account_is_made_changed_locked_and_let_back(
    api: ContractClient, county: County
) -> None:
    made = await api.send("secadmin", "POST", "/accounts", DRAFT)
    path = f"/accounts/{made['id']}"
    inside = await log_in(county, made["password"])
    assert isinstance(inside, LoggedIn)
    assert inside.must_change
    (held,) = (await api.get("secadmin", f"{path}/sessions"))["items"]
    assert held["address"] == "192.0.2.1"
    await api.send("secadmin", "DELETE", f"{path}/sessions/{held['id']}")
    assert (await api.get("secadmin", f"{path}/sessions"))["items"] == []

    await api.send(
        "secadmin", "PUT", f"{path}/role", {"role": "leader", "leader_id": county.leader_id}
    )
    shown = await api.get("secadmin", path)
    assert (shown["role"], shown["disabled_at"]) == ("leader", None)
    inside = await log_in(county, made["password"])
    assert isinstance(inside, LoggedIn)
    assert inside.actor.leader_id == county.leader_id
    await api.send("secadmin", "PUT", f"{path}/role", {"role": "clerk"})
    assert (await api.get("secadmin", f"{path}/sessions"))["items"] == []
    inside = await log_in(county, made["password"])
    assert isinstance(inside, LoggedIn)
    assert inside.actor.leader_id is None

    await api.send("secadmin", "POST", f"{path}/disable")
    (listed,) = (await api.get("secadmin", "/accounts"))["items"]
    assert listed["disabled_at"]
    await api.send("secadmin", "POST", f"{path}/enable")
    given = await api.send("secadmin", "POST", f"{path}/password")
    await api.send("secadmin", "DELETE", f"{path}/factor")
    assert isinstance(await log_in(county, given["password"]), LoggedIn)


async def test_nobody_else_administers_accounts(api: ContractClient) -> None:
    made = await api.send("secadmin", "POST", "/accounts", DRAFT)
    for who, code in (
        ("clerk", "not_allowed"),
        ("sysadmin", "not_allowed"),
        (None, "not_logged_in"),
    ):
        for method, path, body in (
            ("GET", "/accounts", None),
            ("POST", "/accounts", DRAFT),
            ("GET", f"/accounts/{made['id']}", None),
            ("PUT", f"/accounts/{made['id']}/role", {"role": "secadmin"}),
            ("POST", f"/accounts/{made['id']}/password", None),
        ):
            assert (await api.ask(who, method, path, body)).code == code


async def test_an_account_outside_the_area_is_neither_made_nor_reached_through_leader_or_organ(
    api: ContractClient, county: County
) -> None:
    for area in (CITY, ELSEWHERE):
        answer = await api.ask("secadmin", "POST", "/accounts", DRAFT | {"area_code": area})
        assert answer.code == "not_allowed"
    far = await _leader_elsewhere(county)
    draft = DRAFT | {"role": "leader", "leader_id": far}
    assert (await api.ask("secadmin", "POST", "/accounts", draft)).code == "not_allowed"
    made = await api.send("secadmin", "POST", "/accounts", DRAFT | {"area_code": TOWNSHIP})
    change = {"role": "leader", "leader_id": far}
    answer = await api.ask("secadmin", "PUT", f"/accounts/{made['id']}/role", change)
    assert answer.code == "not_allowed"


async def _leader_elsewhere(county: County) -> str:
    return await places.add_leader(
        county.db, area_code=ELSEWHERE, name="远处", title="县长", portfolio="全面"
    )


async def test_a_role_without_what_it_is_about_and_a_machines_role_are_refused(
    api: ContractClient,
) -> None:
    for change in (
        {"role": "leader"},
        {"role": "handler"},
        {"role": "kiosk"},
        {"role": "leader", "leader_id": "0" * 32},
    ):
        answer = await api.ask("secadmin", "POST", "/accounts", DRAFT | change)
        assert answer.code == "bad_input", change
