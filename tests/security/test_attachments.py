"""Files of a case: sealed like its texts, for whom the case is for, and gone with it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from reception.crypto.errors import Unopenable
from reception.domain.access import SYSTEM, Actor
from reception.domain.attachments import (
    MEDIA_TYPES,
    MOST_BYTES,
    AttachmentKindRefused,
    AttachmentsFull,
    CaseHeld,
    Kind,
)
from reception.domain.case_files import FilePurpose
from reception.domain.codes import Role
from reception.domain.errors import NotAllowed, NotFound
from reception.domain.retention import HoldReason
from reception.services import (
    attachments,
    audit_views,
    case_files,
    cases,
    retention,
    subjects,
)
from reception.services.subjects import Subject, SubjectReason
from reception.storage import audit as audit_rows
from reception.storage.contents import destroy
from reception.storage.database import Database
from reception.storage.tables import Attachment, PetitionCase
from tests.build import COUNTY, NOW, Prefecture, draft, later, prefecture
from tests.integration.web.site import Browser, Site
from tests.security.files import docx, pdf, photograph_with_place, picture
from web.keys import CONTEXT

NAME = "水渠金丝雀.jpg"


async def registered(db: Database) -> tuple[Prefecture, str, str]:
    made = await prefecture(db)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    return made, case.id, case.query_code


async def added(db: Database, made: Prefecture, case_id: str, name: str = NAME) -> str:
    return await attachments.add(
        db,
        case_id=case_id,
        name=name,
        declared="image/jpeg",
        content=photograph_with_place(),
        actor=made.clerk,
        now=NOW,
    )


async def rows(db: Database) -> list[Mapping[str, Any]]:
    async with db.reading(SYSTEM) as tx:
        found = await tx.execute(select(Attachment.__table__))
        return [dict(row._mapping) for row in found]


async def test_what_is_kept_is_harmless_sealed_and_opens_as_it_was_kept(db: Database) -> None:
    made, case_id, _ = await registered(db)
    file_id = await added(db, made, case_id)
    (row,) = await rows(db)
    for canary in (b"CANARY", "金丝雀".encode(), b"\xff\xd8\xff", b"Exif"):
        assert canary not in row["content"]
        assert canary not in row["name"]
    opened = await attachments.open_one(
        db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=NOW
    )
    assert (opened.name, opened.kind) == (NAME, Kind.JPG)
    assert b"CANARY" not in opened.content
    assert hashlib.sha256(opened.content).hexdigest() == row["sha256"]
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=NOW)
    (shown,) = page.attachments
    assert (shown.name, shown.bytes, shown.added_by) == (NAME, len(opened.content), made.clerk.name)
    assert page.timeline[-1].text_zh == "添加了一份附件。"


async def test_a_sealed_file_moved_to_another_row_or_case_does_not_open(db: Database) -> None:
    made, case_id, _ = await registered(db)
    other = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    first, second = await added(db, made, case_id), await added(db, made, case_id)
    elsewhere = await added(db, made, other.id)
    async with db.transaction(SYSTEM) as tx:
        source = await tx.get_one(Attachment, first)
        content = await tx.scalar(select(Attachment.content).where(Attachment.id == first))
        for target in (second, elsewhere):
            row = await tx.get_one(Attachment, target)
            row.content, row.name = content, source.name
    for owner, target in ((case_id, second), (other.id, elsewhere)):
        with pytest.raises(Unopenable):
            await attachments.open_one(
                db, case_id=owner, attachment_id=target, actor=made.clerk, now=NOW
            )


async def test_with_the_key_of_the_case_its_files_are_gone(db: Database) -> None:
    made, case_id, _ = await registered(db)
    file_id = await added(db, made, case_id)
    async with db.transaction(SYSTEM) as tx:
        await destroy(tx, case_id)
    with pytest.raises(NotFound):
        await attachments.open_one(
            db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=NOW
        )
    with pytest.raises(NotFound):
        await added(db, made, case_id)
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=NOW)
    assert NAME not in repr(page.attachments)
    assert [row["content"] for row in await rows(db)] == [None]


async def test_a_removed_file_is_gone_and_that_it_was_there_stays(db: Database) -> None:
    made, case_id, _ = await registered(db)
    file_id = await added(db, made, case_id)
    await attachments.remove(
        db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=later(1)
    )
    (row,) = await rows(db)
    assert (row["content"], row["name"]) == (None, None)
    for _ in range(2):
        with pytest.raises(NotFound):
            await attachments.remove(
                db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=later(2)
            )
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=later(2))
    assert [(one.name, one.removed_at) for one in page.attachments] == [("", later(1))]


async def test_under_a_legal_hold_nothing_of_a_case_is_taken_away(db: Database) -> None:
    made, case_id, _ = await registered(db)
    file_id = await added(db, made, case_id)
    await retention.place_hold(
        db, case_id=case_id, reason=HoldReason.LITIGATION, actor=made.clerk, now=NOW
    )
    with pytest.raises(CaseHeld):
        await attachments.remove(
            db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=NOW
        )
    await attachments.open_one(
        db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=NOW
    )


async def test_only_clerks_add_and_whom_the_case_accuses_sees_nothing(db: Database) -> None:
    made, case_id, _ = await registered(db)
    file_id = await added(db, made, case_id)
    for actor in (made.leader, made.kiosk):
        with pytest.raises((NotAllowed, NotFound)):
            await attachments.require_room(db, case_id=case_id, actor=actor)
        with pytest.raises((NotAllowed, NotFound)):
            await attachments.remove(
                db, case_id=case_id, attachment_id=file_id, actor=actor, now=NOW
            )
    accused = await attachments_of_accused(db, made, case_id)
    assert accused == NotFound
    with pytest.raises(NotFound):
        await attachments.open_one(
            db, case_id=case_id, attachment_id="0" * 32, actor=made.clerk, now=NOW
        )


async def attachments_of_accused(db: Database, made: Prefecture, case_id: str) -> type[Exception]:
    """What an organ the case accuses is told of its files."""
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(PetitionCase, case_id)).owner_organ_id = made.organ_id
    handler = Actor("account", "h" * 32, Role.HANDLER, COUNTY, organ_id=made.organ_id)
    (file,) = await rows(db)
    await attachments.open_one(
        db, case_id=case_id, attachment_id=file["id"], actor=handler, now=NOW
    )
    await subjects.add(
        db,
        case_id=case_id,
        subject=Subject("organ", made.organ_id),
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    with pytest.raises(NotFound) as refused:
        await attachments.open_one(
            db, case_id=case_id, attachment_id=file["id"], actor=handler, now=NOW
        )
    return refused.type


async def test_a_case_takes_so_many_files(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_IN_CASE", 2)
    made, case_id, _ = await registered(db)
    first = await added(db, made, case_id)
    await added(db, made, case_id)
    with pytest.raises(AttachmentsFull):
        await added(db, made, case_id)
    await attachments.remove(db, case_id=case_id, attachment_id=first, actor=made.clerk, now=NOW)
    await added(db, made, case_id)


async def test_the_log_tells_of_each_step_and_names_no_file(db: Database) -> None:
    made, case_id, code = await registered(db)
    file_id = await added(db, made, case_id)
    await attachments.open_one(
        db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=NOW
    )
    await attachments.remove(db, case_id=case_id, attachment_id=file_id, actor=made.clerk, now=NOW)
    async with db.reading(SYSTEM) as tx:
        events = await audit_rows.events_after(tx, 0, 1000)
    told = [event for event in events if event.action.startswith("attachment")]
    assert [event.action for event in told] == [
        "attachment_added",
        "attachment_opened",
        "attachment_removed",
    ]
    text = "".join(event.canon[1:].decode() for event in events)
    assert "金丝雀" not in text
    assert all(file_id in event.canon.decode(errors="replace") for event in told)
    looks = await audit_views.looks(db, query_code=code)
    assert looks[0].what_zh == "打开了附件"


async def test_what_is_refused_leaves_nothing(db: Database) -> None:
    made, case_id, _ = await registered(db)
    with pytest.raises(AttachmentKindRefused):
        await added(db, made, case_id, name="a.exe")
    assert await rows(db) == []


async def test_the_petitioners_copy_lists_the_files_and_not_who_added_them(db: Database) -> None:
    made, case_id, _ = await registered(db)
    await added(db, made, case_id)
    for purpose in (FilePurpose.HANDLING, FilePurpose.PETITIONER_COPY):
        file = await case_files.make(
            db, case_id=case_id, purpose=purpose, actor=made.clerk, now=NOW
        )
        (shown,) = file.page.attachments
        named = "" if purpose is FilePurpose.PETITIONER_COPY else made.clerk.name
        assert (shown.name, shown.added_by) == (NAME, named)


async def send(
    browser: Browser,
    case_id: str,
    content: bytes,
    kind: Kind = Kind.JPG,
    name: str = "%E6%B8%A0.jpg",
    more: Mapping[str, str] | None = None,
) -> ClientResponse:
    headers = {
        "Accept": "application/json",
        "Sec-Fetch-Site": "same-origin",
        "X-CSRF": browser.csrf,
        "Content-Type": MEDIA_TYPES[kind],
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        **(more or {}),
    }
    return await browser.raw("POST", f"/cases/{case_id}/attachments", data=content, headers=headers)


async def code_of(answer: ClientResponse) -> tuple[int, str]:
    told = json.loads(await answer.text())
    assert told["zh"]
    assert told["en"]
    return answer.status, told["code"]


async def test_a_file_goes_in_and_out_over_http_and_is_never_part_of_our_pages(
    site: Site,
) -> None:
    case = await cases.register(
        site.db, draft=draft(), actor=site.place.clerk, now=site.clock.now()
    )
    clerk = await site.staff(Role.CLERK)
    for kind, content in (
        (Kind.JPG, picture()),
        (Kind.PNG, picture("PNG")),
        (Kind.PDF, pdf()),
        (Kind.DOCX, docx()),
    ):
        answer = await send(clerk, case.id, content, kind, f"%E6%B8%A0.{kind.value}")
        assert answer.status == 201, await answer.text()
        file_id = (await answer.json())["id"]
        path = f"/cases/{case.id}/attachments/{file_id}"
        got = await clerk.raw("GET", path)
        assert got.status == 200
        assert got.headers["Content-Type"] == MEDIA_TYPES[kind]
        assert got.headers["Content-Disposition"].startswith("attachment;")
        assert f"filename*=UTF-8''%E6%B8%A0.{kind.value}" in got.headers["Content-Disposition"]
        assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert got.headers["Cache-Control"] == "no-store"
    page = await clerk.get(f"/cases/{case.id}")
    assert "渠.pdf" in page.text
    gone = await clerk.post(f"/cases/{case.id}/attachments/{file_id}/remove")
    assert gone.status == 200
    assert "附件已移除" in gone.text
    assert (await clerk.raw("GET", path)).status == 404


async def test_what_is_wrong_with_a_file_is_said(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await cases.register(
        site.db, draft=draft(), actor=site.place.clerk, now=site.clock.now()
    )
    clerk = await site.staff(Role.CLERK)
    damaged = await send(clerk, case.id, picture()[:200])
    assert await code_of(damaged) == (422, "attachment_damaged")
    macros = await send(clerk, case.id, docx({"word/vbaProject.bin": b"x"}), Kind.DOCX, "a.docx")
    assert await code_of(macros) == (422, "attachment_unsafe")
    disguised = await send(clerk, case.id, b"<script>", Kind.PDF, "a.pdf")
    assert await code_of(disguised) == (415, "attachment_kind")
    nameless = await send(clerk, case.id, picture(), more={"Content-Disposition": "attachment"})
    assert await code_of(nameless) == (400, "bad_input")
    forged = await send(clerk, case.id, picture(), more={"X-CSRF": "x"})
    assert await code_of(forged) == (403, "csrf_refused")
    monkeypatch.setattr("web.pages.attachments.MOST_BYTES", 1_000)
    announced = await send(clerk, case.id, b"\xff\xd8\xff" + bytes(2_000))
    assert await code_of(announced) == (413, "attachment_too_large")

    async def pieces() -> Any:
        for _ in range(20):
            yield bytes(100)

    unannounced = await clerk.raw(
        "POST",
        f"/cases/{case.id}/attachments",
        data=pieces(),
        headers={
            "Accept": "application/json",
            "Sec-Fetch-Site": "same-origin",
            "X-CSRF": clerk.csrf,
            "Content-Type": "image/jpeg",
            "Content-Disposition": "attachment; filename*=UTF-8''a.jpg",
        },
    )
    assert await code_of(unannounced) == (413, "attachment_too_large")
    assert await rows(site.db) == []
    assert MOST_BYTES == 20 * 1024 * 1024


async def test_a_scanner_that_is_set_and_away_lets_nothing_in(site: Site, tmp_path: Path) -> None:
    case = await cases.register(
        site.db, draft=draft(), actor=site.place.clerk, now=site.clock.now()
    )
    object.__setattr__(site.app[CONTEXT], "scanner", tmp_path / "absent")
    clerk = await site.staff(Role.CLERK)
    assert await code_of(await send(clerk, case.id, picture())) == (503, "scanner_away")
    assert await rows(site.db) == []
