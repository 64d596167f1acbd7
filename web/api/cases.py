"""Cases: what people came for, what was decided, and by when it is due."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Literal

from annotated_types import Ge, Le

from reception.domain.access import ROLES, Action
from reception.domain.attachments import Kind
from reception.domain.cases import CaseMove, CaseState
from reception.domain.codes import Category, Purpose
from reception.domain.errors import CodeUnknown, MovedMeanwhile, MoveRefused, TooManyAttempts
from reception.domain.outcomes import OutcomeType
from reception.services import audit_views, cases, petitioners
from reception.services.errors import VolumeExceeded
from reception.services.tries import looking_up
from scheduler.errors import YearNotLoaded
from web.api.agents import Agent
from web.api.bookings import Booking, CaseDraft
from web.api.declines import Decline
from web.api.fields import Asked, Code, Given, Id, IdNumber, Line, Name, Nothing, Phone
from web.api.operation import ANYONE, Call, Operations
from web.api.places import Organ
from web.api.sessions import Session

OPERATIONS = Operations("cases")


class Case(Given):
    """A case; phone and identity number are masked, `destroyed` when its texts are gone."""

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
    owner_organ: Organ | None
    first_responsible: str | None
    rehearsal: bool
    destroyed: bool


class Cases(Given):
    """A page of cases, newest first; `next_offset` is null on the last page."""

    items: tuple[Case, ...]
    next_offset: int | None


class Event(Given):
    """One line of a timeline."""

    at: datetime
    kind: str
    text_zh: str
    text_en: str
    actor_name: str


class Deadline(Given):
    """A time limit: `due_strict` for the office, `due_legal` moved past rest days.

    `provisional`: the working days of that year are not known yet, so `due_legal` may still move.
    """

    rule: str
    started_on: date
    due_strict: date
    due_legal: date
    met_at: datetime | None
    overdue: bool
    provisional: bool


class Attachment(Given):
    """A file of a case, at `GET /cases/{id}/attachments/{id}`; of a removed one `name` is empty."""

    id: str
    kind: Kind
    name: str
    bytes: int
    added_at: datetime
    added_by: str
    removed_at: datetime | None


class Party(Given):
    """Somebody who comes with the petitioner; who `speaks` represents the others."""

    name: str
    speaks: bool


class CasePage(Given):
    """A case with all that belongs to it."""

    case: Case
    timeline: tuple[Event, ...]
    deadlines: tuple[Deadline, ...]
    bookings: tuple[Booking, ...]
    sessions: tuple[Session, ...]
    attachments: tuple[Attachment, ...]
    parties: tuple[Party, ...]
    agents: tuple[Agent, ...]
    declines: tuple[Decline, ...]


class PublicOutcome(Given):
    """What was decided, as the petitioner sees it."""

    type: OutcomeType
    text: str
    owner_organ_name: str | None
    due_on: date | None


class PublicCase(Given):
    """A case without anybody's name."""

    case_no: str
    state: CaseState
    registered_at: datetime
    due: Deadline | None
    owner_organ_name: str | None
    outcomes: tuple[PublicOutcome, ...]
    timeline: tuple[Event, ...]
    agents: tuple[Agent, ...]
    declines: tuple[Decline, ...]


class CaseQuery(Asked):
    """Search in number, name and summary; 50 at a time."""

    search: Line = ""
    limit: Annotated[int, Ge(1), Le(200)] = 50
    offset: Annotated[int, Ge(0), Le(1_000_000)] = 0


class CaseStep(Asked):
    """A move of the case; `organ_id` where it goes to an organ."""

    move: CaseMove
    organ_id: Id | None = None
    note: Line = ""


class Reveal(Asked):
    """Which number is to be shown in full, and what for."""

    what: Literal["id_number", "phone"]
    purpose: petitioners.Purpose


class Revealed(Given):
    """A number in full."""

    value: str


class Correction(Asked):
    """What is to be put right: null stays as it is, an empty text removes."""

    name: Name | None = None
    phone: Phone | Literal[""] | None = None
    id_number: IdNumber | Literal[""] | None = None


class QueryCode(Asked):
    """The query code on the petitioner's receipt."""

    query_code: Code


@OPERATIONS.operation(
    "POST",
    "/cases",
    summary="Register a case",
    roles=ROLES[Action.REGISTER_CASE],
    status=HTTPStatus.CREATED,
    errors=(YearNotLoaded,),
)
async def register_case(call: Call[CaseDraft, Nothing]) -> Case:
    """Register a case; it gets its number and query code, and its first time limit starts."""
    made = await cases.register(
        call.context.db, draft=call.body.as_draft(), actor=call.actor, now=call.now
    )
    return Case.model_validate(made)


