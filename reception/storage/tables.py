"""Every table: the only description of the schema besides the migrations that build it.

Rows carry no rules. `rehearsal` marks rows of a practice run: listings leave them out, and they
are deleted with the rehearsal.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TextClause,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from reception.domain.agents import AgentKind
from reception.domain.attachments import Kind
from reception.domain.audit import Decision
from reception.domain.bookings import SLOT_STATES, BookingState, DeclineReason
from reception.domain.cases import CaseState
from reception.domain.codes import Category, Channel, Code, Level, Mode, Purpose, Role
from reception.domain.declines import ObjectionState
from reception.domain.kiosks import KioskState
from reception.domain.outcomes import OutcomeType
from reception.domain.queue import PriorityReason, TicketState
from reception.domain.reception_days import ChangeKind, DayState
from reception.domain.retention import Cause, HoldReason, Kept
from reception.domain.sessions import SessionState
from reception.domain.slots import SlotState
from reception.domain.waiting import LIVE_STATES as WAITS
from reception.domain.waiting import WaitState
from reception.storage.columns import Hash, Id, Instant, reference, word


def _state_in(states: Iterable[Code]) -> TextClause:
    return text("state IN (" + ", ".join(f"'{state.value}'" for state in states) + ")")


LIVE_BOOKING = _state_in(state for state in BookingState if state in SLOT_STATES)
"""While this holds of a booking it holds its slot, its leader and its room."""

LIVE_WAIT = _state_in(state for state in WaitState if state in WAITS)
"""While this holds of an entry of the waiting list its case has no other."""

STANDING_SLOT = text("state NOT IN ('freed', 'lost')")


class Table(DeclarativeBase):
    """What all tables share: constraint names that are the same on every machine."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads this attribute of the class)
        datetime: Instant(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        bytes: LargeBinary(),
    }


# Who and where


class Area(Table):
    """An administrative area; `path` lists the codes from the top, for prefix search."""

    __tablename__ = "area"
    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str]
    level: Mapped[Level] = word(Level, "level")
    parent_code: Mapped[str | None] = reference("area.code")
    path: Mapped[str] = mapped_column(unique=True)
    # Steps of `reception.domain.groups.GroupRule`; null where the area above decides.
    group_rule: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class Organ(Table):
    """An organ that may own a case; `parent_id` is the organ it belongs to."""

    __tablename__ = "organ"
    id: Mapped[Id]
    parent_id: Mapped[str | None] = reference("organ.id")
    area_code: Mapped[str] = reference("area.code")
    name: Mapped[str]


class Leader(Table):
    """A leader who receives."""

    __tablename__ = "leader"
    id: Mapped[Id]
    area_code: Mapped[str] = reference("area.code")
    name: Mapped[str]
    title: Mapped[str]
    portfolio: Mapped[str]
    body: Mapped[str]
    rehearsal: Mapped[bool]


class Site(Table):
    """A place where petitioners sit down; `rooms` receptions can run there at once."""

    __tablename__ = "site"
    __table_args__ = (CheckConstraint("rooms >= 1", name="rooms"),)
    id: Mapped[Id]
    area_code: Mapped[str] = reference("area.code")
    name: Mapped[str]
    address: Mapped[str]
    phone: Mapped[str]
    rooms: Mapped[int]
    rehearsal: Mapped[bool]


class Kiosk(Table):
    """A device at a site; `public_key` belongs to the key in its browser, which never leaves it.

    `session_hash` is the one session that speaks for it now; `hours` and `network` limit when and
    from where, empty means always and anywhere.
    """

    __tablename__ = "kiosk"
    id: Mapped[Id]
    site_id: Mapped[str] = reference("site.id")
    name: Mapped[str]
    state: Mapped[KioskState] = word(KioskState, "state")
    state_at: Mapped[datetime]
    public_key: Mapped[bytes | None]
    session_hash: Mapped[str | None] = mapped_column(String(64))
    hours: Mapped[list[Any]]
    network: Mapped[list[Any]]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    rehearsal: Mapped[bool]


