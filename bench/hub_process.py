"""A hub process as `reception hub` makes it, that also tells how late its loop runs.

`python -m bench.hub_process SOCKET RECORDINGS`: SIGUSR1 begins a measurement, SIGTERM ends the
process, which then prints the measured delays as one JSON list of seconds.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from bench.link import own_address
from reception.app.hub import RecorderSink
from reception.app.recordings import lock_of
from reception.crypto.recording_keys import UnwrapKey
from signaling.hub.process import serve_hub
from signaling.tasks import Supervisor

PROBE_S = 0.01


async def probe(delays: list[float]) -> None:
    """Note by how much the loop wakes too late."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PROBE_S
        await asyncio.sleep(PROBE_S)
        delays.append(max(0.0, loop.time() - due))


async def main(socket_path: Path, recordings: Path) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    delays: list[float] = []
    lock = lock_of(UnwrapKey([X25519PrivateKey.generate()]))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, delays.clear)
    tasks = Supervisor("probe")
    tasks.start(probe(delays), "probe")
    await serve_hub(
        socket_path=socket_path,
        host=own_address(),
        port=0,
        advertise=None,
        sink_factory=lambda recording: RecorderSink(recordings, recording, lock),
        stop=stop,
    )
    await tasks.close()
    json.dump(delays, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
