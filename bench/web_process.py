"""A web process as `reception web` makes it, that also tells how late its loop runs.

`python -m bench.web_process DATA PORT HUB_SOCKET [level]`: SIGUSR1 begins a measurement, SIGTERM ends
the process, which then prints the measured delays as one JSON list of seconds. With `level` the
threads that hash passwords keep the priority of the process.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from bench.hub_process import probe
from reception.app.web import run_web
from reception.services import hashing
from reception.settings import Settings
from signaling.tasks import Supervisor


async def main(data: Path, port: int, hub_socket: Path) -> None:
    """Serve until SIGTERM."""
    delays: list[float] = []
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, delays.clear)
    tasks = Supervisor("probe")
    tasks.start(probe(delays), "probe")
    await run_web(Settings(data=data, port=port, second_factor="offered"), hub_socket)
    await tasks.close()
    json.dump(delays, sys.stdout)


if __name__ == "__main__":
    if sys.argv[4:] == ["level"]:
        hashing.NICENESS = 0
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
