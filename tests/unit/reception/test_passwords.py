"""Which passwords each profile takes."""

from datetime import UTC, datetime, timedelta

import pytest

from reception.domain.errors import BadInput
from reception.domain.passwords import Profile, check_password, classes_of, is_worn_out

COMMON = frozenset({"password1234", "qwertyuiop123"})
WORDS = ("zhang3", "张三", "浦江县", "信访", "ab")
AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def refused(password: str, profile: Profile) -> str:
    with pytest.raises(BadInput) as refusal:
        check_password(password, profile, common=COMMON, words=WORDS)
    assert password not in repr(refusal.value)
    return str(refusal.value.details["reason"])


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Short-1", "length"),
        ("A1-" + "x" * 126, "length"),
        ("Password1234", "common"),
        ("My-Zhang3-rides", "holds_a_name"),
        ("浦江县2026-Xinfang", "holds_a_name"),
        ("Ｚｈａｎｇ３-Rides-9", "holds_a_name"),
    ],
)
def test_both_refuse_what_a_guesser_tries_first(
    profile: Profile, password: str, reason: str
) -> None:
    assert refused(password, profile) == reason


def test_the_assessors_profile_asks_for_three_kinds_and_the_other_for_none() -> None:
    plain = "correct horse battery staple"
    assert refused(plain, Profile.DJBH3) == "too_plain"
    check_password(plain, Profile.ASVS, common=COMMON, words=WORDS)
    check_password("Correct horse battery", Profile.DJBH3, common=COMMON, words=WORDS)
    assert [classes_of(text) for text in ("abc", "aB", "aB1", "aB1-", "aB1中")] == [1, 2, 3, 4, 4]


def test_a_word_of_two_letters_stops_nothing() -> None:
    check_password("Abracadabra-2026", Profile.DJBH3, common=COMMON, words=WORDS)


def test_only_the_assessors_profile_wears_passwords_out() -> None:
    assert not is_worn_out(AT, Profile.DJBH3, AT + timedelta(days=90, seconds=-1))
    assert is_worn_out(AT, Profile.DJBH3, AT + timedelta(days=90))
    assert not is_worn_out(AT, Profile.ASVS, AT + timedelta(days=9000))


@pytest.mark.parametrize("profile", list(Profile))
def test_a_hundred_and_twenty_eight_characters_are_taken(profile: Profile) -> None:
    check_password("Long-7" + "x" * 122, profile, common=COMMON, words=WORDS)
