"""A petitioner's data: masked for everybody, shown in full for a purpose, put right, never in clear."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from reception.crypto.errors import Unopenable
from reception.domain.access import SYSTEM, Actor
from reception.domain.cases import CaseMove
from reception.domain.codes import Role
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionMove
from reception.services import booking, cases, petitioners, sessions
from reception.services.booking import BookRequest
from reception.services.errors import VolumeExceeded
from reception.services.petitioners import Correction, Purpose
from reception.storage import audit as audit_rows
from reception.storage.contents import DESTROYED
from reception.storage.database import Database
from reception.storage.tables import PetitionCase, Petitioner
from tests.build import NOW, VAULT, Prefecture, draft, open_day, prefecture
from tests.databases import PostgresServer

ID_NUMBER = "11010519491231002X"
PHONE = "13987654321"
CANARIES = (
    ID_NUMBER,
    PHONE,
    "金丝雀",
    "水渠断流三个月",
    "二十余户无水可灌",
    "已走访金丝雀家",
    "笔录金丝雀原话",
    "一个月内修好金丝雀家水渠",
    "M1 1L2 2",
    "备注金丝雀来过",
)


async def told(db: Database, made: Prefecture) -> str:
    """Let a petitioner tell everything there is to tell; return the case."""
    slots = await open_day(db, made.leader_id)
    wish = draft(
        petitioner_name="金丝雀",
        phone=PHONE,
        id_number=ID_NUMBER,
        summary="水渠断流三个月",
        facts="二十余户无水可灌",
    )
    request = BookRequest(slot_id=slots[0].id, site_id=made.site_id, draft=wish)
    view = await booking.book(db, request=request, actor=made.clerk, idempotency_key="k", now=NOW)
    assert view.session_id is not None
    who: dict[str, Any] = {"session_id": view.session_id, "now": NOW}
    await sessions.save_preparation(db, **who, note="已走访金丝雀家", actor=made.clerk)
    await booking.check_in(db, code=view.code, actor=made.kiosk, now=NOW)
    ticket = await sessions.issue_ticket(db, **who, actor=made.kiosk)
    await sessions.redeem_ticket(db, ticket=ticket, now=NOW)
    for move, actor in (
        (SessionMove.BEGIN_NOTICE, made.leader),
        (SessionMove.CONFIRM, made.kiosk),
    ):
        await sessions.move(db, **who, move=move, actor=actor)
    await sessions.save_record(db, **who, text="笔录金丝雀原话", actor=made.clerk)
    await sessions.move(db, **who, move=SessionMove.READ_BACK, actor=made.leader)
    await sessions.sign(db, **who, strokes="M1 1L2 2", actor=made.kiosk)
    promise = sessions.OutcomeDraft(type=OutcomeType.ANSWERED, text="一个月内修好金丝雀家水渠")
    await sessions.save_outcome(db, **who, draft=promise, actor=made.leader)
    await cases.move(
        db,
        case_id=view.case_id,
        move=CaseMove.FORWARD,
        actor=made.clerk,
        now=NOW,
        organ_id=made.organ_id,
        note="备注金丝雀来过",
    )
    return view.case_id


def found_in(content: bytes) -> list[str]:
    return [word for word in CANARIES if word.encode() in content]


async def test_nothing_of_it_is_in_clear_in_the_sqlite_files_or_a_backup(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    db = Database(sqlite_database_url, VAULT)
    await told(db, await prefecture(db))
    path = Path(make_url(sqlite_database_url).database or "")
    files = [one.read_bytes() for one in path.parent.glob(f"{path.name}*")]
    assert len(files) >= 2  # the file and its write-ahead log
    backup = tmp_path / "backup.sqlite3"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    await db.close()
    contents = [*files, path.read_bytes(), backup.read_bytes()]
    assert [found_in(content) for content in contents] == [[]] * len(contents)
    assert (
        "测试镇接访点".encode() in contents[-1]
    )  # what is no secret is there, so the search can find


async def test_nothing_of_it_is_in_clear_in_a_postgresql_dump(
    postgres_server: PostgresServer,
) -> None:
    url = await postgres_server.create()
    db = Database(url, VAULT)
    await told(db, await prefecture(db))
    await db.close()
    dump = postgres_server.dump(url)
    await postgres_server.drop(url)
    assert found_in(dump) == []
    assert "测试镇接访点".encode() in dump


async def test_lists_and_pages_show_only_the_ends_of_numbers(db: Database) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=NOW)
    assert (page.case.phone_masked, page.case.id_number_masked) == (
        "139****4321",
        "110105********002X",
    )
    everything = repr(page) + repr(await cases.list_cases(db, actor=made.clerk))
    assert PHONE not in everything
    assert ID_NUMBER not in everything


async def test_a_number_is_shown_for_a_purpose_and_that_is_written_down(db: Database) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    for actor in (made.clerk, made.handler):
        shown = await petitioners.reveal(
            db, case_id=case_id, what="phone", purpose=Purpose.CONTACT, actor=actor, now=NOW
        )
        assert shown == PHONE
    async with db.reading(SYSTEM) as tx:
        log = [one for one in await audit_rows.events_after(tx, 0, 999) if one.action == "revealed"]
    assert [(one.actor_id, one.object_id, one.purpose, one.detail["what"]) for one in log] == [
        (made.clerk.id, case_id, "contact", "phone"),
        (made.handler.id, case_id, "contact", "phone"),
    ]
    assert PHONE not in repr([one.canon for one in log])


async def test_those_who_need_no_number_get_none(db: Database) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    elsewhere = replace(made.clerk, id="e" * 32, area_code="330800")
    other_organ = replace(made.handler, id="f" * 32, organ_id="0" * 32)
    sysadmin = Actor("account", "9" * 32, Role.SYSADMIN, area_code="330700")
    for actor in (made.leader, made.kiosk, sysadmin, elsewhere, other_organ):
        with pytest.raises(NotAllowed):
            await petitioners.reveal(
                db,
                case_id=case_id,
                what="id_number",
                purpose=Purpose.IDENTITY,
                actor=actor,
                now=NOW,
            )


async def test_a_clerk_serves_no_longer_when_the_case_is_over(db: Database) -> None:
    made = await prefecture(db)
    case_id = (await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)).id
    await cases.move(db, case_id=case_id, move=CaseMove.DIVERT, actor=made.clerk, now=NOW)
    with pytest.raises(NotAllowed):
        await petitioners.reveal(
            db, case_id=case_id, what="phone", purpose=Purpose.CONTACT, actor=made.clerk, now=NOW
        )


async def test_who_looks_too_often_is_stopped_for_an_hour(db: Database) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)

    async def reveal(minutes: int, actor: Actor) -> None:
        await petitioners.reveal(
            db,
            case_id=case_id,
            what="phone",
            purpose=Purpose.CONTACT,
            actor=actor,
            now=NOW + timedelta(minutes=minutes),
        )

    for _ in range(30):
        await reveal(0, made.clerk)
    with pytest.raises(VolumeExceeded):
        await reveal(59, made.clerk)
    await reveal(59, made.handler)
    await reveal(60, made.clerk)


async def test_a_number_nobody_gave_is_not_found_and_leaves_no_event(db: Database) -> None:
    made = await prefecture(db)
    case_id = (await cases.register(db, draft=draft(phone=None), actor=made.clerk, now=NOW)).id
    with pytest.raises(NotFound):
        await petitioners.reveal(
            db, case_id=case_id, what="phone", purpose=Purpose.CONTACT, actor=made.clerk, now=NOW
        )


async def test_data_is_put_right_and_found_by_what_is_right(db: Database) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    right = Correction(name="金丝鹊", phone="", id_number=None)
    await petitioners.correct(db, case_id=case_id, correction=right, actor=made.clerk, now=NOW)
    (case,) = await cases.list_cases(db, actor=made.clerk, search="金丝鹊")
    assert (case.petitioner_name, case.phone_masked) == ("金丝鹊", None)
    assert case.id_number_masked == "110105********002X"
    for wrong in (Correction(), Correction(name=" "), Correction(id_number="1")):
        with pytest.raises(BadInput):
            await petitioners.correct(
                db, case_id=case_id, correction=wrong, actor=made.clerk, now=NOW
            )
    with pytest.raises(NotAllowed):
        await petitioners.correct(db, case_id=case_id, correction=right, actor=made.leader, now=NOW)
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=NOW)
    assert page.timeline[-1].kind == "corrected"


async def test_only_a_clerk_takes_an_identity_number_down(db: Database) -> None:
    made = await prefecture(db)
    for actor, number in ((made.leader, ID_NUMBER), (made.clerk, "110105194912310020")):
        with pytest.raises(BadInput):
            await cases.register(db, draft=draft(id_number=number), actor=actor, now=NOW)


async def test_a_sealed_value_opens_nowhere_else(db: Database) -> None:
    made = await prefecture(db)
    ids = [
        (await cases.register(db, draft=draft(petitioner_name=name), actor=made.clerk, now=NOW)).id
        for name in ("甲", "乙")
    ]
    async with db.transaction(SYSTEM) as tx:
        one, other = [await tx.get_one(PetitionCase, case_id) for case_id in ids]
        first = await tx.get_one(Petitioner, one.petitioner_id)
        second = await tx.get_one(Petitioner, other.petitioner_id)
        first.name, second.name = second.name, first.name
    with pytest.raises(Unopenable):
        await cases.case_page(db, case_id=ids[0], actor=made.clerk, now=NOW)
    async with db.transaction(SYSTEM) as tx:
        one = await tx.get_one(PetitionCase, ids[0])
        one.data_key = (await tx.get_one(PetitionCase, ids[1])).data_key
    with pytest.raises(Unopenable):
        await cases.case_page(db, case_id=ids[0], actor=made.clerk, now=NOW)


async def test_without_its_key_a_case_is_gone_and_says_so(db: Database) -> None:
    made = await prefecture(db)
    case_id = await told(db, made)
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(PetitionCase, case_id)).data_key = None
    page = await cases.case_page(db, case_id=case_id, actor=made.clerk, now=NOW)
    assert page.case.destroyed
    assert {page.case.petitioner_name, page.case.summary, page.case.facts} == {DESTROYED}
    assert found_in(repr(page).encode()) == []
    with pytest.raises(NotFound):
        await petitioners.correct(
            db, case_id=case_id, correction=Correction(name="甲"), actor=made.clerk, now=NOW
        )
