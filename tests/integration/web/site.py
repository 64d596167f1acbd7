"""The web application on a loopback port over a real database, and people who browse it."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, cast

from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from yarl import URL

from reception.domain.codes import Role
from reception.domain.kiosks import proof_text
from reception.services import accounts
from reception.storage.database import Database
from tests.build import CITY, COUNTY, NOW, VAULT, Prefecture, prefecture
from tests.devices import Device
from tests.fakes import FixedClock
from tests.unit.recordings.locks import KEY
from web.addresses import networks
from web.app import create_app
from web.keys import WebContext

PASSWORD = "Correct horse battery 9 staple"
Client = TestClient[Request, Application]


@dataclass
class QuietRooms:
    """Stands where the live rooms are while nobody talks; remembers who was told of what."""

    hub_is_up: bool = True
    connected: int = 0
    greeting: int = 0
    told: list[str] = field(default_factory=list)

    async def changed(self, session_id: str) -> None:
        """Remember the session."""
        self.told.append(session_id)


@dataclass(frozen=True)
class Page:
    """One answer as a person sees it."""

    status: int
    html: str
    response: ClientResponse

    @property
    def path(self) -> str:
        """Where the browser is after all redirects."""
        return self.response.url.path

    @property
    def text(self) -> str:
        """The words of the page, without its tags."""
        return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.html))).strip()

    def value(self, name: str) -> str:
        """The value of a hidden or filled field."""
        found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', self.html)
        assert found is not None, f"no field {name} on {self.path}"
        return unescape(found[1])

    def links(self, start: str) -> list[str]:
        """Every link whose address begins with `start`."""
        return [
            unescape(link)
            for link in re.findall(r'href="([^"]+)"', self.html)
            if link.startswith(start)
        ]


class Browser:
    """Somebody at a browser of their own: keeps cookies and sends forms as a browser does."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.csrf = ""

    async def get(self, path: str, **headers: str) -> Page:
        """Open a page, following redirects."""
        async with self._client.get(path, headers=headers) as response:
            return await self._page(response)

    async def post(self, path: str, data: Mapping[str, Any] | None = None, **headers: str) -> Page:
        """Send a form from a page of ours, with the token last seen."""
        fields = {"csrf": self.csrf, **(data or {})}
        sent = {"Sec-Fetch-Site": "same-origin", **headers}
        async with self._client.post(path, data=fields, headers=sent) as response:
            return await self._page(response)

    async def raw(self, method: str, path: str | URL, **options: Any) -> ClientResponse:
        """Ask once, without following, and give the answer as it is."""
        response = await self._client.request(method, path, allow_redirects=False, **options)
        await response.read()
        return response

    async def log_in(self, login: str, password: str = PASSWORD, target: str = "") -> Page:
        """Log in through the form."""
        return await self.post("/login", {"login": login, "password": password, "next": target})

    def cookie(self, name: str) -> str:
        """The value of a cookie this browser holds."""
        return next(one.value for one in self._client.session.cookie_jar if one.key == name)

    async def _page(self, response: ClientResponse) -> Page:
        page = Page(response.status, await response.text(), response)
        token = re.search(r'name="csrf" value="([^"]+)"', page.html)
        if token is not None:
            self.csrf = token[1]
        return page


async def prove(browser: Browser, device: Device) -> str:
    """Let a browser begin the session of a kiosk; give the token its requests must carry."""
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    who = {"kiosk_id": device.kiosk_id}
    asked = await browser.raw("POST", "/kiosk/challenge", json=who, headers=headers)
    challenge = (await asked.json())["challenge"]
    text = proof_text(device.origin, device.kiosk_id, challenge)
    proof = who | {"challenge": challenge, "signature": device.sign(text).hex()}
    answer = await browser.raw("POST", "/kiosk/session", json=proof, headers=headers)
    told = await answer.json(content_type=None)
    assert answer.status == 200, told
    csrf: str = told["csrf"]
    return csrf


@dataclass
class Site:
    """The running application and what it stands on."""

    db: Database
    clock: FixedClock
    rooms: QuietRooms
    place: Prefecture
    app: Application
    server: TestServer
    _clients: list[Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address it serves at."""
        return str(self.server.make_url("")).rstrip("/")

    async def browser(self) -> Browser:
        """Seat somebody who has not logged in."""
        client = TestClient(self.server, cookie_jar=CookieJar(unsafe=True))
        self._clients.append(client)
        return Browser(client)

    async def account(self, role: Role, login: str = "") -> str:
        """Make an account of a role and give its log-in name."""
        name = login or role.value
        await accounts.create_account(
            self.db,
            login=name,
            name=f"{role.zh}（演示）",
            role=role,
            area_code=COUNTY if role is not Role.SYSADMIN else CITY,
            password=PASSWORD,
            organ_id=self.place.organ_id if role in (Role.HANDLER, Role.ORG_HEAD) else None,
            leader_id=self.place.leader_id if role is Role.LEADER else None,
            now=self.clock.now(),
        )
        return name

    async def staff(self, role: Role) -> Browser:
        """Seat somebody of a role, logged in."""
        browser = await self.browser()
        page = await browser.log_in(await self.account(role))
        assert page.status < 400 or page.path != "/login", page.text
        if not browser.csrf:
            await browser.get("/calendar")
        return browser

    async def close(self) -> None:
        """Send everybody home and stop."""
        for client in self._clients:
            await client.session.close()
        await self.server.close()


@asynccontextmanager
async def open_site(
    database_url: str,
    data_root: Path,
    *,
    secure_cookies: bool = False,
    port: int | None = None,
    trusted_proxies: Sequence[str] = (),
) -> AsyncIterator[Site]:
    """Serve a small prefecture from `database_url` until the block ends.

    With a `port` the address people type is the one it really serves at, as a kiosk needs.
    """
    db = Database(database_url, VAULT)
    clock = FixedClock(NOW)
    rooms = QuietRooms()
    context = WebContext(
        db=db,
        clock=clock,
        live=cast(Any, rooms),
        engine=cast(Any, None),
        data_root=data_root,
        base_url="http://127.0.0.1" if port is None else f"http://127.0.0.1:{port}",
        secure_cookies=secure_cookies,
        version="test",
        unwrap=KEY.unwrap,
        trusted_proxies=networks(trusted_proxies),
    )
    place = await prefecture(db)
    app = create_app(context)
    server = TestServer(app, host="127.0.0.1", port=port)
    await server.start_server()
    site = Site(db, clock, rooms, place, app, server)
    try:
        yield site
    finally:
        await site.close()
        await db.close()
