"""Rows of petitioners, cases, their timelines and deadlines."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Row, Select, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reception.domain.cases import CaseState
from reception.storage.database import Transaction
from reception.storage.places import inside
from reception.storage.subjects import open_to_actor
from reception.storage.tables import (
    Area,
    CaseEvent,
    CaseSerial,
    Deadline,
    Organ,
    Outcome,
    PetitionCase,
    Petitioner,
    Session,
)


async def next_serial(tx: Transaction, area_code: str, year: int) -> int:
    """Return the next case number of an area and year.

    The counter row stays locked until the transaction ends and goes back when it rolls back, so
    the numbers have no gaps.
    """
    insert = sqlite.insert if tx.get_bind().dialect.name == "sqlite" else postgresql.insert
    taken = await tx.execute(
        insert(CaseSerial)
        .values(area_code=area_code, year=year, last=1)
        .on_conflict_do_update(
            index_elements=[CaseSerial.area_code, CaseSerial.year],
            set_={"last": CaseSerial.last + 1},
        )
        .returning(CaseSerial.last)
    )
    return taken.scalar_one()


def _cases() -> Select[PetitionCase, Petitioner, Area, Organ | None]:
    return (
        select(PetitionCase, Petitioner, Area, Organ)
        .join(Petitioner, PetitionCase.petitioner_id == Petitioner.id)
        .join(Area, PetitionCase.problem_area_code == Area.code)
        .outerjoin(Organ, PetitionCase.owner_organ_id == Organ.id)
    )


CaseRow = Row[PetitionCase, Petitioner, Area, Organ | None]


async def case(tx: Transaction, case_id: str) -> CaseRow | None:
    """Return a case with its petitioner, the problem's area and the owner organ."""
    return (await tx.execute(_cases().where(PetitionCase.id == case_id))).first()


async def case_by_query_index(tx: Transaction, query_index: bytes) -> CaseRow | None:
    """Return the case whose query code has this index."""
    return (await tx.execute(_cases().where(PetitionCase.query_index == query_index))).first()


async def cases(
    tx: Transaction,
    *,
    within: str | None,
    organ_id: str | None,
    leader_id: str | None,
    case_no: str = "",
    name_index: bytes | None = None,
    id_index: bytes | None = None,
    limit: int,
    offset: int = 0,
) -> Sequence[CaseRow]:
    """Return cases, newest first, without rehearsals; each filter that is given narrows.

    Those the actor is a subject of are left out.

    `leader_id` keeps the cases this leader received or is to receive, `case_no` those with these
    characters in their number, `name_index` those whose petitioner may have that name, `id_index`
    those whose petitioner has that identity number.
    """
    query = _cases().where(~PetitionCase.rehearsal)
    if within is not None:
        query = query.where(
            or_(
                inside(PetitionCase.area_code, within),
                inside(PetitionCase.problem_area_code, within),
            )
        )
    if organ_id is not None:
        query = query.where(PetitionCase.owner_organ_id == organ_id)
    if leader_id is not None:
        query = query.where(
            exists().where(Session.case_id == PetitionCase.id, Session.leader_id == leader_id)
        )
    if case_no:
        query = query.where(PetitionCase.case_no.contains(case_no, autoescape=True))
    if name_index is not None:
        query = query.where(Petitioner.name_index == name_index)
    if id_index is not None:
        query = query.where(Petitioner.id_index == id_index)
    open_only = await open_to_actor(tx, PetitionCase.id)
    if open_only is not None:
        query = query.where(open_only)
    newest = query.order_by(PetitionCase.registered_at.desc(), PetitionCase.case_no.desc())
    return (await tx.execute(newest.limit(limit).offset(offset))).all()


async def leaders_of_case(tx: Transaction, case_id: str) -> set[str]:
    """Return the ids of the leaders who received or are to receive this case."""
    found = await tx.scalars(select(Session.leader_id).where(Session.case_id == case_id))
    return set(found)


async def move_case(
    tx: Transaction, case_id: str, before: CaseState, after: CaseState, organ_id: str | None
) -> bool:
    """Move a case if its state is still `before`; a given organ becomes its owner."""
    values: dict[str, object] = {"state": after}
    if organ_id is not None:
        values["owner_organ_id"] = organ_id
    moved = await tx.execute(
        update(PetitionCase)
        .where(PetitionCase.id == case_id, PetitionCase.state == before)
        .values(**values)
        .returning(PetitionCase.id)
        .execution_options(synchronize_session=False)
    )
    return moved.first() is not None


async def events(
    tx: Transaction, case_id: str, *, public_only: bool = False
) -> Sequence[CaseEvent]:
    """Return a case's timeline, oldest first."""
    query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.id)
    if public_only:
        query = query.where(CaseEvent.public)
    return (await tx.scalars(query)).all()


async def deadlines(tx: Transaction, case_id: str) -> Sequence[Deadline]:
    """Return a case's deadlines by start."""
    query = (
        select(Deadline)
        .where(Deadline.case_id == case_id)
        .order_by(Deadline.started_on, Deadline.rule)
    )
    return (await tx.scalars(query)).all()


async def provisional_deadlines(tx: Transaction) -> Sequence[Row[Deadline, str]]:
    """Return the provisional deadlines, each with the area of its case."""
    query = (
        select(Deadline, PetitionCase.area_code)
        .join(PetitionCase, Deadline.case_id == PetitionCase.id)
        .where(Deadline.provisional)
    )
    return (await tx.execute(query)).all()


async def unmoved_promises(tx: Transaction, first: date, last: date) -> Sequence[Row[Outcome, str]]:
    """Return the outcomes due from `first` to `last`, both included, each with its case's area.

    Those whose legal day is another than the promised one are left out.
    """
    query = (
        select(Outcome, PetitionCase.area_code)
        .join(Session, Outcome.session_id == Session.id)
        .join(PetitionCase, Session.case_id == PetitionCase.id)
        .where(Outcome.due_on >= first, Outcome.due_on <= last, Outcome.due_legal == Outcome.due_on)
    )
    return (await tx.execute(query)).all()


async def settle_promise(tx: Transaction, outcome_id: str, due_legal: date) -> None:
    """Write the legal day of a promise."""
    await tx.execute(
        update(Outcome)
        .where(Outcome.id == outcome_id)
        .values(due_legal=due_legal)
        .execution_options(synchronize_session=False)
    )


async def settle_deadline(tx: Transaction, deadline_id: str, due_legal: date) -> None:
    """Write the legal date of a deadline that was provisional."""
    await tx.execute(
        update(Deadline)
        .where(Deadline.id == deadline_id)
        .values(due_legal=due_legal, provisional=False)
        .execution_options(synchronize_session=False)
    )


async def meet_deadlines(
    tx: Transaction, case_id: str, rules: Sequence[str], now: datetime
) -> None:
    """Note that the open deadlines of these rules were met."""
    await tx.execute(
        update(Deadline)
        .where(Deadline.case_id == case_id, Deadline.rule.in_(rules), Deadline.met_at.is_(None))
        .values(met_at=now)
        .execution_options(synchronize_session=False)
    )


async def count_cases(tx: Transaction) -> int:
    """Return how many cases there are, rehearsals left out."""
    found = await tx.scalar(
        select(func.count()).select_from(PetitionCase).where(~PetitionCase.rehearsal)
    )
    return found or 0
