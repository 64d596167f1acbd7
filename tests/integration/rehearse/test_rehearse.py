"""The rehearsal tool against the whole program, and against servers that go wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from aiohttp.web import Application, Request, Response, json_response

from reception.app.rehearse import RehearsalFailed, rehearse
from reception.crypto.device_keys import is_signed
from tests.e2e.server import demo, free_port

TALK_SECONDS = 4.0


async def test_two_receptions_at_once_go_well_and_leave_nothing(tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as server:
        report = await rehearse(
            url=server.url, token=server.demo["token"], rooms=2, seconds=TALK_SECONDS
        )
        assert report.ok, report.as_text()
        for room in report.rooms:
            assert room.packets_lost == 0
            assert room.outcome_saved
            assert room.recorded_seconds >= TALK_SECONDS - 2
            assert room.join_ms is not None
            assert room.first_frame_ms is not None
        recordings = server.data / "recordings"
        assert not recordings.exists() or not list(recordings.iterdir())


class FailingServer:
    """Starts rehearsals, refuses every booking, and counts what is removed."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.is_removable = True
        self.hangs = False
        self.public_key = b""
        self.reached = asyncio.Event()

    async def create(self, request: Request) -> Response:
        wish = await request.json()
        self.public_key, rooms = bytes.fromhex(wish["public_key"]), wish["rooms"]
        slots = [{"id": f"slot{number}"} for number in range(rooms)]
        site = {"id": "site", "area_code": "330726101"}
        return json_response(
            {"id": "r1", "slots": slots, "site": site, "kiosk_id": "k", "leader_token": "t"},
            status=201,
        )

    async def challenge(self, request: Request) -> Response:
        assert (await request.json())["kiosk_id"] == "k"
        return json_response({"challenge": "c"})

    async def session(self, request: Request) -> Response:
        proof = await request.json()
        origin = request.headers["Origin"]
        signature = bytes.fromhex(proof["signature"])
        assert is_signed(self.public_key, f"vpr-auth-v1|{origin}|k|c", signature)
        return json_response({"token": "k", "seconds": 600})

    async def book(self, request: Request) -> Response:
        self.reached.set()
        if self.hangs:
            await asyncio.Event().wait()
        assert request.headers["Authorization"] == "Kiosk k"
        return json_response({"code": "slot_taken", "en": "Taken."}, status=409)

    async def remove(self, request: Request) -> Response:
        self.removed.append(request.match_info["id"])
        return Response(status=204 if self.is_removable else 500)


@pytest.fixture
async def failing() -> FailingServer:
    """What the failing server does and was asked."""
    return FailingServer()


@pytest.fixture
async def url(failing: FailingServer) -> AsyncIterator[str]:
    """Its address."""
    app = Application()
    app.router.add_post("/api/v1/rehearsals", failing.create)
    app.router.add_post("/kiosk/challenge", failing.challenge)
    app.router.add_post("/kiosk/session", failing.session)
    app.router.add_post("/api/v1/bookings", failing.book)
    app.router.add_delete("/api/v1/rehearsals/{id}", failing.remove)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def test_a_refused_booking_is_a_problem_of_its_room(failing: FailingServer, url: str) -> None:
    report = await rehearse(url=url, token="t", rooms=2, seconds=1)
    assert (report.rooms_ok, report.ok) == (0, False)
    assert report.rooms[0].problems == ("booking: POST /bookings: 409 slot_taken: Taken.",)
    assert failing.removed == ["r1"]


async def test_what_could_not_be_removed_is_told(failing: FailingServer, url: str) -> None:
    failing.is_removable = False
    report = await rehearse(url=url, token="t", rooms=1, seconds=1)
    assert report.problems[0].startswith("the rehearsal was not removed")


async def test_an_interrupted_rehearsal_is_removed(failing: FailingServer, url: str) -> None:
    failing.hangs = True
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(rehearse(url=url, token="t", rooms=1, seconds=1))
        await failing.reached.wait()
        running.cancel()
    assert failing.removed == ["r1"]


async def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(RehearsalFailed, match="no answer"):
        await rehearse(url=f"http://127.0.0.1:{free_port()}", token="t", rooms=1, seconds=1)
