"""The body of a hub process: a hub, its socket, and a clean end."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from signaling.hub.hub import Hub, SinkFactory
from signaling.hub.server import HubServer

GC_THRESHOLDS = (20_000, 50, 50)


def _system_clock() -> datetime:
    # a hub process has no scheduler.clock: the parts know nothing of each other
    return datetime.fromtimestamp(time.time_ns() / 1e9, UTC)


async def serve_hub(
    *,
    socket_path: Path,
    host: str,
    port: int,
    advertise: Sequence[str] | None,
    sink_factory: SinkFactory,
    stop: asyncio.Event,
    clock: Callable[[], datetime] = _system_clock,
) -> None:
    """Carry media on `host`:`port` (UDP) and take orders at `socket_path` until `stop` is set.

    `advertise` lists the IP literals browsers are told; None or empty means `host`, or all of
    this machine's addresses where `host` is unspecified. Ends within two seconds of `stop`.

    Raises:
        OSError: the port or the socket cannot be bound.
    """
    hub = Hub(
        sink_factory=sink_factory,
        clock=clock,
        host=host,
        port=port,
        advertise=list(advertise) if advertise else None,
    )
    server = HubServer(hub, socket_path)
    # packets kept for repairs are many and in no cycles: scanning them would only cost time
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        await hub.start()
        await server.start()
        await stop.wait()
    finally:
        await hub.close()
        await server.close()
        gc.set_threshold(*thresholds)
        gc.unfreeze()
