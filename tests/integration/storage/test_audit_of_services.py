"""Each thing done leaves its events in the audit log, by ids, and nothing of whom it was about."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import pytest

from reception.domain.access import SYSTEM
from reception.domain.audit import AuditAction
from reception.domain.cases import CaseMove
from reception.domain.codes import Mode, Role
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.errors import BadCredentials, MoveRefused
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionMove
from reception.services import (
    accounts,
    booking,
    calendar,
    cases,
    kiosks,
    playback,
    records,
    sessions,
    tokens,
)
from reception.services.booking import BookingView, BookRequest
from reception.services.calendar import SlotView
from reception.storage import audit as rows
from reception.storage.database import Database
from reception.storage.tables import AuditEvent
from tests.build import (
    COUNTY,
    NOW,
    TODAY,
    WINDOWS,
    Prefecture,
    draft,
    later,
    open_day,
    prefecture,
)

A: Final = AuditAction
PASSWORD: Final = "Correct horse battery 9"
TYPED: Final = (
    "吴某",
    "13800001234",
    "水渠",
    "张三",
    "zhang3",
    "修好",
    "县里开会",
    PASSWORD,
    "一号",
)
"""Words of people's names, numbers and texts that the steps below give to the program."""


@dataclass
class Desk:
    """What the steps work on."""

    db: Database
    made: Prefecture
    slots: tuple[SlotView, ...]
    booked: list[BookingView] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def session_id(self) -> str:
        return self.booked[-1].session_id or ""


Step = Callable[[Desk], Awaitable[None]]


async def register(desk: Desk) -> None:
    made = await cases.register(desk.db, draft=draft(), actor=desk.made.clerk, now=NOW)
    desk.ids["case"] = made.id


async def forward(desk: Desk) -> None:
    await cases.move(
        desk.db,
        case_id=desk.ids["case"],
        move=CaseMove.FORWARD,
        actor=desk.made.clerk,
        now=NOW,
        organ_id=desk.made.organ_id,
        note="张三来过。",
    )


async def open_case(desk: Desk) -> None:
    await cases.case_page(desk.db, case_id=desk.ids["case"], actor=desk.made.clerk, now=NOW)


async def book(desk: Desk) -> None:
    request = BookRequest(
        slot_id=desk.slots[len(desk.booked)].id, site_id=desk.made.site_id, draft=draft()
    )
    desk.booked.append(
        await booking.book(
            desk.db, request=request, actor=desk.made.clerk, idempotency_key=None, now=NOW
        )
    )


async def cancel(desk: Desk) -> None:
    await booking.cancel(
        desk.db,
        booking_id=desk.booked.pop().id,
        by="government",
        reason="县里开会",
        actor=desk.made.clerk,
        now=NOW,
    )


async def move_booking(desk: Desk) -> None:
    desk.booked.append(
        await booking.move(
            desk.db,
            booking_id=desk.booked.pop().id,
            slot_id=desk.slots[2].id,
            by="petitioner",
            actor=desk.made.clerk,
            now=NOW,
        )
    )


async def check_in(desk: Desk) -> None:
    await booking.check_in(desk.db, code=desk.booked[-1].code, actor=desk.made.kiosk, now=later(60))


async def ticket(desk: Desk) -> None:
    await sessions.issue_ticket(desk.db, session_id=desk.session_id, actor=desk.made.kiosk, now=NOW)


async def prepare(desk: Desk) -> None:
    await sessions.save_preparation(
        desk.db, session_id=desk.session_id, note="水渠", actor=desk.made.clerk, now=NOW
    )


async def consent(desk: Desk) -> None:
    await sessions.consent(
        desk.db,
        session_id=desk.session_id,
        answer=True,
        text_version=RECORDING_CONSENT.version,
        how="button",
        actor=desk.made.kiosk,
        now=NOW,
    )


def moved(move: SessionMove, *, by_kiosk: bool = False, reason: str = "") -> Step:
    async def step(desk: Desk) -> None:
        await sessions.move(
            desk.db,
            session_id=desk.session_id,
            move=move,
            actor=desk.made.kiosk if by_kiosk else desk.made.leader,
            now=NOW,
            reason=reason,
        )

    return step


async def write_record(desk: Desk) -> None:
    await sessions.save_record(
        desk.db,
        session_id=desk.session_id,
        text="吴某反映水渠断水。",
        actor=desk.made.leader,
        now=NOW,
    )


async def sign(desk: Desk) -> None:
    await sessions.sign(
        desk.db, session_id=desk.session_id, strokes="M0 0 L1 1", actor=desk.made.kiosk, now=NOW
    )


async def promise(desk: Desk) -> None:
    await sessions.save_outcome(
        desk.db,
        session_id=desk.session_id,
        draft=sessions.OutcomeDraft(
            type=OutcomeType.ASSIGNED,
            text="修好水渠",
            owner_organ_id=desk.made.organ_id,
            due_on=date(2026, 5, 1),
        ),
        actor=desk.made.leader,
        now=NOW,
    )


