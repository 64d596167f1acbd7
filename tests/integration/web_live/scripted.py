"""The live pages against a room that does what a test tells it: no hub, no database.

The pages, their scripts, headers and wire are the real ones; only what the server would decide is
scripted, so that every screen can be looked at without a whole reception around it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.web import (
    Application,
    AppRunner,
    Request,
    Response,
    TCPSite,
    WebSocketResponse,
    get,
    json_response,
    post,
)

from reception.domain.consent import RECORDING_CONSENT, RIGHTS
from signaling.turn import ice_of
from web.headers import CONTENT_SECURITY_POLICY
from web.i18n import Language, load_catalogue
from web.pages.kiosk import qr_path
from web.render import STATIC_ROOT, hash_static, make_renderer

NOW = datetime(2026, 11, 22, 6, 24, tzinfo=UTC)
STARTS = NOW + timedelta(minutes=6)
LEADER = {"id": "l", "role": "leader", "seat": 2, "name": "周明", "online": True, "media": False}
VILLAGER = {
    "id": "k",
    "role": "petitioner",
    "seat": 0,
    "name": "王小花",
    "online": True,
    "media": False,
}
OUTCOME = {
    "type": "assigned",
    "type_label": "交办限期",
    "type_label_en": "assigned with a due date",
    "text": "村口到小学的路，由交通运输局在12月20日前修好，修之前先铺碎石。",
    "owner_organ": "浦江县交通运输局",
    "due_on": "2026-12-20",
    "due_words": "2026年12月20日 星期日",
    "due_words_en": "Sunday 20 December 2026",
}
CONSENT = {"answer": True, "at": NOW.isoformat(), "text_version": RECORDING_CONSENT.version}
RECORD = {
    "version": 1,
    "text": "王小花反映：村口到小学的路去年被水冲坏，孩子上学要绕两里路。\n"
    "周明答复：由县交通运输局负责修复，12月20日前完成，修复前先铺碎石保证通行。",
}


def booking_body(state: str = "scheduled") -> dict[str, object]:
    """What the server answers to a right check-in code."""
    return {
        "session_id": "s1",
        "session_state": state,
        "greeting_name": "王**",
        "starts_at": STARTS.isoformat(),
        "ends_at": (STARTS + timedelta(minutes=30)).isoformat(),
        "leader_name": "周明",
        "leader_title": "县委副书记、县长",
    }


TODAY: dict[str, object] = {
    "now": NOW.isoformat(),
    "receptions": [
        booking_body()
        | {
            "starts_at": (STARTS - timedelta(hours=3)).isoformat(),
            "tone": "over",
            "status": "已结束",
        },
        booking_body() | {"tone": "waiting", "status": "等候签到"},
        booking_body()
        | {
            "starts_at": (STARTS + timedelta(hours=1)).isoformat(),
            "tone": "waiting",
            "status": "等候签到",
        },
    ],
    "on_duty": [
        {
            "leader_name": "周明",
            "leader_title": "县委副书记、县长",
            "hours": "08:30–11:30、14:30–17:00",
        },
        {"leader_name": "方志远", "leader_title": "信访局局长", "hours": "08:30–11:30"},
    ],
    "queue": {"opens": True, "waiting": 0, "called": [], "next": None},
}
RECEIPT: dict[str, object] = {
    "case_no": "330726-2026-000017",
    "query_code": "7KQ4M-9TXPA",
    "query_url": "https://reception.example/query#7KQ4M9TXPA",
    "qr": qr_path("https://reception.example/query#7KQ4M9TXPA"),
    "outcome_label": OUTCOME["type_label"],
    "outcome_text": OUTCOME["text"],
    "owner_organ": OUTCOME["owner_organ"],
    "due_words": OUTCOME["due_words"],
    "leader_name": "周明",
    "site_name": "檀溪镇视频接访点",
    "ended_words": "2026年11月22日 星期日 14:58",
    "phone": "0579-84100000",
}

LOBBY: dict[str, Any] = {
    "session": "s1",
    "room": "r1",
    "version": 1,
    "state": "lobby",
    "resumes": None,
    "media": False,
    "seats": 4,
    "people": [VILLAGER],
    "me": {"id": "k", "role": "petitioner", "seat": 1},
    "slot": {
        "starts_at": STARTS.isoformat(),
        "ends_at": (STARTS + timedelta(minutes=30)).isoformat(),
    },
    "started_at": None,
    "ended_at": None,
    "server_now": NOW.isoformat(),
    "recording": "off",
    "consent": None,
    "record": None,
    "outcome": None,
    "ratings": [],
    "moves": ["stop"],
    "leader": {"name": "周明", "title": "县委副书记、县长"},
    "petitioner": {"name": "王小花"},
    "site": {"name": "檀溪镇视频接访点", "phone": "0579-84100000"},
    "case": {"id": "c1", "case_no": "330726-2026-000017"},
}
"""A person in the lobby, the leader not yet there."""


@dataclass
class ScriptedServer:
    """A server with one kiosk and one room; `snapshot` is what the room looks like now."""

    url: str = ""
    code: str = "135790"
    today: dict[str, object] = field(default_factory=lambda: dict(TODAY))
    turn: dict[str, object] | None = None
    ended: int = 0
    asked: asyncio.Queue[tuple[str, dict[str, Any]]] = field(default_factory=asyncio.Queue)
    refuse_next: dict[str, object] | None = None
    snapshot: dict[str, Any] = field(default_factory=lambda: deepcopy(LOBBY))
    _sockets: list[WebSocketResponse] = field(default_factory=list)
    _seq: int = 0

    async def show(self, state: str, **changes: object) -> None:
        """Change the room and tell everyone in it."""
        self.snapshot |= {"state": state, "version": self.snapshot["version"] + 1} | changes
        self._seq += 1
        for socket in self._sockets:
            await socket.send_json({"seq": self._seq, "t": "snapshot", "d": self.snapshot})

    async def next_request(self) -> tuple[str, dict[str, Any]]:
        """Wait for the next request of the page other than a ping."""
        async with asyncio.timeout(10):
            return await self.asked.get()

    async def _talk(self, request: Request) -> WebSocketResponse:
        socket = WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        async for message in socket:
            asked = json.loads(message.data)
            await socket.send_json({"re": asked["id"], **self._answer(asked["t"], asked["d"])})
        self._sockets.remove(socket)
        return socket

    def _answer(self, kind: str, data: dict[str, Any]) -> dict[str, object]:
        if kind == "hello":
            me = self.snapshot["me"]
            body = {"proto": 1, "resume": "r", "me": me, "ping_ms": 3000, "gen": 0}
            body |= {"ice": ice_of(None, "王小花", NOW), "snapshot": self.snapshot}
            return {"ok": True, "d": body}
        if kind == "ping":
            return {"ok": True, "d": {}}
        self.asked.put_nowait((kind, data))
        if self.refuse_next is not None:
            refusal, self.refuse_next = self.refuse_next, None
            return {"err": refusal}
        return {"ok": True, "d": {}}

    async def _check_in(self, request: Request) -> Response:
        if (await request.json())["code"] == self.code:
            return json_response(booking_body())
        sentences = {"zh": "没有这个签到码，请再看一遍预约单。", "en": "No such check-in code."}
        return json_response({"code": "code_unknown", "details": {}, **sentences}, status=404)

    async def _end(self, _: Request) -> Response:
        self.ended += 1
        return json_response({})


def kiosk_page(server: ScriptedServer, language: Language) -> str:
    """The kiosk's one page as the server renders it."""
    renderer = make_renderer(load_catalogue(), hash_static())
    values = {
        "site": {"site_name": "檀溪镇视频接访点"},
        "site_phone": "0579-84100000",
        "rights": RIGHTS.lines(language),
        "consent_text": RECORDING_CONSENT.lines(language),
        "data": {
            "csrf": "c",
            "language": language,
            "now": NOW.isoformat(),
            "phone": "0579-84100000",
            "rights": RIGHTS.lines(language),
            "consent": RECORDING_CONSENT.lines(language),
            "consent_version": RECORDING_CONSENT.version,
            "audio": {},
            "turn": server.turn,
            "today": server.today,
        },
        "actor": None,
        "csrf": "c",
        "path": "/kiosk",
        "other_language_url": "/kiosk?lang=en",
        "now": NOW,
        "version": "test",
    }
    return renderer.render(language, "kiosk/kiosk.html", values)


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """Serve the kiosk page and a scripted room on a free port of this machine."""
    server = ScriptedServer()

    async def kiosk(request: Request) -> Response:
        language: Language = "en" if request.query.get("lang") == "en" else "zh"
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-store"}
        text = kiosk_page(server, language)
        return Response(text=text, content_type="text/html", headers=headers)

    async def today(_: Request) -> Response:
        return json_response(server.today)

    async def ticket(_: Request) -> Response:
        return json_response({"ticket": "t"})

    async def receipt(_: Request) -> Response:
        return json_response(RECEIPT)

    async def challenge(_: Request) -> Response:
        return json_response({"challenge": "c"})

    app = Application()
    app.add_routes(
        [
            get("/kiosk", kiosk),
            get("/kiosk/today", today),
            post("/kiosk/challenge", challenge),
            post("/kiosk/check-in", server._check_in),
            post("/kiosk/receipt", receipt),
            post("/kiosk/end", server._end),
            post("/room/s1/ticket", ticket),
            get("/ws", server._talk),
        ]
    )
    app.router.add_static("/static/", STATIC_ROOT)
    runner = AppRunner(app)
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        for socket in list(server._sockets):
            await socket.close()
        await runner.cleanup()
