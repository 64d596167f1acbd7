"""From single frames to batches of segments and gaps: the recorder's bookkeeping, without a disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from recordings.manifest import Cause, Gap, Mark, Track, TrackKey
from recordings.segment import Frame

SILENT_MS: Final = 2000
"""A track that gives nothing for longer than this is missing something, whoever forgot to say so."""

_TIMESTAMP_MAX: Final = 2**64 - 1


class Take(NamedTuple):
    """Frames of one track that become one segment; never empty."""

    track: Track
    frames: tuple[Frame, ...]


class Batch(NamedTuple):
    """What is written together: tracks not yet in the manifest, notes, segments."""

    tracks: tuple[Track, ...]
    notes: tuple[Gap | Mark, ...]
    takes: tuple[Take, ...]

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.tracks or self.notes or self.takes)


@dataclass(slots=True)
class _TrackState:
    track: Track
    announced: bool = False
    frames: list[Frame] = field(default_factory=list)
    gap: Gap | None = None
    gap_noted: bool = False
    reference_lost: bool = False
    last_ms: int | None = None


class Batcher:
    """Collects frames until `cut`; used by one thread.

    `tracks` and `open_gaps` are those already in the manifest of a recording taken up again.
    """

    def __init__(self, tracks: Mapping[TrackKey, Track], open_gaps: Mapping[TrackKey, Gap]) -> None:
        self._states = {key: _TrackState(track, announced=True) for key, track in tracks.items()}
        for key, gap in open_gaps.items():
            state = self._states[key]
            state.gap, state.gap_noted, state.reference_lost = gap, True, True
        self._notes: list[Gap | Mark] = []
        self._done: list[Take] = []
        self.bytes = 0

    def frame(
        self, track: Track, *, timestamp: int, at_ms: int, keyframe: bool, data: bytes
    ) -> None:
        """Take one frame; it ends the track's gap, if it is in one.

        A silence of more than `SILENT_MS` that nobody called lost is noted as a gap with cause
        `loss`.
        """
        state = self._states.get(track.key)
        if state is None:
            state = self._states[track.key] = _TrackState(track)
        elif state.track != track:
            self._end_take(state)
            state.track, state.announced = track, False
        self._note_silence(state, at_ms)
        self._end_gap(state, at_ms)
        state.last_ms = at_ms
        timestamp = min(max(timestamp, 0), _TIMESTAMP_MAX)
        state.frames.append(Frame(timestamp, at_ms, keyframe, state.reference_lost, data))
        state.reference_lost = False
        self.bytes += len(data)

    def lost(self, key: TrackKey, at_ms: int, cause: Cause) -> None:
        """Begin a gap; of a track that never had a frame nothing is missing."""
        state = self._states.get(key)
        if state is None:
            return
        # A muted camera sends nothing, but what it sends next still refers to its last picture.
        state.reference_lost |= cause != "muted"
        if state.gap is not None:
            if state.gap.cause == cause:
                return
            at_ms = max(at_ms, state.gap.from_ms)
            self._end_gap(state, at_ms)
        self._begin_gap(state, at_ms, cause)

    def mark(self, name: str, at_ms: int) -> None:
        """Note something that happened in the room."""
        self._notes.append(Mark(name, at_ms))

    def cut(self) -> Batch:
        """Hand over all that was collected; gaps not over yet are noted as such once."""
        tracks: list[Track] = []
        for state in self._states.values():
            self._end_take(state)
            if not state.announced:
                tracks.append(state.track)
                state.announced = True
            if state.gap is not None and not state.gap_noted:
                self._notes.append(state.gap)
                state.gap_noted = True
        batch = Batch(tuple(tracks), tuple(self._notes), tuple(self._done))
        self._notes, self._done, self.bytes = [], [], 0
        return batch

    def end(self, at_ms: int) -> None:
        """Complete the gaps that last to the end of the recording, at `at_ms`."""
        for state in self._states.values():
            self._note_silence(state, at_ms)
            self._end_gap(state, at_ms)

    def failed(self, batch: Batch) -> None:
        """Take back the batch last cut: its frames become a gap, its notes are tried again.

        Frames are given up, not kept for another try, so that a disk that stays full costs no
        memory.
        """
        announced = {track.key for track in batch.tracks}
        for key, state in self._states.items():
            state.announced &= key not in announced
        notes = [note for note in batch.notes if isinstance(note, Mark) or note.to_ms is not None]
        for note in batch.notes:
            if isinstance(note, Gap) and note.to_ms is None:
                self._states[note.key].gap_noted = False
        for take in batch.takes:
            notes = self._give_up(take, notes)
        self._notes = notes + self._notes

    def _give_up(self, take: Take, notes: list[Gap | Mark]) -> list[Gap | Mark]:
        key = take.track.key
        from_ms = take.frames[0].at_ms
        for note in notes:
            # The gap before these frames was the disk's too: one gap, not one for each try.
            if isinstance(note, Gap) and note.key == key and note.cause == "disk":
                from_ms = min(from_ms, note.from_ms)
        kept: list[Gap | Mark] = [
            note
            for note in notes
            if isinstance(note, Mark) or note.key != key or note.from_ms < from_ms
        ]
        state = self._states[key]
        state.reference_lost = True
        if state.gap is None:
            self._begin_gap(state, from_ms, "disk")
        elif state.gap.cause == "disk":
            self._begin_gap(state, min(from_ms, state.gap.from_ms), "disk")
        else:
            to_ms = max(from_ms, state.gap.from_ms)
            kept.append(Gap(key[0], key[1], from_ms, to_ms, "disk"))
        return kept

    def _note_silence(self, state: _TrackState, at_ms: int) -> None:
        if state.gap is None and state.last_ms is not None and at_ms - state.last_ms > SILENT_MS:
            # From after the last frame: that one is on disk, and no moment is both.
            self._begin_gap(state, state.last_ms + 1, "loss")

    def _end_gap(self, state: _TrackState, at_ms: int) -> None:
        if state.gap is not None:
            self._notes.append(replace(state.gap, to_ms=max(at_ms, state.gap.from_ms)))
            state.gap = None

    def _begin_gap(self, state: _TrackState, from_ms: int, cause: Cause) -> None:
        participant, kind = state.track.key
        state.gap = Gap(participant, kind, from_ms, None, cause)
        state.gap_noted = False

    def _end_take(self, state: _TrackState) -> None:
        if state.frames:
            self._done.append(Take(state.track, tuple(state.frames)))
            state.frames = []
