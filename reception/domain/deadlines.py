"""The time limits D1 to D9 of domain.md 3.5 over a day table.

Counting: the first day is not counted; a last day on a rest day moves to the next working day
(Civil Code arts 201, 203). Those articles govern civil periods and the petition regulations
(REG22) say nothing on counting, so the moved date is an analogy. Two dates are kept: by the
strict one the office is measured, the legal one is moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

from reception.domain.errors import BadInput
from scheduler.calendar import DayTable

LONGEST_EXTENSION: Final = 30
"""Calendar days by which D4 may be extended, once (REG22 art. 34)."""


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a time limit: `strict` as counted, `legal` moved past rest days.

    For a window that belongs to the petitioner both are the later date.
    """

    strict: date
    legal: date


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """One time limit: so many days of a unit, who must act, and where it is written."""

    zh: str
    en: str
    days: int
    unit: Literal["calendar", "working"]
    binds: Literal["petition_office", "organ", "review_organ", "petitioner"]
    source: str


_D1A: Final = TimeLimit(
    "县级转送交办份额",
    "county's share of D1",
    4,
    "calendar",
    "petition_office",
    "SAT14 art. 6",
)

TIME_LIMITS: Final[Mapping[str, TimeLimit]] = {
    "D1": TimeLimit(
        "转送、交办", "forward or assign", 15, "calendar", "petition_office", "REG22 art. 22"
    ),
    "D1a": _D1A,
    "D1a_city": replace(_D1A, zh="市级转送交办份额", en="city's share of D1", days=3),
    "D1a_province": replace(_D1A, zh="省级转送交办份额", en="province's share of D1", days=3),
    "D1a_national": replace(_D1A, zh="国家级转送交办份额", en="national share of D1", days=5),
    "D2": TimeLimit(
        "告知是否受理", "notice of acceptance", 15, "calendar", "organ", "REG22 art. 23"
    ),
    "D3": TimeLimit("提出异议", "dispute a transfer", 5, "working", "organ", "REG22 art. 23"),
    "D4": TimeLimit("办结", "close the case", 60, "calendar", "organ", "REG22 art. 34"),
    "D4x": TimeLimit(
        "延期", "extension of D4", LONGEST_EXTENSION, "calendar", "organ", "REG22 art. 34"
    ),
    "D5": TimeLimit(
        "简易办理答复", "opinion on the simple track", 10, "working", "organ", "SIMPLE16"
    ),
    "D5a": TimeLimit(
        "简易办理受理", "acceptance on the simple track", 3, "working", "organ", "SIMPLE16"
    ),
    "D5b": TimeLimit(
        "简易办理逐级转送",
        "each level's share on the simple track",
        1,
        "working",
        "petition_office",
        "SIMPLE16",
    ),
    "D6": TimeLimit("请求复查", "ask for review", 30, "calendar", "petitioner", "REG22 art. 35"),
    "D7": TimeLimit(
        "复查答复", "decide the review", 30, "calendar", "review_organ", "REG22 art. 35"
    ),
    "D8": TimeLimit("请求复核", "ask for recheck", 30, "calendar", "petitioner", "REG22 art. 36"),
    "D9": TimeLimit(
        "复核答复", "decide the recheck", 30, "calendar", "review_organ", "REG22 art. 36"
    ),
}
"""Every time limit by its id. D1a was not seen in the 2022 rules and D5's numbers are of 2016:
both are shown as internal targets, never as the law."""


def due(
    deadline_id: str,
    start: date,
    table: DayTable,
    *,
    extension_days: int | None = None,
    hearing_days: int = 0,
) -> Due:
    """When a time limit that starts on a day ends.

    Args:
        deadline_id: a key of `TIME_LIMITS`.
        start: the day of the event that starts it; for D4x the strict end of D4.
        extension_days: for D4x alone, fewer than the 30 days it may be.
        hearing_days: for D9 alone, days of hearing, which are not counted.

    Raises:
        BadInput: no such id (`known` lists them), or a number that does not belong to it.
        YearNotLoaded: the end lies in, or moves into, a year whose days are not loaded.
    """
    limit = TIME_LIMITS.get(deadline_id)
    if limit is None:
        raise BadInput(field="rule", reason="unknown", known=list(TIME_LIMITS))
    days = _length(deadline_id, limit.days, extension_days, hearing_days)
    if limit.unit == "working":
        end = table.add_working_days(start, days)
        return Due(end, end)
    strict = start + timedelta(days=days)
    legal = strict if table.is_workday(strict) else table.next_workday(strict)
    return Due(legal if limit.binds == "petitioner" else strict, legal)


def _length(deadline_id: str, days: int, extension_days: int | None, hearing_days: int) -> int:
    if extension_days is not None:
        if deadline_id != "D4x" or not 1 <= extension_days <= LONGEST_EXTENSION:
            raise BadInput(field="extension_days", reason="not_in_range")
        return extension_days
    if hearing_days and (deadline_id != "D9" or hearing_days < 0):
        raise BadInput(field="hearing_days", reason="not_in_range")
    return days + hearing_days