class KioskCode(Table):
    """The one-time code of a kiosk, known by its hash; `handle` is the part that is no secret."""

    __tablename__ = "kiosk_code"
    kiosk_id: Mapped[str] = mapped_column(ForeignKey("kiosk.id"), primary_key=True)
    handle: Mapped[str] = mapped_column(String(4), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    approved: Mapped[bool]
    tries: Mapped[int]
    ends_at: Mapped[datetime]


class KioskSession(Table):
    """A time for which a kiosk has proved who it is; only the hash of its token is kept.

    `replaces` is the session before it, `asked_with` the token its request carried. A challenge
    is in one row at most, so that no proof is taken twice.
    """

    __tablename__ = "kiosk_session"
    token_hash: Mapped[Hash]
    kiosk_id: Mapped[str] = reference("kiosk.id")
    challenge_hash: Mapped[str] = mapped_column(String(64), unique=True)
    replaces: Mapped[str | None] = mapped_column(String(64), index=True)
    asked_with: Mapped[str | None] = mapped_column(String(64))
    began_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Account(Table):
    """A person of the office who logs in.

    `totp_seed` is sealed; codes up to `totp_step` were used; `recovery` holds hashes.
    `factor_reset_at`: an administrator took the second factor away, and the person was not told yet.
    """

    __tablename__ = "account"
    id: Mapped[Id]
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role] = word(Role, "role")
    area_code: Mapped[str] = reference("area.code")
    organ_id: Mapped[str | None] = reference("organ.id")
    leader_id: Mapped[str | None] = reference("leader.id")
    password_hash: Mapped[str]
    password_changed_at: Mapped[datetime]
    must_change: Mapped[bool]
    old_hashes: Mapped[list[Any]]
    totp_seed: Mapped[bytes | None]
    totp_step: Mapped[int] = mapped_column(BigInteger)
    recovery: Mapped[list[Any]]
    factor_reset_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class LoginFailure(Table):
    """Failed log-ins in a row for one login or address, known by its hash only."""

    __tablename__ = "login_failure"
    key_hash: Mapped[Hash]
    failures: Mapped[int]
    last_at: Mapped[datetime]


class AuthSession(Table):
    """A log-in that holds; only the hash of its token is kept.

    `verified_at`: when the person last proved who they are.
    """

    __tablename__ = "auth_session"
    token_hash: Mapped[Hash]
    id: Mapped[str] = mapped_column(String(32), unique=True)
    account_id: Mapped[str] = reference("account.id")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    verified_at: Mapped[datetime]
    agent: Mapped[str]
    address: Mapped[str]


class PendingLogin(Table):
    """A right password that waits for a code of the second factor; only its hash is kept."""

    __tablename__ = "pending_login"
    token_hash: Mapped[Hash]
    account_id: Mapped[str] = reference("account.id")
    created_at: Mapped[datetime]
    tries: Mapped[int]


class SecurityKey(Table):
    """A security key of an account: its public half, and how often it said it has signed."""

    __tablename__ = "security_key"
    id: Mapped[Id]
    account_id: Mapped[str] = reference("account.id")
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    agent: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class KeyChallenge(Table):
    """What a security key is to sign, once; only its hash is kept."""

    __tablename__ = "key_challenge"
    __table_args__ = (CheckConstraint("purpose IN ('enrol', 'log_in', 'confirm')", name="purpose"),)
    challenge_hash: Mapped[Hash]
    account_id: Mapped[str] = reference("account.id")
    purpose: Mapped[Literal["enrol", "log_in", "confirm"]] = mapped_column(String(16))
    created_at: Mapped[datetime]


