"""Many people with one matter: who speaks for them, and that nobody is turned away.

REG22 art. 20 lets a group send at most five representatives. An area may set fewer for smaller groups
(ZJ16: three for up to ten people, else five). The others are named as parties, sit in the same room
and get the same reply.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from reception.domain.errors import BadInput

LEGAL_MOST: Final = 5
"""Of one group (REG22 art. 20)."""

MOST_PEOPLE: Final = 50


@dataclass(frozen=True, slots=True)
class GroupRule:
    """How many may speak: for each step `(people, speakers)`, up to so many people so many.

    Beyond the last step `LEGAL_MOST` speak.
    """

    steps: tuple[tuple[int, int], ...] = ()

    @classmethod
    def read(cls, steps: Sequence[Sequence[int]]) -> Self:
        """Return the rule these steps make.

        Raises:
            BadInput: they do not rise, or a number is below one or above the legal one.

        """
        rule = cls(tuple((int(people), int(speakers)) for people, speakers in steps))
        people = [step[0] for step in rule.steps]
        speakers = [step[1] for step in rule.steps]
        if people != sorted(set(people)) or speakers != sorted(speakers):
            raise BadInput(field="group_rule", reason="not_rising")
        if any(not 1 <= most <= LEGAL_MOST for most in speakers) or min(people, default=1) < 1:
            raise BadInput(field="group_rule", reason="not_in_range", most=LEGAL_MOST)
        return rule

    def most_speakers(self, people: int) -> int:
        """Return how many of `people` may speak."""
        for up_to, speakers in self.steps:
            if people <= up_to:
                return speakers
        return LEGAL_MOST


@dataclass(frozen=True, slots=True)
class Companion:
    """Somebody who comes with the petitioner in the same matter; who `speaks` represents."""

    name: str
    speaks: bool = False


def people_of(persons_present: int, companions: Sequence[Companion]) -> int:
    """Return how many there are: a name that was taken down counts, whatever number was typed."""
    return max(persons_present, 1 + len(companions))


def check_group(rule: GroupRule, persons_present: int, companions: Sequence[Companion]) -> None:
    """Go on only when the group has chosen who speaks; the petitioner always does.

    Raises:
        BadInput: `too_many_speakers` with the `most` allowed; or more came than may speak and
            they are not all named; or a name is empty.

    """
    people = people_of(persons_present, companions)
    most = rule.most_speakers(people)
    if any(not one.name.strip() for one in companions):
        raise BadInput(field="companions", reason="missing")
    if people > most and 1 + len(companions) < people:
        raise BadInput(field="companions", reason="name_everybody", most=most)
    if 1 + sum(one.speaks for one in companions) > most:
        raise BadInput(field="companions", reason="too_many_speakers", most=most)
