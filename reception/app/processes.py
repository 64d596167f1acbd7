"""Starts the program's processes, starts them again when they die, ends them in order."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger(__name__)

STOP_WITHIN_SECONDS: Final = 5.0
CALM_AFTER_SECONDS: Final = 30.0
BACKOFF_SECONDS: Final = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0)


@dataclass(slots=True)
class Process:
    """One process of the program, kept running.

    It is told to stop by SIGTERM and by the end of its standard input, so that it also ends when
    this supervisor is killed.
    """

    name: str
    arguments: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    _running: asyncio.subprocess.Process | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._running.pid if self._running else None

    async def keep_running(self) -> None:
        """Start it, and start it again each time it dies, until `stop`."""
        loop = asyncio.get_running_loop()
        deaths = 0
        while not self._stopping.is_set():
            started = loop.time()
            self._running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "reception",
                *self.arguments,
                stdin=asyncio.subprocess.PIPE,
                env={**os.environ, **self.environment},
            )
            code = await self._running.wait()
            if self._stopping.is_set():
                return
            deaths = 0 if loop.time() - started > CALM_AFTER_SECONDS else deaths + 1
            wait = BACKOFF_SECONDS[min(deaths, len(BACKOFF_SECONDS) - 1)]
            log.error("%s ended with code %s; starting it again in %s s", self.name, code, wait)
            await asyncio.sleep(wait)

    def expect_end(self) -> None:
        """Do not start it again when it ends."""
        self._stopping.set()

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when it has not ended in time."""
        self.expect_end()
        running = self._running
        if running is None or running.returncode is not None:
            return
        try:
            running.send_signal(signal.SIGTERM)
        except ProcessLookupError:
            return
        try:
            async with asyncio.timeout(STOP_WITHIN_SECONDS):
                await running.wait()
        except TimeoutError:
            log.error("%s did not stop in %s s; killing it", self.name, STOP_WITHIN_SECONDS)
            running.kill()
            await running.wait()


async def run_processes(processes: Sequence[Process], stop: asyncio.Event) -> None:
    """Keep all processes running until `stop` is set, then end them in the given order."""
    async with asyncio.TaskGroup() as group:
        keepers = [group.create_task(process.keep_running()) for process in processes]
        await stop.wait()
        # A signal to the whole group ends them at once; none of them is to come back then.
        for process in processes:
            process.expect_end()
        for process in processes:
            await process.stop()
        for keeper in keepers:
            keeper.cancel()


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def stop_with_parent(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends, which it does when the supervisor is gone."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    stop.set()
