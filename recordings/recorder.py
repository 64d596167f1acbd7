"""The recorder: a member of the room that takes encoded frames and lets a thread write them.

It fits `signaling.ports.FrameSink` by shape. The thread wakes four times a second, whatever the
number of frames: waking it for each would cost the media loop a switch of threads per frame.
"""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, cast

from recordings.batch import Batcher
from recordings.cipher import Lock
from recordings.errors import RecordingNotSealed, Refused
from recordings.files import Files
from recordings.manifest import CAUSES, Cause, Kind, Track, TrackKey
from recordings.store import RecordingDirectory, check_name, is_disk_full

log = logging.getLogger(__name__)

SEGMENT_MS: Final = 2000
QUEUE_VIDEO_BYTES: Final = 4 * 1024 * 1024
QUEUE_BYTES: Final = 5 * 1024 * 1024

_WAKE_S: Final = 0.25
# One wake early for the waking, one for the disk: what arrived is on disk within SEGMENT_MS.
_WRITE_FROM_MS: Final = SEGMENT_MS - 500
_RETRY_S: Final = 1.0
_CLOSE_TRIES: Final = 5
# What one queued item costs beside its data, so that tiny frames fill the queue too.
_ITEM_BYTES: Final = 250
_BATCH_BYTES: Final = 8 * 1024 * 1024
# Capture times are the sender's word; one further off than this is a wrong clock, not a delay.
_CLOCK_TRUST_MS: Final = 10_000


class _Frame(NamedTuple):
    track: Track
    timestamp: int
    at_ms: int
    keyframe: bool
    data: bytes


class _Lost(NamedTuple):
    key: TrackKey
    at_ms: int
    cause: Cause


class _Mark(NamedTuple):
    name: str
    at_ms: int


_Item: TypeAlias = _Frame | _Lost | _Mark