async def rate(desk: Desk) -> None:
    await sessions.rate(
        desk.db,
        session_id=desk.session_id,
        target="session",
        level=3,
        actor=desk.made.kiosk,
        now=NOW,
    )


async def begin_recording(desk: Desk) -> None:
    desk.ids["recording"] = await records.begin(desk.db, session_id=desk.session_id, now=NOW)


async def begin_again(desk: Desk) -> None:
    await records.begin(desk.db, session_id=desk.session_id, now=NOW)


async def view_recording(desk: Desk) -> None:
    recording = desk.ids["recording"]
    if "file" not in desk.ids:
        await records.ended(desk.db, recording_id=recording, now=NOW)
        result = {
            "files": [
                {
                    "participant": "p1",
                    "file": "p1.webm",
                    "bytes": 5,
                    "sha256": "0" * 64,
                    "duration_ms": 1,
                }
            ],
            "gaps": [],
            "head": "0" * 64,
            "started_at_ms": 0,
        }
        await records.finished(desk.db, recording_id=recording, result=result, now=NOW)
        view = await records.recording(desk.db, recording_id=recording, actor=desk.made.leader)
        desk.ids["file"] = view.files[0].id
    await playback.film(
        desk.db, file_id=desk.ids["file"], tickets=None, actor=desk.made.leader, now=NOW
    )


async def create_account(desk: Desk) -> None:
    await accounts.create_account(
        desk.db,
        login="zhang3",
        name="张三",
        role=Role.CLERK,
        area_code=COUNTY,
        password=PASSWORD,
        now=NOW,
    )


async def log_in(desk: Desk) -> None:
    await accounts.log_in(desk.db, login="zhang3", password=PASSWORD, address="10.0.0.1", now=NOW)


async def log_in_wrongly(desk: Desk) -> None:
    with pytest.raises(BadCredentials):
        await accounts.log_in(desk.db, login="zhang3", password="张三", address="10.0.0.1", now=NOW)


async def create_token(desk: Desk) -> None:
    await tokens.create_token(desk.db, name="张三", role=Role.SYSADMIN, area_code=COUNTY, now=NOW)


async def create_kiosk(desk: Desk) -> None:
    await kiosks.create_kiosk(desk.db, site_id=desk.made.site_id, name="一号终端", now=NOW)


async def publish(desk: Desk) -> None:
    await calendar.add_day(
        desk.db,
        leader_id=desk.made.leader_id,
        date=TODAY + timedelta(days=20),
        windows=WINDOWS,
        slot_minutes=30,
        buffer_minutes=10,
        mode=Mode.VIDEO,
        actor=desk.made.clerk,
        now=NOW,
    )


async def move_what_is_over(desk: Desk) -> None:
    with pytest.raises(MoveRefused):
        await sessions.move(
            desk.db,
            session_id=desk.session_id,
            move=SessionMove.CONFIRM,
            actor=desk.made.kiosk,
            now=NOW,
        )


STEPS: Final[Sequence[tuple[Step, Sequence[AuditAction]]]] = (
    (register, [A.CASE_REGISTERED]),
    (forward, [A.CASE_MOVED]),
    (open_case, [A.CASE_OPENED]),
    (book, [A.CASE_REGISTERED, A.BOOKED]),
    (cancel, [A.SESSION_MOVED, A.BOOKING_CANCELLED]),
    (book, [A.CASE_REGISTERED, A.BOOKED]),
    (move_booking, [A.BOOKING_MOVED]),
    (prepare, [A.SESSION_MOVED]),
    (check_in, [A.CHECKED_IN, A.SESSION_MOVED]),
    (ticket, [A.TICKET_ISSUED]),
    (moved(SessionMove.BEGIN_NOTICE), [A.SESSION_MOVED]),
    (consent, [A.CONSENT_ANSWERED]),
    (moved(SessionMove.CONFIRM, by_kiosk=True), [A.SESSION_MOVED]),
    (move_what_is_over, []),
    (begin_recording, [A.RECORDING_BEGUN]),
    (begin_again, []),
    (view_recording, [A.RECORDING_FINISHED, A.RECORDING_VIEWED]),
    (view_recording, []),
    (moved(SessionMove.READ_BACK), [A.SESSION_MOVED]),
    (write_record, [A.RECORD_SAVED]),
    (sign, [A.SESSION_MOVED, A.RECORD_SIGNED]),
    (promise, [A.OUTCOME_SAVED, A.CASE_MOVED]),
    (rate, [A.RATED]),
    (moved(SessionMove.CLOSE), [A.SESSION_MOVED]),
    (create_account, [A.ACCOUNT_CREATED]),
    (log_in, [A.LOGGED_IN]),
    (log_in_wrongly, [A.LOGIN_REFUSED]),
    (create_token, [A.TOKEN_CREATED]),
    (create_kiosk, [A.KIOSK_CREATED]),
    (publish, [A.DAY_PUBLISHED]),
)


