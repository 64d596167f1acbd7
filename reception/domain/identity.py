"""The resident identity number: only its form is judged, nobody is ever looked up.

18 characters by GB 11643-1999: six digits of the place of first registration (not the present
address), the date of birth, three digits, a check character.
"""

import re
import unicodedata
from datetime import date
from typing import Final

from reception.domain.errors import BadInput

_FORM: Final = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_EARLIEST_YEAR: Final = 1880
_SHOWN_FIRST: Final = 6
_SHOWN_LAST: Final = 4
_PHONE_FIRST: Final = 3
_SHORTEST_PHONE: Final = 9


def read_id_number(text: str, today: date) -> str:
    """Return the number somebody typed in its one form, wide digits, spaces and a small x forgiven.

    Raises:
        BadInput: wrong form, check character or date of birth; the number itself is not repeated.

    """
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if not _FORM.fullmatch(number):
        raise BadInput(field="id_number", reason="form")
    weighed = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    if _CHECKS[weighed % 11] != number[17]:
        raise BadInput(field="id_number", reason="check_character")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadInput(field="id_number", reason="date_of_birth") from None
    if born.year < _EARLIEST_YEAR or born > today:
        raise BadInput(field="id_number", reason="date_of_birth")
    return number


def masked_id_number(number: str) -> str:
    """Return `330726********1234`: enough to compare with the card in hand, not to use."""
    return f"{number[:_SHOWN_FIRST]}{'*' * 8}{number[-_SHOWN_LAST:]}"


def masked_phone(phone: str) -> str:
    """Return `138****1234`; of a short number nothing."""
    if len(phone) < _SHORTEST_PHONE:
        return "****"
    return f"{phone[:_PHONE_FIRST]}****{phone[-_SHOWN_LAST:]}"
