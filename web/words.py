"""Sentences put together from stable words: why a reception day is where it is, what a rule says."""

from collections.abc import Callable, Mapping
from datetime import date

from reception.services.calendar import DayView
from reception.services.reception_days import ADDED
from scheduler.rules import (
    EveryWorkday,
    MonthlyCount,
    MonthlyDay,
    NthWeekday,
    Occurrence,
    OnDemand,
    QuarterlyCount,
    Weekly,
    parse_rule,
)
from web.i18n import Language
from web.writing import WEEKDAYS, day_words, weekday_words

Say = Callable[..., str]

_HOLIDAYS_EN: Mapping[str, str] = {
    "元旦": "New Year",
    "春节": "Spring Festival",
    "清明": "Qingming",
    "劳动节": "Labour Day",
    "端午": "Dragon Boat",
    "中秋": "Mid-Autumn",
    "国庆": "National Day",
    "抗战": "Victory Day",
}


def _holiday(name: str, language: Language) -> str:
    if language == "zh":
        return name
    return next((en for start, en in _HOLIDAYS_EN.items() if name.startswith(start)), name)


def _occasion(nominal: date, cause: str, language: Language, say: Say) -> str:
    """Say on what rest day the nominal day falls: `周日`, `春节假期`."""
    kind, _, holiday = cause.partition(":")
    if kind != "holiday":
        return weekday_words(nominal, language).replace("星期", "周")
    return say("%(holiday)s假期", holiday=_holiday(holiday, language))


def _reason_words(nominal: date, held: date, reason: str, language: Language, say: Say) -> str:
    if reason == "":
        return ""
    if reason == ADDED:
        return say("临时增加的接访日")
    values = {
        "nominal": nominal.day,
        "occasion": _occasion(nominal, reason.removeprefix("cancelled:"), language, say),
        "date": _moved_to(held, language),
    }
    if reason.startswith("cancelled:"):
        return say("%(nominal)s日逢%(occasion)s，当日取消，改在%(date)s补接", **values)
    if held == nominal:
        return say("%(nominal)s日逢%(occasion)s，照常接访", **values)
    if held < nominal:
        return say("%(nominal)s日逢%(occasion)s，提前至%(date)s", **values)
    return say("%(nominal)s日逢%(occasion)s，顺延至%(date)s", **values)


def _moved_to(held: date, language: Language) -> str:
    words = day_words(held, language)
    # The nominal day stands beside it: the year would only be in the way.
    return words.removeprefix(f"{held.year}年").removesuffix(f" {held.year}")


def reason_words(day: DayView, language: Language, say: Say) -> str:
    """Say why the day is held when it is, "" for an ordinary day.

    `15日逢周日，照常接访`, `15日逢春节假期，顺延至2月24日 星期二`.
    """
    return _reason_words(day.nominal_date, day.date, day.reason, language, say)


def occurrence_words(occurrence: Occurrence, language: Language, say: Say) -> str:
    """Say the same of a day that is not planned yet."""
    return _reason_words(occurrence.nominal, occurrence.date, occurrence.reason, language, say)


def _short_weekday(weekday: int, language: Language) -> str:
    return WEEKDAYS[language][weekday].replace("星期", "周")


def _weekly_words(rule: Weekly, language: Language, say: Say) -> str:
    separator = "、" if language == "zh" else ", "
    days = separator.join(_short_weekday(day, language) for day in rule.weekdays)
    if rule.every == 1:
        return say("每%(days)s", days=days)
    return say("每%(every)s周的%(days)s", every=rule.every, days=days)


def _nth_words(rule: NthWeekday, language: Language, say: Say) -> str:
    day = _short_weekday(rule.weekday, language)
    if rule.nth == -1:
        return say("每月最后一个%(day)s", day=day)
    if rule.nth < 0:
        return say("每月倒数第%(nth)s个%(day)s", nth=-rule.nth, day=day)
    return say("每月第%(nth)s个%(day)s", nth=rule.nth, day=day)


def rule_words(text: str, language: Language, say: Say) -> str:
    """Say in words what the text of a rule means: `每月15日`, `每周一、周四`."""
    rule = parse_rule(text)
    match rule:
        case MonthlyDay(day=number):
            return say("每月%(day)s日", day=number)
        case Weekly():
            return _weekly_words(rule, language, say)
        case EveryWorkday():
            return say("每个工作日")
        case NthWeekday():
            return _nth_words(rule, language, say)
        case OnDemand():
            return say("随约随接")
        case MonthlyCount(at_least=count):
            return say("每月至少%(count)s天", count=count)
        case QuarterlyCount(at_least=count):
            return say("每季度至少%(count)s天", count=count)


def conflict_words(conflict: str, language: Language, say: Say) -> str:
    """Say what a planning run left to people: `2026年2月15日 星期日：已公示`."""
    day, _, cause = conflict.partition(" ")
    causes = {
        "published": say("已公示，规则现在会落在别的日子"),
        "booked": say("已有预约，规则现在会落在别的日子"),
        "overlap": say("同一时间该领导另有接访"),
        "absent": say("领导不能接访，也没有可补位的领导"),
        "away": say("已公示，而领导登记了不能接访，请打开这一天换人"),
    }
    return f"{day_words(date.fromisoformat(day), language)} — {causes.get(cause, cause)}"
