"""States of a reception session, who may move them, and when media and recording are allowed.

Source: domain.md 3.4. A session that lost its line remembers where it goes on, so the thing
that moves is a `Stage`: the state and, while reconnecting, the state it resumes.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reception.domain.codes import Code, Consent, Role
from reception.domain.errors import MoveRefused

VOICE_ONLY_AFTER: Final = timedelta(seconds=30)
"""Reconnecting this long, the session goes on by voice alone where that works."""
PHONE_AFTER: Final = timedelta(minutes=2)
"""Reconnecting this long, the site's phone number is offered."""
BREAK_OFF_AFTER: Final = timedelta(minutes=10)
"""Reconnecting this long, the session is broken off and a priority slot is due."""


class SessionState(Code):
    """Where a session stands."""

    SCHEDULED = "scheduled", "已安排", "scheduled"
    PREPARED = "prepared", "已准备", "prepared"
    LOBBY = "lobby", "候访", "waiting in the lobby"
    NOTICE = "notice", "权利告知", "rights are being read"
    ACTIVE = "active", "接谈", "talking"
    CONSULT = "consult", "会商", "leader is consulting"
    RECONNECTING = "reconnecting", "正在重新连接", "reconnecting"
    READBACK = "readback", "宣读笔录", "record is being read back"
    SIGNED = "signed", "已签字", "record signed"
    SIGN_REFUSED = "sign_refused", "未签字", "signature declined"
    CLOSED = "closed", "已结束", "closed"
    ADJOURNED = "adjourned", "择期再谈", "adjourned"
    STOPPED = "stopped", "已中止", "stopped"
    BROKEN_OFF = "broken_off", "因故障中断", "broken off by a fault"


class SessionMove(Code):
    """What moves a session."""

    PREPARE = "prepare", "签署访前调查", "sign the preparation note"
    CHECK_IN = "check_in", "签到", "check in"
    BEGIN_NOTICE = "begin_notice", "开始权利告知", "begin the notice"
    CONFIRM = "confirm", "确认开始接谈", "confirm and begin"
    STEP_ASIDE = "step_aside", "离席会商", "step aside to consult"
    STEP_BACK = "step_back", "返回接谈", "step back in"
    LOSE = "lose", "连接中断", "connection lost"
    RESTORE = "restore", "连接恢复", "connection restored"
    BREAK_OFF = "break_off", "故障中断", "break off"
    READ_BACK = "read_back", "宣读笔录", "read the record back"
    SIGN = "sign", "签字", "sign"
    REFUSE_SIGN = "refuse_sign", "不签字", "decline to sign"
    CLOSE = "close", "结束", "close"
    ADJOURN = "adjourn", "择期再谈", "adjourn"
    STOP = "stop", "中止", "stop"


class StopReason(Code):
    """Why a session was stopped; staff may stop one only for danger."""

    PETITIONER_WISH = "petitioner_wish", "信访人要求停止", "the petitioner wished to stop"
    DANGER = "danger", "出现危险", "danger"


FINAL_STATES: Final = frozenset(
    {
        SessionState.CLOSED,
        SessionState.ADJOURNED,
        SessionState.STOPPED,
        SessionState.BROKEN_OFF,
    }
)
"""Nothing moves on from here."""

LIVE_STATES: Final = frozenset(
    {
        SessionState.NOTICE,
        SessionState.ACTIVE,
        SessionState.CONSULT,
        SessionState.RECONNECTING,
        SessionState.READBACK,
        SessionState.SIGNED,
        SessionState.SIGN_REFUSED,
    }
)
"""Leader or clerk and petitioner are together: cameras may be on."""

RESUMABLE_STATES: Final = frozenset(
    {SessionState.NOTICE, SessionState.ACTIVE, SessionState.CONSULT, SessionState.READBACK}
)
"""States a lost line interrupts and a restored one returns to."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A session's state; `resumes` is set while reconnecting, and only then.

    Raises:
        ValueError: the two do not belong together.
    """

    state: SessionState
    resumes: SessionState | None = None

    def __post_init__(self) -> None:
        reconnecting = self.state is SessionState.RECONNECTING
        if reconnecting != (self.resumes is not None) or (
            self.resumes is not None and self.resumes not in RESUMABLE_STATES
        ):
            raise ValueError(f"no such stage: {self.state} resuming {self.resumes}")


STAGES: Final = (
    *(Stage(state) for state in SessionState if state is not SessionState.RECONNECTING),
    *(
        Stage(SessionState.RECONNECTING, state)
        for state in SessionState
        if state in RESUMABLE_STATES
    ),
)
"""Every stage there is."""

FIRST_STAGE: Final = Stage(SessionState.SCHEDULED)

