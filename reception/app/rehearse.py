"""A rehearsal: whole receptions held by bots against a running server, over its public doors.

It goes only where a kiosk and a leader across the county can go; of the server nothing is imported
but the kiosk's kind of key.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from ssl import SSLContext
from typing import Any, ClassVar, Final

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
)
from yarl import URL

from reception.crypto.device_keys import DeviceKey
from signaling.bot import Bot, BotRefused, ChannelClosed, Figures

STATE_WITHIN: Final = 30.0
PICTURE_WITHIN: Final = 30.0
RECORDING_WITHIN: Final = 90.0
RECORDING_ASKED_EVERY: Final = 0.5
LOSS_AT_MOST: Final = 0.02
SILENCE: Final = 1e-4
ENDED: Final = 4000  # close code after the session ended, docs/protocol.md
# The recording starts after the confirmation and ends with the readback: it may lack an edge.
RECORDED_SHORT_BY: Final = 3.0
RENEW_AFTER: Final = 0.7  # of a kiosk's session
SIGNATURE: Final = "M 20 60 C 40 20 60 100 80 60 L 120 60"


class RehearsalFailed(Exception):
    """The server refused something or did not answer; `reason` among the details says what."""

    code: ClassVar[str] = "rehearsal_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.details: dict[str, object] = {"reason": reason}


@dataclass(frozen=True, slots=True)
class RoomReport:
    """How one reception went.

    `join_ms` and `first_frame_ms` are those of the slower end (None: it never came to that),
    `packets_lost` and `freezes` are of both ends together, `recorded_seconds` what the finished
    recording plays. `ok` exactly when there is no problem.
    """

    room: int
    ok: bool
    join_ms: float | None
    first_frame_ms: float | None
    packets_lost: int
    freezes: int
    recorded_seconds: float
    outcome_saved: bool
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RehearsalReport:
    """How a rehearsal went; `problems` are those that belong to no single room."""

    seconds: float
    rooms: tuple[RoomReport, ...]
    problems: tuple[str, ...]

    @property
    def rooms_ok(self) -> int:
        """How many rooms went without a problem."""
        return sum(room.ok for room in self.rooms)

    @property
    def ok(self) -> bool:
        """Whether everything went well; the command's exit code is 0 exactly then."""
        return self.rooms_ok == len(self.rooms) and not self.problems

    def as_json(self) -> str:
        """The report for programs."""
        return json.dumps(asdict(self) | {"rooms_ok": self.rooms_ok, "ok": self.ok}, indent=2)

    def as_text(self) -> str:
        """The report for people: one line per room, the problems below."""
        lines = [_HEADING, *(_line(room) for room in self.rooms)]
        lines += [f"  room {room.room}: {text}" for room in self.rooms for text in room.problems]
        lines += [f"  {text}" for text in self.problems]
        lines.append(f"{self.rooms_ok} of {len(self.rooms)} rooms ok")
        return "\n".join(lines)


_HEADING: Final = (
    f"{'room':>4}  {'ok':<3}  {'join ms':>8}  {'picture ms':>10}  {'lost':>5}  {'freezes':>7}"
    f"  {'recorded s':>10}  outcome"
)


