"""`reception account create`, `reception kiosk create` and `reception area import`."""

import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from reception.app.keys import open_database
from reception.app.serve import prepare
from reception.domain.codes import Role
from reception.domain.passwords import Profile
from reception.domain.refusals import sentence
from reception.services import accounts, kiosks, places
from reception.settings import Settings
from reception.storage.database import Database
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
    """Enrol a kiosk; the answer shows its key, this once."""
    async with _database(settings) as db:
        made = await kiosks.create_kiosk(db, site_id=site_id, name=name, now=SystemClock().now())
    start = f"/kiosk/start?{urlencode({'key': made.key})}"
    return f"kiosk  {made.kiosk_id}\nkey    {made.key}\nstart  {start}"


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
