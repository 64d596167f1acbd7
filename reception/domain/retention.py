"""How long what is kept, and what stops its destruction (PIPL arts 19 and 47).

No rule was found that fixes the periods (domain.md 7.1), so there are none until the office has
set one: without a period nothing is destroyed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reception.domain.areas import path_of
from reception.domain.codes import Code
from reception.domain.errors import BadInput

GRACE: Final = timedelta(days=7)
"""Between the announcement of a destruction and the destruction: time to object or to hold."""

SHORTEST_DAYS: Final = 30
"""The petitioner's window to ask for a review (REG22 art. 35): nothing may be gone before."""

LONGEST_DAYS: Final = 36_500


class Kept(Code):
    """What a period is set for; it runs from the end of the case."""

    RECORDING = "recording", "录音录像", "recordings"
    CASE = "case", "信访件内容", "content of cases"


class Cause(Code):
    """Why something is to be destroyed."""

    EXPIRED = "expired", "保存期满", "its period is over"
    ASKED = "asked", "信访人要求删除", "the petitioner asked for it"


class HoldReason(Code):
    """Why something must not be destroyed, whatever its period says."""

    REVIEW = "review", "复查复核", "review or recheck"
    LITIGATION = "litigation", "诉讼仲裁", "litigation or arbitration"
    SUPERVISION = "supervision", "督查", "supervision"
    DISCIPLINE = "discipline", "纪检监察", "discipline inspection"
    PETITIONER = "petitioner", "信访人要求保留", "the petitioner wants it kept"


@dataclass(frozen=True, slots=True)
class Period:
    """So many days `kept` is kept in an area and all below it, as set at an instant."""

    kept: Kept
    area_code: str
    days: int
    set_at: datetime


def check_days(days: int) -> int:
    """Return the days unchanged.

    Raises:
        BadInput: fewer than 30 or more than 36,500.

    """
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise BadInput(field="days", reason="range", least=SHORTEST_DAYS, most=LONGEST_DAYS)
    return days


def in_force(periods: Iterable[Period], kept: Kept, area_code: str) -> Period | None:
    """Return the period of the nearest area at or above this one; of several the newest."""
    above = path_of(area_code)
    found = [one for one in periods if one.kept is kept and one.area_code in above]
    return max(found, key=lambda one: (above.index(one.area_code), one.set_at), default=None)


def expires_at(ended_at: datetime, period: Period) -> datetime:
    """Return when a period that began with the end of a case is over."""
    return ended_at + timedelta(days=period.days)
