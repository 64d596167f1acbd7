"""Real sound and pictures recorded, finished and decoded again."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from recordings import muxer
from recordings.batch import Batch, Take
from recordings.errors import (
    CodecUnsupported,
    FinishUnverified,
    NotFinished,
    RecordingBusy,
    RecordingMissing,
)
from recordings.files import Files
from recordings.finish import Finished, discard_segments
from recordings.integrity import verify
from recordings.manifest import Gap, State, Track, state
from recordings.playback import RangeReader
from recordings.recorder import Recorder
from recordings.segment import Frame
from recordings.store import RecordingDirectory, read_manifest
from tests.unit.recordings.locks import LOCK, film, film_file, finish, keys
from tests.unit.recordings.media import (
    START_MS,
    Clock,
    give,
    picture,
    play,
    sound,
    together,
)

SKEW_MS = 100


async def record(root: Path, feed: Callable[[Recorder, Clock], None], *, end_ms: int) -> Path:
    """Record what `feed` gives; the recording ends `end_ms` after its start."""
    clock = Clock()
    failures: list[str] = []
    recorder = Recorder(
        root,
        "r1",
        lock=LOCK,
        clock_ms=clock,
        on_progress=lambda stored, at_ms: None,
        on_failure=failures.append,
    )
    feed(recorder, clock)
    clock.ms = START_MS + end_ms
    await recorder.close()
    assert failures == []
    return root / "r1"


def lose(recorder: Recorder, kind: str, at_ms: int, cause: str) -> None:
    recorder.lost(
        participant="p1",
        kind="video" if kind == "video" else "audio",
        at_ms=START_MS + at_ms,
        cause=cause,
    )


async def test_two_participants_play_in_step(tmp_path: Path) -> None:
    both = together(picture(6000, flash_ms=2000), sound(6000, beep_ms=2000))
    short = [frame for frame in both if frame.ms < 4000]

    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "leader", both)
        give(recorder, clock, "villager", short, from_ms=1500)

    path = await record(tmp_path, feed, end_ms=6000)
    finished = finish(path)
    assert finished.gaps == ()
    assert finished.duration_ms == 6000
    leader, villager = finished.files
    assert (leader.video_frames, leader.audio_packets) == (150, 300)
    assert (villager.video_frames, villager.audio_packets) == (100, 200)
    assert (leader.width, leader.height) == (160, 96)
    for file, begins_ms in ((leader, 0), (villager, 1500)):
        played = play(path / "final" / file.file)
        assert abs(file.duration_ms - 6000) <= SKEW_MS
        assert len(played.light) == file.video_frames
        assert abs(len(played.loud) * 10 - 6000) <= SKEW_MS
        assert abs(played.light[0][0] - begins_ms) <= 1
        assert abs(played.flash_ms() - (begins_ms + 2000)) <= 40
        assert abs(played.beep_ms() - played.flash_ms()) <= SKEW_MS
    assert verify(path).ok
    assert verify(path).seal == finished.seal


async def test_gaps_keep_their_time_and_sound_stays_with_the_picture(tmp_path: Path) -> None:
    """A player that decodes sound packet after packet finds the second beep with its flash."""
    source = together(picture(9000, flash_ms=6000), sound(9000, beep_ms=6000))

    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "p1", [frame for frame in source if frame.ms < 2020])
        lose(recorder, "video", 2020, "loss")
        lose(recorder, "audio", 2020, "loss")
        # The picture comes back between two key frames, which are two seconds apart.
        give(recorder, clock, "p1", [frame for frame in source if frame.ms >= 5000])

    path = await record(tmp_path, feed, end_ms=9000)
    finished = finish(path)
    assert finished.gaps == (
        Gap("p1", "audio", START_MS + 2020, START_MS + 5000, "loss"),
        Gap("p1", "video", START_MS + 2020, START_MS + 5000, "loss"),
    )
    (file,) = finished.files
    played = play(path / "final" / file.file)
    times = [round(ms) for ms, _ in played.light]
    assert [ms for ms in times if 2020 <= ms < 6000] == []
    assert times[-1] == 8960
    assert file.video_frames == 51 + 75
    assert file.audio_packets == 101 + 200
    assert abs(played.flash_ms() - 6000) <= 40
    assert abs(played.beep_ms() - 6000) <= SKEW_MS
    decoded_until_beep = next(n for n, (_, loud) in enumerate(played.loud) if loud > 0.05) * 10
    assert abs(decoded_until_beep - 6000) <= SKEW_MS


async def test_the_picture_may_change_its_size(tmp_path: Path) -> None:
    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "p1", picture(2000))
        give(recorder, clock, "p1", picture(2000, width=320, height=192), from_ms=2000)
        give(recorder, clock, "p1", picture(2000), from_ms=4000)

    path = await record(tmp_path, feed, end_ms=6000)
    (file,) = finish(path).files
    assert (file.width, file.height) == (320, 192)
    assert file.audio_packets == 0
    played = play(path / "final" / file.file)
    assert played.sizes == [(160, 96), (320, 192), (160, 96)]
    assert len(played.light) == 150


async def test_a_participant_without_picture_is_a_file_of_sound(tmp_path: Path) -> None:
    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "p1", sound(2000, beep_ms=1000))

    path = await record(tmp_path, feed, end_ms=3000)
    (file,) = finish(path).files
    assert (file.width, file.height, file.video_frames) == (0, 0, 0)
    played = play(path / "final" / file.file)
    assert abs(played.beep_ms() - 1000) <= 20
    assert abs(file.duration_ms - 3000) <= SKEW_MS


async def test_a_picture_that_never_had_a_key_frame_is_left_out(tmp_path: Path) -> None:
    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "p1", [frame for frame in picture(2000) if not frame.keyframe])

    path = await record(tmp_path, feed, end_ms=2000)
    (file,) = finish(path).files
    assert (file.width, file.video_frames) == (0, 0)


async def test_a_recording_without_frames_has_no_files(tmp_path: Path) -> None:
    path = await record(tmp_path, lambda recorder, clock: None, end_ms=1000)
    assert finish(path).files == ()


async def test_players_can_seek_at_once(tmp_path: Path) -> None:
    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "p1", together(picture(9000), sound(9000)))

    path = await record(tmp_path, feed, end_ms=9000)
    (file,) = finish(path).files
    content = film(path / "final" / file.file)
    cues, cluster = b"\x1c\x53\xbb\x6b", b"\x1f\x43\xb6\x75"
    assert 0 < content.rindex(cues) < content.index(cluster)
    with av.open(film_file(path / "final" / file.file), "r") as container:
        container.seek(5_000_000)
        packet = next(container.demux(container.streams.video[0]))
        assert packet.is_keyframe
        assert packet.pts is not None
        assert 2900 < packet.pts <= 5000


@pytest.fixture
async def closed(tmp_path: Path) -> Path:
    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "p1", together(picture(2000), sound(2000)))

    return await record(tmp_path, feed, end_ms=2000)


async def test_finishing_twice_says_the_same(closed: Path) -> None:
    assert finish(closed) == finish(closed)


async def test_segments_go_only_after_finished_files_stand_and_verify(closed: Path) -> None:
    with pytest.raises(NotFinished):
        discard_segments(closed)
    finished = finish(closed)
    final = closed / "final" / "p1.sealed.webm"
    whole = final.read_bytes()
    final.write_bytes(whole[:-1])
    with pytest.raises(NotFinished) as refused:
        discard_segments(closed)
    assert refused.value.details["problems"] == ["finished_size"]
    assert len(list((closed / "segments").iterdir())) == 2
    final.write_bytes(whole)
    assert discard_segments(closed) == 2
    assert list((closed / "segments").iterdir()) == []
    assert state(read_manifest(closed).entries) is State.DISCARDED
    assert discard_segments(closed) == 2
    assert finish(closed) == finished


async def test_a_damaged_segment_is_left_out_and_named(tmp_path: Path) -> None:
    """The rest plays, the segments stay, and the loss is told."""
    directory = RecordingDirectory.open_live(
        tmp_path, "r1", at_ms=START_MS, lock=LOCK, files=Files()
    )
    track = Track("p1", "audio", "opus", 48000)
    coded = sound(3000)
    for start in (0, 50, 100):
        frames = tuple(
            Frame(c.ms * 48, START_MS + c.ms, True, False, c.data)
            for c in coded[start : start + 50]
        )
        tracks = () if start else (track,)
        directory.commit(Batch(tracks, (), (Take(track, frames),)))
    directory.close_recording(START_MS + 3000)
    directory.close()
    path = tmp_path / "r1"
    damaged = path / "segments" / "p1-audio-000002.seg"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    finished = finish(path)
    assert finished.gaps == (Gap("p1", "audio", START_MS + 1000, START_MS + 1980, "damage"),)
    (file,) = finished.files
    assert file.audio_packets == 100
    assert abs(file.duration_ms - 3000) <= SKEW_MS
    with pytest.raises(NotFinished):
        discard_segments(path)


async def test_a_file_that_is_not_what_was_written_does_not_count(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_less(reader: RangeReader) -> muxer.Found:
        found = read_back(reader)
        tally = found.tally._replace(video_frames=found.tally.video_frames - 1)
        return found._replace(tally=tally)

    read_back = muxer.read_back
    monkeypatch.setattr("recordings.muxer.read_back", one_less)
    with pytest.raises(FinishUnverified):
        finish(closed)
    assert not (closed / "final" / "p1.sealed.webm").exists()
    monkeypatch.undo()
    assert finish(closed).files
    assert verify(closed).ok


def test_tracks_that_webm_cannot_hold_are_refused(tmp_path: Path) -> None:
    directory = RecordingDirectory.open_live(
        tmp_path, "r1", at_ms=START_MS, lock=LOCK, files=Files()
    )
    track = Track("p1", "video", "H264", 90000)
    directory.commit(Batch((track,), (), (Take(track, (Frame(0, START_MS, True, False, b"x"),)),)))
    with pytest.raises(RecordingBusy):
        finish(tmp_path / "r1")
    directory.close()
    with pytest.raises(CodecUnsupported):
        finish(tmp_path / "r1")
    with pytest.raises(RecordingMissing):
        finish(tmp_path / "absent")


def run(path: Path) -> tuple[int, dict[str, object]]:
    command = [sys.executable, "-m", "recordings.finish", str(path)]
    process = subprocess.run(
        command, input=b"".join(keys(path)), capture_output=True, timeout=60, check=False
    )
    assert process.stderr == b""
    answer = json.loads(process.stdout)
    assert isinstance(answer, dict)
    return process.returncode, answer


async def test_the_process_prints_what_it_made(tmp_path: Path) -> None:
    def feed(recorder: Recorder, clock: Clock) -> None:
        give(recorder, clock, "leader", together(picture(2000), sound(2000)))
        give(recorder, clock, "villager", together(picture(2000), sound(2000)))

    path = await record(tmp_path, feed, end_ms=2000)
    status, answer = run(path)
    assert status == 0
    finished = finish(path)
    assert isinstance(finished, Finished)
    assert answer["seal"] == finished.seal
    assert (answer["started_at_ms"], answer["duration_ms"]) == (START_MS, 2000)
    files = answer["files"]
    assert isinstance(files, list)
    assert [file["file"] for file in files] == ["leader.sealed.webm", "villager.sealed.webm"]
    assert verify(path).ok


def test_the_process_prints_why_it_refused(tmp_path: Path) -> None:
    status, answer = run(tmp_path)
    assert status == 1
    assert answer["code"] == "recording_missing"
