"""The registration of a case: inside a transaction of its own, or of the booking that needs it."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from reception.domain.access import Action, Actor, Target
from reception.domain.agents import AgentDraft
from reception.domain.audit import AuditAction
from reception.domain.cases import CaseMove, CaseState, after
from reception.domain.codes import Category, Channel, Purpose, Role
from reception.domain.errors import BadInput, NotAllowed
from reception.domain.groups import Companion
from reception.domain.identity import read_id_number
from reception.domain.people import new_query_code
from reception.services import agents, audit, deadlines, groups, subjects
from reception.services.permission import require
from reception.services.subjects import Subject, SubjectReason
from reception.services.timeline import note
from reception.storage import cases as rows
from reception.storage import places
from reception.storage.contents import Contents, id_index, key_place, name_index, query_index
from reception.storage.database import Transaction
from reception.storage.ids import new_id
from reception.storage.tables import PetitionCase, Petitioner
from scheduler.calendar import local_day

COUNTY_DIGITS = 6


@dataclass(frozen=True)
class CaseDraft:
    """What the petitioner comes for; phone and identity number are never required.

    An `agent` with a written authority may file it. `companions` come along; who of them `speaks` is chosen by the group. `accused` are kept away
    from the case from its first moment.
    """

    petitioner_name: str
    channel: Channel
    purpose: Purpose
    category: Category
    problem_area_code: str
    summary: str
    phone: str | None = None
    id_number: str | None = None
    language: str = "zh"
    needs: tuple[str, ...] = ()
    facts: str = ""
    persons_present: int = 1
    companions: tuple[Companion, ...] = ()
    agent: AgentDraft | None = None
    accused: tuple[Subject, ...] = ()


async def register_case(
    tx: Transaction, draft: CaseDraft, actor: Actor, now: datetime, *, rehearsal: bool = False
) -> PetitionCase:
    """Register a case in the actor's area: number, query code, timeline, and D1 starts.

    Numbers are gap-free per county (or city) and year; a rehearsal takes none of them.

    Raises:
        BadInput: a field is empty, the problem's area unknown, or more speak than may.
        NotAllowed: the actor may not register cases.

    """
    if actor.area_code is None:
        raise NotAllowed(action=Action.REGISTER_CASE.value, reason="area")
    require(
        actor,
        Action.REGISTER_CASE,
        Target(area_code=actor.area_code, organ_id=actor.organ_id, kiosk_id=actor.id),
    )
    await _check(tx, draft)
    people = await groups.check(tx, actor.area_code, draft.persons_present, draft.companions)
    id_number = _id_number(draft, actor, now)
    petitioner = Petitioner(
        id=new_id(),
        name_index=name_index(tx.vault, draft.petitioner_name.strip()),
        id_index=None if id_number is None else id_index(tx.vault, id_number),
        language=draft.language,
        needs=list(draft.needs),
        created_at=now,
        rehearsal=rehearsal,
    )
    query_code = await _query_code(tx)
    case_id = new_id()
    await tx.admit(case_id)
    case = PetitionCase(
        id=case_id,
        case_no=await _case_no(tx, actor.area_code, now, rehearsal=rehearsal),
        data_key=tx.vault.new_key(key_place(case_id)),
        query_index=query_index(tx.vault, query_code),
        state=after(CaseState.DRAFT, CaseMove.REGISTER),
        petitioner_id=petitioner.id,
        channel=draft.channel,
        purpose=draft.purpose,
        category=draft.category,
        area_code=actor.area_code,
        problem_area_code=draft.problem_area_code,
        persons_present=people,
        registered_at=now,
        owner_organ_id=None,
        first_responsible=actor.name,
        rehearsal=rehearsal,
    )
    contents = Contents(tx.vault, case)
    contents.put(
        petitioner, name=draft.petitioner_name.strip(), phone=draft.phone, id_number=id_number
    )
    contents.put(case, query_code=query_code, summary=draft.summary.strip(), facts=draft.facts)
    await tx.put(petitioner, case)
    await groups.put(tx, case, draft.companions)
    await note(
        tx,
        case.id,
        "registered",
        zh=f"信访事项已登记，编号{case.case_no}。",
        en=f"The case was registered under number {case.case_no}.",
        actor=actor,
        now=now,
    )
    audit.record(
        tx,
        AuditAction.CASE_REGISTERED,
        actor,
        "case",
        case.id,
        now,
        case_no=case.case_no,
        petitioner_id=petitioner.id,
    )
    if draft.agent is not None:
        await agents.put(tx, case, draft.agent, actor, now)
    for subject in draft.accused:
        await subjects.put(tx, case.id, subject, SubjectReason.ACCUSED, actor, now)
    await deadlines.start(tx, case, "D1", now)
    return case


def _id_number(draft: CaseDraft, actor: Actor, now: datetime) -> str | None:
    """Return the number a clerk saw on the card; nobody else takes one down (domain.md 3.9)."""
    if not draft.id_number:
        return None
    if actor.role is not Role.CLERK:
        raise BadInput(field="id_number", reason="seen_by_a_clerk")
    return read_id_number(draft.id_number, local_day(now))


async def _check(tx: Transaction, draft: CaseDraft) -> None:
    for field, value in (
        ("petitioner_name", draft.petitioner_name),
        ("summary", draft.summary),
    ):
        if not value.strip():
            raise BadInput(field=field, reason="missing")
    if draft.persons_present < 1:
        raise BadInput(field="persons_present", reason="too_few")
    if await places.area(tx, draft.problem_area_code) is None:
        raise BadInput(field="problem_area_code", reason="unknown")


async def _case_no(tx: Transaction, area_code: str, now: datetime, *, rehearsal: bool) -> str:
    if rehearsal:
        return f"YL-{new_id()[:12]}"
    area, year = area_code[:COUNTY_DIGITS], local_day(now).year
    return f"{area}-{year}-{await rows.next_serial(tx, area, year):06d}"


async def _query_code(tx: Transaction) -> str:
    while True:
        code = new_query_code(secrets.token_bytes(16))
        async with tx.as_program():
            taken = await rows.case_by_query_index(tx, query_index(tx.vault, code))
        if taken is None:
            return code
