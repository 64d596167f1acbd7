"""The session's stages times its moves, who may move it, and when it is seen and recorded."""

import pytest

from reception.domain.codes import Consent, Role
from reception.domain.errors import MoveRefused
from reception.domain.sessions import (
    FINAL_STATES,
    FIRST_STAGE,
    LIVE_STATES,
    STAGES,
    MediaRights,
    SessionMove,
    SessionState,
    Stage,
    StopReason,
    after,
    may,
    may_stop,
    media_allowed,
    media_rights,
    recording_allowed,
)

TABLE = """
scheduled: prepare>prepared check_in>lobby stop>stopped
prepared: check_in>lobby stop>stopped
lobby: begin_notice>notice stop>stopped
notice: confirm>active lose>reconnecting/notice stop>stopped
active: step_aside>consult lose>reconnecting/active read_back>readback adjourn>adjourned \
stop>stopped
consult: step_back>active lose>reconnecting/consult stop>stopped
readback: sign>signed refuse_sign>sign_refused lose>reconnecting/readback stop>stopped
signed: close>closed stop>stopped
sign_refused: close>closed stop>stopped
closed:
adjourned:
stopped:
broken_off:
reconnecting/notice: restore>notice break_off>broken_off stop>stopped
reconnecting/active: restore>active break_off>broken_off stop>stopped
reconnecting/consult: restore>consult break_off>broken_off stop>stopped
reconnecting/readback: restore>readback break_off>broken_off stop>stopped
"""


def name(stage: Stage) -> str:
    return stage.state.value + (f"/{stage.resumes.value}" if stage.resumes else "")


def expected() -> dict[str, dict[str, str]]:
    rows = [line.partition(":") for line in TABLE.strip().splitlines()]
    return {
        stage: {move: then for move, _, then in (cell.partition(">") for cell in cells.split())}
        for stage, _, cells in rows
    }


def test_a_session_moves_as_its_table_says_and_no_other_way() -> None:
    found: dict[str, dict[str, str]] = {}
    for stage in STAGES:
        found[name(stage)] = {}
        for move in SessionMove:
            try:
                found[name(stage)][move.value] = name(after(stage, move))
            except MoveRefused:
                continue
    assert found == expected()


def test_an_ordinary_reception_goes_from_schedule_to_close() -> None:
    stage, seen = FIRST_STAGE, []
    for move in (
        SessionMove.PREPARE,
        SessionMove.CHECK_IN,
        SessionMove.BEGIN_NOTICE,
        SessionMove.CONFIRM,
        SessionMove.STEP_ASIDE,
        SessionMove.LOSE,
        SessionMove.RESTORE,
        SessionMove.STEP_BACK,
        SessionMove.READ_BACK,
        SessionMove.SIGN,
        SessionMove.CLOSE,
    ):
        stage = after(stage, move)
        seen.append(name(stage))
    assert seen == [
        "prepared",
        "lobby",
        "notice",
        "active",
        "consult",
        "reconnecting/consult",
        "consult",
        "active",
        "readback",
        "signed",
        "closed",
    ]


@pytest.mark.parametrize(
    ("state", "resumes"),
    [
        (SessionState.RECONNECTING, None),
        (SessionState.RECONNECTING, SessionState.LOBBY),
        (SessionState.RECONNECTING, SessionState.RECONNECTING),
        (SessionState.ACTIVE, SessionState.ACTIVE),
    ],
)
def test_a_stage_that_cannot_be_is_not_made(
    state: SessionState, resumes: SessionState | None
) -> None:
    with pytest.raises(ValueError, match="no such stage"):
        Stage(state, resumes)


MAY = {
    Role.KIOSK: "check_in confirm sign refuse_sign adjourn stop",
    Role.LEADER: "begin_notice step_aside step_back read_back adjourn stop close",
    Role.CLERK: "prepare check_in begin_notice read_back close stop",
    Role.SYSTEM: "lose restore break_off",
    Role.SECRETARY: "prepare",
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_make_its_moves_and_no_other(role: Role) -> None:
    assert {move.value for move in SessionMove if may(role, move)} == set(MAY.get(role, "").split())


def test_the_petitioner_may_stop_at_any_time_and_staff_only_for_danger() -> None:
    assert may_stop(Role.KIOSK, StopReason.PETITIONER_WISH)
    assert may_stop(Role.KIOSK, StopReason.DANGER)
    assert may_stop(Role.LEADER, StopReason.DANGER)
    assert not may_stop(Role.LEADER, StopReason.PETITIONER_WISH)
    assert not may_stop(Role.CLERK, StopReason.PETITIONER_WISH)
    assert not may_stop(Role.SYSADMIN, StopReason.DANGER)


def test_cameras_are_off_before_the_notice_and_after_the_end() -> None:
    off = {state.value for state in SessionState if not media_allowed(state)}
    assert off == {
        "scheduled",
        "prepared",
        "lobby",
        "closed",
        "adjourned",
        "stopped",
        "broken_off",
    }
    assert not LIVE_STATES & FINAL_STATES


def test_the_petitioner_neither_hears_nor_is_heard_during_a_consultation() -> None:
    assert media_rights(SessionState.CONSULT, Role.KIOSK) == MediaRights(False, False)
    assert media_rights(SessionState.CONSULT, Role.LEADER) == MediaRights(True, True)
    assert media_rights(SessionState.ACTIVE, Role.KIOSK) == MediaRights(True, True)
    assert media_rights(SessionState.LOBBY, Role.LEADER) == MediaRights(False, False)


def test_only_consent_and_going_talk_let_a_recording_run() -> None:
    recorded = {name(stage) for stage in STAGES if recording_allowed(stage, Consent.GIVEN)}
    assert recorded == {
        "active",
        "readback",
        "reconnecting/active",
        "reconnecting/readback",
    }
    for consent in (Consent.NOT_ASKED, Consent.REFUSED, Consent.WITHDRAWN):
        assert not any(recording_allowed(stage, consent) for stage in STAGES)
