"""Who may do what: one pure decision from the actor's role, the area tree and ownership."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from reception.domain.areas import is_within, prefix_of
from reception.domain.codes import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or machine that asks for something.

    Args:
        kind: `account` logged in, `token` for a program, `kiosk` enrolled, `system` for jobs,
            `public` for anybody.
        area_code: the area this actor serves; `""`, no area, only for `system` and `public`.
        organ_id: the organ a handler works for.
        leader_id: the leader a leader's account belongs to, or a secretary works for now.
        name: shown to people.
        credential: what proved it, `session:ID` or `token:ID`; it ends when that does.
    """

    kind: Literal["account", "token", "kiosk", "system", "public"]
    id: str
    role: Role
    area_code: str = ""
    organ_id: str | None = None
    leader_id: str | None = None
    name: str = ""
    credential: str = ""


SYSTEM: Final = Actor(kind="system", id="system", role=Role.SYSTEM, name="系统")
PUBLIC: Final = Actor(kind="public", id="public", role=Role.PUBLIC, name="公众")


class Action(StrEnum):
    """What can be asked for in this version."""

    SEE_CALENDAR = "see_calendar"
    PLAN_DAY = "plan_day"
    PUBLISH_DAY = "publish_day"
    CHANGE_DAY = "change_day"
    BOOK = "book"
    MOVE_BOOKING = "move_booking"
    CANCEL_BOOKING = "cancel_booking"
    CHECK_IN = "check_in"
    TAKE_TICKET = "take_ticket"
    CALL_TICKET = "call_ticket"
    REGISTER_CASE = "register_case"
    SEE_CASE = "see_case"
    MOVE_CASE = "move_case"
    NAME_SUBJECT = "name_subject"
    NAME_AGENT = "name_agent"
    DECLINE = "decline"
    DECIDE_OBJECTION = "decide_objection"
    QUERY_CASE = "query_case"
    WITHDRAW_CASE = "withdraw_case"
    JOIN_ROOM = "join_room"
    MOVE_SESSION = "move_session"
    ANSWER_CONSENT = "answer_consent"
    START_RECORDING = "start_recording"
    PLAY_RECORDING = "play_recording"
    WRITE_RECORD = "write_record"
    PREPARE = "prepare"
    DRAFT_OUTCOME = "draft_outcome"
    SET_OUTCOME = "set_outcome"
    RATE = "rate"
    SEE_ROOMS = "see_rooms"
    SEE_AUDIT = "see_audit"
    SEE_AUDIT_LOG = "see_audit_log"
    DELEGATE = "delegate"
    MANAGE_USERS = "manage_users"
    MANAGE_KIOSKS = "manage_kiosks"
    LOAD_HOLIDAYS = "load_holidays"
    REVEAL = "reveal"
    ADD_ATTACHMENT = "add_attachment"
    CORRECT = "correct"
    SET_PERIOD = "set_period"
    SEE_PERIODS = "see_periods"
    HOLD_CASE = "hold_case"
    ASK_DELETION = "ask_deletion"
    EXPORT_CASE = "export_case"
    COPY_FOR_PETITIONER = "copy_for_petitioner"


@dataclass(frozen=True, slots=True)
class Standing:
    """By what names an actor could be a subject of a case: as person, leader, organ.

    An organ's people answer to the names of all organs above theirs: who is under a subject is
    kept out with it.
    """

    names: frozenset[str] = frozenset()


def subject_of_account(account_id: str) -> str:
    """Return the name an account is a subject under."""
    return f"account:{account_id}"


def subject_of_leader(leader_id: str) -> str:
    """Return the name a leader is a subject under."""
    return f"leader:{leader_id}"


def subject_of_organ(organ_id: str) -> str:
    """Return the name an organ is a subject under."""
    return f"organ:{organ_id}"


def standing_of(actor: Actor, organ_path: Iterable[str] = ()) -> Standing:
    """Return an actor's standing; `organ_path` lists the actor's organ and all above it."""
    names = {subject_of_organ(organ_id) for organ_id in organ_path}
    if actor.kind == "account":
        names.add(subject_of_account(actor.id))
    if actor.leader_id is not None:
        names.add(subject_of_leader(actor.leader_id))
    return Standing(frozenset(names))