ELSEWHERE: Final = {
    # tests/integration/storage/test_day_changes.py
    A.DAY_SUBSTITUTED,
    A.DAY_CANCELLED,
    A.DAY_MISSED,
    A.STAND_INS_SET,
    # tests/integration/storage/test_matches.py
    A.MATTER_JOINED,
    A.MATTER_SEPARATED,
    # tests/integration/storage/test_declines.py
    A.RECEPTION_DECLINED,
    A.OBJECTION_MADE,
    A.OBJECTION_DECIDED,
    # tests/integration/storage/test_waiting.py
    A.WAIT_JOINED,
    A.WAIT_OFFERED,
    A.WAIT_ENDED,
    # tests/integration/storage/test_queue.py
    A.TICKET_TAKEN,
    A.TICKET_MOVED,
    A.TICKET_PREFERRED,
    # tests/integration/storage/test_agents.py
    A.AGENT_NAMED,
    A.AGENT_REVOKED,
    # tests/integration/storage/test_groups.py
    A.GROUP_RULE_SET,
    # tests/integration/storage/test_absences.py
    A.ABSENCE_ADDED,
    A.ABSENCE_ENDED,
    A.STAND_IN_ACCEPTED,
    # tests/security/test_audit_views.py
    A.AUDIT_READ,
    # tests/security/test_attachments.py
    A.ATTACHMENT_ADDED,
    A.ATTACHMENT_OPENED,
    A.ATTACHMENT_REMOVED,
    # tests/security/test_key_rotation.py
    A.KEYS_ROTATED,
    A.KEYS_RESEALED,
    A.KEYS_RETIRED,
    # tests/security/test_turned_away.py
    A.ACCESS_REFUSED,
    # tests/security/test_log_ins.py
    A.SESSION_ENDED,
    A.PASSWORD_CHANGED,
    A.PASSWORD_RESET,
    A.IDENTITY_PROVED,
    A.FACTOR_ENROLLED,
    A.FACTOR_REMOVED,
    A.ROLE_CHANGED,
    A.ACCOUNT_DISABLED,
    A.ACCOUNT_ENABLED,
    # tests/security/test_subjects.py
    A.SUBJECT_NAMED,
    A.SUBJECT_REMOVAL_ASKED,
    A.SUBJECT_REMOVED,
    # tests/security/test_petitioners.py
    A.REVEALED,
    A.CORRECTED,
    # tests/security/test_case_files.py
    A.CASE_EXPORTED,
    # tests/security/test_delegations.py
    A.DELEGATED,
    A.DELEGATION_ENDED,
    # test_retention.py
    A.PERIOD_SET,
    A.HOLD_PLACED,
    A.HOLD_LIFT_ASKED,
    A.HOLD_LIFTED,
    A.DESTRUCTION_ANNOUNCED,
    A.DESTRUCTION_TAKEN_BACK,
    A.DESTROYED,
    # test_kiosks.py
    A.KIOSK_APPROVED,
    A.KIOSK_LIMITED,
    A.KIOSK_QUARANTINED,
    A.KIOSK_REVOKED,
}
"""Events of steps that other tests take."""


async def everything(db: Database, after: int = 0) -> Sequence[AuditEvent]:
    async with db.reading(SYSTEM) as tx:
        return await rows.events_after(tx, after, 1000)


async def test_each_step_leaves_exactly_its_events(db: Database) -> None:
    made = await prefecture(db)
    desk = Desk(db, made, await open_day(db, made.leader_id))
    seen = len(await everything(db))
    for number, (step, expected) in enumerate(STEPS):
        await step(desk)
        left = await everything(db, after=seen)
        assert (number, [event.action for event in left]) == (number, list(expected))
        seen += len(left)

    log = await everything(db)
    assert {event.action for event in log} == {action.value for action in AuditAction} - ELSEWHERE
    shown = "\n".join(json.dumps(json.loads(event.canon[1:]), ensure_ascii=False) for event in log)
    assert [word for word in TYPED if word in shown] == []
    cancelled = next(event for event in log if event.action == A.BOOKING_CANCELLED)
    assert (cancelled.actor_id, cancelled.purpose) == (made.clerk.id, "government")
    refused = [event for event in log if event.decision == "refused"]
    assert [event.action for event in refused] == [A.LOGIN_REFUSED]


async def test_why_a_talk_was_stopped_is_kept_and_what_was_typed_is_not(db: Database) -> None:
    made = await prefecture(db)
    for reason, kept in (("danger", "danger"), ("吴某走了", "")):
        desk = Desk(db, made, await open_day(db, made.leader_id if kept else made.other_leader_id))
        await book(desk)
        stop = moved(SessionMove.STOP, by_kiosk=True, reason=reason)
        await check_in(desk)
        await stop(desk)
        last = (await everything(db))[-1]
        assert (last.action, last.purpose) == (A.SESSION_MOVED, kept)
