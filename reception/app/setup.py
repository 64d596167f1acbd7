"""`reception account create`, `reception kiosk create` and `reception area import`."""

import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reception.app.keys import open_database
from reception.app.serve import prepare
from reception.domain.codes import Role
from reception.domain.kiosks import shown_code
from reception.domain.passwords import Profile
from reception.domain.refusals import sentence
from reception.services import accounts, kiosks, places
from reception.services.kiosks import NewCode
from reception.settings import Settings
from reception.storage.database import Database
from scheduler.calendar import SHANGHAI
from scheduler.clock import SystemClock


@dataclass(frozen=True)
class NewAccount:
    """What an account is made from; without `password` one is made up."""

    login: str
    name: str
    role: Role
    area_code: str
    organ_id: str | None
    leader_id: str | None
    password: str | None


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    await prepare(settings)
    db = open_database(settings)
    try:
        yield db
    finally:
        await db.close()


async def create_account(settings: Settings, wish: NewAccount) -> str:
    """Make a log-in; the answer shows the password that was made up, this once."""
    password = accounts.new_password() if wish.password is None else wish.password
    async with _database(settings) as db:
        account_id = await accounts.create_account(
            db,
            login=wish.login,
            name=wish.name,
            role=wish.role,
            area_code=wish.area_code,
            password=password,
            organ_id=wish.organ_id,
            leader_id=wish.leader_id,
            must_change=wish.password is None,
            profile=Profile(settings.password_profile),
            now=SystemClock().now(),
        )
    lines = [f"account   {account_id}", f"login     {wish.login.strip().lower()}"]
    if wish.password is None:
        lines.append(f"password  {password}")
    return "\n".join(lines)


async def create_kiosk(settings: Settings, site_id: str, name: str) -> str:
    """Make a kiosk and a code that enrols it; the answer shows the code, this once."""
    now = SystemClock().now()
    async with _database(settings) as db:
        kiosk_id = await kiosks.create_kiosk(db, site_id=site_id, name=name, now=now)
        made = await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=now)
    return _code_text(settings, made)


async def kiosk_code(settings: Settings, kiosk_id: str) -> str:
    """Make a new code for a kiosk; the answer shows it, this once."""
    async with _database(settings) as db:
        made = await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=SystemClock().now())
    return _code_text(settings, made)


def enrolment_url(base_url: str, code: str) -> str:
    """Return the address that enrols the browser it is opened in; the fragment is in no log."""
    return f"{base_url}/kiosk/enrol#code={code}"


def _code_text(settings: Settings, made: NewCode) -> str:
    lines = (
        f"kiosk  {made.kiosk_id}",
        f"code   {shown_code(made.code)}",
        f"url    {enrolment_url(settings.base_url, made.code)}",
        f"until  {made.ends_at.astimezone(SHANGHAI):%H:%M}",
    )
    return "\n".join(lines)


async def import_areas(settings: Settings, content: bytes) -> tuple[str, bool]:
    """Import areas from a file's `code,name` rows; return what to print and whether all was right."""
    async with _database(settings) as db:
        done = await places.import_areas(db, listed=area_rows(content))
    lines = [f"added {done.added}  renamed {done.renamed}  unchanged {done.kept}"]
    for wrong in done.faults:
        for language in ("zh", "en"):
            words = sentence(wrong.fault.code, language, wrong.fault.details)
            lines.append(f"line {wrong.line}: {wrong.code}: {words}")
    return "\n".join(lines), not done.faults


def area_rows(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield line, code and name of each row, in UTF-8 or as spreadsheets here save it (GB 18030).

    Empty lines and a first line of headings are left out; a missing name is empty.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    reader = csv.reader(text.splitlines())
    for cells in reader:
        code, name = (*(cell.strip() for cell in cells[:2]), "", "")[:2]
        is_heading = reader.line_num == 1 and not any(char.isdigit() for char in code)
        if any(cells) and not is_heading:
            yield reader.line_num, code, name
