"""The protocol of one connection without any I/O: text in, effects out.

The driver feeds `receive` and carries out the effects in order; what needs the outside (a ticket
to redeem, an offer to answer, an action on the session) comes back through `reply` and `refuse`.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from signaling.errors import BadMessage, BadVersion, RateLimited, Refused, UnknownType
from signaling.messages import (
    MAX_MESSAGE_BYTES,
    PROTOCOL_VERSION,
    Action,
    Hello,
    Offer,
    Ping,
    parse,
    reply_text,
)

HELLO_WITHIN_SECONDS: Final = 10.0
PING_EVERY_MS: Final = 3_000
RATE_PER_SECOND: Final = 20.0
RATE_BURST: Final = 60.0
FAULTS_BEFORE_CLOSE: Final = 20

CLOSE_ENDED: Final = 4000
CLOSE_MOVED: Final = 4001
CLOSE_NO_HELLO: Final = 4002
CLOSE_NOT_ADMITTED: Final = 4003
CLOSE_SLOW: Final = 4008
CLOSE_POLICY: Final = 1008


class Phase(Enum):
    """How far a connection has come."""

    GREETING = auto()
    ADMITTING = auto()
    ADMITTED = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Send:
    """Send this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with the sentence of this refusal."""

    id: int | None
    refusal: Refused


@dataclass(frozen=True, slots=True)
class Admit:
    """Redeem the ticket or resume token, then call `admitted` or `not_admitted`."""

    id: int
    ticket: str | None
    resume: str | None


@dataclass(frozen=True, slots=True)
class Negotiate:
    """Answer this offer through the media engine."""

    id: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Act:
    """Do this for the person, in the order received."""

    id: int
    action: Action


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with this WebSocket code."""

    code: int
    reason: str


Effect = Send | Refuse | Admit | Negotiate | Act | Close


class Session:
    """One connection's protocol state. Not thread-safe; owned by one task.

    `now` is a monotonic time in seconds, the same clock in every call.
    """

    def __init__(self, now: float) -> None:
        self.phase = Phase.GREETING
        self._opened = now
        self._allowance = RATE_BURST
        self._refilled = now
        self._faults = 0

    def receive(self, text: str, now: float) -> list[Effect]:
        """Take one text message; never raises."""
        if self.phase is Phase.CLOSED:
            return []
        if not self._may_send(now):
            return [
                Refuse(None, RateLimited(per_second=RATE_PER_SECOND)),
                self._close(CLOSE_POLICY, "rate"),
            ]
        try:
            request = parse(text)
        except Refused as refusal:
            return self._fault(refusal)
        match request.message:
            case Hello() as hello:
                return self._hello(request.id, hello)
            case _ if self.phase is not Phase.ADMITTED:
                return [
                    Refuse(request.id, BadMessage(reason="hello_first")),
                    self._close(CLOSE_NO_HELLO, "hello first"),
                ]
            case Ping(t=t):
                return [Send(reply_text(request.id, {"t": t}))]
            case Offer() as offer:
                return [Negotiate(request.id, offer)]
            case action:
                return [Act(request.id, action)]

    def tick(self, now: float) -> list[Effect]:
        """Apply the time limits; call at least once a second until admitted."""
        waiting = self.phase in (Phase.GREETING, Phase.ADMITTING)
        if waiting and now - self._opened > HELLO_WITHIN_SECONDS:
            return [self._close(CLOSE_NO_HELLO, "no hello")]
        return []

    def admitted(self, number: int, welcome: dict[str, object]) -> list[Effect]:
        """The ticket was good: say so."""
        self.phase = Phase.ADMITTED
        limits = {"message_bytes": MAX_MESSAGE_BYTES}
        body = {"proto": PROTOCOL_VERSION, "ping_ms": PING_EVERY_MS, "limits": limits}
        return [Send(reply_text(number, body | welcome))]

    def not_admitted(self, number: int, refusal: Exception) -> list[Effect]:
        """The ticket was not good: say why and close. `refusal` has `code` and `details`."""
        return [Refuse(number, refusal), self._close(CLOSE_NOT_ADMITTED, "not admitted")]  # type: ignore[arg-type]  # any exception of the Refused shape: other floors have their own tree

    def _hello(self, number: int, hello: Hello) -> list[Effect]:
        if self.phase is not Phase.GREETING:
            return [Refuse(number, BadMessage(reason="hello_twice"))]
        if PROTOCOL_VERSION not in hello.proto:
            return [
                Refuse(number, BadVersion(supported=[PROTOCOL_VERSION])),
                self._close(CLOSE_NO_HELLO, "version"),
            ]
        if (hello.ticket is None) == (hello.resume is None):
            return [
                Refuse(number, BadMessage(reason="ticket_or_resume")),
                self._close(CLOSE_NO_HELLO, "ticket or resume"),
            ]
        self.phase = Phase.ADMITTING
        return [Admit(number, hello.ticket, hello.resume)]

    def _fault(self, refusal: Refused) -> list[Effect]:
        """Answer a message that could not be read; too many close the connection."""
        self._faults += 1
        number = refusal.details.pop("id", None)
        effects: list[Effect] = [Refuse(number if isinstance(number, int) else None, refusal)]
        unreadable = not isinstance(refusal, UnknownType) and self.phase is not Phase.ADMITTED
        if unreadable or self._faults >= FAULTS_BEFORE_CLOSE:
            effects.append(self._close(CLOSE_POLICY, refusal.code))
        return effects

    def _may_send(self, now: float) -> bool:
        gained = (now - self._refilled) * RATE_PER_SECOND
        self._allowance = min(RATE_BURST, self._allowance + gained)
        self._refilled = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    def _close(self, code: int, reason: str) -> Close:
        self.phase = Phase.CLOSED
        return Close(code, reason)
