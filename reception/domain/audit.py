"""The audit log as bytes: what one event is, how events are chained, what a checkpoint says.

Hashes of leaves and tree are those of RFC 6962 (section 2.1); a checkpoint is the text of C2SP
tlog-checkpoint, without its signature.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal, Self

VERSION: Final = b"\x01"
"""The first byte of every canonical form: how the rest is to be read."""

START: Final = bytes(32)
"""What the first event is chained to."""

_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_LINES_OF_CHECKPOINT: Final = 5

Decision = Literal["allowed", "refused"]

Detail = Mapping[str, str | int | bool | None]
"""More about an event: stable words, numbers and ids; never a text somebody typed."""


class AuditAction(StrEnum):
    """What was done."""

    CASE_REGISTERED = "case_registered"
    RECEPTION_DECLINED = "reception_declined"
    OBJECTION_MADE = "objection_made"
    OBJECTION_DECIDED = "objection_decided"
    WAIT_JOINED = "wait_joined"
    WAIT_OFFERED = "wait_offered"
    WAIT_ENDED = "wait_ended"
    TICKET_TAKEN = "ticket_taken"
    TICKET_MOVED = "ticket_moved"
    TICKET_PREFERRED = "ticket_preferred"
    MATTER_JOINED = "matter_joined"
    MATTER_SEPARATED = "matter_separated"
    AGENT_NAMED = "agent_named"
    AGENT_REVOKED = "agent_revoked"
    GROUP_RULE_SET = "group_rule_set"
    CASE_MOVED = "case_moved"
    CASE_OPENED = "case_opened"
    BOOKED = "booked"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_MOVED = "booking_moved"
    CHECKED_IN = "checked_in"
    TICKET_ISSUED = "ticket_issued"
    SESSION_MOVED = "session_moved"
    CONSENT_ANSWERED = "consent_answered"
    RECORD_SAVED = "record_saved"
    RECORD_SIGNED = "record_signed"
    OUTCOME_SAVED = "outcome_saved"
    RATED = "rated"
    RECORDING_BEGUN = "recording_begun"
    RECORDING_FINISHED = "recording_finished"
    RECORDING_VIEWED = "recording_viewed"
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # the name of an event
    PASSWORD_RESET = "password_reset"  # noqa: S105  # the name of an event
    IDENTITY_PROVED = "identity_proved"
    FACTOR_ENROLLED = "factor_enrolled"
    FACTOR_REMOVED = "factor_removed"
    DELEGATED = "delegated"
    DELEGATION_ENDED = "delegation_ended"
    ROLE_CHANGED = "role_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_CREATED = "account_created"
    TOKEN_CREATED = "token_created"  # noqa: S105  # the name of an event
    KIOSK_CREATED = "kiosk_created"
    KIOSK_CODE_MADE = "kiosk_code_made"
    KIOSK_ENROLLED = "kiosk_enrolled"
    KIOSK_APPROVED = "kiosk_approved"
    KIOSK_LIMITED = "kiosk_limited"
    KIOSK_QUARANTINED = "kiosk_quarantined"
    KIOSK_REVOKED = "kiosk_revoked"
    DAY_PUBLISHED = "day_published"
    DAY_SUBSTITUTED = "day_substituted"
    DAY_CANCELLED = "day_cancelled"
    DAY_MISSED = "day_missed"
    STAND_INS_SET = "stand_ins_set"
    ABSENCE_ADDED = "absence_added"
    ABSENCE_ENDED = "absence_ended"
    STAND_IN_ACCEPTED = "stand_in_accepted"
    SUBJECT_NAMED = "subject_named"
    SUBJECT_REMOVAL_ASKED = "subject_removal_asked"
    SUBJECT_REMOVED = "subject_removed"
    ACCESS_REFUSED = "access_refused"
    REVEALED = "revealed"
    ATTACHMENT_ADDED = "attachment_added"
    ATTACHMENT_OPENED = "attachment_opened"
    ATTACHMENT_REMOVED = "attachment_removed"
    CORRECTED = "corrected"
    CASE_EXPORTED = "case_exported"
    KEYS_ROTATED = "keys_rotated"
    KEYS_RESEALED = "keys_resealed"
    KEYS_RETIRED = "keys_retired"
    AUDIT_READ = "audit_read"
    PERIOD_SET = "period_set"
    HOLD_PLACED = "hold_placed"
    HOLD_LIFT_ASKED = "hold_lift_asked"
    HOLD_LIFTED = "hold_lifted"
    DESTRUCTION_ANNOUNCED = "destruction_announced"
    DESTRUCTION_TAKEN_BACK = "destruction_taken_back"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class AuditFact:
    """Who did what to what, and when; people and things by id only.

    Args:
        at: an aware instant.
        decision: whether it was done or turned away.
        purpose: why, as one stable word; empty when it goes without saying.
    """

    at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str
    action: str
    object_kind: str
    object_id: str
    decision: Decision = "allowed"
    purpose: str = ""
    detail: Detail = field(default_factory=dict)


def canonical(fact: AuditFact) -> bytes:
    """Return the one byte form of a fact: a version byte, then JSON with sorted keys in ASCII."""
    body = {
        "at": _written(fact.at),
        "actor_kind": fact.actor_kind,
        "actor_id": fact.actor_id,
        "actor_role": fact.actor_role,
        "action": fact.action,
        "object_kind": fact.object_kind,
        "object_id": fact.object_id,
        "decision": fact.decision,
        "purpose": fact.purpose,
        "detail": dict(fact.detail),
    }
    return VERSION + json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")


def leaf_hash(canon: bytes) -> bytes:
    """Return the hash of a leaf of the tree (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + canon).digest()


def chain_hash(before: bytes, leaf: bytes) -> bytes:
    """Return the chain's hash after `leaf`; `before` is the one of the event before, or `START`."""
    return hashlib.sha256(before + leaf).digest()


class Tree:
    """The Merkle tree of RFC 6962 over leaf hashes that come one by one.

    Only the roots of its whole subtrees are kept, largest first: `peaks` is all a later process
    needs to go on.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError("as many peaks as the size has one bits")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add the next leaf hash."""
        node, rest = leaf, self.size
        while rest & 1:
            node = _node_hash(self.peaks.pop(), node)
            rest >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the hash of the whole tree as it is."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = _node_hash(peak, root)
        return root


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the log of `origin` stood: how many events, their tree's root, their chain's head."""

    origin: str
    size: int
    root: bytes
    chain: bytes
    at: datetime

    def text(self) -> str:
        """Return the text that is signed; chain and time are C2SP's extension lines."""
        return (
            f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"
            f"chain {_b64(self.chain)}\ntime {_written(self.at)}\n"
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the checkpoint with this text.

        Raises:
            ValueError: `text` is not one of ours, to the byte.

        """
        lines = text.split("\n")
        if len(lines) != _LINES_OF_CHECKPOINT + 1:
            raise ValueError("not a checkpoint")
        try:
            found = cls(
                origin=lines[0],
                size=int(lines[1]),
                root=base64.b64decode(lines[2], validate=True),
                chain=base64.b64decode(lines[3].removeprefix("chain "), validate=True),
                at=datetime.strptime(lines[4].removeprefix("time "), _TIME).replace(tzinfo=UTC),
            )
        except binascii.Error as error:
            raise ValueError("not a checkpoint") from error
        if found.text() != text:
            raise ValueError("not a checkpoint")
        return found


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_TIME)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
