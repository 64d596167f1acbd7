"""Recordings finished before recordings were sealed: sealed now, and nothing lost on the way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reception.app.recordings import RecordingWork
from reception.domain.access import SYSTEM
from reception.services import jobs, records
from reception.services.jobs import Job
from reception.storage import recordings as rows
from reception.storage.database import Database
from reception.storage.signing import load_or_make_key
from reception.storage.tables import Recording, RecordingFile
from recordings.cipher import PLAIN
from recordings.finish import sign
from recordings.integrity import file_sha256, verify
from recordings.manifest import (
    Close,
    Entry,
    FinishedFile,
    Key,
    Open,
    Segment,
    encode,
    line_hash,
    totals,
)
from recordings.store import MANIFEST, read_manifest
from tests.build import NOW, later, prefecture
from tests.fakes import FixedClock
from tests.integration.storage.test_retention import ended
from tests.integration.test_recordings_finish import record
from tests.unit.recordings.locks import KEY, film, finish, segment
from tests.unit.recordings.media import give, picture, sound, together

NO_LINE = "0" * 64


def as_before(path: Path, recording_id: str) -> dict[str, bytes]:
    """Make of a finished recording what an earlier version left: no key, everything plain.

    Returns what each participant's film holds.
    """
    films: dict[str, bytes] = {}
    entries: list[Entry] = []
    plain = {
        entry.file: segment(path / "segments" / entry.file)
        for entry in read_manifest(path).entries
        if isinstance(entry, Segment)
    }
    for entry in read_manifest(path).entries:
        match entry:
            case Key():
                continue
            case Open():
                entries.append(replace(entry, recording_id=recording_id, suite=PLAIN))
            case Segment():
                file = path / "segments" / entry.file
                file.write_bytes(plain[entry.file])
                entries.append(replace(entry, bytes=file.stat().st_size, sha256=file_sha256(file)))
            case Close():
                entries.append(totals(entries, entry.ended_at_ms))
            case FinishedFile():
                films[entry.participant] = film(path / "final" / entry.file)
                (path / "final" / entry.file).unlink()
                file = path / "final" / f"{entry.participant}.webm"
                file.write_bytes(films[entry.participant])
                entries.append(
                    replace(
                        entry,
                        file=file.name,
                        bytes=file.stat().st_size,
                        sha256=file_sha256(file),
                    )
                )
            case _:
                entries.append(entry)
    for key in path.glob("key-*"):
        key.unlink()
    lines, head = b"", NO_LINE
    for entry in entries:
        line = encode(entry, head)
        lines, head = lines + line, line_hash(line)
    (path / MANIFEST).write_bytes(lines)
    return films


class Old:
    """A recording of an earlier version, on disk and in the database."""

    def __init__(
        self, db: Database, data: Path, recording_id: str, films: dict[str, bytes]
    ) -> None:
        self.db = db
        self.films = films
        self.path = data / "recordings" / recording_id
        self.work = RecordingWork(db, FixedClock(NOW), data, KEY)

    async def files(self) -> Sequence[RecordingFile]:
        async with self.db.reading(SYSTEM) as tx:
            return await rows.files(tx, [self.path.name])

    async def gaps(self) -> list[tuple[int, int | None, str]]:
        async with self.db.reading(SYSTEM) as tx:
            found = await rows.gaps(tx, [self.path.name])
        return [(gap.from_ms, gap.to_ms, gap.cause) for gap in found]

    async def job(self) -> Job:
        await records.queue_sealing(self.db, now=NOW)
        (job,) = await jobs.claim(
            self.db, names=[records.SEAL_JOB], lease_seconds=1, now=later(60), limit=5
        )
        return job

    async def check_sealed(self) -> None:
        final = self.path / "final"
        files = await self.files()
        assert {one.participant for one in files} == set(self.films)
        assert sorted(path.name for path in final.iterdir()) == sorted(
            f"{name}.sealed.webm" for name in self.films
        )
        for one in files:
            path = self.path / one.relative_path
            assert (path.stat().st_size, file_sha256(path)) == (one.bytes, one.sha256)
            assert film(path) == self.films[one.participant]
            assert b"webm" not in path.read_bytes()
        assert list((self.path / "segments").iterdir()) == []
        verification = verify(self.path)
        assert verification.ok, verification.problems
        assert verification.signatures == 2
        assert await records.unsealed(self.db) == ()


@pytest.fixture
async def old(db: Database, tmp_path: Path) -> Old:
    made = await prefecture(db)
    _, recording_id = await ended(db, made)
    frames = together(picture(2000), sound(2000))
    whole = await record(
        tmp_path / "once", lambda recorder, clock: give(recorder, clock, "p1", frames), end_ms=2000
    )
    path = tmp_path / "recordings" / recording_id
    path.parent.mkdir()
    finish(whole)
    films = as_before(whole, recording_id)
    whole.rename(path)
    signer = load_or_make_key(tmp_path / "keys" / "audit.pem")
    sign(path, signer.verifier.name, signer.sign_bytes)
    assert verify(path).ok
    (entry,) = [one for one in read_manifest(path).entries if isinstance(one, FinishedFile)]
    async with db.transaction(SYSTEM) as tx:
        found = await tx.get_one(Recording, recording_id)
        found.state, found.ended_at = "finishing", NOW
    await records.finished(
        db,
        recording_id=recording_id,
        result={
            "head": NO_LINE,
            "started_at_ms": 0,
            "files": [
                {
                    "participant": "p1",
                    "file": entry.file,
                    "bytes": entry.bytes,
                    "sha256": entry.sha256,
                    "duration_ms": entry.duration_ms,
                }
            ],
            "gaps": [
                {"participant": "p1", "kind": "video", "from_ms": 5, "to_ms": 9, "cause": "damage"}
            ],
        },
        now=NOW,
    )
    return Old(db, tmp_path, recording_id, films)


async def test_old_films_are_sealed_and_ids_gaps_and_pictures_stay(old: Old) -> None:
    before, gaps = await old.files(), await old.gaps()
    await old.work.run(await old.job())
    after = await old.files()
    assert [one.id for one in after] == [one.id for one in before]
    assert await old.gaps() == gaps == [(5, 9, "damage")]
    await old.check_sealed()


@pytest.mark.parametrize("step", ["_sign", "sealed", "discard_plain"])
async def test_stopped_anywhere_the_rows_name_what_is_there_and_it_goes_on(
    old: Old, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await old.job()

    class Stopped(Exception):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        if step == "_sign":
            patch.setattr(RecordingWork, "_sign", stop)
        elif step == "sealed":
            patch.setattr("reception.services.records.sealed", stop)
        else:
            patch.setattr("reception.app.recordings.discard_plain", stop)
        with pytest.raises(Stopped):
            await old.work.run(job)
    for one in await old.files():
        path = old.path / one.relative_path
        held = film(path) if path.name.endswith(".sealed.webm") else path.read_bytes()
        assert held == old.films[one.participant]
    await old.work.run(job)
    await old.check_sealed()


async def test_a_plain_film_that_was_changed_is_not_sealed_as_if_it_were_right(old: Old) -> None:
    path = old.path / (await old.files())[0].relative_path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Exception, match="not_finished"):
        await old.work.run(await old.job())
    assert path.is_file()
    assert (await old.files())[0].relative_path == f"final/{path.name}"


async def test_each_recording_is_queued_once(old: Old) -> None:
    for _ in range(2):
        await records.queue_sealing(old.db, now=NOW)
    claimed = await jobs.claim(
        old.db, names=[records.SEAL_JOB], lease_seconds=60, now=NOW + timedelta(1), limit=5
    )
    assert len(claimed) == 1