class Delegation(Table):
    """A secretary works for a leader until an instant, unless it ended before."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("until > given_at", name="span"),
        Index(
            "uq_delegation_live",
            "account_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    leader_id: Mapped[str] = reference("leader.id")
    account_id: Mapped[str] = reference("account.id")
    given_by: Mapped[str] = reference("account.id")
    given_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Table):
    """A bearer token of a program; only its hash is kept."""

    __tablename__ = "api_token"
    id: Mapped[Id]
    name: Mapped[str]
    role: Mapped[Role] = word(Role, "role")
    area_code: Mapped[str] = reference("area.code")
    leader_id: Mapped[str | None] = reference("leader.id")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    rehearsal: Mapped[bool]


# Calendar


class DayTable(Table):
    """One loaded version of the working days of an area and year."""

    __tablename__ = "day_table"
    __table_args__ = (UniqueConstraint("area_code", "year", "version"),)
    id: Mapped[Id]
    area_code: Mapped[str] = reference("area.code")
    year: Mapped[int]
    version: Mapped[int]
    source: Mapped[str]
    loaded_at: Mapped[datetime]


class DayRow(Table):
    """One day of a day table; `holiday` names the public holiday it belongs to."""

    __tablename__ = "day_row"
    __table_args__ = (CheckConstraint("kind IN ('workday', 'rest', 'makeup')", name="kind"),)
    table_id: Mapped[str] = mapped_column(ForeignKey("day_table.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    holiday: Mapped[str | None]


class ReceptionRule(Table):
    """When a leader receives, as a rule that is expanded into days."""

    __tablename__ = "reception_rule"
    id: Mapped[Id]
    leader_id: Mapped[str] = reference("leader.id")
    text: Mapped[str]
    on_weekend: Mapped[str]
    on_holiday: Mapped[str]
    windows: Mapped[list[Any]]
    slot_minutes: Mapped[int]
    buffer_minutes: Mapped[int]
    lead_days: Mapped[int]
    mode: Mapped[Mode] = word(Mode, "mode")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class ReceptionDay(Table):
    """A day on which a leader receives; `nominal_date` is where the rule put it first."""

    __tablename__ = "reception_day"
    __table_args__ = (UniqueConstraint("rule_id", "nominal_date"),)
    id: Mapped[Id]
    leader_id: Mapped[str] = reference("leader.id")
    rule_id: Mapped[str | None] = reference("reception_rule.id", index=False)
    day: Mapped[date] = mapped_column(index=True)
    nominal_date: Mapped[date]
    moved: Mapped[bool]
    reason: Mapped[str]
    provisional: Mapped[bool]
    state: Mapped[DayState] = word(DayState, "state")
    mode: Mapped[Mode] = word(Mode, "mode")
    topic: Mapped[str]
    windows: Mapped[list[Any]]
    published_at: Mapped[datetime | None]
    notice: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]
    rehearsal: Mapped[bool]


class DayChange(Table):
    """What happened to a published day: public, and never changed itself.

    `version` is the day's from then on.
    """

    __tablename__ = "day_change"
    __table_args__ = (UniqueConstraint("day_id", "version"),)
    id: Mapped[Id]
    day_id: Mapped[str] = reference("reception_day.id", index=False)
    version: Mapped[int]
    kind: Mapped[ChangeKind] = word(ChangeKind, "kind")
    at: Mapped[datetime]
    actor: Mapped[str]
    approved_by: Mapped[str]
    reason: Mapped[str]
    before_leader_id: Mapped[str] = reference("leader.id", index=False)
    after_leader_id: Mapped[str | None] = reference("leader.id", index=False)
    makeup_day_id: Mapped[str | None] = reference("reception_day.id", index=False)


class Absence(Table):
    """Days on which a leader cannot receive; `rule` narrows the span, empty means every day."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("last_day >= first_day", name="span"),)
    id: Mapped[Id]
    leader_id: Mapped[str] = reference("leader.id")
    first_day: Mapped[date]
    last_day: Mapped[date]
    rule: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StandIn(Table):
    """Who receives in a leader's place, first of all the one with the smallest `position`."""

    __tablename__ = "stand_in"
    __table_args__ = (UniqueConstraint("leader_id", "stand_in_id"),)
    leader_id: Mapped[str] = mapped_column(ForeignKey("leader.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    stand_in_id: Mapped[str] = reference("leader.id", index=False)


class Slot(Table):
    """A time a petitioner can be received."""

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="span"),
        Index(
            "uq_slot_leader_id_starts_at",
            "leader_id",
            "starts_at",
            unique=True,
            sqlite_where=STANDING_SLOT,
            postgresql_where=STANDING_SLOT,
        ),
        # In the order in which free slots are offered: a search stops after the first few.
        Index("ix_slot_starts_at", "starts_at", "id"),
    )
    id: Mapped[Id]
    day_id: Mapped[str] = reference("reception_day.id")
    leader_id: Mapped[str] = reference("leader.id", index=False)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[SlotState] = word(SlotState, "state")
    held_until: Mapped[datetime | None]
    held_by: Mapped[str | None]
    rehearsal: Mapped[bool]


