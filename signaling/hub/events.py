"""Events for any number of readers; a reader that lags loses the oldest, never the others' time."""

import asyncio
from collections.abc import AsyncIterator

from signaling.engine import EngineEvent

MAX_WAITING = 1024


class Events:
    """Hands each event to every reader."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[EngineEvent | None]] = set()

    def put(self, event: EngineEvent) -> None:
        """Give an event to whoever reads now."""
        for queue in self._queues:
            _put(queue, event)

    def read(self, *first: EngineEvent) -> AsyncIterator[EngineEvent]:
        """`first`, then every event from this call on, until `close`."""
        queue: asyncio.Queue[EngineEvent | None] = asyncio.Queue(MAX_WAITING)
        for event in first:
            _put(queue, event)
        self._queues.add(queue)
        return self._iterate(queue)

    def close(self) -> None:
        """End every reader after what it still has to read."""
        for queue in self._queues:
            _put(queue, None)
        self._queues.clear()

    async def _iterate(
        self, queue: asyncio.Queue[EngineEvent | None]
    ) -> AsyncIterator[EngineEvent]:
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._queues.discard(queue)


def _put(queue: asyncio.Queue[EngineEvent | None], event: EngineEvent | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)
