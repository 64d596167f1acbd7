"""What a petitioner may need, the languages spoken, and the codes people carry on paper.

A code is made from random bytes the caller brings. It is the only key a person without a phone
has, so it is short, easy to say aloud, and free of characters that look alike.
"""

import unicodedata
from typing import Final

from reception.domain.codes import Code
from reception.domain.errors import CodeUnknown


class Need(Code):
    """What somebody needs to take part as well as anybody else."""

    HEARING = "hearing", "听力不便", "hard of hearing"
    SIGHT = "sight", "视力不便", "weak sight"
    READING = "reading", "不识字或识字不多", "does not read, or reads little"
    MOBILITY = "mobility", "行动不便", "hard to walk or move"
    MINOR = "minor", "未成年", "under age"


class PetitionerLanguage(Code):
    """What the petitioner speaks; anything but Mandarin asks for an interpreter."""

    MANDARIN = "zh", "普通话", "Mandarin"
    DIALECT = "dialect", "当地方言", "local dialect"
    TIBETAN = "bo", "藏语", "Tibetan"
    YI = "ii", "彝语", "Yi"
    MIAO = "hmn", "苗语", "Miao"
    SIGN = "sign", "手语", "sign language"
    OTHER = "other", "其他语言", "another language"


CHECK_IN_DIGITS: Final = 6
QUERY_LENGTH: Final = 10
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Of digits and capitals, those nobody mistakes for another: no 0 O, 1 I L."""

_RANDOM_BYTES: Final = 16
# 31 characters, a prime: with these weights one wrong character, or two exchanged, never passes.
_WEIGHTS: Final = tuple(range(1, QUERY_LENGTH + 1))


def new_check_in_code(random_bytes: bytes) -> str:
    """Six digits; they may be those of another live booking, so the caller asks and retries.

    Raises:
        ValueError: fewer than 16 random bytes, which would favour some codes.
    """
    return f"{_number(random_bytes) % 10**CHECK_IN_DIGITS:0{CHECK_IN_DIGITS}}"


def new_query_code(random_bytes: bytes) -> str:
    """Nine random characters and a check character: 44 bits, nobody finds one by trying.

    Raises:
        ValueError: fewer than 16 random bytes, which would favour some codes.
    """
    number, values = _number(random_bytes), []
    for _ in range(QUERY_LENGTH - 1):
        number, value = divmod(number, len(ALPHABET))
        values.append(value)
    return "".join(ALPHABET[value] for value in (*values, _check_value(values)))


def grouped(code: str) -> str:
    """A code as it is printed and read aloud: `123 456`, `ABCDE FGHJK`."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}"


def read_check_in_code(text: str) -> str:
    """The six digits of what somebody typed, spaces, hyphens and wide digits forgiven.

    Raises:
        CodeUnknown: it is no check-in code.
    """
    code = _plain(text)
    if len(code) != CHECK_IN_DIGITS or not (code.isascii() and code.isdigit()):
        raise CodeUnknown(kind="check_in")
    return code


def read_query_code(text: str) -> str:
    """The query code somebody typed, small letters, spaces and hyphens forgiven.

    Raises:
        CodeUnknown: it is no query code; a single slip is always found without any look-up.
    """
    code = _plain(text).upper()
    if len(code) != QUERY_LENGTH or not set(code) <= set(ALPHABET):
        raise CodeUnknown(kind="query")
    if _weighted([ALPHABET.index(letter) for letter in code]) != 0:
        raise CodeUnknown(kind="query")
    return code


def _number(random_bytes: bytes) -> int:
    if len(random_bytes) < _RANDOM_BYTES:
        raise ValueError(f"a code needs {_RANDOM_BYTES} random bytes")
    return int.from_bytes(random_bytes, "big")


def _check_value(values: list[int]) -> int:
    inverse = pow(_WEIGHTS[-1], -1, len(ALPHABET))
    return -_weighted(values) * inverse % len(ALPHABET)


def _weighted(values: list[int]) -> int:
    return sum(w * value for w, value in zip(_WEIGHTS, values, strict=False)) % len(ALPHABET)


def _plain(text: str) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFKC", text) if letter not in " \t\r\n-"
    )