# Cases


class Petitioner(Table):
    """The person who petitions; a phone is never required.

    Name and numbers are sealed under the key of the case (`reception.storage.contents`); the
    indexes find them without opening.
    """

    __tablename__ = "petitioner"
    id: Mapped[Id]
    name: Mapped[bytes]
    name_index: Mapped[bytes] = mapped_column(index=True)
    phone: Mapped[bytes | None]
    id_number: Mapped[bytes | None]
    id_index: Mapped[bytes | None] = mapped_column(index=True)
    language: Mapped[str]
    needs: Mapped[list[Any]]
    created_at: Mapped[datetime]
    rehearsal: Mapped[bool]


class CaseSerial(Table):
    """The last case number given out in an area and year; taken inside the registration."""

    __tablename__ = "case_serial"
    area_code: Mapped[str] = mapped_column(ForeignKey("area.code"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class PetitionCase(Table):
    """A case, from registration on.

    `data_key` seals every personal text of the case; deleting it destroys them all.
    """

    __tablename__ = "petition_case"
    __table_args__ = (CheckConstraint("persons_present >= 1", name="persons_present"),)
    id: Mapped[Id]
    case_no: Mapped[str] = mapped_column(unique=True)
    data_key: Mapped[bytes | None]
    query_code: Mapped[bytes]
    query_index: Mapped[bytes] = mapped_column(unique=True)
    state: Mapped[CaseState] = word(CaseState, "state")
    petitioner_id: Mapped[str] = reference("petitioner.id")
    channel: Mapped[Channel] = word(Channel, "channel")
    purpose: Mapped[Purpose] = word(Purpose, "purpose")
    category: Mapped[Category] = word(Category, "category")
    area_code: Mapped[str] = reference("area.code")
    problem_area_code: Mapped[str] = reference("area.code")
    summary: Mapped[bytes]
    facts: Mapped[bytes | None]
    persons_present: Mapped[int]
    registered_at: Mapped[datetime] = mapped_column(index=True)
    owner_organ_id: Mapped[str | None] = reference("organ.id")
    first_responsible: Mapped[str]
    rehearsal: Mapped[bool]


class Party(Table):
    """Who comes with the petitioner in one matter; whoever `speaks` represents the others."""

    __tablename__ = "party"
    case_id: Mapped[str] = mapped_column(ForeignKey("petition_case.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[bytes]
    speaks: Mapped[bool]


class Agent(Table):
    """Who may act for the petitioner of a case, how far and until when."""

    __tablename__ = "agent"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="span"),)
    id: Mapped[Id]
    case_id: Mapped[str] = reference("petition_case.id")
    kind: Mapped[AgentKind] = word(AgentKind, "kind")
    name: Mapped[bytes]
    phone: Mapped[bytes | None]
    scope: Mapped[list[Any]]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    revoked_at: Mapped[datetime | None]


class Attachment(Table):
    """A file of a case, made harmless and sealed under the case's key.

    `removed_at`: a clerk took it away; what it held is gone then, and the line stays.
    """

    __tablename__ = "attachment"
    id: Mapped[Id]
    case_id: Mapped[str] = reference("petition_case.id")
    kind: Mapped[Kind] = word(Kind, "kind")
    name: Mapped[bytes | None]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None]


class CaseEvent(Table):
    """One line of a case's timeline; never changed, never deleted before the case.

    The texts are the program's own words; what somebody typed is in `remark`, sealed.
    """

    __tablename__ = "case_event"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_id: Mapped[str] = reference("petition_case.id")
    at: Mapped[datetime]
    kind: Mapped[str]
    text_zh: Mapped[str]
    text_en: Mapped[str]
    remark: Mapped[bytes | None]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    public: Mapped[bool]


class CaseSubject(Table):
    """Whom a case accuses, or who is recused from it: kept away until two persons remove them.

    `subject` is a name of `reception.domain.access`: `account:…`, `leader:…` or `organ:…`.
    """

    __tablename__ = "case_subject"
    __table_args__ = (
        CheckConstraint("reason IN ('accused', 'recused')", name="reason"),
        CheckConstraint("removed_by IS NULL OR removed_by <> removal_asked_by", name="two_persons"),
        Index(
            "uq_case_subject_standing",
            "case_id",
            "subject",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    case_id: Mapped[str] = reference("petition_case.id", index=False)
    subject: Mapped[str] = mapped_column(String(48), index=True)
    reason: Mapped[Literal["accused", "recused"]] = mapped_column(String(16))
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    removal_asked_by: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None]


class Deadline(Table):
    """A running or met time limit of a case; `rule` is one of D1 to D9.

    While the working days of the due date's year are not loaded, `provisional` is set and
    `due_legal` is the strict date: the law never makes it earlier.
    """

    __tablename__ = "deadline"
    __table_args__ = (UniqueConstraint("case_id", "rule", "started_on"),)
    id: Mapped[Id]
    case_id: Mapped[str] = mapped_column(ForeignKey("petition_case.id"))
    rule: Mapped[str]
    started_on: Mapped[date]
    due_strict: Mapped[date]
    due_legal: Mapped[date]
    provisional: Mapped[bool]
    met_at: Mapped[datetime | None]


# Bookings


class Booking(Table):
    """A petitioner's claim on a slot; leader, room and span stand here for the overlap guard."""

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="span"),
        Index(
            "uq_booking_live_slot",
            "slot_id",
            unique=True,
            sqlite_where=LIVE_BOOKING,
            postgresql_where=LIVE_BOOKING,
        ),
        Index(
            "uq_booking_live_code",
            "code",
            unique=True,
            sqlite_where=LIVE_BOOKING,
            postgresql_where=LIVE_BOOKING,
        ),
        Index(
            "uq_booking_live_case",
            "case_id",
            unique=True,
            sqlite_where=LIVE_BOOKING,
            postgresql_where=LIVE_BOOKING,
        ),
    )
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(16), index=True)
    state: Mapped[BookingState] = word(BookingState, "state")
    case_id: Mapped[str] = reference("petition_case.id")
    slot_id: Mapped[str] = reference("slot.id")
    leader_id: Mapped[str] = reference("leader.id")
    site_id: Mapped[str] = reference("site.id")
    room: Mapped[int]
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    needs: Mapped[list[Any]]
    kiosk_id: Mapped[str | None] = reference("kiosk.id")
    ended_reason: Mapped[str]
    created_at: Mapped[datetime]
    rehearsal: Mapped[bool]


