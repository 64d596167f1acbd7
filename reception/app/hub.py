"""The hub process: the media hub with a recorder for every room that is recorded."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from reception.app.processes import stop_on_signals, stop_with_parent
from reception.app.recordings import lock_for
from reception.crypto.recording_keys import WrapKey
from reception.settings import Settings
from recordings.cipher import Lock
from recordings.recorder import Recorder
from signaling.hub.process import serve_hub
from signaling.ports import FrameSink, Stored
from signaling.tasks import Supervisor


async def run_hub(settings: Settings, socket_path: Path, recording_key: str) -> None:
    """Serve media until told to stop.

    `recording_key` is the public half, as text: this process can open no recording but those it
    is writing. Raises `KeysUnreadable`.
    """
    stop = asyncio.Event()
    stop_on_signals(stop)
    tasks = Supervisor("hub process")
    tasks.start(stop_with_parent(stop), name="parent")
    lock = lock_for(WrapKey.from_text(recording_key))
    root = settings.recordings
    root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sink(recording_id: str) -> FrameSink:
        return RecorderSink(root, recording_id, lock)

    try:
        await serve_hub(
            socket_path=socket_path,
            host=settings.media_host or settings.host,
            port=settings.media_port or settings.port,
            advertise=list(settings.advertise),
            sink_factory=sink,
            stop=stop,
        )
    finally:
        await tasks.close()


class RecorderSink(Recorder):
    """A recorder as the hub wants its sink: it also tells how it is doing.

    The two numbers are written by the recorder's thread and read by the media loop; each is one
    assignment, so neither needs a lock.
    """

    def __init__(self, root: Path, recording_id: str, lock: Lock) -> None:
        self._stored = Stored(0)
        super().__init__(
            root,
            recording_id,
            lock=lock,
            clock_ms=_steady_clock(),
            on_progress=self._on_disk,
            on_failure=self._not_on_disk,
        )

    def stored(self) -> Stored:
        """What is on disk by now, and whether the disk takes more."""
        return self._stored

    def _on_disk(self, size: int, at_ms: int) -> None:
        self._stored = Stored(size)

    def _not_on_disk(self, code: str) -> None:
        self._stored = Stored(self._stored.bytes, code)


def _steady_clock() -> Callable[[], int]:
    """Unix milliseconds that do not step when the machine's clock is set."""
    offset_ms = (time.time_ns() - time.monotonic_ns()) // 1_000_000
    return lambda: time.monotonic_ns() // 1_000_000 + offset_ms