@dataclass(frozen=True, slots=True)
class Target:
    """What the action is about, as far as access depends on it; `None` means not known.

    Args:
        area_code: where the day, site, case or account belongs.
        organ_id: the organ that owns or is assigned the case.
        leader_id: the leader whose day, session or outcome it is.
        kiosk_id: the kiosk the booking or session is held at.
        subjects: whom the case accuses or who is recused from it, by their names.
    """

    area_code: str | None = None
    organ_id: str | None = None
    leader_id: str | None = None
    kiosk_id: str | None = None
    subjects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed; `reason` is `""` or one stable word for the audit log.

    `blocked`: the actor is a subject of the case, and may not even learn that it exists.
    """

    allowed: bool
    reason: Literal["", "role", "area", "not_own", "blocked"] = ""


_READERS: Final = frozenset(
    {Role.CLERK, Role.LEADER, Role.SECRETARY, Role.HANDLER, Role.ORG_HEAD, Role.SUPERVISOR}
)
_ROOM: Final = frozenset({Role.CLERK, Role.LEADER, Role.KIOSK})
_INVITED: Final = frozenset({Role.HANDLER, Role.ORG_HEAD})
_PETITIONER: Final = frozenset({Role.KIOSK})
_COUNTER: Final = frozenset({Role.CLERK, Role.KIOSK})
_BOOKERS: Final = _COUNTER | {Role.SCHEDULER}
_PLANNERS: Final = frozenset({Role.CLERK, Role.SCHEDULER})
_CLERK: Final = frozenset({Role.CLERK})
_SYSADMIN: Final = frozenset({Role.SYSADMIN})
_SECADMIN: Final = frozenset({Role.SECADMIN})

# The table of domain.md 3.2. Roles that appear nowhere (village agent, interpreter, lawyer,
# mediator, reviewer) act only with an authority or assignment, and nothing gives one yet. The
# system administrator runs machines and sees no case (hard rule 4).
ROLES: Final = {
    Action.SEE_CALENDAR: frozenset(Role),
    Action.PLAN_DAY: _PLANNERS,
    Action.PUBLISH_DAY: _PLANNERS,
    Action.CHANGE_DAY: _PLANNERS,
    Action.BOOK: _BOOKERS,
    Action.MOVE_BOOKING: _BOOKERS,
    Action.CANCEL_BOOKING: _BOOKERS,
    Action.CHECK_IN: _COUNTER,
    Action.TAKE_TICKET: _COUNTER,
    Action.CALL_TICKET: _CLERK,
    Action.REGISTER_CASE: frozenset({Role.CLERK, Role.LEADER, Role.HANDLER, Role.KIOSK}),
    Action.SEE_CASE: _READERS,
    Action.MOVE_CASE: frozenset({Role.CLERK, Role.LEADER, Role.HANDLER, Role.ORG_HEAD}),
    Action.NAME_SUBJECT: _CLERK,
    Action.NAME_AGENT: _CLERK,
    Action.DECLINE: _CLERK,
    # Not whoever refused: a clerk never is a supervisor.
    Action.DECIDE_OBJECTION: frozenset({Role.SUPERVISOR}),
    Action.QUERY_CASE: _COUNTER | {Role.PUBLIC},
    # Never by an official (domain.md 3.3).
    Action.WITHDRAW_CASE: _PETITIONER,
    Action.JOIN_ROOM: _ROOM | _INVITED,
    Action.MOVE_SESSION: _ROOM | {Role.SYSTEM},
    Action.ANSWER_CONSENT: _PETITIONER,
    Action.START_RECORDING: _CLERK | {Role.SYSTEM},
    # Not the clerk, who began it (domain.md 3.2, "get a copy").
    Action.PLAY_RECORDING: frozenset({Role.LEADER, Role.HANDLER, Role.SUPERVISOR}),
    Action.WRITE_RECORD: frozenset({Role.CLERK, Role.LEADER}),
    Action.DRAFT_OUTCOME: frozenset({Role.CLERK, Role.LEADER, Role.SECRETARY}),
    Action.PREPARE: frozenset({Role.CLERK, Role.SECRETARY}),
    Action.SET_OUTCOME: frozenset({Role.LEADER}),
    Action.RATE: _PETITIONER | {Role.PUBLIC},
    Action.SEE_ROOMS: _CLERK | _SYSADMIN,
    # Of one case, by whoever supervises it; the whole log, which has no content, by the auditor.
    Action.SEE_AUDIT: frozenset({Role.SUPERVISOR}),
    Action.SEE_AUDIT_LOG: frozenset({Role.AUDITOR}),
    Action.DELEGATE: frozenset({Role.LEADER}),
    Action.MANAGE_USERS: _SECADMIN,
    Action.MANAGE_KIOSKS: _SYSADMIN,
    Action.LOAD_HOLIDAYS: _SYSADMIN,
    Action.REVEAL: frozenset({Role.CLERK, Role.HANDLER, Role.REVIEWER}),
    Action.ADD_ATTACHMENT: _CLERK,
    Action.CORRECT: _CLERK,
    Action.SET_PERIOD: _SECADMIN,
    Action.SEE_PERIODS: frozenset({Role.SECADMIN, Role.AUDITOR, Role.SUPERVISOR, Role.CLERK}),
    Action.HOLD_CASE: frozenset({Role.CLERK, Role.SUPERVISOR}),
    # The petitioner's own wish, at the kiosk or taken down by a clerk.
    Action.ASK_DELETION: _COUNTER,
    # Not the secretary: what leaves the system leaves it by whoever answers for the case.
    Action.EXPORT_CASE: _READERS - {Role.SECRETARY},
    # Handed over at the counter, where a clerk sees who asks (PIPL art. 45).
    Action.COPY_FOR_PETITIONER: _CLERK,
}

# A day of the city is booked from a village in it, so here the area may lie on either side;
# for the others a code, a published fact or the kiosk itself is the key, not the area.
_EITHER_WAY: Final = frozenset({Action.BOOK, Action.MOVE_BOOKING, Action.CANCEL_BOOKING})
_ANYWHERE: Final = frozenset({Action.SEE_CALENDAR, Action.QUERY_CASE, Action.RATE})


@dataclass(frozen=True, slots=True)
class Reach:
    """Which cases an actor may come across; of the others, one at a time where `allow` says so.

    Args:
        kind: those of an area, an organ, a leader, or at a kiosk's site.
        own: which: what the area's codes begin with, or the id.
    """

    kind: Literal["", "area", "organ", "leader", "kiosk"] = ""
    own: str = ""


_COMING_ACROSS: Final = (Action.SEE_CASE, Action.JOIN_ROOM)


def reach_of(actor: Actor) -> Reach:
    """Return what an actor may list: that of the decision on seeing a case or joining its room."""
    if not any(actor.role in ROLES[action] for action in _COMING_ACROSS):
        return Reach()
    match actor.role:
        case Role.LEADER | Role.SECRETARY:
            return Reach("leader", actor.leader_id or "")
        case Role.HANDLER | Role.ORG_HEAD:
            return Reach("organ", actor.organ_id or "")
        case Role.KIOSK:
            return Reach("kiosk", actor.id)
        case _:
            return Reach("area", prefix_of(actor.area_code) if actor.area_code else "")


def allow(
    actor: Actor, action: Action, target: Target, standing: Standing | None = None
) -> Decision:
    """Decide; what is not plainly allowed is not.

    A subject of the case and whoever works under one is kept out first, whatever the role
    (REG22 art. 30). A leader acts on what is their own, a handler on their organ's cases, a kiosk
    on what is held at it, everybody else inside their area. Without a `standing` only the actor's
    own names count.
    """
    names = (
        standing or standing_of(actor, () if actor.organ_id is None else (actor.organ_id,))
    ).names
    if names & target.subjects:
        return Decision(allowed=False, reason="blocked")
    if actor.role not in ROLES[action]:
        return Decision(allowed=False, reason="role")
    if actor.role is Role.SYSTEM or action in _ANYWHERE:
        return Decision(allowed=True)
    if action in _EITHER_WAY:
        return _by_area(_is_near(actor, target))
    if action is Action.REGISTER_CASE and actor.role is not Role.HANDLER:
        return _by_area(_is_near(actor, target))
    match actor.role:
        case Role.LEADER | Role.SECRETARY:
            return _by_owner(actor.leader_id, target.leader_id)
        case Role.HANDLER | Role.ORG_HEAD:
            return _by_owner(actor.organ_id, target.organ_id)
        case Role.KIOSK:
            return _by_owner(actor.id, target.kiosk_id)
        case _:
            return _by_area(_is_inside(actor, target))


def _by_area(inside: bool) -> Decision:
    return Decision(allowed=True) if inside else Decision(allowed=False, reason="area")


def _by_owner(own: str | None, owner: str | None) -> Decision:
    if own is not None and own == owner:
        return Decision(allowed=True)
    return Decision(allowed=False, reason="not_own")


def _is_inside(actor: Actor, target: Target) -> bool:
    return (
        bool(actor.area_code)
        and target.area_code is not None
        and is_within(target.area_code, actor.area_code)
    )


def _is_near(actor: Actor, target: Target) -> bool:
    return _is_inside(actor, target) or (
        bool(actor.area_code)
        and target.area_code is not None
        and is_within(actor.area_code, target.area_code)
    )
