"""Which passwords are taken, by one of two profiles that contradict each other.

`djbh3` is what an assessor of 等保 level 3 asks for (GB/T 22239-2019, 8.1.4.1): composition and
regular change. `asvs` is OWASP ASVS 5.0, V6.2, which forbids both. Length, common lists and words
of the place hold in either.
"""

import unicodedata
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reception.domain.codes import Code
from reception.domain.errors import BadInput

SHORTEST: Final = 12
LONGEST: Final = 128
_SHORTEST_WORD: Final = 3


class Profile(Code):
    """Whose rules hold."""

    DJBH3 = "djbh3", "等保三级", "level 3 of 等保 2.0"
    ASVS = "asvs", "OWASP ASVS", "OWASP ASVS"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a profile asks for beyond length and lists.

    Args:
        classes: how many of small letters, capitals, digits and others there must be.
        longest_use: after this it has to be changed; None never.
        remembered: so many earlier passwords are not taken again.
    """

    classes: int
    longest_use: timedelta | None
    remembered: int


RULES: Final = {
    Profile.DJBH3: Rules(classes=3, longest_use=timedelta(days=90), remembered=5),
    Profile.ASVS: Rules(classes=0, longest_use=None, remembered=0),
}


def check_password(
    password: str, profile: Profile, *, common: Container[str], words: Iterable[str]
) -> None:
    """Go on only with a password the profile takes.

    Args:
        common: passwords that many people use, in small letters.
        words: what a guesser tries first: log-in, name, area, unit.

    Raises:
        BadInput: `reason` says what is wrong; the password is not repeated.

    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(field="password", reason="length", least=SHORTEST, most=LONGEST)
    folded = unicodedata.normalize("NFKC", password).casefold()
    if folded in common:
        raise BadInput(field="password", reason="common")
    for word in words:
        part = word.strip().casefold()
        if len(part) >= _SHORTEST_WORD and part in folded:
            raise BadInput(field="password", reason="holds_a_name")
    if classes_of(password) < RULES[profile].classes:
        raise BadInput(field="password", reason="too_plain")


def classes_of(password: str) -> int:
    """Return how many of small letters, capitals, digits and other characters there are."""
    found = {
        "small"
        if char.islower()
        else "capital"
        if char.isupper()
        else "digit"
        if char.isdecimal()
        else "other"
        for char in password
    }
    return len(found)


def is_worn_out(changed_at: datetime, profile: Profile, now: datetime) -> bool:
    """Return whether a password has to be changed for its age."""
    longest = RULES[profile].longest_use
    return longest is not None and now - changed_at >= longest
