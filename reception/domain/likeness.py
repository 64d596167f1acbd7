"""How alike two accounts of a matter read; only to suggest that a person looks at both.

Chinese has no spaces, so texts are compared by pairs of characters: the order of clauses does not
count, nor what only one of them tells (RapidFuzz, `token_set_ratio`).
"""

import unicodedata
from itertools import pairwise
from typing import Final

from rapidfuzz import fuzz

ALIKE_FROM: Final = 45
"""Of 100. Pairs about one matter in the tests score 46 and more, others up to 45."""


def likeness(one: str, other: str) -> int:
    """Return 0 to 100; 100 when one tells nothing that the other does not."""
    return round(fuzz.token_set_ratio(_pairs(one), _pairs(other)))


def _pairs(text: str) -> str:
    letters = [one for one in unicodedata.normalize("NFKC", text).casefold() if one.isalnum()]
    return " ".join(first + then for first, then in pairwise(letters))