def _line(room: RoomReport) -> str:
    saved = "saved" if room.outcome_saved else "-"
    return (
        f"{room.room:>4}  {'yes' if room.ok else 'NO':<3}  {_figure(room.join_ms):>8}"
        f"  {_figure(room.first_frame_ms):>10}  {room.packets_lost:>5}  {room.freezes:>7}"
        f"  {room.recorded_seconds:>10.1f}  {saved}"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


async def rehearse(
    *, url: str, token: str, rooms: int, seconds: float, trust: SSLContext | None = None
) -> RehearsalReport:
    """Hold `rooms` receptions at once, each with `seconds` of talk, and report.

    `url` is the server's address, `token` an API token of a clerk or administrator; `trust` the
    certificates to trust instead of the system's. What the rehearsal made is removed at the end,
    also after a failure.

    Raises:
        RehearsalFailed: the rehearsal could not be started.
    """
    async with ClientSession(
        base_url=url,
        timeout=ClientTimeout(total=30),
        connector=TCPConnector(ssl=True if trust is None else trust),
    ) as http:
        operator = _Door(http, url, f"Bearer {token}")
        key = DeviceKey()
        wish = {"rooms": rooms, "public_key": key.public_key.hex()}
        made = await operator.ask("POST", "/rehearsals", wish)
        try:
            kiosk = _KioskDoor(http, url, made["kiosk_id"], key)
            leader = _Door(http, url, f"Bearer {made['leader_token']}")
            reports = await asyncio.gather(
                *(
                    _Reception(kiosk, leader, seconds).hold(number, slot["id"], made["site"])
                    for number, slot in enumerate(made["slots"], start=1)
                )
            )
        finally:
            problems = await _removed(operator, made["id"])
    return RehearsalReport(seconds=seconds, rooms=tuple(reports), problems=problems)


async def _removed(operator: "_Door", rehearsal_id: str) -> tuple[str, ...]:
    """Remove the rehearsal whatever happened before; says what went wrong."""
    try:
        await asyncio.shield(operator.ask("DELETE", f"/rehearsals/{rehearsal_id}"))
    except RehearsalFailed as error:
        return (f"the rehearsal was not removed: {_words(error)}",)
    return ()


class _Door:
    """The JSON API for one holder of a key."""

    def __init__(self, http: ClientSession, url: str, authorization: str) -> None:
        self._http = http
        self._origin = str(URL(url).origin())
        self._headers = {"Authorization": authorization}

    async def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> Any:
        """Ask for one operation; returns what it gives. Raises `RehearsalFailed`."""
        try:
            async with self._http.request(
                method, f"/api/v1{path}", json=body, headers=self._headers | headers
            ) as response:
                text = await response.text()
        except (ClientError, TimeoutError) as error:
            raise RehearsalFailed(f"{method} {path}: no answer: {_words(error)}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise RehearsalFailed(f"{method} {path}: {response.status} {_refusal(text)}")
        return json.loads(text) if text else None

    @asynccontextmanager
    async def bot(self, session_id: str) -> AsyncIterator[Bot]:
        """A bot in its seat, let in by a fresh ticket."""
        pressed_at = asyncio.get_running_loop().time()
        ticket = (await self.ask("POST", f"/sessions/{session_id}/tickets"))["ticket"]
        async with self._http.ws_connect("/ws", origin=self._origin) as socket:
            bot = Bot(_Socket(socket), pressed_at=pressed_at)
            try:
                await bot.enter(ticket)
                yield bot
            finally:
                await bot.close()


class _KioskDoor(_Door):
    """The JSON API for a kiosk; it proves who it is before its session ends."""

    def __init__(self, http: ClientSession, url: str, kiosk_id: str, key: "DeviceKey") -> None:
        super().__init__(http, url, "")
        self._headers = {}
        self._kiosk_id = kiosk_id
        self._key = key
        self._proving = asyncio.Lock()
        self._renew_at = 0.0

    async def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> Any:
        """Ask for one operation; returns what it gives. Raises `RehearsalFailed`."""
        clock = asyncio.get_running_loop()
        async with self._proving:
            if clock.time() >= self._renew_at:
                begun = await self._prove()
                self._headers = {"Authorization": f"Kiosk {begun['token']}"}
                self._renew_at = clock.time() + begun["seconds"] * RENEW_AFTER
        return await super().ask(method, path, body, **headers)

    async def _prove(self) -> Any:
        who = {"kiosk_id": self._kiosk_id}
        challenge = (await self._post("/kiosk/challenge", who))["challenge"]
        text = f"vpr-auth-v1|{self._origin}|{self._kiosk_id}|{challenge}"
        proof = {"challenge": challenge, "signature": self._key.sign(text).hex(), "token": True}
        return await self._post("/kiosk/session", who | proof)

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        # The origin that is signed has to be the one that is asked.
        headers = {"Origin": self._origin, "Accept": "application/json", **self._headers}
        try:
            async with self._http.post(path, json=body, headers=headers) as response:
                text = await response.text()
        except (ClientError, TimeoutError) as error:
            raise RehearsalFailed(f"POST {path}: no answer: {_words(error)}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise RehearsalFailed(f"POST {path}: {response.status} {_refusal(text)}")
        return json.loads(text)


class _Socket:
    """A WebSocket as a bot's channel."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except ClientError as error:
            raise ChannelClosed(self._socket.close_code or 0) from error

    async def receive(self) -> str:
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise ChannelClosed(self._socket.close_code or 0)
        text: str = message.data
        return text


class _Reception:
    """One reception from the booking to the finished recording, and what it showed."""

    def __init__(self, kiosk: _Door, leader: _Door, seconds: float) -> None:
        self._kiosk = kiosk
        self._leader = leader
        self._seconds = seconds
        self._figures: list[Figures] = []
        self._recorded_seconds = 0.0
        self._outcome_saved = False
        self._doing = "booking"
        self._problems: list[str] = []

    async def hold(self, number: int, slot_id: str, site: dict[str, Any]) -> RoomReport:
        """Hold it; a failure is a problem of the report, not an exception."""
        try:
            session_id = await self._check_in(slot_id, site)
            await self._talk(session_id)
            await self._check_afterwards(session_id)
        except (RehearsalFailed, BotRefused, ChannelClosed, ClientError, TimeoutError) as error:
            self._problems.append(f"{self._doing}: {_words(error)}")
        return RoomReport(
            room=number,
            ok=not self._problems,
            join_ms=_slowest([figures.join_ms for figures in self._figures]),
            first_frame_ms=_slowest([figures.first_frame_ms for figures in self._figures]),
            packets_lost=sum(figures.packets_lost for figures in self._figures),
            freezes=sum(figures.freezes for figures in self._figures),
            recorded_seconds=self._recorded_seconds,
            outcome_saved=self._outcome_saved,
            problems=tuple(self._problems),
        )

    async def _check_in(self, slot_id: str, site: dict[str, Any]) -> str:
        """Book and check in; returns the session's id."""
        wish = {
            "slot_id": slot_id,
            "site_id": site["id"],
            "draft": {
                "petitioner_name": "演练者（演练）",
                "purpose": "enquiry",
                "category": "other",
                "problem_area_code": site["area_code"],
                "summary": "演练：检查线路与设备",
            },
        }
        key = {"Idempotency-Key": secrets.token_hex(16)}
        booked = await self._kiosk.ask("POST", "/bookings", wish, **key)
        self._doing = "checking in"
        checked_in = await self._kiosk.ask("POST", "/check-ins", {"code": booked["code"]})
        session_id: str = checked_in["session_id"]
        return session_id

    async def _talk(self, session_id: str) -> None:
        self._doing = "entering the room"
        async with self._kiosk.bot(session_id) as kiosk, self._leader.bot(session_id) as leader:
            try:
                await self._open(kiosk, leader)
                await asyncio.sleep(self._seconds)
            finally:
                self._figures = [await kiosk.figures(), await leader.figures()]
                self._problems += kiosk.problems + leader.problems
            self._judge_media()
            await self._close(kiosk, leader)

    async def _open(self, kiosk: Bot, leader: Bot) -> None:
        """From the lobby until both see each other and the talk is recorded."""
        self._doing = "seeing each other"
        await leader.request("move", {"move": "begin_notice"})
        await asyncio.gather(
            kiosk.until_picture(seconds=PICTURE_WITHIN),
            leader.until_picture(seconds=PICTURE_WITHIN),
        )
        self._doing = "consent and recording"
        text = (await self._kiosk.ask("GET", "/texts"))["recording_consent"]
        consent = {"answer": True, "text_version": text["version"], "how": "button"}
        await kiosk.request("consent", consent)
        await kiosk.request("move", {"move": "confirm"})
        await leader.until_state("active", seconds=STATE_WITHIN)
        await leader.until(lambda shown: shown["recording"] == "on", seconds=STATE_WITHIN)

    async def _close(self, kiosk: Bot, leader: Bot) -> None:
        """From the readback to the receipt."""
        self._doing = "record, signature and outcome"
        await leader.request("record", {"text": "演练：双方确认音视频正常。"})
        await leader.request("move", {"move": "read_back"})
        await kiosk.until_state("readback", seconds=STATE_WITHIN)
        await kiosk.request("sign", {"strokes": SIGNATURE})
        await leader.until_state("signed", seconds=STATE_WITHIN)
        await leader.request("outcome", {"type": "answered", "text": "演练：线路与设备正常。"})
        try:
            await leader.request("move", {"move": "close"})
        except ChannelClosed as closed:
            # The connection may end with the session, before the reply to the last move is out.
            if closed.code != ENDED:
                raise
        await kiosk.until_state("closed", seconds=STATE_WITHIN)
        await kiosk.request("rate", {"target": "session", "level": 0})
        await kiosk.request("receipt")

    def _judge_media(self) -> None:
        for end, figures in zip(("kiosk", "leader"), self._figures, strict=True):
            total = figures.packets_received + figures.packets_lost
            if figures.packets_lost > LOSS_AT_MOST * total:
                self._problems.append(f"{end}: lost {figures.packets_lost} of {total} packets")
            if figures.sound < SILENCE:
                self._problems.append(f"{end}: heard nothing")

    async def _check_afterwards(self, session_id: str) -> None:
        """Ask the server what is left of the talk: outcome and recording."""
        self._doing = "checking what is left"
        await self._leader.ask("GET", f"/sessions/{session_id}/outcome")
        self._outcome_saved = True
        recording = await self._finished_recording(session_id)
        self._recorded_seconds = recording["seconds"]
        if recording["state"] != "ready":
            self._problems.append(f"the recording is {recording['state']}")
        elif recording["seconds"] < self._seconds - RECORDED_SHORT_BY:
            self._problems.append(f"only {recording['seconds']:.1f} s were recorded")
        elif len(recording["files"]) != 2:
            self._problems.append(f"the recording has {len(recording['files'])} films, not 2")

    async def _finished_recording(self, session_id: str) -> dict[str, Any]:
        """Wait until the recording is ready or failed. Raises TimeoutError."""
        async with asyncio.timeout(RECORDING_WITHIN):
            while True:
                given = await self._leader.ask("GET", f"/sessions/{session_id}/recordings")
                for recording in given["items"]:
                    if recording["state"] in ("ready", "failed"):
                        finished: dict[str, Any] = recording
                        return finished
                await asyncio.sleep(RECORDING_ASKED_EVERY)


def _refusal(text: str) -> str:
    """The code and sentence of a problem document; its first words when it is none."""
    try:
        problem = json.loads(text)
        return f"{problem['code']}: {problem['en']}"
    except (ValueError, KeyError, TypeError):
        return text[:80]


def _slowest(figures: list[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return max(known) if figures and len(known) == len(figures) else None


def _words(error: BaseException) -> str:
    """An error as one line; a timeout and a closed channel have no words of their own."""
    if isinstance(error, TimeoutError):
        return "something that should have happened did not happen in time"
    if isinstance(error, ChannelClosed):
        return f"the server closed the connection with code {error.code}"
    return str(error) or type(error).__name__
