"""Debian's coturn under the configuration we ship, on loopback, for the length of a test."""

import asyncio
import contextlib
import re
import shutil
import subprocess
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aioice import stun
from aioice.turn import TurnTransport, create_turn_endpoint

from tests.e2e.server import free_port

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "coturn" / "turnserver.conf"
SECRET, NEXT_SECRET = "4f" * 32, "a7" * 32
HERE = "127.0.0.1"


@dataclass(frozen=True)
class Relay:
    """A running relay that reaches `hub` alone."""

    port: int
    hub: str

    async def open(self, name: str, password: str) -> TurnTransport:
        """Open an allocation (RFC 8656). Raises aioice's `TransactionError` with the refusal."""
        transport, _ = await create_turn_endpoint(
            asyncio.DatagramProtocol, (HERE, self.port), username=name, password=password
        )
        return transport


@asynccontextmanager
async def relay(folder: Path, *, hub: str, relays_from: str = HERE) -> AsyncIterator[Relay]:
    """Run coturn until the block ends; `relays_from` is the address the hub hears from."""
    port = free_port()
    program = shutil.which("turnserver")
    assert program, "coturn is missing: make test installs it"
    configuration = folder / "turnserver.conf"
    configuration.write_text(
        _changed(hub=hub, relays_from=relays_from, port=port), encoding="utf-8"
    )
    log = folder / "turnserver.log"
    with log.open("wb") as output:
        # Its database of users, which nothing uses, and its pid would lie outside of the test.
        process = await asyncio.create_subprocess_exec(
            program,
            *("-c", configuration, "-b", folder / "none.db", "--pidfile", folder / "pid"),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        await _until_it_answers(port, process, log)
        yield Relay(port, hub)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


def _changed(*, hub: str, relays_from: str, port: int) -> str:
    """The shipped file with its four lines changed, as its comments ask, and ports of our own."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    assert text.count("# CHANGE:") == 4
    changes = {
        "listening-ip": HERE,
        "relay-ip": relays_from,
        "allowed-peer-ip": hub,
        "static-auth-secret": f"{SECRET}\nstatic-auth-secret={NEXT_SECRET}",
        "listening-port": str(port),
        "tls-listening-port": str(free_port()),
    }
    for name, value in changes.items():
        text, found = re.subn(rf"(?m)^{name}=.*$", f"{name}={value}", text)
        assert found == 1, name
    # No certificate on loopback, and the log where the test finds it.
    return re.sub(r"(?m)^(cert|pkey)=.*$|^syslog$", "", text) + "log-file=stdout\nno-tls\n"


async def _until_it_answers(port: int, process: Process, log: Path) -> None:
    loop = asyncio.get_running_loop()
    answered = asyncio.Event()

    class Asking(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            answered.set()

    transport, _ = await loop.create_datagram_endpoint(Asking, remote_addr=(HERE, port))
    try:
        for _ in range(100):
            request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
            transport.sendto(bytes(request))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), 0.1)
                return
            assert process.returncode is None, log.read_text(errors="replace")
        raise AssertionError(log.read_text(errors="replace"))
    finally:
        transport.close()