class Idempotency(Table):
    """A key a client sent with a booking, what it asked, and the booking it got."""

    __tablename__ = "idempotency"
    key_hash: Mapped[Hash]
    request_hash: Mapped[str] = mapped_column(String(64))
    booking_id: Mapped[str] = reference("booking.id")
    created_at: Mapped[datetime]


class Decline(Table):
    """A slot that was not arranged for a case: why, what was offered instead, what came of it."""

    __tablename__ = "decline"
    id: Mapped[Id]
    case_id: Mapped[str] = reference("petition_case.id")
    slot_id: Mapped[str] = reference("slot.id")
    alternative_id: Mapped[str] = mapped_column(ForeignKey("slot.id"))
    reason: Mapped[DeclineReason] = word(DeclineReason, "reason")
    declined_at: Mapped[datetime]
    declined_by: Mapped[str]
    objection: Mapped[ObjectionState] = word(ObjectionState, "objection")
    objected_at: Mapped[datetime | None]
    words: Mapped[bytes | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[bytes | None]


class WaitEntry(Table):
    """A case on the waiting list; while `slot_id` is offered the slot is held for it."""

    __tablename__ = "wait_entry"
    __table_args__ = (
        CheckConstraint("last_day >= first_day", name="span"),
        Index(
            "uq_wait_entry_live",
            "case_id",
            unique=True,
            sqlite_where=LIVE_WAIT,
            postgresql_where=LIVE_WAIT,
        ),
    )
    id: Mapped[Id]
    case_id: Mapped[str] = reference("petition_case.id")
    site_id: Mapped[str] = reference("site.id")
    leader_id: Mapped[str | None] = reference("leader.id")
    first_day: Mapped[date]
    last_day: Mapped[date]
    priority: Mapped[PriorityReason | None] = word(PriorityReason, "priority")
    asked_at: Mapped[datetime]
    state: Mapped[WaitState] = word(WaitState, "state")
    slot_id: Mapped[str | None] = reference("slot.id")
    offered_until: Mapped[datetime | None]
    passed: Mapped[list[Any]]


class QueueTicket(Table):
    """A number somebody without a booking took at a site on a day; it says nothing of the person."""

    __tablename__ = "queue_ticket"
    __table_args__ = (UniqueConstraint("site_id", "day", "number"),)
    id: Mapped[Id]
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    day: Mapped[date]
    number: Mapped[int]
    state: Mapped[TicketState] = word(TicketState, "state")
    place: Mapped[float] = mapped_column(Double)
    priority: Mapped[PriorityReason | None] = word(PriorityReason, "priority")
    taken_at: Mapped[datetime]
    calls: Mapped[int]
    called_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


# Sessions


class Session(Table):
    """The reception itself; `resumes` is the state it returns to from reconnecting."""

    __tablename__ = "session"
    id: Mapped[Id]
    booking_id: Mapped[str] = mapped_column(ForeignKey("booking.id"), unique=True)
    case_id: Mapped[str] = reference("petition_case.id")
    leader_id: Mapped[str] = reference("leader.id")
    site_id: Mapped[str] = reference("site.id")
    room_id: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[SessionState] = word(SessionState, "state", index=True)
    resumes: Mapped[SessionState | None] = word(SessionState, "resumes", nullable=True)
    lost_at: Mapped[datetime | None]
    seats: Mapped[int]
    slot_starts_at: Mapped[datetime]
    slot_ends_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    preparation: Mapped[bytes | None]
    version: Mapped[int]
    rehearsal: Mapped[bool]


class SessionEvent(Table):
    """One move of a session and who made it."""

    __tablename__ = "session_event"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    session_id: Mapped[str] = reference("session.id")
    at: Mapped[datetime]
    move: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    reason: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]


