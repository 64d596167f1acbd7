"""What a kiosk is to us: its states, what it signs, its code, its words, its hours and its network.

A kiosk's browser makes a key that never leaves it. A one-time code puts the public half on the
kiosk's record, an administrator who sees the same six words on both screens approves it, and from
then on every session of the machine begins with a signature of that key.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final, Literal

from reception.domain.codes import Code
from reception.domain.errors import BadInput, MoveRefused, Refused
from reception.domain.fingerprint_words import FINGERPRINT_WORDS
from scheduler.calendar import SHANGHAI

CODE_HOLDS: Final = timedelta(minutes=10)
CODE_TRIES: Final = 5
CHALLENGE_HOLDS: Final = timedelta(seconds=60)
SESSION_HOLDS: Final = timedelta(minutes=10)
IN_FLIGHT: Final = timedelta(seconds=5)
"""How long a request under way may still speak for a session that has just been replaced."""

WORDS_SHOWN: Final = 6
MOST_NETWORKS: Final = 20
MOST_WINDOWS: Final = 6

# Without letters and digits that are taken for each other: 32 of them, 5 bits each.
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_HANDLE: Final = 4
_SECRET: Final = 10
_CODE: Final = re.compile(rf"[{_LETTERS}]{{{_HANDLE + _SECRET}}}", re.ASCII)

Window = tuple[time, time]


class KioskState(Code):
    """How far a kiosk has come, and whether it may speak for anybody."""

    UNENROLLED = "unenrolled", "待启用", "not enrolled"
    AWAITING = "awaiting", "等待核对", "waiting for approval"
    ENROLLED = "enrolled", "已启用", "enrolled"
    QUARANTINED = "quarantined", "已隔离", "quarantined"
    REVOKED = "revoked", "已停用", "revoked"


class KioskMove(StrEnum):
    """What changes the state of a kiosk."""

    ENROL = "enrol"
    ENROL_APPROVED = "enrol_approved"
    APPROVE = "approve"
    QUARANTINE = "quarantine"
    REVOKE = "revoke"


_ANY: Final = frozenset(KioskState)
MOVES: Final[Mapping[KioskMove, tuple[frozenset[KioskState], KioskState]]] = {
    KioskMove.ENROL: (_ANY, KioskState.AWAITING),
    KioskMove.ENROL_APPROVED: (_ANY, KioskState.ENROLLED),
    KioskMove.APPROVE: (frozenset({KioskState.AWAITING}), KioskState.ENROLLED),
    # Only a new code, used on the machine itself, brings a quarantined kiosk back.
    KioskMove.QUARANTINE: (frozenset({KioskState.ENROLLED}), KioskState.QUARANTINED),
    KioskMove.REVOKE: (_ANY - {KioskState.REVOKED}, KioskState.REVOKED),
}
"""From which states each move goes, and where to."""


class KioskCodeRefused(Refused):
    """The enrolment code is wrong, used, too old, or was tried too often; not told apart."""

    code = "kiosk_code_refused"


class KioskProofRefused(Refused):
    """The challenge is stale or used, or its signature is not one of this kiosk's key."""

    code = "kiosk_proof_refused"


class KioskUnenrolled(Refused):
    """No key belongs to this kiosk (any more); it has to be enrolled. `phone` is the site's."""

    code = "kiosk_unenrolled"


class KioskAwaiting(Refused):
    """The kiosk's key waits for an administrator to approve it."""

    code = "kiosk_awaiting"


class KioskRevoked(Refused):
    """The kiosk was taken out of service."""

    code = "kiosk_revoked"


class KioskQuarantined(Refused):
    """Two machines used the key of this kiosk; neither may go on."""

    code = "kiosk_quarantined"


class KioskClosed(Refused):
    """It is outside of the kiosk's hours, `hours`."""

    code = "kiosk_closed"


class KioskMisplaced(Refused):
    """The kiosk asks from a network it does not belong to."""

    code = "kiosk_misplaced"


class KioskAddress(Refused):
    """The page was opened at an address that is not this system's, `expected`."""

    code = "kiosk_address"


STOPS: Final = (
    KioskUnenrolled,
    KioskAwaiting,
    KioskRevoked,
    KioskQuarantined,
    KioskClosed,
    KioskMisplaced,
)
"""Why a kiosk whose session holds may all the same not go on."""


def after(state: KioskState, move: KioskMove) -> KioskState:
    """Return the state a move leads to.

    Raises:
        MoveRefused: not from this state.

    """
    allowed, to = MOVES[move]
    if state not in allowed:
        raise MoveRefused(state=state.value, move=move.value)
    return to


def refuse_unless_enrolled(state: KioskState, phone: str) -> None:
    """Let only an enrolled kiosk go on; the others are told what they are.

    Raises:
        KioskUnenrolled, KioskAwaiting, KioskRevoked, KioskQuarantined: with the site's `phone`.

    """
    match state:
        case KioskState.ENROLLED:
            return
        case KioskState.AWAITING:
            raise KioskAwaiting(phone=phone)
        case KioskState.REVOKED:
            raise KioskRevoked(phone=phone)
        case KioskState.QUARANTINED:
            raise KioskQuarantined(phone=phone)
        case KioskState.UNENROLLED:
            raise KioskUnenrolled(phone=phone)


