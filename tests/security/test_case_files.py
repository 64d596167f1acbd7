"""A case taken out: with whose mark, with how much in it, how often, and that it is written down."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pikepdf
import pytest

from reception.domain.access import SYSTEM, Actor
from reception.domain.case_files import FilePurpose
from reception.domain.codes import Role
from reception.domain.errors import NotAllowed, NotFound
from reception.services import audit_views, case_files, cases
from reception.services.errors import VolumeExceeded
from reception.services.subjects import Subject, SubjectReason, add
from reception.storage import audit as audit_rows
from reception.storage.contents import destroy
from reception.storage.database import Database
from reception.storage.tables import PetitionCase
from tests.build import NOW, draft, later, prefecture
from tests.pdf_text import pdf_pages
from tests.security.test_petitioners import ID_NUMBER, PHONE, told
from web.case_pdf import case_pdf

STAFF_ONLY = ("已走访金丝雀家", "备注金丝雀来过")
TOLD = (
    "金丝雀",
    "水渠断流三个月",
    "二十余户无水可灌",
    "笔录金丝雀原话",
    "一个月内修好金丝雀家水渠",
)
FOR_WORK = [one for one in FilePurpose if one is not FilePurpose.PETITIONER_COPY]


@pytest.mark.parametrize("purpose", FOR_WORK)
async def test_a_file_for_the_work_has_everything_but_the_numbers(
    db: Database, purpose: FilePurpose
) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    file = await case_files.make(db, case_id=case_id, purpose=purpose, actor=made.clerk, now=NOW)
    assert (file.phone, file.id_number, file.looks) == (None, None, ())
    for text in (repr(file), "\n".join(pdf_pages(case_pdf(file)))):
        assert [word for word in (*TOLD, *STAFF_ONLY) if word not in text] == []
        assert PHONE not in text
        assert ID_NUMBER not in text


async def test_the_petitioners_copy_has_their_numbers_and_who_looked_and_no_staff_notes(
    db: Database,
) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    await cases.case_page(db, case_id=case_id, actor=made.clerk, now=NOW)
    file = await case_files.make(
        db, case_id=case_id, purpose=FilePurpose.PETITIONER_COPY, actor=made.clerk, now=later(5)
    )
    text = "\n".join(pdf_pages(case_pdf(file)))
    wanted = (*TOLD, PHONE, ID_NUMBER, file.page.case.query_code, "登记员打开了信访件")
    assert [word for word in wanted if word not in text] == []
    for shown in (text, repr(file)):
        assert [word for word in STAFF_ONLY if word in shown] == []
    assert {event.actor_name for event in file.page.timeline} == {""}

    looks = await audit_views.looks(db, query_code=file.page.case.query_code)
    assert (looks[0].what_zh, looks[0].purpose_zh) == ("打印或导出了信访件", "信访人索取副本")
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=later(5))
    assert page.timeline[-1].text_zh == "信访人取得了本件的副本。"


async def test_every_page_says_who_had_it_made_when_what_for_and_its_number_in_the_log(
    db: Database,
) -> None:
    made = await prefecture(db)
    case = await cases.register(
        db, draft=draft(facts="一行很长的话。" * 400), actor=made.clerk, now=NOW
    )
    file = await case_files.make(
        db, case_id=case.id, purpose=FilePurpose.MEETING, actor=made.clerk, now=NOW
    )
    content = case_pdf(file)
    pages = pdf_pages(content)
    assert len(pages) >= 3
    for number, text in enumerate(pages, start=1):
        for words in (made.clerk.name, "2026年3月10日 星期二 09:00", case.case_no, "会商准备"):
            assert words in text
        assert file.id in text
        assert f"第 {number} 页 / 共 {len(pages)} 页" in text
    async with db.reading(SYSTEM) as tx:
        event = (await audit_rows.of_objects(tx, [case.id], limit=1))[0]
    assert (event.object_id, event.purpose) == (case.id, "meeting")
    assert file.id.encode() in event.canon
    with pikepdf.open(BytesIO(content)) as document:
        fonts = document.pages[0].Resources.Font.values()
        drawn = [font for font in fonts if font.get("/FontDescriptor") is not None]
        assert drawn
        assert all("/FontFile2" in font.FontDescriptor for font in drawn)


async def test_a_character_the_font_has_not_is_named_and_markup_is_only_text(
    db: Database,
) -> None:
    made = await prefecture(db)
    wish = draft(petitioner_name="王\U000312ab", summary="<b>水</b> & <img onerror=1>")
    case = await cases.register(db, draft=wish, actor=made.clerk, now=NOW)
    file = await case_files.make(
        db, case_id=case.id, purpose=FilePurpose.ARCHIVE, actor=made.clerk, now=NOW
    )
    text = pdf_pages(case_pdf(file))[0]
    assert "王〔U+312AB〕" in text
    assert "<b>水</b> & <img onerror=1>" in text


def readers(clerk: Actor, organ_id: str) -> dict[Role, Actor]:
    return {
        Role.CLERK: clerk,
        Role.SUPERVISOR: replace(clerk, role=Role.SUPERVISOR),
        Role.HANDLER: replace(clerk, role=Role.HANDLER, organ_id=organ_id),
        Role.ORG_HEAD: replace(clerk, role=Role.ORG_HEAD, organ_id=organ_id),
    }


async def test_only_a_clerk_makes_the_petitioners_copy_and_nobody_takes_what_is_not_theirs(
    db: Database,
) -> None:
    made = await prefecture(db)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(PetitionCase, case.id)).owner_organ_id = made.organ_id

    async def take(actor: Actor, purpose: FilePurpose) -> None:
        await case_files.make(db, case_id=case.id, purpose=purpose, actor=actor, now=NOW)

    for role, actor in readers(made.clerk, made.organ_id).items():
        await take(actor, FilePurpose.HANDLING)
        if role is not Role.CLERK:
            with pytest.raises(NotAllowed):
                await take(actor, FilePurpose.PETITIONER_COPY)
    outsiders = (
        replace(made.clerk, area_code="330799"),
        replace(made.clerk, role=Role.SECRETARY, leader_id=made.leader_id),
        replace(made.clerk, role=Role.SYSADMIN),
        replace(made.clerk, role=Role.HANDLER, organ_id="other"),
        replace(made.leader, leader_id=made.other_leader_id),
        made.kiosk,
    )
    for outsider in outsiders:
        for purpose in FilePurpose:
            with pytest.raises(NotAllowed):
                await take(outsider, purpose)
    await add(
        db,
        case_id=case.id,
        subject=Subject("organ", made.organ_id),
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    with pytest.raises(NotFound):
        await take(readers(made.clerk, made.organ_id)[Role.HANDLER], FilePurpose.HANDLING)


async def test_nobody_takes_out_more_than_twenty_a_day_or_what_is_destroyed(db: Database) -> None:
    made = await prefecture(db)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)

    async def take(minutes: int) -> None:
        await case_files.make(
            db,
            case_id=case.id,
            purpose=FilePurpose.HANDLING,
            actor=made.clerk,
            now=NOW + timedelta(minutes=minutes),
        )

    for minutes in range(case_files.EXPORTS_A_DAY):
        await take(minutes)
    with pytest.raises(VolumeExceeded) as refused:
        await take(30)
    assert refused.value.details == {"most": 20, "hours": 24}
    await take(24 * 60 + 1)
    async with db.transaction(SYSTEM) as tx:
        await destroy(tx, case.id)
    with pytest.raises(NotFound):
        await take(48 * 60)
