"""A moved, kept or added day says in words why."""

from datetime import date

import pytest

from scheduler.rules import Occurrence
from web.i18n import Language, load_catalogue, translate
from web.words import conflict_words, occurrence_words, rule_words

CATALOGUE = load_catalogue()


def chinese(source: str, **values: object) -> str:
    return translate(CATALOGUE, "zh", source, values)


def english(source: str, **values: object) -> str:
    return translate(CATALOGUE, "en", source, values)


def why(nominal: date, held: date, reason: str) -> str:
    occurrence = Occurrence(nominal, held, held != nominal, reason, provisional=False)
    return occurrence_words(occurrence, "zh", chinese)


def test_an_ordinary_day_says_nothing() -> None:
    assert why(date(2026, 4, 15), date(2026, 4, 15), "") == ""


def test_a_day_held_on_a_weekend_says_so() -> None:
    assert why(date(2026, 3, 15), date(2026, 3, 15), "weekend") == "15日逢周日，照常接访"


def test_a_day_moved_by_a_holiday_says_where_to() -> None:
    said = why(date(2026, 2, 15), date(2026, 2, 24), "holiday:春节")
    assert said == "15日逢春节假期，顺延至2月24日 星期二"


def test_a_day_brought_forward_says_where_to() -> None:
    said = why(date(2026, 8, 15), date(2026, 8, 14), "weekend")
    assert said == "15日逢周六，提前至8月14日 星期五"


def test_a_cancelled_day_names_its_make_up_day() -> None:
    said = why(date(2026, 2, 15), date(2026, 2, 24), "cancelled:holiday:春节")
    assert said == "15日逢春节假期，当日取消，改在2月24日 星期二补接"


def test_an_added_day_says_so() -> None:
    assert why(date(2026, 4, 15), date(2026, 4, 15), "added") == "临时增加的接访日"


def test_english_names_the_holiday_in_english() -> None:
    moved = Occurrence(date(2026, 2, 15), date(2026, 2, 24), True, "holiday:春节", False)
    said = occurrence_words(moved, "en", english)
    assert said == (
        "Day 15 of the month falls on the Spring Festival holiday: moved to Tuesday 24 February"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("monthly_day 15", "每月15日"),
        ("weekly mon,thu", "每周一、周四"),
        ("weekly mon every 2 from 2026-03-02", "每2周的周一"),
        ("every_workday", "每个工作日"),
        ("nth_weekday 2 tue", "每月第2个周二"),
        ("nth_weekday -1 fri", "每月最后一个周五"),
        ("nth_weekday -2 fri", "每月倒数第2个周五"),
        ("on_demand", "随约随接"),
        ("monthly_count 2", "每月至少2天"),
        ("quarterly_count 1", "每季度至少1天"),
    ],
)
def test_a_rule_is_said_in_words(text: str, said: str) -> None:
    assert rule_words(text, "zh", chinese) == said
    assert said != rule_words(text, "en", english)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_conflict_names_the_day_and_the_cause(language: Language) -> None:
    say = chinese if language == "zh" else english
    said = conflict_words("2026-02-15 booked", language, say)
    assert said.startswith(
        "2026年2月15日 星期日" if language == "zh" else "Sunday 15 February 2026"
    )
    assert "booked" in said or "预约" in said
