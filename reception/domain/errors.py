"""Refusals: what was asked and was not done, each with a `code` that never changes.

The sentences people read for a code are in `reception.domain.refusals`.
"""

from typing import ClassVar


class Refused(Exception):
    """Something asked for was not done; `code` is stable, `details` say what it was about.

    Details are JSON values (texts, numbers, lists of them) and hold nothing private.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code, details)
        self.details = details


class MoveRefused(Refused):
    """The thing is in a `state` that does not allow the `move`."""

    code = "move_refused"


class MovedMeanwhile(Refused):
    """Somebody else changed the thing between reading and writing; read again."""

    code = "moved_meanwhile"


class SlotTaken(Refused):
    """Another booking or hold has this slot, leader or kiosk; `alternatives` lists free slots."""

    code = "slot_taken"


class SlotNotBookable(Refused):
    """The slot is over, lost or outside the booking time; `reason` names which."""

    code = "slot_not_bookable"


class DayNotPublished(Refused):
    """A reception day that is not published cannot be booked."""

    code = "day_not_published"


class IdempotencyMismatch(Refused):
    """The same idempotency key came with another request."""

    code = "idempotency_mismatch"


class NotFound(Refused):
    """There is no such thing, or this person may not know of it; `thing` names its kind."""

    code = "not_found"


class NotAdmitted(Refused):
    """The person is not on the list of this room, or it is not open yet."""

    code = "not_admitted"


class TicketInvalid(Refused):
    """The join ticket is not one of ours."""

    code = "ticket_invalid"


class PlaybackEnded(Refused):
    """No ticket for playing is for this session and log-in, or it is too old."""

    code = "playback_ended"


class TicketExpired(Refused):
    """The join ticket is too old."""

    code = "ticket_expired"


class TicketUsed(Refused):
    """The join ticket was used before."""

    code = "ticket_used"


class SessionOver(Refused):
    """The reception session has ended; `state` says how."""

    code = "session_over"


class BadCredentials(Refused):
    """Name and password do not belong together."""

    code = "bad_credentials"


class TooManyAttempts(Refused):
    """Too many wrong tries; `retry_seconds` until the next is looked at."""

    code = "too_many_attempts"


class NotLoggedIn(Refused):
    """This needs a login, or the login has run out."""

    code = "not_logged_in"


class NotAllowed(Refused):
    """The actor may not do this; `reason` is the word `reception.domain.access` gave."""

    code = "not_allowed"


class BadInput(Refused):
    """A `field` of the request is missing or wrong; `reason` names what is wrong with it."""

    code = "bad_input"


class CodeUnknown(Refused):
    """No booking or case has this check-in or query code."""

    code = "code_unknown"


class OutcomeIncomplete(Refused):
    """The outcome lacks what its type needs; `missing` lists the fields."""

    code = "outcome_incomplete"


class ConsentNeeded(Refused):
    """A recording needs the petitioner's consent, and there is none."""

    code = "consent_needed"
