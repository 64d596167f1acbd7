"""What an operator's tools are told."""

from pathlib import Path

from reception.domain.access import SYSTEM
from reception.domain.codes import Role
from tests.integration.web.site import Site, open_site


async def test_health_and_readiness(site: Site) -> None:
    browser = await site.browser()
    assert (await browser.get("/healthz")).status == 200
    ready = await browser.raw("GET", "/readyz")
    assert (ready.status, await ready.json()) == (
        200,
        {"ready": True, "database": True, "hub": True},
    )


async def test_a_hub_that_is_down_is_not_ready(site: Site) -> None:
    browser = await site.browser()
    site.rooms.hub_is_up = False
    answer = await browser.raw("GET", "/readyz")
    assert (answer.status, (await answer.json())["hub"]) == (503, False)
    assert (await browser.get("/healthz")).status == 200


async def test_a_database_that_does_not_answer_is_not_ready(site: Site) -> None:
    from sqlalchemy import text

    async with site.db.transaction(SYSTEM) as tx:
        await tx.execute(text("DELETE FROM alembic_version"))
    browser = await site.browser()
    answer = await browser.raw("GET", "/readyz")
    assert (answer.status, (await answer.json())["database"]) == (503, False)


async def test_figures_count_by_route_and_code_and_name_nobody(site: Site) -> None:
    site.rooms.connected = 3
    browser = await site.staff(Role.CLERK)
    await browser.get(f"/cases/{'0' * 32}")
    await browser.get("/nothing-here")
    figures = (await browser.get("/metrics")).html
    assert 'reception_refusals_total{code="not_found"} 2.0' in figures
    assert 'route="/cases/{case_id}",status="404"' in figures
    assert "reception_sockets 3.0" in figures
    assert "reception_hub_up" in figures
    assert "0" * 32 not in figures
    assert "nothing-here" not in figures


async def test_figures_are_for_this_machine_only(sqlite_database_url: str, tmp_path: Path) -> None:
    outside = {"X-Forwarded-For": "203.0.113.9"}
    async with open_site(sqlite_database_url, tmp_path, trusted_proxies=["127.0.0.1/32"]) as site:
        browser = await site.browser()
        assert (await browser.get("/metrics")).status == 200
        assert (await browser.get("/metrics", **outside)).status == 404
        assert (await browser.get("/healthz", **outside)).status == 200


async def test_a_proxy_nobody_named_does_not_open_the_figures_to_all_behind_it(
    site: Site,
) -> None:
    browser = await site.browser()
    assert (await browser.get("/metrics", **{"X-Forwarded-For": "127.0.0.1"})).status == 404


async def test_naming_one_proxy_opens_the_figures_to_nobody_behind_another(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    named = ["10.20.0.7/32"]
    async with open_site(sqlite_database_url, tmp_path, trusted_proxies=named) as site:
        browser = await site.browser()
        assert (await browser.get("/metrics")).status == 200
        assert (await browser.get("/metrics", **{"X-Forwarded-For": "203.0.113.9"})).status == 404
