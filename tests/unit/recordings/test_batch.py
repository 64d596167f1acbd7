"""The recorder's bookkeeping."""

from hypothesis import example, given
from hypothesis import strategies as st

from recordings.batch import Batch, Batcher
from recordings.manifest import Cause, Gap, Mark, Track

VIDEO = Track("p1", "video", "VP8", 90000)
AUDIO = Track("p1", "audio", "opus", 48000)


def give(batcher: Batcher, at_ms: int, track: Track = VIDEO, *, keyframe: bool = False) -> None:
    batcher.frame(track, timestamp=at_ms * 90, at_ms=at_ms, keyframe=keyframe, data=b"x")


def gap(from_ms: int, to_ms: int | None, cause: Cause = "loss") -> Gap:
    return Gap("p1", "video", from_ms, to_ms, cause)


def times(batch: Batch) -> list[list[int]]:
    return [[frame.at_ms for frame in take.frames] for take in batch.takes]


def test_a_batch_holds_one_take_for_each_track_and_names_new_tracks_once() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    give(batcher, 2, AUDIO)
    give(batcher, 3)
    first = batcher.cut()
    assert first.tracks == (VIDEO, AUDIO)
    assert times(first) == [[1, 3], [2]]
    give(batcher, 4)
    second = batcher.cut()
    assert second.tracks == ()
    assert times(second) == [[4]]
    assert not batcher.cut()


def test_another_codec_begins_another_take_and_is_named() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    other = Track("p1", "video", "H264", 90000)
    give(batcher, 2, other)
    batch = batcher.cut()
    assert [take.track for take in batch.takes] == [VIDEO, other]
    assert batch.tracks == (other,)


def test_a_gap_lasts_until_the_next_frame_which_carries_the_flag() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    batcher.lost(VIDEO.key, 2, "loss")
    batcher.lost(VIDEO.key, 3, "loss")
    give(batcher, 9)
    give(batcher, 10)
    batch = batcher.cut()
    assert batch.notes == (gap(2, 9),)
    assert [frame.after_gap for frame in batch.takes[0].frames] == [False, True, False]


def test_a_gap_that_outlasts_the_batch_is_noted_open_once_and_completed() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    batcher.lost(VIDEO.key, 2, "left")
    assert batcher.cut().notes == (gap(2, None, "left"),)
    assert not batcher.cut()
    give(batcher, 5000)
    assert batcher.cut().notes == (gap(2, 5000, "left"),)


def test_another_cause_ends_one_gap_and_begins_the_next() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    batcher.lost(VIDEO.key, 2, "muted")
    batcher.lost(VIDEO.key, 7, "aside")
    give(batcher, 9)
    assert batcher.cut().notes == (gap(2, 7, "muted"), gap(7, 9, "aside"))


def test_what_follows_a_muted_camera_still_refers_to_its_last_picture() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    batcher.lost(VIDEO.key, 2, "muted")
    give(batcher, 9)
    assert not batcher.cut().takes[0].frames[1].after_gap


def test_of_a_track_that_never_was_nothing_is_missing() -> None:
    batcher = Batcher({}, {})
    batcher.lost(VIDEO.key, 2, "left")
    batcher.end(90)
    assert not batcher.cut()


def test_a_silence_nobody_called_lost_is_a_gap_too() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1000)
    give(batcher, 3001)
    give(batcher, 5001)
    batcher.end(7100)
    assert batcher.cut().notes == (gap(1001, 3001), gap(5002, 7100))


def test_gaps_open_at_the_end_last_to_the_end() -> None:
    batcher = Batcher({}, {})
    give(batcher, 1)
    batcher.lost(VIDEO.key, 2, "left")
    batcher.end(90)
    assert batcher.cut().notes == (gap(2, 90, "left"),)


def test_a_recording_taken_up_again_goes_on_from_its_gaps() -> None:
    batcher = Batcher({VIDEO.key: VIDEO}, {VIDEO.key: gap(50, None, "crash")})
    assert not batcher.cut()
    give(batcher, 80)
    batch = batcher.cut()
    assert batch.tracks == ()
    assert batch.notes == (gap(50, 80, "crash"),)
    assert batch.takes[0].frames[0].after_gap


def test_a_batch_the_disk_refused_becomes_one_gap_however_often_it_fails() -> None:
    batcher = Batcher({}, {})
    for start in (100, 200, 300):
        give(batcher, start)
        give(batcher, start + 50)
        batcher.failed(batcher.cut())
    give(batcher, 400)
    batch = batcher.cut()
    assert batch.tracks == (VIDEO,)
    assert batch.notes == (gap(100, 400, "disk"),)
    assert times(batch) == [[400]]
    assert batch.takes[0].frames[0].after_gap


def test_marks_and_earlier_gaps_outlive_a_batch_the_disk_refused() -> None:
    batcher = Batcher({}, {})
    give(batcher, 100)
    assert batcher.cut().takes
    batcher.lost(VIDEO.key, 150, "muted")
    give(batcher, 200)
    batcher.lost(VIDEO.key, 250, "loss")
    give(batcher, 260)
    batcher.mark("consent", 270)
    batcher.failed(batcher.cut())
    give(batcher, 300)
    notes = batcher.cut().notes
    assert notes == (gap(150, 200, "muted"), Mark("consent", 270), gap(200, 300, "disk"))


def test_a_gap_open_when_the_disk_refuses_is_noted_again() -> None:
    batcher = Batcher({}, {})
    give(batcher, 100)
    batcher.lost(VIDEO.key, 150, "left")
    batcher.failed(batcher.cut())
    assert batcher.cut().notes == (gap(100, 150, "disk"), gap(150, None, "left"))


@given(
    st.lists(
        st.tuples(st.sampled_from(["frame", "lost", "cut", "fail"]), st.integers(1, 900)),
        max_size=30,
    )
)
@example([("frame", 1), ("cut", 900), ("cut", 900), ("frame", 900)])
def test_every_frame_is_written_or_lies_in_a_gap(steps: list[tuple[str, int]]) -> None:
    batcher = Batcher({}, {})
    given_at: list[int] = []
    batches: list[Batch] = []
    now = 0
    for step, later in steps:
        now += later
        if step == "frame":
            give(batcher, now)
            given_at.append(now)
        elif step == "lost":
            batcher.lost(VIDEO.key, now, "loss")
        elif step == "cut":
            batches.append(batcher.cut())
        else:
            batcher.failed(batcher.cut())
    batcher.end(now + 1)
    batches.append(batcher.cut())
    written = {at for batch in batches for take in times(batch) for at in take}
    found = [note for batch in batches for note in batch.notes if isinstance(note, Gap)]
    for at in given_at:
        in_gap = any(note.from_ms <= at < (note.to_ms or 0) for note in found)
        assert in_gap != (at in written), at