class Recorder:
    """Records one room into `root/recording_id`, or goes on with what a crash interrupted.

    The constructor and `frame`, `lost`, `mark` do no I/O and belong to one thread, the media loop.
    The queue between it and the disk is bounded by `QUEUE_BYTES`: full up to `QUEUE_VIDEO_BYTES` it
    drops video, full to the brim everything, and what is missing becomes a gap with cause `disk`.
    What has arrived is on disk within `SEGMENT_MS`, on a disk that writes in a quarter second.

    Its key is made here and wrapped by `lock` before the first frame is written; when the recording
    ends nothing here can open it any more.

    `clock_ms` gives Unix milliseconds and must not step while the recording lasts. `on_progress`
    gets the stored bytes and the moment up to which all is on disk, at least each `SEGMENT_MS`
    while all is well; `on_failure` gets a code once each time it stops being so: `disk_full` and
    `disk_failed` (tried again until it works), the code of a refusal (this recording cannot be
    written), or `recorder_failed`. Both are called on the writing thread.
    """

    def __init__(
        self,
        root: Path,
        recording_id: str,
        *,
        lock: Lock,
        clock_ms: Callable[[], int],
        on_progress: Callable[[int, int], None],
        on_failure: Callable[[str], None],
        files: Files | None = None,
    ) -> None:
        self._root = root
        self._recording_id = check_name(recording_id)
        self._clock_ms = clock_ms
        self._on_progress = on_progress
        self._on_failure = on_failure
        self._lock = lock
        self._files = files or Files()

        self._tracks: dict[TrackKey, Track] = {}
        self._dropped: dict[TrackKey, int] = {}
        self._queue: deque[_Item] = deque()
        # Two counters, each with one writing thread: their difference needs no lock.
        self._put_bytes = 0
        self._taken_bytes = 0

        self._closing = threading.Event()
        self._sealed = False
        self._is_failing = False
        # A daemon, so that a process told to end does end; that costs what `kill -9` costs.
        self._thread = threading.Thread(
            target=self._run, name=f"recorder-{recording_id}", daemon=True
        )
        self._started_at_ms = clock_ms()
        self._thread.start()

    def frame(
        self,
        *,
        participant: str,
        kind: Kind,
        codec: str,
        clock_rate: int,
        timestamp: int,
        at_ms: int,
        keyframe: bool,
        data: bytes,
    ) -> None:
        """Take one frame, see `signaling.ports.FrameSink`.

        Raises:
            NameRefused: `participant` is not safe as a file name.
        """
        key: TrackKey = (participant, kind)
        track = self._tracks.get(key)
        if track is None or track.codec != codec or track.clock_rate != clock_rate:
            track = Track(check_name(participant), kind, codec, clock_rate)
            self._tracks[key] = track
        now_ms = self._clock_ms()
        if abs(at_ms - now_ms) > _CLOCK_TRUST_MS:
            at_ms = now_ms
        limit = QUEUE_VIDEO_BYTES if kind == "video" else QUEUE_BYTES
        cost = len(data) + _ITEM_BYTES
        if self._put_bytes - self._taken_bytes + cost > limit:
            self._dropped.setdefault(key, at_ms)
            return
        if key in self._dropped:
            self._put(_Lost(key, self._dropped.pop(key), "disk"), _ITEM_BYTES)
        self._put(_Frame(track, timestamp, at_ms, keyframe, data), cost)

    def lost(self, *, participant: str, kind: Kind, at_ms: int, cause: str) -> None:
        """Note that frames of this track are missing from `at_ms` on, until its next frame.

        Raises:
            ValueError: `cause` is none of `manifest.CAUSES`.
        """
        if cause not in CAUSES:
            raise ValueError(f"unknown cause of a gap: {cause!r}")
        key: TrackKey = (participant, kind)
        if self._put_bytes - self._taken_bytes + _ITEM_BYTES > QUEUE_BYTES:
            self._dropped.setdefault(key, at_ms)
            return
        self._put(_Lost(key, at_ms, cast(Cause, cause)), _ITEM_BYTES)

    def mark(self, name: str, at_ms: int) -> None:
        """Note `consent`, `pause`, `resume` or another thing that happened; never dropped."""
        self._put(_Mark(name, at_ms), _ITEM_BYTES)

    async def close(self) -> None:
        """Write what is queued and seal the recording; frames that come later are ignored.

        Raises:
            RecordingNotSealed: not all of it reached the disk. What did is whole, and finishing
                closes the recording.
        """
        for key, at_ms in self._dropped.items():
            self._put(_Lost(key, at_ms, "disk"), _ITEM_BYTES)
        self._dropped.clear()
        self._closing.set()
        await asyncio.to_thread(self._thread.join)
        if not self._sealed:
            raise RecordingNotSealed(recording_id=self._recording_id)

    def _put(self, item: _Item, cost: int) -> None:
        if self._closing.is_set():
            return
        self._put_bytes += cost
        self._queue.append(item)

    # Everything below runs on the writing thread.

    def _run(self) -> None:
        try:
            directory = self._open()
            if directory is not None:
                with contextlib.closing(directory):
                    self._write(directory)
        except Refused as refusal:
            log.warning("recording %s refused: %s", self._recording_id, refusal)
            self._on_failure(refusal.code)
        except Exception:
            # The thread's edge: without this the recording would stop in silence.
            log.exception("recorder of %s failed", self._recording_id)
            self._on_failure("recorder_failed")
        finally:
            # Nobody writes any more: what comes now is not kept in memory.
            self._closing.set()
            self._queue.clear()

    def _open(self) -> RecordingDirectory | None:
        while True:
            try:
                return RecordingDirectory.open_live(
                    self._root,
                    self._recording_id,
                    at_ms=self._started_at_ms,
                    lock=self._lock,
                    files=self._files,
                )
            except OSError as error:
                self._disk_refused(error)
            if self._closing.wait(_RETRY_S):
                return None

    def _write(self, directory: RecordingDirectory) -> None:
        batcher = Batcher(directory.tracks, directory.open_gaps())
        written_at_ms = self._started_at_ms
        while not self._closing.is_set():
            self._closing.wait(_WAKE_S)
            self._drain(batcher)
            now_ms = self._clock_ms()
            # A clock set back must not stop the writing.
            is_young = 0 <= now_ms - written_at_ms < _WRITE_FROM_MS
            if is_young and batcher.bytes < _BATCH_BYTES:
                continue
            if self._commit(directory, batcher):
                self._on_progress(directory.stored_bytes, now_ms)
            written_at_ms = now_ms
        self._seal(directory, batcher)

    def _seal(self, directory: RecordingDirectory, batcher: Batcher) -> None:
        self._drain(batcher)
        ended_at_ms = self._clock_ms()
        batcher.end(ended_at_ms)
        for last in range(_CLOSE_TRIES, 0, -1):
            try:
                if self._commit(directory, batcher):
                    directory.close_recording(ended_at_ms)
                    self._sealed = True
                    self._on_progress(directory.stored_bytes, ended_at_ms)
                    return
            except OSError as error:
                self._disk_refused(error)
            batcher.end(ended_at_ms)
            if last > 1:
                threading.Event().wait(_WAKE_S)

    def _drain(self, batcher: Batcher) -> None:
        queue = self._queue
        taken = 0
        while queue:
            match queue.popleft():
                case _Frame(track, timestamp, at_ms, keyframe, data):
                    taken += len(data) + _ITEM_BYTES
                    batcher.frame(
                        track, timestamp=timestamp, at_ms=at_ms, keyframe=keyframe, data=data
                    )
                case _Lost(key, at_ms, cause):
                    taken += _ITEM_BYTES
                    batcher.lost(key, max(at_ms, 0), cause)
                case _Mark(name, at_ms):
                    taken += _ITEM_BYTES
                    batcher.mark(name, max(at_ms, 0))
        self._taken_bytes += taken

    def _commit(self, directory: RecordingDirectory, batcher: Batcher) -> bool:
        batch = batcher.cut()
        try:
            if batch:
                directory.commit(batch)
        except OSError as error:
            batcher.failed(batch)
            self._disk_refused(error)
            return False
        self._is_failing = False
        return True

    def _disk_refused(self, error: OSError) -> None:
        if not self._is_failing:
            log.error("recording %s cannot be written: %s", self._recording_id, error)
            self._on_failure("disk_full" if is_disk_full(error) else "disk_failed")
        self._is_failing = True
