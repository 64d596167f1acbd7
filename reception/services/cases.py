"""Cases: registration, moves, the page of a case and the query by code."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Final

from reception.crypto.vault import Vault
from reception.domain.access import SYSTEM, Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.cases import CaseMove, CaseState
from reception.domain.codes import Category, Purpose, Role
from reception.domain.errors import NotAllowed
from reception.domain.identity import masked_id_number, masked_phone
from reception.domain.outcomes import OutcomeType
from reception.domain.people import read_query_code
from reception.services import agents, audit, declines, groups
from reception.services.agents import AgentView
from reception.services.attachment_views import AttachmentView, attachment_view
from reception.services.booking import BookingView, booking_view
from reception.services.case_access import case_of_code, require_case
from reception.services.case_moves import advance_case
from reception.services.declines import DeclineView
from reception.services.groups import PartyView
from reception.services.permission import require
from reception.services.places import OrganView, organ_view
from reception.services.registration import CaseDraft, register_case
from reception.services.session_views import SessionView, session_view
from reception.services.timeline import EventView, event_view
from reception.services.volumes import require_volume
from reception.storage import attachments as attachment_rows
from reception.storage import bookings as booking_rows
from reception.storage import cases as rows
from reception.storage import sessions as session_rows
from reception.storage.contents import Contents, name_index
from reception.storage.database import Database, Transaction
from reception.storage.tables import Deadline, PetitionCase
from scheduler.calendar import local_day

__all__ = [
    "CaseDraft",
    "CasePage",
    "CaseView",
    "DeadlineView",
    "EventView",
    "PublicCase",
    "PublicOutcome",
    "case_page",
    "list_cases",
    "move",
    "query",
    "register",
]

MOST_LISTED: Final = 500
SEARCHED: Final = 1000
OPENED_AN_HOUR: Final = 200

_OFFICE_LIMITS: Final = frozenset({"D1", "D2", "D3", "D4", "D7", "D9"})
"""Time limits that bind the government; the others are the petitioner's windows."""


@dataclass(frozen=True)
class CaseView:
    """A case; of phone and identity number only some digits are shown.

    `destroyed`: its texts are gone by the retention rule.
    """

    id: str
    case_no: str
    query_code: str
    state: CaseState
    petitioner_name: str
    phone_masked: str | None
    id_number_masked: str | None
    purpose: Purpose
    category: Category
    area_code: str
    problem_area_code: str
    problem_area_name: str
    summary: str
    facts: str
    registered_at: datetime
    owner_organ: OrganView | None
    first_responsible: str | None
    rehearsal: bool
    destroyed: bool


@dataclass(frozen=True)
class DeadlineView:
    """A time limit; `overdue` when its legal date passed unmet.

    `provisional`: the working days of the due date's year are not loaded, so `due_legal` is the
    strict date and may still move later.
    """

    rule: str
    started_on: date
    due_strict: date
    due_legal: date
    met_at: datetime | None
    overdue: bool
    provisional: bool


@dataclass(frozen=True)
class CasePage:
    """A case with all that belongs to it."""

    case: CaseView
    timeline: tuple[EventView, ...]
    deadlines: tuple[DeadlineView, ...]
    bookings: tuple[BookingView, ...]
    sessions: tuple[SessionView, ...]
    attachments: tuple[AttachmentView, ...]
    parties: tuple[PartyView, ...]
    agents: tuple[AgentView, ...]
    declines: tuple[DeclineView, ...]


@dataclass(frozen=True)
class PublicOutcome:
    """What was decided, as the petitioner sees it."""

    type: OutcomeType
    text: str
    owner_organ_name: str | None
    due_on: date | None


@dataclass(frozen=True)
class PublicCase:
    """A case without anybody's name; `due` is the office's next open time limit."""

    case_no: str
    state: CaseState
    registered_at: datetime
    due: DeadlineView | None
    owner_organ_name: str | None
    outcomes: tuple[PublicOutcome, ...]
    timeline: tuple[EventView, ...]
    agents: tuple[AgentView, ...]
    declines: tuple[DeclineView, ...]


async def register(db: Database, *, draft: CaseDraft, actor: Actor, now: datetime) -> CaseView:
    """Register a case in the actor's area; D1 starts.

    Numbers such as `330726-2026-000001` have no gaps per area and year.

    Raises:
        BadInput: a field is empty, or the problem's area unknown.
        NotAllowed: the actor may not register cases.

    """
    async with db.transaction(actor) as tx:
        case = await register_case(tx, draft, actor, now)
        row = await rows.case(tx, case.id)
        assert row is not None
        return case_view(row, tx.vault)


