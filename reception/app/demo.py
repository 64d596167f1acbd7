"""`reception demo`: an invented prefecture in an empty directory, ready for two browser windows."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reception.app.keys import open_database
from reception.app.serve import prepare
from reception.app.setup import enrolment_url
from reception.services import demo
from reception.services.demo import DemoBooking, DemoPeople
from reception.settings import Settings
from scheduler.calendar import SHANGHAI
from scheduler.clock import SystemClock

NOTE = "demo.json"
_SHOWN = (
    "site",
    "name",
    "title",
    "code",
    "petitioner",
    "leader",
    "starts",
    "url",
    "login",
    "password",
)


class DirectoryNotEmpty(Exception):
    """The directory holds something that is no demo; nothing was changed."""

    code = "directory_not_empty"

    def __init__(self, directory: Path) -> None:
        super().__init__(self.code)
        self.details: dict[str, object] = {"directory": str(directory)}


@dataclass(frozen=True, slots=True)
class Demo:
    """What a person needs to try it: read from `demo.json`."""

    note: dict[str, object]

    def text(self) -> str:
        """The note for a terminal."""
        lines = ["", "视频接访 · 演示 / video reception · demo", ""]
        for section, title in (
            ("people", "工作人员 / staff (login page, login, password)"),
            ("kiosks", "接访终端 / kiosks (open in a second browser window)"),
            ("bookings", "今天的预约 / bookings for now (check-in code)"),
        ):
            lines.append(title)
            lines += [f"  {self._line(item)}" for item in _rows(self.note[section])]
            lines.append("")
        lines.append(f"API token: {self.note['token']}")
        lines.append(f"公开日历 / public calendar: {self.note['url']}/calendar")
        return "\n".join(lines)

    @staticmethod
    def _line(item: dict[str, str]) -> str:
        return "  ".join(str(item[key]) for key in _SHOWN if item.get(key))


async def make_demo(settings: Settings) -> Demo:
    """Seed an empty directory, or take up the demo that is there and open slots for now.

    Raises `DirectoryNotEmpty` when the directory holds something else.
    """
    path = settings.data / NOTE
    held = list(settings.data.iterdir()) if settings.data.exists() else []
    if held and not path.exists():
        raise DirectoryNotEmpty(settings.data)
    await prepare(settings)
    clock = SystemClock()
    db = open_database(settings)
    try:
        if path.exists():
            known = json.loads(path.read_text())
            bookings = await demo.open_now(db, now=clock.now())
            codes = {
                kiosk["id"]: await demo.kiosk_code(db, kiosk_id=kiosk["id"], now=clock.now())
                for kiosk in _rows(known["kiosks"])
            }
            note = _taken_up(known, settings.base_url, bookings, codes)
        else:
            people = await demo.seed(db, now=clock.now())
            note = _first_note(people, settings.base_url)
    finally:
        await db.close()
    _write(path, note)
    return Demo(note)


def _first_note(people: DemoPeople, url: str) -> dict[str, object]:
    return {
        "url": url,
        "people": [
            {
                "role": login.role.value,
                "name": login.name,
                "title": login.title,
                "url": f"{url}/login",
                "login": login.login,
                "password": login.password,
            }
            for login in people.logins
        ],
        "kiosks": [
            {
                "id": kiosk.kiosk_id,
                "name": kiosk.name,
                "site": kiosk.site,
                "url": enrolment_url(url, kiosk.code),
            }
            for kiosk in people.kiosks
        ],
        "bookings": _bookings(people.bookings),
        "token": people.token,
    }


def _taken_up(
    note: dict[str, object],
    url: str,
    bookings: Sequence[DemoBooking],
    codes: Mapping[str, str],
) -> dict[str, object]:
    """The note of a demo that was made before: its people, this run's address, bookings and codes."""
    people, kiosks = _rows(note["people"]), _rows(note["kiosks"])
    return note | {
        "url": url,
        "people": [person | {"url": f"{url}/login"} for person in people],
        "kiosks": [kiosk | {"url": enrolment_url(url, codes[kiosk["id"]])} for kiosk in kiosks],
        "bookings": _bookings(bookings),
    }


def _rows(value: object) -> list[dict[str, str]]:
    assert isinstance(value, list)
    return value


def _bookings(bookings: Sequence[DemoBooking]) -> list[dict[str, str]]:
    return [
        {
            "id": booking.booking_id,
            "session": booking.session_id,
            "code": booking.code,
            "starts": booking.starts_at.astimezone(SHANGHAI).isoformat(timespec="minutes"),
            "petitioner": booking.petitioner,
            "leader": booking.leader,
            "site": booking.site,
        }
        for booking in bookings
    ]


def _write(path: Path, note: dict[str, object]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(note, file, ensure_ascii=False, indent=2)