class Participant(Table):
    """Who may sit in a seat: `joined_at` once they came, `left_at` once another has the seat.

    `name` is empty for the petitioner, whose name stands sealed with the case.
    """

    __tablename__ = "participant"
    __table_args__ = (
        CheckConstraint("role IN ('petitioner', 'leader', 'clerk', 'department')", name="role"),
        Index(
            "uq_participant_seat",
            "session_id",
            "seat",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )
    id: Mapped[Id]
    session_id: Mapped[str] = reference("session.id")
    role: Mapped[Literal["petitioner", "leader", "clerk", "department"]] = mapped_column(String(16))
    seat: Mapped[int]
    name: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor: Mapped[dict[str, Any]]
    online: Mapped[bool]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]


class Ticket(Table):
    """A one-use right to enter a room; only its hash is kept."""

    __tablename__ = "ticket"
    token_hash: Mapped[Hash]
    participant_id: Mapped[str] = reference("participant.id")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ResumeToken(Table):
    """The right to come back to one's seat until the session is over; only its hash is kept."""

    __tablename__ = "resume_token"
    token_hash: Mapped[Hash]
    participant_id: Mapped[str] = reference("participant.id")
    created_at: Mapped[datetime]


class Consent(Table):
    """An answer to the question whether to record; the last one counts."""

    __tablename__ = "consent"
    __table_args__ = (CheckConstraint("how IN ('button', 'voice')", name="how"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    session_id: Mapped[str] = reference("session.id")
    answer: Mapped[bool]
    text_version: Mapped[str]
    how: Mapped[Literal["button", "voice"]] = mapped_column(String(8))
    at: Mapped[datetime]
    actor_name: Mapped[str]


class ConsentText(Table):
    """A text that was agreed to or refused, word by word, by the version its answers carry."""

    __tablename__ = "consent_text"
    version: Mapped[str] = mapped_column(primary_key=True)
    zh: Mapped[list[Any]]
    en: Mapped[list[Any]]
    first_used_at: Mapped[datetime]


class RecordVersion(Table):
    """One version of the written record; corrections add a version, nothing is overwritten."""

    __tablename__ = "record_version"
    __table_args__ = (UniqueConstraint("session_id", "version"),)
    id: Mapped[Id]
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id"))
    version: Mapped[int]
    text: Mapped[bytes]
    at: Mapped[datetime]
    by_name: Mapped[str]


class Signature(Table):
    """The petitioner's signature under the record, sealed."""

    __tablename__ = "signature"
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id"), primary_key=True)
    strokes: Mapped[bytes]
    record_version: Mapped[int]
    at: Mapped[datetime]


class Outcome(Table):
    """What was promised, to be done by whom and by when; the last version counts."""

    __tablename__ = "outcome"
    __table_args__ = (UniqueConstraint("session_id", "version"),)
    id: Mapped[Id]
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id"))
    version: Mapped[int]
    type: Mapped[OutcomeType] = word(OutcomeType, "type")
    text: Mapped[bytes]
    owner_organ_id: Mapped[str | None] = reference("organ.id")
    due_on: Mapped[date | None]
    due_strict: Mapped[date | None]
    due_legal: Mapped[date | None]
    legal_basis: Mapped[str]
    saved_at: Mapped[datetime]
    by_name: Mapped[str]


class Rating(Table):
    """The petitioner's rating: 0 satisfied, 1 fairly satisfied, 3 not satisfied."""

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("level IN (0, 1, 3)", name="level"),
        CheckConstraint("target IN ('session', 'petition_office', 'organ')", name="target"),
        UniqueConstraint("session_id", "target"),
    )
    id: Mapped[Id]
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id"))
    target: Mapped[Literal["session", "petition_office", "organ"]] = mapped_column(String(16))
    level: Mapped[Literal[0, 1, 3]] = mapped_column(Integer)
    at: Mapped[datetime]


# Recordings


class Recording(Table):
    """A recording of a session; its id is also the name of its directory."""

    __tablename__ = "recording"
    __table_args__ = (
        CheckConstraint(
            "state IN ('recording', 'finishing', 'ready', 'failed', 'destroyed')", name="state"
        ),
        Index(
            "uq_recording_live",
            "session_id",
            unique=True,
            sqlite_where=text("state = 'recording'"),
            postgresql_where=text("state = 'recording'"),
        ),
    )
    id: Mapped[Id]
    session_id: Mapped[str] = reference("session.id")
    state: Mapped[Literal["recording", "finishing", "ready", "failed", "destroyed"]] = (
        mapped_column(String(16))
    )
    started_at: Mapped[datetime]
    progress_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    bytes: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str]
    rehearsal: Mapped[bool]


