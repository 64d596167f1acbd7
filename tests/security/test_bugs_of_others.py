"""What went wrong in other video and petition systems, one test for each (and where it is elsewhere, that).

Recordings open to whoever knows the address, markup in names, third-party relays, repeated
parameters, keys others can read, programs that fetch what they are told to.
"""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import func, select

from reception.app.keys import open_vault
from reception.crypto.errors import KeysUnreadable
from reception.domain.access import SYSTEM
from reception.domain.case_files import FilePurpose
from reception.domain.codes import Role
from reception.services import booking, case_files, cases, sessions
from reception.services.booking import BookRequest
from reception.settings import from_environment
from reception.storage.database import Database
from reception.storage.tables import Account, ApiToken, Kiosk
from signaling.turn import ice_of
from tests.build import draft, open_day
from tests.e2e.browser import launched
from tests.integration.web.site import PASSWORD, Site
from tests.integration.web.talks import hold
from tests.integration.web.test_in_chromium import at_desk
from tests.pdf_text import pdf_pages
from web.case_pdf import case_pdf

ROOT = Path(__file__).parents[2]
PACKAGES = ("reception", "signaling", "scheduler", "recordings", "web")
MARKUP = '<img src=x onerror="document.title=1">'


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the program, parsed."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the program: in which module, of what."""
    for name, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                yield name, ast.unparse(node.func), node


def imports() -> Iterator[tuple[str, str]]:
    """Every module the program imports."""
    for name, module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                yield from ((name, one.name) for one in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield name, f"{node.module}"


def test_nothing_runs_text_as_code_or_gives_it_to_a_shell() -> None:
    forbidden = {"eval", "exec", "compile", "os.system", "os.popen", "subprocess.getoutput"}
    found = [(name, what) for name, what, _ in calls() if what in forbidden]
    shells = [
        name
        for name, _, call in calls()
        for word in call.keywords
        if word.arg == "shell" and ast.unparse(word.value) != "False"
    ]
    assert (found, shells) == ([], [])


def test_nothing_is_unpickled_and_no_xml_is_read() -> None:
    forbidden = ("pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml")
    assert [(name, what) for name, what in imports() if what.split(".")[0] in forbidden] == []


def test_the_server_fetches_nothing_it_is_told_an_address_of() -> None:
    clients = ("requests", "httpx", "urllib.request", "http.client", "ftplib", "smtplib", "socks")
    found = {name for name, what in imports() if what.startswith(clients)}
    found |= {name for name, what, _ in calls() if what.endswith("ClientSession")}
    # The operator's rehearsal calls the operator's own server, as a browser would.
    assert found == {"reception/app/rehearse.py"}


def test_no_broken_hash_is_used() -> None:
    broken = re.compile(r"hashlib\.(md5|sha1|new)|hashes\.(MD5|SHA1)\b")
    assert [(name, what) for name, what, _ in calls() if broken.search(what)] == []


def test_browsers_are_told_of_no_relay_of_others() -> None:
    scripts = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "web/static/js").glob("*.js")
    )
    # Only what our own server says, which is nothing unless the operator runs a relay.
    assert set(re.findall(r"iceServers:\s*([^,}]+)", scripts)) == {"this.ice.servers"}
    assert ice_of(None, "anyone", datetime(2026, 3, 15, tzinfo=UTC))["servers"] == []
    assert not re.search(r"(stun|turns?):[\w.]", scripts)


def test_no_page_shows_what_it_is_given_as_markup() -> None:
    dangerous = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    scripts = list((ROOT / "web/static/js").glob("*.js"))
    assert [path.name for path in scripts if dangerous.search(path.read_text("utf-8"))] == []
    templates = (ROOT / "web/templates").rglob("*.html")
    unescaped = re.compile(r"\|\s*safe\b|autoescape\s+false|Markup\(")
    assert [path.name for path in templates if unescaped.search(path.read_text("utf-8"))] == []


async def test_markup_in_names_and_texts_stays_text(site: Site, tmp_path: Path) -> None:
    case = await cases.register(
        site.db,
        draft=draft(petitioner_name=MARKUP, summary=MARKUP, facts=MARKUP),
        actor=site.place.clerk,
        now=site.clock.now(),
    )
    async with launched() as chromium:
        desk = await at_desk(site, chromium, tmp_path, Role.CLERK)
        for path in ("/cases", f"/cases/{case.id}", f"/booking?case={case.id}"):
            await desk.page.goto(f"{site.url}{path}")
            assert await desk.page.locator("img[src=x]").count() == 0
            assert await desk.page.title() != "1"
        await desk.page.goto(f"{site.url}/cases")
        assert MARKUP in await desk.page.inner_text("main")


