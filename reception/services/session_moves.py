"""One move of a session: by its table, by compare-and-set, with an event."""

from datetime import datetime
from typing import Final

from reception.domain.access import Actor
from reception.domain.audit import AuditAction
from reception.domain.errors import MovedMeanwhile
from reception.domain.sessions import (
    FINAL_STATES,
    SessionMove,
    SessionState,
    Stage,
    StopReason,
    after,
)
from reception.services import audit
from reception.storage import sessions as rows
from reception.storage.database import Transaction
from reception.storage.tables import Session, SessionEvent

_STOP_REASONS: Final = frozenset(StopReason)
_REASONS: Final = _STOP_REASONS | {"booking_cancelled", "leader_absent", "too_long", "absent"}
"""Reasons that are kept; any other is what somebody typed, and may name somebody."""


async def advance(
    tx: Transaction,
    session: Session,
    move: SessionMove,
    actor: Actor,
    now: datetime,
    *,
    reason: str = "",
    **values: object,
) -> Stage:
    """Move a session on and return where it stands; `values` are written with the move.

    Raises:
        MoveRefused: its state does not allow the move.
        MovedMeanwhile: somebody moved it since it was read.

    """
    before = Stage(session.state, session.resumes)
    then = after(before, move)
    values["lost_at"] = now if then.state is SessionState.RECONNECTING else None
    if then.state is SessionState.ACTIVE and session.started_at is None:
        values["started_at"] = now
    if then.state in FINAL_STATES:
        values["ended_at"] = now
    changed = await rows.change_session(
        tx,
        session.id,
        version=session.version,
        state=then.state,
        resumes=then.resumes,
        **values,
    )
    if not changed:
        raise MovedMeanwhile(thing="session")
    await tx.put(
        SessionEvent(
            session_id=session.id,
            at=now,
            move=move.value,
            before=before.state.value,
            after=then.state.value,
            reason=reason if reason in _REASONS else "",
            actor_kind=actor.kind,
            actor_id=actor.id,
        )
    )
    audit.record(
        tx,
        AuditAction.SESSION_MOVED,
        actor,
        "session",
        session.id,
        now,
        purpose=reason if reason in _STOP_REASONS else "",
        move=move.value,
        before=before.state.value,
        after=then.state.value,
    )
    return then
