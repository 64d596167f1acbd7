"""The wire as types: every message a client may send, and the text of every answer.

`docs/protocol.md` describes the same messages for someone who writes a client; a test keeps the
two equal.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from annotated_types import Ge, Le, Len, MaxLen
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from signaling.errors import BadMessage, MessageTooLarge, UnknownType

PROTOCOL_VERSION: Final = 1
MAX_MESSAGE_BYTES: Final = 64 * 1024
MAX_JSON_DEPTH: Final = 8

Token = Annotated[str, Len(16, 128)]
ShortText = Annotated[str, MaxLen(2_000)]


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of a connection: the versions it speaks and what lets it in."""

    proto: Annotated[tuple[int, ...], Len(1, 8)]
    ticket: Token | None = None
    resume: Token | None = None


@dataclass(frozen=True, slots=True)
class Ice:
    """Asks for servers and credentials for the next PeerConnection; those of the welcome run out."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A new PeerConnection of this person; `gen` grows with each."""

    gen: Annotated[int, Ge(1), Le(2**53)]
    sdp: Annotated[str, MaxLen(48 * 1024)]


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for an immediate answer; `t` comes back as it was sent."""

    t: float


@dataclass(frozen=True, slots=True)
class Move:
    """Asks for a move of the session's state."""

    move: Annotated[str, Len(1, 32)]
    reason: ShortText = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """The petitioner's answer about recording, to the text whose version was shown."""

    answer: bool
    text_version: Annotated[str, Len(1, 64)]
    how: Literal["button", "voice"] = "button"


@dataclass(frozen=True, slots=True)
class Record:
    """The written record of the talk as it stands."""

    text: Annotated[str, MaxLen(20_000)]


@dataclass(frozen=True, slots=True)
class Sign:
    """The petitioner's signature as SVG path data."""

    strokes: Annotated[str, MaxLen(32_000)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, for the case."""

    type: Annotated[str, Len(1, 32)]
    text: Annotated[str, MaxLen(5_000)]
    owner_organ_id: Annotated[str, Len(1, 64)] | None = None
    due_on: date | None = None
    legal_basis: ShortText = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """The petitioner's rating of one target."""

    target: Literal["session", "petition_office", "organ"]
    level: Literal[0, 1, 3]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Asks for what is printed at the end."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Five seconds of a client's media figures."""

    rtt_ms: Annotated[float, Ge(0)] | None = None
    loss: Annotated[float, Ge(0), Le(1)] | None = None
    concealed: Annotated[float, Ge(0), Le(1)] | None = None
    freezes: Annotated[int, Ge(0)] | None = None
    fps: Annotated[float, Ge(0)] | None = None
    kbps: Annotated[float, Ge(0)] | None = None
    join_ms: Annotated[float, Ge(0)] | None = None


Action = Ice | Move | Consent | Record | Sign | Outcome | Rate | Receipt | Stats
ClientMessage = Hello | Offer | Ping | Action

CLIENT_MESSAGES: Final[dict[str, type[ClientMessage]]] = {
    "hello": Hello,
    "ice": Ice,
    "offer": Offer,
    "ping": Ping,
    "move": Move,
    "consent": Consent,
    "record": Record,
    "sign": Sign,
    "outcome": Outcome,
    "rate": Rate,
    "receipt": Receipt,
    "stats": Stats,
}
SERVER_EVENTS: Final = ("snapshot", "rejoin", "moved", "ended")

_ADAPTERS: Final[dict[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(kind) for name, kind in CLIENT_MESSAGES.items()
}


@dataclass(frozen=True, slots=True)
class Request:
    """One client message with the id its reply must echo."""

    id: int
    message: ClientMessage


def parse(text: str) -> Request:
    """Turn untrusted text into a request.

    Unknown fields are ignored. Raises `MessageTooLarge`, `BadMessage` (with `id` in the details
    when one could be read, so that the refusal can be answered) or `UnknownType`.
    """
    if len(text) > MAX_MESSAGE_BYTES or len(text.encode()) > MAX_MESSAGE_BYTES:
        raise MessageTooLarge(limit=MAX_MESSAGE_BYTES)
    try:
        raw = from_json(text)
    except (ValueError, UnicodeError) as error:
        raise BadMessage(reason="not_json") from error
    if not isinstance(raw, dict) or _depth(raw) > MAX_JSON_DEPTH:
        raise BadMessage(reason="not_an_object")
    number, kind, body = raw.get("id"), raw.get("t"), raw.get("d", {})
    if type(number) is not int or not 0 <= number < 2**53:
        raise BadMessage(reason="id")
    if not isinstance(kind, str) or not isinstance(body, dict):
        raise BadMessage(reason="envelope", id=number)
    if kind not in _ADAPTERS:
        raise UnknownType(type=kind[:32], id=number)
    try:
        message = _ADAPTERS[kind].validate_python(body)
    except (ValidationError, RecursionError) as error:
        raise BadMessage(reason=_first_fault(error), id=number) from error
    return Request(number, message)


def _first_fault(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "depth"
    place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
    return f"field {place}" if place else "fields"


def _depth(value: object, level: int = 1) -> int:
    """Nesting depth, stopping one level past the limit."""
    if level > MAX_JSON_DEPTH or not isinstance(value, (dict, list)):
        return level
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(item, level + 1) for item in inner), default=level)


def _text(message: dict[str, object]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def reply_text(number: int, data: dict[str, object]) -> str:
    """The answer to request `number`, which was done."""
    return _text({"re": number, "ok": True, "d": data})


def refusal_text(
    number: int | None, *, code: str, zh: str, en: str, details: dict[str, object]
) -> str:
    """The answer to request `number`, which was refused; None when its id could not be read."""
    error = {"code": code, "zh": zh, "en": en, "details": details}
    return _text({"re": number, "err": error})


def event_text(seq: int, kind: str, data: dict[str, object]) -> str:
    """An event; `seq` grows by one per room, so that a client can drop what comes late."""
    assert kind in SERVER_EVENTS
    return _text({"seq": seq, "t": kind, "d": data})
