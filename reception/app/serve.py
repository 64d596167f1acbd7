"""`reception serve`: the supervisor over one web process and one hub process."""

import asyncio
import json
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Literal

from reception.app.keys import open_database, open_vault
from reception.app.processes import Process, run_processes, stop_on_signals
from reception.app.recordings import open_recording_key
from reception.app.turn import turn_server
from reception.domain.codes import Role
from reception.services import places, tokens
from reception.settings import PREFIX, Settings
from reception.storage.schema import require_current, upgrade
from scheduler.clock import SystemClock

log = logging.getLogger(__name__)


def with_ports(settings: Settings) -> Settings:
    """Settings with every 0 replaced by a port that is free now."""
    port = settings.port or _free_port(settings.host, socket.SOCK_STREAM)
    media = settings.media_port or port
    return replace(settings, port=port, media_port=media)


def _free_port(host: str, kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host or "127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


async def prepare(settings: Settings) -> None:
    """Make the data directory and bring the database to this program's schema.

    Raises:
        WallMissing: on PostgreSQL, when row-level security would not hold for the program.

    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    await upgrade(settings.owner_url, open_vault(settings))
    db = open_database(settings)
    try:
        await require_current(db)
    finally:
        await db.close()


async def serve(settings: Settings, *, ready: Callable[[], None] = lambda: None) -> None:
    """Run the program until SIGTERM or SIGINT; `ready` is called once its processes are started."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    # A Unix socket's path may have 107 bytes, a data directory more.
    run = Path(tempfile.mkdtemp(prefix="reception-"))
    hub_socket = run / "hub.sock"
    recording_key = open_recording_key(settings).public.text()
    # What is wrong with it is said here, not by a child that starts again and again.
    turn_server(settings)
    processes = [
        Process("web", ["web", "--hub-socket", str(hub_socket)], environment_of("web", settings)),
        Process(
            "hub",
            ["hub", "--hub-socket", str(hub_socket), "--recording-key", recording_key],
            environment_of("hub", settings),
        ),
    ]
    note = await OperatorNote.leave(settings)
    try:
        ready()
        await run_processes(processes, stop)
    finally:
        note.remove()
        shutil.rmtree(run, ignore_errors=True)


def environment_of(process: Literal["web", "hub"], settings: Settings) -> dict[str, str]:
    """The settings a child process is given: not the owner of the database, the hub no database."""
    kept = replace(settings, database_owner="")
    return to_environment(kept if process == "web" else replace(kept, database=""))


def to_environment(settings: Settings) -> dict[str, str]:
    """The settings as the variables a child process reads."""
    return {
        PREFIX + item.name.upper(): _text(getattr(settings, item.name)) for item in fields(settings)
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, tuple) else str(value)


class OperatorNote:
    """A file only this user can read, by which a command on this machine finds the server.

    It holds the server's address and an API token made for this run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    async def leave(cls, settings: Settings) -> "OperatorNote":
        """Make a token and write the note for the server on `settings.port`."""
        clock = SystemClock()
        db = open_database(settings)
        try:
            token = await tokens.create_token(
                db,
                name=f"operator of port {settings.port}",
                role=Role.SYSADMIN,
                area_code=await places.whole_tree(db),
                now=clock.now(),
            )
        finally:
            await db.close()
        path = note_path(settings.port)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = json.dumps({"url": settings.base_url, "token": token})
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(body)
        return cls(path)

    def remove(self) -> None:
        """Take the note away."""
        self.path.unlink(missing_ok=True)


def note_path(port: int) -> Path:
    """Where the note of the server on `port` lies."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "reception" / f"serve-{port}.json"


def operator_token(port: int) -> str | None:
    """The token of the server this user runs on `port`; None when there is none."""
    try:
        note = json.loads(note_path(port).read_text())
    except (OSError, ValueError):
        return None
    token = note.get("token")
    return token if isinstance(token, str) else None
