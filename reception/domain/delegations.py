"""How long a leader may give work to a secretary."""

from datetime import date, timedelta
from typing import Final

from reception.domain.errors import BadInput

LONGEST: Final = timedelta(days=90)


def check_last_day(last_day: date, today: date) -> None:
    """Go on only with a last day from today on that is no more than 90 days away.

    Raises:
        BadInput: it is over already, or further away.

    """
    if not today <= last_day <= today + LONGEST:
        raise BadInput(field="last_day", reason="not_in_range", most=LONGEST.days)
