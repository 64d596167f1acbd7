"""The pages on which periods are set, holds placed, and a petitioner's wish is taken down."""

from pathlib import Path

from reception.domain.codes import Role
from tests.build import COUNTY
from tests.integration.web.site import Site
from tests.integration.web.talks import hold


async def test_the_security_administrator_sets_a_period_and_all_concerned_read_it(
    site: Site,
) -> None:
    security = await site.staff(Role.SECADMIN)
    assert "还没有设定期限" in (await security.get("/keeping")).text
    wish = {
        "kept": "recording",
        "area_code": COUNTY,
        "days": "365",
        "basis": "县局规定（演示）第三条",
    }
    page = await security.post("/keeping/periods", wish)
    assert page.status == 200
    for role in (Role.AUDITOR, Role.SUPERVISOR, Role.CLERK):
        reader = await site.staff(role)
        assert "365 天 县局规定（演示）第三条" in (await reader.get("/keeping")).text
        assert (await reader.post("/keeping/periods", wish)).status == 403
    assert (await security.post("/keeping/periods", wish | {"days": "29"})).status == 400


async def test_a_hold_stands_on_the_case_until_two_persons_lift_it(
    site: Site, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    clerk, supervisor = await site.staff(Role.CLERK), await site.staff(Role.SUPERVISOR)
    page = await clerk.get(f"/cases/{talk.case_id}")
    assert "目前没有销毁计划。" in page.text
    page = await clerk.post(f"/cases/{talk.case_id}/holds", {"reason": "litigation"})
    assert "暂停销毁 诉讼仲裁" in page.text
    lift = next(
        part
        for part in page.html.split('"')
        if part.startswith("/cases/") and part.endswith("/lift")
    )
    page = await clerk.post(lift)
    assert "还需另一人同意" in page.text
    assert (await clerk.post(lift)).status == 409
    await supervisor.get("/keeping")
    await supervisor.post(lift)
    assert "诉讼仲裁 20" not in (await clerk.get(f"/cases/{talk.case_id}")).text


async def test_a_clerk_takes_down_that_a_recording_is_to_be_deleted(
    site: Site, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    clerk = await site.staff(Role.CLERK)
    await clerk.get(f"/cases/{talk.case_id}")
    page = await clerk.post("/keeping/deletions", {"recording_id": talk.recording_id})
    assert "录音录像：将于 2026年3月17日 星期二 09:00 销毁 信访人要求删除" in page.text
    assert talk.case_id not in (await clerk.get("/keeping")).html
    assert "330726-2026-000001 录音录像 信访人要求删除 已公告" in (await clerk.get("/keeping")).text
    leader = await site.staff(Role.LEADER)
    await leader.get("/calendar")
    page = await leader.post("/keeping/deletions", {"recording_id": talk.recording_id})
    assert page.status == 403
