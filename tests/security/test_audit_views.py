"""The log as it is read: by the auditor without content, and by the petitioner without names."""

from dataclasses import replace
from pathlib import Path

import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.codes import Role
from reception.domain.errors import CodeUnknown, NotAllowed, NotFound
from reception.services import accounts, audit_views, cases, petitioners, subjects
from reception.services.petitioners import Purpose
from reception.services.subjects import Subject, SubjectReason
from reception.storage import audit as rows
from reception.storage.database import Database
from reception.storage.tables import PetitionCase
from tests.build import CITY, COUNTY, NOW, draft, later, prefecture
from tests.integration.web.site import Site, open_site
from tests.integration.web.talks import hold

AUDITOR = Actor("account", "8" * 32, Role.AUDITOR, area_code=CITY, name="审计员")


async def test_the_petitioner_sees_who_looked_by_role_and_organ_and_never_by_name(
    db: Database,
) -> None:
    made = await prefecture(db)
    handler_id = await accounts.create_account(
        db,
        login="handler",
        name="何涛",
        role=Role.HANDLER,
        area_code=COUNTY,
        password="Correct horse battery 9",
        organ_id=made.organ_id,
        now=NOW,
    )
    handler = replace(made.handler, id=handler_id)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    assert await audit_views.looks(db, query_code=case.query_code) == ()
    await cases.case_page(db, case_id=case.id, actor=made.clerk, now=later(1))
    await petitioners.reveal(
        db, case_id=case.id, what="phone", purpose=Purpose.CONTACT, actor=made.clerk, now=later(2)
    )
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(PetitionCase, case.id)).owner_organ_id = made.organ_id
    await cases.case_page(db, case_id=case.id, actor=handler, now=later(3))

    found = await audit_views.looks(db, query_code=case.query_code)
    assert [(one.at, one.organ, one.role_zh, one.what_zh, one.purpose_zh) for one in found] == [
        (later(3), "水务局", "承办人", "打开了信访件", ""),
        (later(2), "", "登记员", "查看了完整的号码", "联系信访人"),
        (later(1), "", "登记员", "打开了信访件", ""),
    ]
    assert "何涛" not in repr(found)
    for code in ("AAAAAAAAAA", "", case.query_code[:-1]):
        with pytest.raises(CodeUnknown):
            await audit_views.looks(db, query_code=code)


async def test_only_the_auditor_reads_the_log_and_that_is_in_it(db: Database) -> None:
    made = await prefecture(db)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    listed = await audit_views.events(db, actor=AUDITOR, now=NOW, object_id=case.id)
    assert [(one.action, one.actor_role) for one in listed] == [("case_registered", "clerk")]
    assert await audit_views.events(db, actor=AUDITOR, now=NOW, action="rated") == ()
    newest = await audit_views.events(db, actor=AUDITOR, now=NOW)
    assert newest[0].action == "audit_read"
    older = await audit_views.events(db, actor=AUDITOR, now=NOW, before=newest[-1].seq + 1)
    assert older == newest[-1:]
    supervisor = replace(made.clerk, role=Role.SUPERVISOR)
    sysadmin = replace(made.clerk, role=Role.SYSADMIN)
    for actor in (made.clerk, made.leader, made.handler, supervisor, sysadmin):
        with pytest.raises(NotAllowed):
            await audit_views.events(db, actor=actor, now=NOW)
    assert case.query_code not in repr(newest)


async def test_a_supervisor_reads_what_was_done_with_a_case_of_the_area(db: Database) -> None:
    made = await prefecture(db)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    supervisor = Actor("account", "6" * 32, Role.SUPERVISOR, area_code=COUNTY, name="督查员")
    found = await audit_views.of_case(db, case_id=case.id, actor=supervisor)
    assert [one.action for one in found] == ["case_registered"]
    for actor in (replace(supervisor, area_code="330800"), made.clerk, AUDITOR):
        with pytest.raises(NotAllowed):
            await audit_views.of_case(db, case_id=case.id, actor=actor)
    await subjects.add(
        db,
        case_id=case.id,
        subject=Subject("organ", made.organ_id),
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    with pytest.raises(NotFound):
        await audit_views.of_case(
            db, case_id=case.id, actor=replace(supervisor, organ_id=made.organ_id)
        )


async def test_the_query_page_tells_who_looked(sqlite_database_url: str, tmp_path: Path) -> None:
    async with open_site(sqlite_database_url, tmp_path) as site:
        await _query_page(site, tmp_path)


async def _query_page(site: Site, data: Path) -> None:
    talk = await hold(site, data)
    leader = await site.staff(Role.LEADER)
    await leader.get(f"/cases/{talk.case_id}")
    visitor = await site.browser()
    page = await visitor.post("/query", {"code": talk.query_code})
    assert "谁看过您的信息 2026年3月10日 星期二 09:00 接访领导打开了信访件。" in page.text

    auditor = await site.staff(Role.AUDITOR)
    page = await auditor.get("/audit?action=case_opened")
    assert "case_opened" in page.text
    page = await auditor.post("/audit/verify")
    assert "日志完整" in page.text
    async with site.db.reading(SYSTEM) as tx:
        assert (await rows.head(tx))[0] > 0
    for role in (Role.CLERK, Role.SYSADMIN, Role.SECADMIN, Role.SUPERVISOR):
        other = await site.staff(role)
        assert (await other.get("/audit")).status == 403
