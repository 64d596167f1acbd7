"""The web process with a real media hub in it, a checked-in villager, and plain WebSocket clients."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestServer

from reception.app.hub import RecorderSink
from reception.domain.access import Actor
from reception.services import booking, sessions
from reception.services.booking import BookRequest
from reception.storage.database import Database
from signaling.bot.channel import ChannelClosed
from signaling.hub.hub import Hub
from signaling.tasks import Supervisor
from signaling.turn import TurnServer
from tests.build import CLERK, NOW, VAULT, Prefecture, draft, open_day, prefecture
from tests.devices import Device
from tests.fakes import FixedClock
from tests.unit.recordings.locks import KEY, LOCK
from web.app import create_app
from web.keys import WebContext
from web.live import LiveRooms

# Never asked: bots need no relay, and nothing listens there.
RELAY = TurnServer(("turn:127.0.0.1:9",), "relay-secret")


class Client:
    """One WebSocket, spoken to by hand; also a `signaling.bot.Channel`."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []
        self._number = 0

    async def send(self, text: str) -> None:
        await self.socket.send_str(text)

    async def receive(self) -> str:
        message = await self.socket.receive(30)
        if message.type is not WSMsgType.TEXT:
            raise ChannelClosed(self.socket.close_code or 1006)
        return str(message.data)

    async def ask(self, kind: str, **data: Any) -> dict[str, Any]:
        """Send a request and return its reply or refusal; events before it are kept."""
        self._number += 1
        await self.send(json.dumps({"id": self._number, "t": kind, "d": data}, ensure_ascii=False))
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """The next reply or refusal."""
        while True:
            message: dict[str, Any] = json.loads(await self.receive())
            if "seq" not in message:
                return message
            self.events.append(message)

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an event that `holds`; returns it."""
        async with asyncio.timeout(30):
            while True:
                while self.events:
                    event = self.events.pop(0)
                    if holds(event):
                        return event
                self.events.append(json.loads(await self.receive()))

    async def until_state(self, state: str) -> dict[str, Any]:
        """Wait for a snapshot in this state."""
        event = await self.until(lambda e: e["t"] == "snapshot" and e["d"]["state"] == state)
        snapshot: dict[str, Any] = event["d"]
        return snapshot

    async def close_code(self) -> int | None:
        """Read to the end of the connection."""
        while True:
            message = await self.socket.receive(30)
            if message.type is WSMsgType.CLOSE:
                return int(message.data)
            if message.type is not WSMsgType.TEXT:
                return self.socket.close_code


@dataclass
class House:
    """The running application, its hub, and one booked talk whose villager has checked in."""

    db: Database
    clock: FixedClock
    hub: Hub
    live: LiveRooms
    server: TestServer
    http: ClientSession
    kiosk: Actor
    device: Device
    leader: Actor
    clerk: Actor
    session_id: str
    place: Prefecture
    later_slots: Sequence[str]
    recordings: Path
    clients: list[Client] = field(default_factory=list)

    async def open(self, **headers: str) -> Client:
        """A WebSocket that has said nothing yet."""
        address = self.server.make_url("/ws")
        sent = {"Origin": str(self.server.make_url("").origin()), **headers}
        socket = await self.http.ws_connect(address, headers=sent)
        client = Client(socket)
        self.clients.append(client)
        return client

    async def next_talk(self) -> str:
        """Check in the villager of the next slot; returns the session."""
        slot_id, *self.later_slots = self.later_slots
        return await _checked_in(self.db, self.clock, self.place, slot_id)

    async def ticket(self, actor: Actor, session_id: str = "") -> str:
        """A fresh ticket for a person."""
        session_id = session_id or self.session_id
        return await sessions.issue_ticket(
            self.db, session_id=session_id, actor=actor, now=self.clock.now()
        )

    async def seated(self, actor: Actor, session_id: str = "") -> Client:
        """A person in their seat."""
        client = await self.open()
        ticket = await self.ticket(actor, session_id)
        welcome = await client.ask("hello", proto=[1], ticket=ticket)
        assert welcome.get("ok"), welcome
        return client


@asynccontextmanager
async def open_house(database_url: str, data: Path) -> AsyncIterator[House]:
    """Everything running until the block ends."""
    db, clock, tasks = Database(database_url, VAULT), FixedClock(NOW), Supervisor("house")
    recordings = data / "recordings"
    recordings.mkdir(parents=True)
    hub = Hub(
        sink_factory=lambda recording: RecorderSink(recordings, recording, LOCK),
        clock=lambda: datetime.now(UTC),  # noqa: TID251 - the hub needs the real time of day
        host="127.0.0.1",
    )
    await hub.start()
    live = LiveRooms(db, clock, hub, tasks)
    context = WebContext(
        db=db,
        clock=clock,
        live=live,
        engine=hub,
        data_root=data,
        base_url="http://127.0.0.1",
        secure_cookies=False,
        version="test",
        turn=RELAY,
        unwrap=KEY.unwrap,
    )
    place = await prefecture(db)
    slots = await open_day(db, place.leader_id)
    session_id = await _checked_in(db, clock, place, slots[0].id)
    server = TestServer(create_app(context), host="127.0.0.1")
    await server.start_server()
    live.start()
    http = ClientSession()
    house = House(
        db=db,
        clock=clock,
        hub=hub,
        live=live,
        server=server,
        http=http,
        kiosk=place.kiosk,
        device=place.device,
        leader=place.leader,
        clerk=place.clerk,
        session_id=session_id,
        place=place,
        later_slots=[slot.id for slot in slots[1:]],
        recordings=recordings,
    )
    try:
        yield house
    finally:
        for client in house.clients:
            await client.socket.close()
        await live.close()
        await http.close()
        await server.close()
        await tasks.close()
        await hub.close()
        await db.close()


async def _checked_in(db: Database, clock: FixedClock, place: Prefecture, slot_id: str) -> str:
    """Book a slot of today and check the villager in; returns the session."""
    view = await booking.book(
        db,
        request=BookRequest(slot_id=slot_id, site_id=place.site_id, draft=draft()),
        actor=CLERK,
        idempotency_key=None,
        now=clock.now(),
    )
    await booking.check_in(db, code=view.code, actor=place.kiosk, now=clock.now())
    assert view.session_id is not None
    return view.session_id
