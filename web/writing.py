"""How days and instants are written for people: with the weekday, in Shanghai time."""

from collections.abc import Mapping
from datetime import date, datetime, time

from scheduler.calendar import SHANGHAI
from web.i18n import Language

WEEKDAYS: Mapping[Language, tuple[str, ...]] = {
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def weekday_words(value: date, language: Language) -> str:
    """Name the weekday: `星期日`, `Sunday`."""
    return WEEKDAYS[language][value.weekday()]


def day_words(value: date, language: Language) -> str:
    """Write a day with its weekday: `2026年11月22日 星期日`, `Sunday 22 November 2026`.

    An instant (an aware datetime) is written as the day it falls on in Shanghai.
    """
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    name = weekday_words(value, language)
    if language == "zh":
        return f"{value.year}年{value.month}月{value.day}日 {name}"
    return f"{name} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def clock_words(value: datetime, language: Language) -> str:
    """Write the time of day of an aware instant in Shanghai: `14:30`."""
    return value.astimezone(SHANGHAI).strftime("%H:%M")


def when_words(value: datetime, language: Language) -> str:
    """Write an aware instant: `2026年11月22日 星期日 14:30`, `Sunday 22 November 2026, 14:30`."""
    separator = " " if language == "zh" else ", "
    return f"{day_words(value, language)}{separator}{clock_words(value, language)}"


def month_words(value: date, language: Language) -> str:
    """Name the month a day lies in: `2026年11月`, `November 2026`."""
    if language == "zh":
        return f"{value.year}年{value.month}月"
    return f"{_MONTHS[value.month - 1]} {value.year}"


def hours_words(windows: tuple[tuple[time, time], ...], language: Language) -> str:
    """Write the hours of a day: `08:30–11:30、14:30–17:00`."""
    separator = "、" if language == "zh" else ", "
    return separator.join(f"{start:%H:%M}–{end:%H:%M}" for start, end in windows)