class RecordingFile(Table):
    """A finished file of one participant; `relative_path` is inside the recording directory.

    `name` is empty for the petitioner, whose name stands sealed with the case.
    """

    __tablename__ = "recording_file"
    id: Mapped[Id]
    recording_id: Mapped[str] = reference("recording.id")
    participant: Mapped[str]
    role: Mapped[str]
    name: Mapped[str]
    relative_path: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    duration_ms: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]


class RecordingGap(Table):
    """A stretch of time missing from a recording; `to_ms` null means to the end."""

    __tablename__ = "recording_gap"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    recording_id: Mapped[str] = reference("recording.id")
    participant: Mapped[str]
    kind: Mapped[str]
    from_ms: Mapped[int]
    to_ms: Mapped[int | None]
    cause: Mapped[str]


class Viewing(Table):
    """When it was last written on the timeline that this actor looked at a session's recordings."""

    __tablename__ = "viewing"
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id"), primary_key=True)
    actor_kind: Mapped[str] = mapped_column(primary_key=True)
    actor_id: Mapped[str] = mapped_column(primary_key=True)
    noted_at: Mapped[datetime]


class PlaybackTicket(Table):
    """A right to play the films of one session in one log-in; only its hash is kept."""

    __tablename__ = "playback_ticket"
    token_hash: Mapped[Hash]
    session_id: Mapped[str] = reference("session.id")
    credential: Mapped[str]
    ends_at: Mapped[datetime] = mapped_column(index=True)


