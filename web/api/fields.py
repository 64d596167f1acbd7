"""The kinds of values the API takes and gives: all bounded, so that no rule meets the absurd."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)
# Tab and line breaks are text; the other control characters, NUL above all, no database keeps.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")]
IdNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9Xx]$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_:]{0,39}$")]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=_TEXT, strip_whitespace=True),
]
Line = Annotated[str, StringConstraints(max_length=200, pattern=_TEXT, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=5_000, pattern=_TEXT, strip_whitespace=True)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{2,22}[0-9]$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z -]{4,24}$")]
PublicKey = Annotated[str, StringConstraints(pattern=r"^04[0-9a-f]{128}$")]
Day = Annotated[date, Ge(FIRST_DAY), Le(LAST_DAY)]


def _in_years(value: datetime) -> datetime:
    """Keep instants inside the years the product knows: conversions overflow at the far ends."""
    if not FIRST_DAY.year <= value.year <= LAST_DAY.year:
        raise ValueError("instant out of range")
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_years)]
"""A moment, with its offset from UTC; given back in UTC."""


def _clock(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(_CLOCK, value, re.ASCII):
            raise ValueError("not a time of day like 09:30")
        return time.fromisoformat(value)
    return value


ClockTime = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "examples": ["09:30"]}),
]
"""A time of day in Asia/Shanghai, `09:30`."""


class Asked(BaseModel):
    """What a caller sends: nothing beyond the named fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(BaseModel):
    """What a caller gets; made from the services' views by attribute."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Nothing(Asked):
    """No body, or no query."""


class Window(BaseModel):
    """Part of a reception day, in Asia/Shanghai: from `starts` until before `ends`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    starts: ClockTime
    ends: ClockTime

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        """The services know a window as a pair of times."""
        if isinstance(value, tuple):
            starts, ends = value
            return {"starts": starts, "ends": ends}
        return value