# What is signed


def enrolment_text(origin: str, code: str, nonce: str) -> str:
    """Return what a kiosk signs to put its key on the record; `nonce` is its own choice."""
    return f"vpr-enrol-v1|{origin}|{code_hash(code)}|{nonce}"


def proof_text(origin: str, kiosk_id: str, challenge: str) -> str:
    """Return what a kiosk signs to begin a session."""
    return f"vpr-auth-v1|{origin}|{kiosk_id}|{challenge}"


# The one-time code


def new_code() -> str:
    """Return a fresh code: a handle by which it is found, and 50 secret bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_HANDLE + _SECRET))


def read_code(typed: str) -> str:
    """Return a code as it was made, however it was typed.

    Raises:
        KioskCodeRefused: it cannot be one.

    """
    plain = re.sub(r"[\s-]", "", typed).upper()
    if not _CODE.fullmatch(plain):
        raise KioskCodeRefused
    return plain


def shown_code(code: str) -> str:
    """Write a code in groups for people: `ABCD-EFGHJ-KLMNP`."""
    half = _HANDLE + _SECRET // 2
    return f"{code[:_HANDLE]}-{code[_HANDLE:half]}-{code[half:]}"


def handle_of(code: str) -> str:
    """Return the part of a code that is no secret: wrong tries are counted by it."""
    return code[:_HANDLE]


def code_hash(code: str) -> str:
    """Return the form in which a code is kept and signed."""
    return hashlib.sha256(f"vpr-code-v1|{code}".encode()).hexdigest()


# The six words


def fingerprint(public_key: bytes) -> tuple[str, ...]:
    """Return the six words two people read to each other to see that they mean the same key."""
    digest = hashlib.sha256(public_key).digest()
    return tuple(FINGERPRINT_WORDS[byte] for byte in digest[:WORDS_SHOWN])


# Sessions


@dataclass(frozen=True, slots=True)
class Replaced:
    """How a session came to be replaced by a newer one.

    Args:
        began_with, began_at: the token hash the replaced session was itself asked for with, if
            any, and when it began.
        asked_with, at: the token hash the newer one was asked for with, and when it began.
        token_hash: the replaced session's own.
    """

    token_hash: str
    began_with: str | None
    began_at: datetime
    asked_with: str | None
    at: datetime


def judge_replaced(replaced: Replaced, now: datetime) -> Literal["in_flight", "stale", "cloned"]:
    """Tell what the use of a replaced session means.

    `stale` is a browser that renewed its session and lost the answer; `cloned` are two machines
    with one key: the newer session was asked for by somebody who did not hold this one, and yet
    this one is still in use.
    """
    if now - replaced.at <= IN_FLIGHT:
        return "in_flight"
    if replaced.asked_with == replaced.token_hash:
        return "stale"
    # A page that was loaded anew while it renewed asks twice with the same token.
    is_twice = replaced.asked_with is not None and replaced.asked_with == replaced.began_with
    if is_twice and replaced.at - replaced.began_at <= IN_FLIGHT:
        return "stale"
    return "cloned"


# Hours and network


def is_open(hours: Sequence[Window], now: datetime) -> bool:
    """Tell whether a kiosk may be used now, in China's time; no hours means always."""
    clock = now.astimezone(SHANGHAI).time()
    return not hours or any(start <= clock < end for start, end in hours)


def is_at_home(networks: Sequence[str], address: str) -> bool:
    """Tell whether an address lies in one of the networks; no networks means anywhere."""
    if not networks:
        return True
    try:
        asked = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(asked, "ipv4_mapped", None)
    return any((mapped or asked) in ip_network(network) for network in networks)


def read_networks(texts: Sequence[str]) -> tuple[str, ...]:
    """Return networks in their one form.

    Raises:
        BadInput: one is no network like 10.20.0.0/16, or there are more than 20.

    """
    if len(texts) > MOST_NETWORKS:
        raise BadInput(field="network", reason="not_in_range", most=MOST_NETWORKS)
    try:
        return tuple(str(ip_network(text.strip())) for text in texts)
    except ValueError:
        raise BadInput(field="network", reason="not_a_network") from None


def read_hours(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Return opening hours in order.

    Raises:
        BadInput: one ends before it begins, two overlap, or there are more than 6.

    """
    ordered = tuple(sorted(windows))
    ends_before = [time.min, *(end for _, end in ordered)]
    is_wrong = any(
        not before <= start < end
        for before, (start, end) in zip(ends_before, ordered, strict=False)
    )
    if is_wrong or len(ordered) > MOST_WINDOWS:
        raise BadInput(field="hours", reason="not_hours")
    return ordered
