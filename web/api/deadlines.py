"""What the law's time limits come to."""

from datetime import date
from typing import Annotated

from annotated_types import Ge, Le

from reception.domain.deadlines import due
from reception.services import calendar
from scheduler.errors import YearNotLoaded
from web.api.fields import AreaCode, Asked, Day, Given, Line, Nothing
from web.api.operation import ANYONE, Call, Operations

OPERATIONS = Operations("deadlines")


class DeadlineQuestion(Asked):
    """When a time limit (`D1` to `D9`) that starts on a day ends, by an area's working days.

    `extension_days` belongs to `D4x` alone, `hearing_days`, which are not counted, to `D9`.
    """

    rule: Line
    start: Day
    area_code: AreaCode
    extension_days: Annotated[int, Ge(1), Le(365)] | None = None
    hearing_days: Annotated[int, Ge(0), Le(365)] = 0


class DeadlineAnswer(Given):
    """`strict` in plain days, `legal` moved past rest days."""

    strict: date
    legal: date


@OPERATIONS.operation(
    "POST",
    "/deadlines/preview",
    summary="When a time limit ends",
    roles=ANYONE,
    errors=(YearNotLoaded,),
)
async def preview_deadline(call: Call[DeadlineQuestion, Nothing]) -> DeadlineAnswer:
    """Count a time limit; a year whose working days are not loaded is refused, never guessed."""
    question = call.body
    table = await calendar.day_table(call.context.db, area_code=question.area_code)
    counted = due(
        question.rule,
        question.start,
        table,
        extension_days=question.extension_days,
        hearing_days=question.hearing_days,
    )
    return DeadlineAnswer.model_validate(counted)
