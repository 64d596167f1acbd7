"""Area codes by GB/T 2260 and its longer forms: 6 digits city or county, 9 township, 12 village.

Only the form is judged here; which codes exist in which years is data of the area tree.
"""

import re

from reception.domain.codes import Level
from reception.domain.errors import BadInput

_FORM = re.compile(r"[1-8][0-9](?:[0-9]{4}|[0-9]{7}|[0-9]{10})", re.ASCII)


def check_area(code: str) -> str:
    """Return the code unchanged.

    Raises:
        BadInput: not an area of the four levels. Provinces (`..0000`) are none of them.
    """
    if not _FORM.fullmatch(code) or code[2:4] == "00" or code[6:9] == "000" or code[9:12] == "000":
        raise BadInput(field="area_code", reason="not_an_area_code", value=code[:20])
    return code


def level_of(code: str) -> Level:
    """The level of an area; raises `BadInput` for anything else."""
    match len(check_area(code)):
        case 6:
            return Level.CITY if code.endswith("00") else Level.COUNTY
        case 9:
            return Level.TOWNSHIP
        case _:
            return Level.VILLAGE


def parent_of(code: str) -> str | None:
    """The area one level up, `None` above a city.

    A township of a city without counties (东莞 441900) has the city for a parent.
    """
    match level_of(code):
        case Level.CITY:
            return None
        case Level.COUNTY:
            return code[:4] + "00"
        case Level.TOWNSHIP:
            return code[:6]
        case Level.VILLAGE:
            return code[:9]


def path_of(code: str) -> tuple[str, ...]:
    """The areas from the city down to this one: `("530600", "530629", "530629101")`."""
    above = parent_of(code)
    return (code,) if above is None else (*path_of(above), code)


def prefix_of(code: str) -> str:
    """With what the codes of an area and of all in it begin, and no others."""
    return code[:4] if level_of(code) is Level.CITY else code


def is_within(code: str, scope: str) -> bool:
    """Whether an area is the scope itself or lies in it; raises `BadInput` for a bad code."""
    check_area(scope)
    return scope in path_of(code)