_STEPS: Final = {
    (SessionState.SCHEDULED, SessionMove.PREPARE): SessionState.PREPARED,
    # Without a preparation note the session is held all the same; the office is at fault.
    (SessionState.SCHEDULED, SessionMove.CHECK_IN): SessionState.LOBBY,
    (SessionState.PREPARED, SessionMove.CHECK_IN): SessionState.LOBBY,
    (SessionState.LOBBY, SessionMove.BEGIN_NOTICE): SessionState.NOTICE,
    (SessionState.NOTICE, SessionMove.CONFIRM): SessionState.ACTIVE,
    (SessionState.ACTIVE, SessionMove.STEP_ASIDE): SessionState.CONSULT,
    (SessionState.CONSULT, SessionMove.STEP_BACK): SessionState.ACTIVE,
    (SessionState.ACTIVE, SessionMove.READ_BACK): SessionState.READBACK,
    (SessionState.ACTIVE, SessionMove.ADJOURN): SessionState.ADJOURNED,
    (SessionState.READBACK, SessionMove.SIGN): SessionState.SIGNED,
    (SessionState.READBACK, SessionMove.REFUSE_SIGN): SessionState.SIGN_REFUSED,
    (SessionState.SIGNED, SessionMove.CLOSE): SessionState.CLOSED,
    (SessionState.SIGN_REFUSED, SessionMove.CLOSE): SessionState.CLOSED,
}


def _all_moves() -> dict[tuple[Stage, SessionMove], Stage]:
    moves = {(Stage(before), move): Stage(then) for (before, move), then in _STEPS.items()}
    for state in RESUMABLE_STATES:
        lost = Stage(SessionState.RECONNECTING, state)
        moves[Stage(state), SessionMove.LOSE] = lost
        moves[lost, SessionMove.RESTORE] = Stage(state)
        moves[lost, SessionMove.BREAK_OFF] = Stage(SessionState.BROKEN_OFF)
    for stage in STAGES:
        if stage.state not in FINAL_STATES:
            moves[stage, SessionMove.STOP] = Stage(SessionState.STOPPED)
    return moves


MOVES: Final = _all_moves()
"""The whole table; what is not in it is refused."""


def after(stage: Stage, move: SessionMove) -> Stage:
    """The stage a move leads to.

    Raises:
        MoveRefused: the stage does not allow the move; details `state` and `move`.
    """
    try:
        return MOVES[stage, move]
    except KeyError:
        raise MoveRefused(state=stage.state.value, move=move.value) from None


_MAY: Final = {
    SessionMove.PREPARE: frozenset({Role.CLERK, Role.SECRETARY}),
    SessionMove.CHECK_IN: frozenset({Role.KIOSK, Role.CLERK}),
    SessionMove.BEGIN_NOTICE: frozenset({Role.LEADER, Role.CLERK}),
    SessionMove.CONFIRM: frozenset({Role.KIOSK}),
    SessionMove.STEP_ASIDE: frozenset({Role.LEADER}),
    SessionMove.STEP_BACK: frozenset({Role.LEADER}),
    SessionMove.LOSE: frozenset({Role.SYSTEM}),
    SessionMove.RESTORE: frozenset({Role.SYSTEM}),
    SessionMove.BREAK_OFF: frozenset({Role.SYSTEM}),
    SessionMove.READ_BACK: frozenset({Role.LEADER, Role.CLERK}),
    SessionMove.SIGN: frozenset({Role.KIOSK}),
    SessionMove.REFUSE_SIGN: frozenset({Role.KIOSK}),
    SessionMove.CLOSE: frozenset({Role.LEADER, Role.CLERK}),
    SessionMove.ADJOURN: frozenset({Role.LEADER, Role.KIOSK}),
    SessionMove.STOP: frozenset({Role.KIOSK, Role.LEADER, Role.CLERK}),
}


def may(role: Role, move: SessionMove) -> bool:
    """Whether a role may make a move at all; the petitioner's side acts as the kiosk."""
    return role in _MAY[move]


def may_stop(role: Role, reason: StopReason) -> bool:
    """The petitioner may stop for any reason at any time, staff only for danger."""
    return may(role, SessionMove.STOP) and (role is Role.KIOSK or reason is StopReason.DANGER)


def media_allowed(state: SessionState) -> bool:
    """Whether cameras and microphones may be on in this state at all."""
    return state in LIVE_STATES


@dataclass(frozen=True, slots=True)
class MediaRights:
    """What the hub forwards from (`send`) and to (`receive`) one person."""

    send: bool
    receive: bool


def media_rights(state: SessionState, role: Role) -> MediaRights:
    """The rights of a participant; during a consultation the petitioner's side is cut off.

    Neither are the officials overheard then, nor is the petitioner while waiting.
    """
    together = media_allowed(state) and not (state is SessionState.CONSULT and role is Role.KIOSK)
    return MediaRights(send=together, receive=together)


def recording_allowed(stage: Stage, consent: Consent) -> bool:
    """Whether a recording may run: the petitioner agreed, and talk or readback is going on.

    A lost line does not end the recording of what it interrupted (the recording notes a gap);
    a consultation is never recorded.
    """
    going_on = stage.resumes or stage.state
    return consent is Consent.GIVEN and going_on in {
        SessionState.ACTIVE,
        SessionState.READBACK,
    }