async def case_page(db: Database, *, case_id: str, actor: Actor, now: datetime) -> CasePage:
    """Return a case with timeline, time limits, bookings and sessions.

    That the actor opened it is in the audit log before anything is returned.

    Raises:
        NotFound: there is none with this id.
        NotAllowed: it is none of the actor's.
        VolumeExceeded: the actor opened 200 cases in the last hour.

    """
    async with db.reading(actor) as tx:
        row = await require_case(tx, case_id, actor, Action.SEE_CASE)
        page = await read_page(tx, row, now)
    async with db.transaction(actor) as tx:
        await require_volume(
            tx,
            actor,
            AuditAction.CASE_OPENED,
            most=OPENED_AN_HOUR,
            within=timedelta(hours=1),
            now=now,
        )
        audit.record(tx, AuditAction.CASE_OPENED, actor, "case", case_id, now)
    return page


async def read_page(
    tx: Transaction, row: rows.CaseRow, now: datetime, *, for_public: bool = False
) -> CasePage:
    """Return all that belongs to a case; the caller has checked the right to it.

    `for_public`: the timeline's public lines only, and nobody named in them.
    """
    case = row[0]
    contents = Contents(tx.vault, case)
    return CasePage(
        case=case_view(row, tx.vault),
        timeline=tuple(
            event_view(event, contents, named=not for_public)
            for event in await rows.events(tx, case.id, public_only=for_public)
        ),
        deadlines=tuple(
            _deadline_view(deadline, local_day(now))
            for deadline in await rows.deadlines(tx, case.id)
        ),
        bookings=tuple(
            booking_view(booked, tx.vault, now)
            for booked in await booking_rows.bookings_of_case(tx, case.id)
        ),
        sessions=tuple(
            [
                await session_view(tx, session)
                for session in await session_rows.sessions_of_case(tx, case.id)
            ]
        ),
        attachments=tuple(
            attachment_view(one, contents, named=not for_public)
            for one in await attachment_rows.of_case(tx, case.id)
        ),
        parties=await groups.of_case(tx, case.id, contents),
        agents=await agents.of_case(tx, case.id, contents, local_day(now)),
        declines=await declines.of_case(tx, case.id, named=not for_public),
    )


async def number_of(db: Database, *, case_id: str, actor: Actor) -> str:
    """Return the number of a case the actor may see. Raises `NotFound`, `NotAllowed`."""
    async with db.reading(actor) as tx:
        row = await require_case(tx, case_id, actor, Action.SEE_CASE)
        return row[0].case_no


async def list_cases(
    db: Database, *, actor: Actor, search: str = "", limit: int = 50, offset: int = 0
) -> tuple[CaseView, ...]:
    """Return the cases an actor may see, newest first: a clerk's area, a leader's or organ's own.

    `search` looks for parts of the number, for the whole name, and for words of summary and name
    among the newest `SEARCHED` of them: the texts lie sealed and have to be opened to look.

    Raises:
        NotAllowed: the role sees no cases.

    """
    require(
        actor,
        Action.SEE_CASE,
        Target(area_code=actor.area_code, organ_id=actor.organ_id, leader_id=actor.leader_id),
    )
    async with db.reading(actor) as tx:
        scope = _scope_of(actor)
        wanted, most = search.strip(), min(limit, MOST_LISTED)
        if wanted:
            return (await _search(tx, scope, wanted))[offset : offset + most]
        found = await rows.cases(tx, **asdict(scope), limit=most, offset=offset)
        return tuple(case_view(row, tx.vault) for row in found)


@dataclass(frozen=True)
class _Scope:
    """Which cases an actor may list."""

    within: str | None
    organ_id: str | None
    leader_id: str | None


def _scope_of(actor: Actor) -> _Scope:
    """Return which cases an actor lists; of a role that is not named here, none."""
    match actor.role:
        case Role.CLERK | Role.SUPERVISOR:
            return _Scope(within=actor.area_code, organ_id=None, leader_id=None)
        case Role.HANDLER | Role.ORG_HEAD if actor.organ_id is not None:
            return _Scope(within=None, organ_id=actor.organ_id, leader_id=None)
        case Role.LEADER | Role.SECRETARY if actor.leader_id is not None:
            return _Scope(within=None, organ_id=None, leader_id=actor.leader_id)
        case _:
            raise NotAllowed(action=Action.SEE_CASE.value, reason="role")


async def _search(tx: Transaction, scope: _Scope, wanted: str) -> tuple[CaseView, ...]:
    where = asdict(scope)
    by_number = await rows.cases(tx, **where, case_no=wanted, limit=MOST_LISTED)
    by_name = await rows.cases(
        tx, **where, name_index=name_index(tx.vault, wanted), limit=MOST_LISTED
    )
    newest = await rows.cases(tx, **where, limit=SEARCHED)
    found = {row[0].id: case_view(row, tx.vault) for row in by_number}
    for row in (*by_name, *newest):
        view = case_view(row, tx.vault)
        if not view.destroyed and (wanted in view.petitioner_name or wanted in view.summary):
            found[view.id] = view
    return tuple(
        sorted(found.values(), key=lambda view: (view.registered_at, view.case_no), reverse=True)
    )