@OPERATIONS.operation("GET", "/cases", summary="Cases", roles=ROLES[Action.SEE_CASE])
async def list_cases(call: Call[Nothing, CaseQuery]) -> Cases:
    """The cases the caller may see: a clerk's area, a leader's own, an organ's own."""
    query = call.query
    # One more than asked for tells whether there is a next page.
    found = await cases.list_cases(
        call.context.db,
        actor=call.actor,
        search=query.search,
        limit=query.limit + 1,
        offset=query.offset,
    )
    more = len(found) > query.limit
    return Cases.model_validate(
        {
            "items": found[: query.limit],
            "next_offset": query.offset + query.limit if more else None,
        }
    )


@OPERATIONS.operation(
    "GET",
    "/cases/{case_id}",
    summary="A case",
    roles=ROLES[Action.SEE_CASE],
    errors=(VolumeExceeded,),
)
async def get_case(call: Call[Nothing, Nothing]) -> CasePage:
    """A case with its timeline, time limits, bookings and sessions."""
    found = await cases.case_page(
        call.context.db, case_id=call.path["case_id"], actor=call.actor, now=call.now
    )
    return CasePage.model_validate(found)


@OPERATIONS.operation(
    "POST",
    "/cases/{case_id}/moves",
    summary="Move a case",
    roles=ROLES[Action.MOVE_CASE],
    errors=(MoveRefused, MovedMeanwhile, YearNotLoaded),
)
async def move_case(call: Call[CaseStep, Nothing]) -> Case:
    """Take one legal step with a case."""
    step = call.body
    moved = await cases.move(
        call.context.db,
        case_id=call.path["case_id"],
        move=step.move,
        actor=call.actor,
        now=call.now,
        organ_id=step.organ_id,
        note=step.note,
    )
    return Case.model_validate(moved)


@OPERATIONS.operation(
    "POST",
    "/cases/{case_id}/reveals",
    summary="Show a number in full",
    roles=ROLES[Action.REVEAL],
    errors=(VolumeExceeded,),
)
async def reveal_number(call: Call[Reveal, Nothing]) -> Revealed:
    """Show phone or identity number of a petitioner; who saw it and what for is written down."""
    value = await petitioners.reveal(
        call.context.db,
        case_id=call.path["case_id"],
        what=call.body.what,
        purpose=call.body.purpose,
        actor=call.actor,
        now=call.now,
    )
    return Revealed(value=value)


@OPERATIONS.operation(
    "POST",
    "/cases/{case_id}/corrections",
    summary="Put a petitioner's data right",
    roles=ROLES[Action.CORRECT],
)
async def correct_petitioner(call: Call[Correction, Nothing]) -> None:
    """Put name, phone or identity number right; the timeline tells that it was done."""
    await petitioners.correct(
        call.context.db,
        case_id=call.path["case_id"],
        correction=petitioners.Correction(**dict(call.body)),
        actor=call.actor,
        now=call.now,
    )


class LooksAt(Given):
    """Who looked at a petitioner's data: role and organ, never a name."""

    at: datetime
    role_zh: str
    role_en: str
    organ: str
    what_zh: str
    what_en: str
    purpose_zh: str
    purpose_en: str


class Looks(Given):
    """Who looked at a case, newest first."""

    items: tuple[LooksAt, ...]


@OPERATIONS.operation(
    "POST",
    "/queries/looks",
    summary="Who looked at a case",
    roles=ANYONE,
    errors=(CodeUnknown, TooManyAttempts),
)
async def query_looks(call: Call[QueryCode, Nothing]) -> Looks:
    """Who looked at a case and what for, for whoever holds its query code; nobody is named."""
    async with looking_up(call.context.db, by=call.asker, now=call.now):
        found = await audit_views.looks(call.context.db, query_code=call.body.query_code)
    return Looks.model_validate({"items": found})


@OPERATIONS.operation(
    "POST",
    "/queries",
    summary="Look a case up",
    roles=ANYONE,
    errors=(CodeUnknown, TooManyAttempts),
)
async def query_case(call: Call[QueryCode, Nothing]) -> PublicCase:
    """How a case stands, for whoever holds its query code; no names are given."""
    async with looking_up(call.context.db, by=call.asker, now=call.now):
        found = await cases.query(call.context.db, query_code=call.body.query_code, now=call.now)
    return PublicCase.model_validate(found)
