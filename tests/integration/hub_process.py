"""A hub process for tests: `python -m tests.integration.hub_process SOCKET`; SIGTERM ends it."""

import asyncio
import signal
import sys
from pathlib import Path

from signaling.hub.process import serve_hub
from tests.build_media import ListSink


async def main(socket_path: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await serve_hub(
        socket_path=socket_path,
        host="127.0.0.1",
        port=0,
        advertise=None,
        sink_factory=lambda _: ListSink(),
        stop=stop,
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
