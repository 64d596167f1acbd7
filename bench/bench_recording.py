"""What recording costs, while people talk and after they have.

Three figures. Finishing: half an hour of two participants from the end of the recording to verified
files, by the process that does it in production; the peer is the barest work that makes such files
seekable, a PyAV stream copy of the finished files (it neither checks nor aligns nor reads back).
Media loop: what one frame costs the thread that hands it over; the peer is PyAV muxing on that
thread, what recording into one file would cost. Disk: what recording one second of one session
costs in all threads.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import shake_256
from pathlib import Path
from typing import Final

import av
from av.stream import Stream
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from bench.results import Figure
from bench.scale import scaled
from reception.crypto.recording_keys import UnwrapKey
from recordings.batch import Batch, Take
from recordings.cipher import Lock
from recordings.files import Files
from recordings.keys import read_keys
from recordings.manifest import Track
from recordings.playback import CHUNK_BYTES, RangeReader
from recordings.recorder import Recorder
from recordings.segment import Frame
from recordings.store import RecordingDirectory

MINUTES: Final = scaled(30, 1)
PARTICIPANTS: Final = ("leader", "villager")
START_MS: Final = 1_800_000_000_000
RUNS: Final = scaled(5, 1)
KEY: Final = UnwrapKey([X25519PrivateKey.generate()])
LOCK: Final = Lock(KEY.public.wrap)

# 720p at 30 a second and about 1 Mbit/s, a key frame each 10 s, and Opus at 32 kbit/s. The bytes
# are noise behind a VP8 key frame's head: stream copy never looks at them.
KEY_FRAME: Final = b"\x10\x02\x00\x9d\x01\x2a\x00\x05\xd0\x02" + shake_256().digest(20_000)
DELTA_FRAME: Final = b"\x11" + shake_256().digest(3_900)
OPUS_PACKET: Final = b"\x78" + shake_256().digest(79)


class UnsyncedFiles(Files):
    """Writes the half hour to be finished without waiting for the disk."""

    def sync_file(self, path: Path) -> None:
        """Leave it to the system."""

    def write(self, path: Path, data: bytes) -> None:
        """Write without fsync."""
        path.write_bytes(data)

    def append(self, journal: int, data: bytes) -> None:
        """Write without fsync."""
        os.write(journal, data)


def video(ms: int) -> Frame:
    """The video frame at `ms`."""
    is_key = ms % 10_000 < 33
    return Frame(ms * 90, START_MS + ms, is_key, False, KEY_FRAME if is_key else DELTA_FRAME)


def audio(ms: int) -> Frame:
    """The Opus packet at `ms`."""
    return Frame(ms * 48, START_MS + ms, True, False, OPUS_PACKET)


def record_half_hour(root: Path) -> Path:
    """A closed recording as the recorder leaves it."""
    directory = RecordingDirectory.open_live(
        root, "half-hour", at_ms=START_MS, lock=LOCK, files=UnsyncedFiles()
    )
    for start in range(0, MINUTES * 60_000, 2000):
        takes: list[Take] = []
        for name in PARTICIPANTS:
            pictures = tuple(video(start + n * 1000 // 30) for n in range(60))
            sounds = tuple(audio(ms) for ms in range(start, start + 2000, 20))
            takes.append(Take(Track(name, "video", "VP8", 90_000), pictures))
            takes.append(Take(Track(name, "audio", "opus", 48_000), sounds))
        tracks = tuple(take.track for take in takes) if start == 0 else ()
        directory.commit(Batch(tracks, (), tuple(takes)))
    directory.close_recording(START_MS + MINUTES * 60_000)
    directory.close()
    os.sync()
    return directory.path


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def finish(directory: Path) -> None:
    """Finish as production does."""
    command = [sys.executable, "-m", "recordings.finish", str(directory)]
    opened = b"".join(read_keys(directory, KEY.unwrap))
    subprocess.run(command, input=opened, check=True, capture_output=True)


def forget_finish(directory: Path) -> None:
    """Take the lines of the last finishing away again."""
    manifest = directory / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(line for line in lines if b'"type":"finished"' not in line))


def films(directory: Path) -> list[Path]:
    """The finished files, opened into plain ones beside the recording."""
    opened = read_keys(directory, KEY.unwrap)
    made: list[Path] = []
    for path in sorted((directory / "final").glob("*.webm")):
        made.append(directory.parent / path.name)
        with RangeReader(path, opened) as reader, made[-1].open("wb") as plain:
            for start in range(0, reader.size, CHUNK_BYTES):
                plain.write(reader.read(start, CHUNK_BYTES))
    return made


def stream_copy(paths: Sequence[Path], target: Path) -> None:
    """Make the finished files seekable once more and do nothing else."""
    for path in paths:
        options = {"cues_to_front": "1"}
        with av.open(str(path)) as source, av.open(str(target), "w", options=options) as copy:
            streams = [copy.add_stream_from_template(stream) for stream in source.streams]
            for packet in source.demux():
                if packet.size:
                    packet.stream = streams[packet.stream_index]
                    copy.mux_one(packet)


def session_frames(count_s: int) -> list[tuple[bool, Frame]]:
    """What one participant sends in so many seconds, in order."""
    pictures = [(True, video(n * 1000 // 30)) for n in range(30 * count_s)]
    sounds = [(False, audio(ms)) for ms in range(0, 1000 * count_s, 20)]
    return sorted((*pictures, *sounds), key=lambda item: item[1].at_ms)


def recorder_costs(root: Path) -> tuple[float, float]:
    """Microseconds per frame on the giving thread, CPU milliseconds per session-second in all."""
    now_ms = START_MS
    recorder = Recorder(
        root,
        f"cost-{time.perf_counter_ns()}",
        lock=LOCK,
        clock_ms=lambda: now_ms,
        on_progress=lambda stored, at_ms: None,
        on_failure=sys.exit,
    )
    # As fast as the writing follows, for the queue must not overflow.
    frames = session_frames(30)
    giving = 0.0
    cpu_began = time.process_time()
    for n in range(0, len(frames), 80):
        now_ms = frames[n][1].at_ms
        began = time.thread_time()
        for is_video, frame in frames[n : n + 80]:
            recorder.frame(
                participant="leader",
                kind="video" if is_video else "audio",
                codec="VP8" if is_video else "opus",
                clock_rate=90_000 if is_video else 48_000,
                timestamp=frame.timestamp,
                at_ms=frame.at_ms,
                keyframe=frame.keyframe,
                data=frame.data,
            )
        giving += time.thread_time() - began
        time.sleep(0.06)
    cpu = time.process_time() - cpu_began
    # Two participants make a session.
    return giving / len(frames) * 1e6, cpu / 30 * 2 * 1000


def mux_cost(target: Path) -> float:
    """Microseconds per frame of muxing on the giving thread, flushing so that a crash loses 1 s."""
    options = {"cluster_time_limit": "1000", "flush_packets": "1"}
    frames = session_frames(30)
    with av.open(str(target), "w", format="webm", options=options) as container:
        sound = container.add_stream("libopus", rate=48_000)
        picture = container.add_mux_stream("vp8", width=1280, height=720)
        container.start_encoding()
        began = time.thread_time()
        for is_video, frame in frames:
            stream: Stream = picture if is_video else sound
            packet = av.Packet(frame.data)
            packet.stream = stream
            packet.pts = packet.dts = frame.at_ms - START_MS
            packet.is_keyframe = frame.keyframe
            container.mux_one(packet)
        spent = time.thread_time() - began
    return spent / len(frames) * 1e6


def main() -> list[Figure]:
    """Measure ours and the peer in turns."""
    finishing: list[float] = []
    copying: list[float] = []
    giving: list[float] = []
    writing: list[float] = []
    muxing: list[float] = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        root = Path(folder)
        directory = record_half_hour(root)
        for _ in range(RUNS):
            forget_finish(directory)
            finishing.append(seconds(lambda: finish(directory)))
            plain = films(directory)
            copying.append(seconds(partial(stream_copy, plain, root / "copy.webm")))
            give_us, write_ms = recorder_costs(root)
            giving.append(give_us)
            writing.append(write_ms)
            muxing.append(mux_cost(root / "mux.webm"))
    pyav = f"PyAV {av.__version__}"
    return [
        Figure.of(
            "30 minutes of two participants: end to verified files",
            "s",
            finishing,
            goal=3.0,
            peer=(f"{pyav}, bare stream copy of the same files", copying),
        ),
        Figure.of(
            "recording one frame, on the media loop",
            "µs",
            giving,
            peer=(f"{pyav}, muxing on that thread", muxing),
        ),
        Figure.of("recording one second of a session, all threads", "CPU-ms", writing),
    ]
