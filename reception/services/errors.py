"""Refusals that only the services know."""

from typing import ClassVar

from reception.domain.errors import Refused


class CheckInClosed(Refused):
    """Check-in is open from 60 minutes before the slot to 60 after its end.

    `opens_at` and `closes_at` say when, as ISO instants.
    """

    code: ClassVar[str] = "check_in_closed"


class SiteFull(Refused):
    """All rooms of the site are taken at that time; another site or slot is needed."""

    code: ClassVar[str] = "site_full"


class AlreadyBooked(Refused):
    """This matter has a live booking, `booking_id` at `booked_at`; another matter may be booked."""

    code: ClassVar[str] = "already_booked"


class AgentNotAuthorised(Refused):
    """The agent's authority does not reach so far; `reason` is revoked, over or not in its scope."""

    code: ClassVar[str] = "agent_not_authorised"


class NoReceptionToday(Refused):
    """No leader receives at this site today, so there is no number to take."""

    code: ClassVar[str] = "no_reception_today"


class LeaderConcerned(Refused):
    """The leader of this slot is a subject of the case; another one has to receive."""

    code: ClassVar[str] = "leader_concerned"


class LeaderAbsent(Refused):
    """The leader of this booking cannot come; the petitioner has a choice to make first."""

    code: ClassVar[str] = "leader_absent"


class StandInBusy(Refused):
    """This leader receives elsewhere at that time; another one has to stand in."""

    code: ClassVar[str] = "stand_in_busy"


class RatedAlready(Refused):
    """The petitioner has rated this already; a rating stays as it was given."""

    code: ClassVar[str] = "rated_already"


class VolumeExceeded(Refused):
    """This person looked at so much in the last `hours` that it is no longer their daily work."""

    code: ClassVar[str] = "volume_exceeded"


class CheckpointsUnreadable(Refused):
    """The `file` of audit checkpoints cannot be read, or holds something else."""

    code: ClassVar[str] = "checkpoints_unreadable"


class AuditKeyUnreadable(Refused):
    """The `file` of the audit log's key cannot be read, or holds something else."""

    code: ClassVar[str] = "audit_key_unreadable"