async def test_markup_stays_text_for_leader_room_query_and_paper(
    site: Site, tmp_path: Path
) -> None:
    db, place, now = site.db, site.place, site.clock.now()
    slots = await open_day(db, place.leader_id)
    held = await booking.book(
        db,
        request=BookRequest(
            slot_id=slots[0].id,
            site_id=place.site_id,
            draft=draft(petitioner_name=MARKUP, summary=MARKUP, facts=MARKUP),
        ),
        actor=place.clerk,
        idempotency_key=None,
        now=now,
    )
    await booking.check_in(db, code=held.code, actor=place.kiosk, now=now)
    assert held.session_id is not None
    await sessions.save_preparation(
        db, session_id=held.session_id, note=MARKUP, actor=place.clerk, now=now
    )
    slip = await sessions.receipt(db, session_id=held.session_id, actor=place.kiosk, now=now)
    file = await case_files.make(
        db, case_id=held.case_id, purpose=FilePurpose.HANDLING, actor=place.clerk, now=now
    )
    assert "".join(MARKUP.split()) in "".join("".join(pdf_pages(case_pdf(file))).split())
    async with launched() as chromium:
        leader = await at_desk(site, chromium, tmp_path, Role.LEADER)
        for path in ("/leader", f"/room/{held.session_id}"):
            await leader.page.goto(f"{site.url}{path}")
            await expect(leader.page.locator("body")).to_contain_text(MARKUP)
            assert await leader.page.locator("img[src=x]").count() == 0
            assert await leader.page.title() != "1"
        anybody = await at_desk(site, chromium, tmp_path, None)
        await anybody.page.goto(f"{site.url}/query")
        await anybody.page.fill("input[name=code]", slip.query_code)
        await anybody.page.keyboard.press("Enter")
        await expect(anybody.page.locator("main")).to_contain_text(slip.case_no)
        assert await anybody.page.locator("img[src=x]").count() == 0


async def test_a_parameter_given_twice_is_refused(site: Site) -> None:
    browser = await site.staff(Role.CLERK)
    told = await browser.raw(
        "GET", "/cases?search=a&search=b", headers={"Accept": "application/json"}
    )
    assert (told.status, (await told.json(content_type=None))["details"]["reason"]) == (
        400,
        "repeated",
    )
    told = await browser.raw("GET", "/api/v1/cases?search=a&search=b")
    assert told.status == 400
    page = await browser.post("/query", {"code": ["AAAAAAAAAA", "BBBBBBBBBB"]})
    assert page.status == 400
    for path, fields in (
        ("/login", {"login": ["somebody", "else"]}),
        ("/login", {"login": "somebody", "password": ["one", "two"]}),
        ("/login/code", {"pending": ["one", "two"]}),
        ("/confirm", {"proof": ["one", "two"]}),
        ("/me/password", {"old": ["one", "two"]}),
    ):
        assert (await browser.post(path, fields)).status == 400, (path, fields)
    # Names are exact: one in capitals is another one, which nobody asked for.
    assert (await browser.raw("GET", "/api/v1/cases?Search=a")).status == 400


async def test_a_recording_is_not_there_for_who_knows_only_its_address(
    site: Site, tmp_path: Path
) -> None:
    talk = await hold(site, tmp_path)
    path = f"/recordings/files/{talk.file_id}"
    stranger = await site.browser()
    answer = await stranger.raw("GET", path, headers={"Accept": "application/json"})
    assert answer.status == 401
    clerk = await site.staff(Role.CLERK)
    assert (await clerk.raw("GET", path)).status == 403
    leader = await site.staff(Role.LEADER)
    await leader.get(f"/sessions/{talk.session_id}/recordings")
    assert (await leader.raw("GET", path)).status == 200
    # The right is looked at each time, not only when the page was opened.
    async with site.db.transaction(SYSTEM) as tx:
        account = (await tx.scalars(select(Account).where(Account.login == "leader"))).one()
        account.leader_id = site.place.other_leader_id
    assert (await leader.raw("GET", path)).status == 403


async def test_a_new_installation_has_no_account_token_or_kiosk(db: Database) -> None:
    async with db.reading(SYSTEM) as tx:
        for table in (Account, ApiToken, Kiosk):
            assert await tx.scalar(select(func.count()).select_from(table)) == 0


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    settings = from_environment({}, data=tmp_path)
    open_vault(settings)
    key = tmp_path / "keys" / "master.key"
    assert key.stat().st_mode & 0o077 == 0
    assert key.parent.stat().st_mode & 0o077 == 0
    key.chmod(0o640)
    with pytest.raises(KeysUnreadable):
        open_vault(settings)


async def test_password_fields_hide_what_is_typed_and_let_managers_fill_them(site: Site) -> None:
    pages = [await (await site.browser()).get("/login")]
    clerk = await site.staff(Role.CLERK)
    pages.append(await clerk.get("/me/password"))
    for page in pages:
        fields = [tag for tag in re.findall(r"<input[^>]*>", page.html) if "password" in tag]
        assert fields
        for tag in fields:
            assert 'type="password"' in tag
            assert re.search(r'autocomplete="(current|new)-password"', tag)
        assert "onpaste" not in page.html
        assert "/logout" in page.html or page.path == "/login"


async def test_a_password_is_taken_exactly_as_it_was_typed(site: Site) -> None:
    await site.account(Role.CLERK)
    for wrong in (PASSWORD.lower(), PASSWORD[:-1], f" {PASSWORD}", f"{PASSWORD} "):
        page = await (await site.browser()).log_in("clerk", wrong)
        assert page.path == "/login"
    page = await (await site.browser()).log_in("clerk")
    assert page.path != "/login"
