"""Published reception days as an iCalendar feed (RFC 5545) that leaders and offices subscribe to."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from reception.domain.reception_days import DayState
from reception.services.calendar import DayView
from scheduler.calendar import local
from web.writing import day_words

_OFF: Final = frozenset({DayState.CANCELLED, DayState.MISSED})
REFRESH_EVERY: Final = timedelta(hours=1)


def feed(days: Iterable[DayView], *, name: str, base_url: str) -> bytes:
    """Write days as a calendar: one event for each span of hours, times in UTC.

    An event keeps its UID for ever and its SEQUENCE grows with the day's version, so that a
    change replaces what was fetched before; a cancelled day stays, as cancelled.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//video-reception//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH_EVERY, parameters={"VALUE": "DURATION"})
    for day in days:
        for number, (start, end) in enumerate(day.windows, start=1):
            calendar.add_component(
                _event(day, number, (local(day.date, start), local(day.date, end)), base_url)
            )
    written: bytes = calendar.to_ical()
    return written


def _event(day: DayView, number: int, span: tuple[datetime, datetime], base_url: str) -> Event:
    event = Event()
    event.add("uid", f"{day.id}-{number}@video-reception")
    event.add("sequence", day.version)
    event.add("dtstamp", (day.published_at or span[0]).astimezone(UTC))
    event.add("dtstart", span[0].astimezone(UTC))
    event.add("dtend", span[1].astimezone(UTC))
    event.add("summary", f"{day.leader.name} {day.leader.title} {day.mode.zh}")
    moved = f"（原定{day_words(day.nominal_date, 'zh')}）" if day.moved else ""
    event.add("description", f"{day.notice}{moved}")
    event.add("location", day.leader.area_name)
    event.add("url", f"{base_url}/calendar/{day.id}")
    event.add("status", _status(day))
    event.add("transp", "TRANSPARENT" if day.state in _OFF else "OPAQUE")
    return event


def _status(day: DayView) -> str:
    if day.state in _OFF:
        return "CANCELLED"
    return "TENTATIVE" if day.provisional else "CONFIRMED"