# How long it is kept


class RetentionPeriod(Table):
    """How long something is kept in an area; the newest row counts, earlier ones stay."""

    __tablename__ = "retention_period"
    __table_args__ = (CheckConstraint("days >= 30", name="days"),)
    id: Mapped[Id]
    kept: Mapped[Kept] = word(Kept, "kept")
    area_code: Mapped[str] = reference("area.code")
    days: Mapped[int]
    basis: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[str]


class LegalHold(Table):
    """While `lifted_at` is null nothing of the case is destroyed; the database refuses it too."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        CheckConstraint("lifted_by IS NULL OR lifted_by <> lift_asked_by", name="two_persons"),
    )
    id: Mapped[Id]
    case_id: Mapped[str] = reference("petition_case.id")
    reason: Mapped[HoldReason] = word(HoldReason, "reason")
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    lift_asked_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]


class Destruction(Table):
    """Something that is to be destroyed at `due_at`, or was at `done_at`.

    The row outlives what it is about: it is the certificate.
    """

    __tablename__ = "destruction"
    __table_args__ = (UniqueConstraint("kept", "object_id"),)
    id: Mapped[Id]
    kept: Mapped[Kept] = word(Kept, "kept")
    object_id: Mapped[str] = mapped_column(String(32))
    case_id: Mapped[str] = reference("petition_case.id")
    cause: Mapped[Cause] = word(Cause, "cause")
    announced_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]


# Work


class Job(Table):
    """Something to do once; `attempt` fences a holder whose lease ran out."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("name", "key"),
        Index("ix_job_due", "due_at", postgresql_where=text("done_at IS NULL")),
    )
    id: Mapped[Id]
    name: Mapped[str]
    key: Mapped[str]
    args: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    attempt: Mapped[int]
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    last_error: Mapped[str]


class Rehearsal(Table):
    """A practice run: the hidden leader and site that all its rows hang on."""

    __tablename__ = "rehearsal"
    id: Mapped[Id]
    leader_id: Mapped[str] = reference("leader.id")
    site_id: Mapped[str] = reference("site.id")
    rooms: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


# Proof


class AuditEvent(Table):
    """One event of the audit log, never changed nor deleted; `seq` counts from 1 without gaps.

    `canon` is what was hashed, `chain` the chain's hash after it; the rest says the same.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_actor", "actor_id", "at"),
        Index("ix_audit_event_object", "object_id", "at"),
    )
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_role: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    decision: Mapped[Decision] = mapped_column(String(16))
    purpose: Mapped[str]
    detail: Mapped[dict[str, Any]]
    canon: Mapped[bytes] = mapped_column(LargeBinary)
    chain: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(Table):
    """A signed note of the first `size` events; from `peaks` the tree goes on growing."""

    __tablename__ = "audit_checkpoint"
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    peaks: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str]
