"""Days and times as people read them: by the clocks in China, with the weekday."""

from datetime import date, datetime, time

from scheduler.calendar import SHANGHAI

_ZH = "一二三四五六日"
_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_zh(day: date) -> str:
    """`2026年11月15日（周日）`."""
    return f"{day.year}年{day.month}月{day.day}日（周{_ZH[day.weekday()]}）"


def day_en(day: date) -> str:
    """`Sun 15 Nov 2026`."""
    return f"{_EN[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def instant_zh(at: datetime) -> str:
    """`2026年11月15日（周日）08:30`."""
    shown = at.astimezone(SHANGHAI)
    return f"{day_zh(shown.date())}{shown:%H:%M}"


def instant_en(at: datetime) -> str:
    """`Sun 15 Nov 2026 08:30`."""
    shown = at.astimezone(SHANGHAI)
    return f"{day_en(shown.date())} {shown:%H:%M}"


def windows_zh(windows: tuple[tuple[time, time], ...]) -> str:
    """`08:30–11:30、14:30–17:30`."""
    return "、".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in windows)
