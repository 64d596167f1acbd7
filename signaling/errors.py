"""Refusals of live talk: each has a `code` that never changes; sentences live in the catalogue above."""

from typing import ClassVar


class Refused(Exception):
    """Something a client asked for was not done; `code` is on the wire, `details` say why."""

    code: ClassVar[str] = "refused"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code, details)
        self.details = details


class SdpRefused(Refused):
    """The session description breaks a limit or a rule; `reason` names it."""

    code = "sdp_refused"


class BadMessage(Refused):
    """The text is not a message of this protocol; `reason` names what is wrong."""

    code = "bad_message"


class MessageTooLarge(Refused):
    """The text is longer than `limit` bytes."""

    code = "message_too_large"


class UnknownType(Refused):
    """The message has a type this server does not know; `type` echoes it."""

    code = "unknown_type"


class BadVersion(Refused):
    """The client speaks none of the protocol versions in `supported`."""

    code = "bad_version"


class RateLimited(Refused):
    """More messages than the connection may send."""

    code = "rate_limited"


class NoSuchRoom(Refused):
    """The hub carries no such room."""

    code = "no_such_room"


class SeatTaken(Refused):
    """Another person sits in this seat."""

    code = "seat_taken"


class StaleGeneration(Refused):
    """A newer offer of the same person was already answered."""

    code = "stale_generation"


class EngineDown(Refused):
    """The media hub cannot be reached just now; the client tries again."""

    code = "engine_down"