async def move(
    db: Database,
    *,
    case_id: str,
    move: CaseMove,
    actor: Actor,
    now: datetime,
    organ_id: str | None = None,
    note: str = "",
) -> CaseView:
    """Move a case on; its time limits are met and started by the move.

    Forwarding and assigning need the organ, which becomes the owner. `note` is for the staff.

    Raises:
        NotFound, NotAllowed: no such case, or none of the actor's. Only the petitioner
            withdraws.
        MoveRefused: the case's state does not allow it.
        MovedMeanwhile: somebody moved it at the same time.
        BadInput: the organ is missing or unknown.

    """
    action = Action.WITHDRAW_CASE if move is CaseMove.WITHDRAW else Action.MOVE_CASE
    async with db.transaction(actor) as tx:
        row = await require_case(tx, case_id, actor, action)
        await advance_case(tx, row[0], move, actor, now, organ_id=organ_id, remark=note.strip())
        moved = await rows.case(tx, case_id)
        assert moved is not None
        return case_view(moved, tx.vault)


async def query(db: Database, *, query_code: str, now: datetime) -> PublicCase:
    """Return a case by the code on the petitioner's receipt, without anybody's name.

    Raises:
        CodeUnknown: not a query code, or no case has it.

    """
    code = read_query_code(query_code)
    async with db.reading(SYSTEM) as tx:
        case, _, _, owner = await case_of_code(tx, code)
        contents = Contents(tx.vault, case)
        deadlines = [
            _deadline_view(deadline, local_day(now))
            for deadline in await rows.deadlines(tx, case.id)
            if deadline.met_at is None and deadline.rule in _OFFICE_LIMITS
        ]
        return PublicCase(
            case_no=case.case_no,
            state=case.state,
            registered_at=case.registered_at,
            due=min(deadlines, key=lambda deadline: deadline.due_strict, default=None),
            owner_organ_name=None if owner is None else owner.name,
            outcomes=await _public_outcomes(tx, case),
            timeline=tuple(
                event_view(event, contents, named=False)
                for event in await rows.events(tx, case.id, public_only=True)
            ),
            agents=await agents.of_case(tx, case.id, contents, local_day(now), named=False),
            declines=await declines.of_case(tx, case.id, named=False),
        )


def case_view(row: rows.CaseRow, vault: Vault) -> CaseView:
    """Return a case as the staff see it."""
    case, petitioner, area, owner = row
    contents = Contents(vault, case)
    phone, id_number = contents.open(petitioner, "phone"), contents.open(petitioner, "id_number")
    return CaseView(
        id=case.id,
        case_no=case.case_no,
        query_code=contents.open(case, "query_code"),
        state=case.state,
        petitioner_name=contents.open(petitioner, "name"),
        phone_masked=masked_phone(phone) if phone else None,
        id_number_masked=masked_id_number(id_number) if id_number else None,
        purpose=case.purpose,
        category=case.category,
        area_code=case.area_code,
        problem_area_code=case.problem_area_code,
        problem_area_name=area.name,
        summary=contents.open(case, "summary"),
        facts=contents.open(case, "facts"),
        registered_at=case.registered_at,
        owner_organ=None if owner is None else organ_view(owner),
        first_responsible=case.first_responsible,
        rehearsal=case.rehearsal,
        destroyed=contents.destroyed,
    )


async def _public_outcomes(tx: Transaction, case: PetitionCase) -> tuple[PublicOutcome, ...]:
    contents = Contents(tx.vault, case)
    found = []
    for session in await session_rows.sessions_of_case(tx, case.id):
        saved = await session_rows.outcome(tx, session[0].id)
        if saved is not None:
            outcome, organ = saved
            found.append(
                PublicOutcome(
                    type=outcome.type,
                    text=contents.open(outcome, "text"),
                    owner_organ_name=None if organ is None else organ.name,
                    due_on=outcome.due_on,
                )
            )
    return tuple(found)


def _deadline_view(deadline: Deadline, today: date) -> DeadlineView:
    return DeadlineView(
        rule=deadline.rule,
        started_on=deadline.started_on,
        due_strict=deadline.due_strict,
        due_legal=deadline.due_legal,
        met_at=deadline.met_at,
        overdue=deadline.met_at is None and today > deadline.due_legal,
        provisional=deadline.provisional,
    )
