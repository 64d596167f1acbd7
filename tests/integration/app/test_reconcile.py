"""What is on disk is compared with what the database knows, each night and by a command."""

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from reception.app.audit import CheckpointBook
from reception.app.jobs import JobRunner
from reception.app.reconcile import Difference, differences
from reception.app.recordings import RecordingWork
from reception.cli import main
from reception.domain.access import SYSTEM
from reception.services.ledger import Expected, Ledger, ledger
from reception.storage.tables import Recording, RecordingFile, RecordingGap
from recordings.manifest import FinishedFile
from recordings.store import MANIFEST, read_manifest
from tests.build import NOW
from tests.integration.test_recordings_finish import record
from tests.integration.web.site import Site, open_site
from tests.integration.web.talks import hold
from tests.unit.recordings.locks import KEY, finish
from tests.unit.recordings.media import give, picture, sound, together
from tests.waiting import until


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    """A folder with one finished recording, r1."""
    frames = together(picture(1000), sound(1000))
    finish(await record(tmp_path, lambda made, clock: give(made, clock, "p1", frames), end_ms=1000))
    return tmp_path


def expected(root: Path, **other: Any) -> Ledger:
    """What the database says of r1 when everything is right, but for `other`."""
    made = [one for one in read_manifest(root / "r1").entries if isinstance(one, FinishedFile)]
    one = Expected(
        id="r1",
        state="ready",
        started_at=NOW,
        ended_at=NOW,
        files=tuple((f"final/{file.file}", file.bytes) for file in made),
    )
    return Ledger(recordings=(replace(one, **other),), not_recorded=())


def found(root: Path, listed: Ledger, hours: float = 1) -> list[str]:
    now = NOW + timedelta(hours=hours)
    return [one.code for one in differences(root, listed, now=now, is_signed=None)]


def test_where_all_is_right_nothing_differs(root: Path) -> None:
    assert found(root, expected(root)) == []
    assert found(root / "absent", Ledger(recordings=(), not_recorded=())) == []


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("harm", "codes"),
    [
        (shutil.rmtree, ["directory_missing"]),
        (lambda path: next(path.glob("final/*")).unlink(), ["file_missing"]),
        (lambda path: grow(next(path.glob("final/*"))), ["file_size"]),
        (lambda path: next(path.glob("key-*")).unlink(), ["key_missing"]),
        (lambda path: flip(next(path.glob("final/*"))), ["damaged"]),
        (lambda path: flip(path / MANIFEST), ["damaged"]),
        (lambda path: (path.parent / "r2").mkdir(), ["unknown_directory"]),
    ],
)
def test_what_was_done_to_it_is_named(
    root: Path, harm: Callable[[Path], object], codes: list[str]
) -> None:
    listed = expected(root)
    harm(root / "r1")
    assert found(root, listed) == codes


def test_a_recording_is_read_whole_on_its_first_nights_only(root: Path) -> None:
    listed = expected(root)
    flip(next((root / "r1" / "final").iterdir()))
    assert found(root, listed, hours=35) == ["damaged"]
    assert found(root, listed, hours=37) == []


@pytest.mark.parametrize(
    ("state", "hours", "codes"),
    [
        ("recording", 23, []),
        ("recording", 25, ["stuck"]),
        ("finishing", 25, ["stuck"]),
        ("failed", 1, ["failed"]),
        ("destroyed", 1, ["not_destroyed"]),
    ],
)
def test_what_the_row_says_counts(root: Path, state: str, hours: float, codes: list[str]) -> None:
    assert found(root, expected(root, state=state), hours) == codes


async def test_a_talk_agreed_to_and_not_recorded_is_named(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    async with open_site(sqlite_database_url, tmp_path) as site:
        talk = await hold(site, tmp_path)
        assert (await ledger(site.db, now=site.clock.now())).not_recorded == ()
        await forget_recording(site)
        listed = await ledger(site.db, now=site.clock.now())
        assert listed == Ledger(recordings=(), not_recorded=(talk.session_id,))
        assert found(tmp_path / "absent", listed) == ["not_recorded"]
        week = site.clock.now() + timedelta(days=8)
        assert (await ledger(site.db, now=week)).not_recorded == ()


async def forget_recording(site: Site) -> None:
    async with site.db.transaction(SYSTEM) as tx:
        for table in (RecordingGap, RecordingFile, Recording):
            await tx.execute(table.__table__.delete())  # type: ignore[attr-defined]


class QuietRooms:
    """Rooms in which nothing happens."""

    async def sweep(self) -> None:
        """Find nothing lost."""


async def test_once_a_night_it_is_said_aloud(
    sqlite_database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_site(sqlite_database_url, tmp_path) as site:
        talk = await hold(site, tmp_path)
        shutil.rmtree(tmp_path / "recordings" / talk.recording_id)
        work = RecordingWork(site.db, site.clock, tmp_path, KEY)
        book = CheckpointBook(site.db, site.clock, tmp_path)
        runner = JobRunner(site.db, site.clock, work, cast(Any, QuietRooms()), book)
        told: list[list[Difference]] = []
        runner.on_compared = lambda differing: told.append(list(differing))
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                await runner.tick()
            await until(lambda: len(told) == 1)
        assert f"directory_missing {talk.recording_id}" in caplog.text
        # Not again before the next night; the test's clock stands at nine in the morning.
        site.clock.advance(timedelta(hours=17))
        await runner.tick()
        site.clock.advance(timedelta(hours=2))
        await runner.tick()
        await until(lambda: len(told) == 2)
        await runner.close()


def test_the_command_finds_a_directory_nobody_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade", "--data", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["recording", "compare", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "ok\n"
    (tmp_path / "recordings" / "stray").mkdir(parents=True)
    assert main(["recording", "compare", "--data", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "ok": False,
        "differences": [{"code": "unknown_directory", "id": "stray", "detail": ""}],
    }
    assert main(["recording", "compare", "--data", str(tmp_path)]) == 1
    assert "stray" in capsys.readouterr().out
