"""The audit log as an operator meets it: signed by itself, shown, verified, found damaged."""

import json
import sqlite3
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from reception.app.audit import COPY, KEY, CheckpointBook, as_json, as_text
from reception.app.jobs import JobRunner
from reception.app.recordings import RecordingWork
from reception.services import kiosks, places
from reception.services.audit_verify import verify
from reception.storage.database import Database
from reception.storage.signing import load_key, read_notes
from tests.build import NOW, prefecture
from tests.fakes import FixedClock
from tests.integration.app.test_jobs import QuietRooms
from tests.unit.recordings.locks import KEY as RECORDING_KEY


def reception(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run the command on a data directory."""
    return subprocess.run(
        [sys.executable, "-m", "reception", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_checkpoints_are_signed_by_the_ticker_and_copied(
    db: Database, tmp_path: Path
) -> None:
    await prefecture(db)
    clock = FixedClock(NOW)
    book = CheckpointBook(db, clock, tmp_path)
    runner = JobRunner(
        db, clock, RecordingWork(db, clock, tmp_path, RECORDING_KEY), cast(Any, QuietRooms()), book
    )
    await runner.tick()
    clock.advance(timedelta(minutes=1))
    await runner.tick()
    await prefecture_kiosk(db)
    clock.advance(timedelta(minutes=10))
    await runner.tick()
    await runner.close()

    copy = tmp_path / COPY
    signer = load_key(tmp_path / KEY)
    assert signer is not None
    assert [note.text.split("\n")[1] for note in read_notes(copy.read_text())] == ["3", "4"]
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o400
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    verdict = await verify(db, verifier=signer.verifier, outside=copy.read_text())
    assert (verdict.ok, verdict.checkpoints, verdict.outside) == (True, 2, 2)


async def prefecture_kiosk(db: Database) -> None:
    """Enrol one more kiosk: one more event."""
    (site,) = await places.sites(db)
    await kiosks.create_kiosk(db, site_id=site.id, name="二号终端", now=NOW)


async def test_a_spoiled_key_does_not_stop_the_ticker(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await prefecture(db)
    clock = FixedClock(NOW)
    (tmp_path / KEY).parent.mkdir()
    (tmp_path / KEY).write_text("gone")
    book = CheckpointBook(db, clock, tmp_path)
    runner = JobRunner(
        db, clock, RecordingWork(db, clock, tmp_path, RECORDING_KEY), cast(Any, QuietRooms()), book
    )
    await runner.tick()
    await runner.close()
    assert "checkpoint was not signed" in caplog.text
    assert (tmp_path / KEY).read_text() == "gone"


def test_an_operator_signs_sends_away_and_verifies(tmp_path: Path) -> None:
    data, away = tmp_path / "data", tmp_path / "away.txt"
    assert reception("audit", "verify", data=data).returncode == 2
    assert reception("db", "upgrade", data=data).returncode == 0
    assert reception("audit", "checkpoint", data=data).returncode == 1
    for name in ("one", "two"):
        assert reception("token", "create", "--name", name, data=data).returncode == 0

    shown = reception("audit", "checkpoint", data=data)
    assert shown.returncode == 0, shown.stderr
    away.write_text(shown.stdout)
    assert (data / COPY).read_text().strip() == shown.stdout.strip()

    alone = reception("audit", "verify", data=data)
    assert alone.returncode == 0, alone.stderr
    assert "cannot be known" in alone.stdout
    with_copy = reception("audit", "verify", "--checkpoints", str(away), "--json", data=data)
    assert json.loads(with_copy.stdout) == {
        "ok": True,
        "records": 2,
        "checkpoints": 1,
        "checkpoints_elsewhere": 1,
        "truncation_knowable": True,
        "problem": None,
    }
    away.write_text("minutes of the meeting")
    wrong_file = reception("audit", "verify", "--checkpoints", str(away), data=data)
    assert (wrong_file.returncode, wrong_file.stderr[:22]) == (2, "checkpoints_unreadable")

    database = sqlite3.connect(data / "reception.sqlite3")
    database.execute("DROP TRIGGER audit_event_no_update")
    database.execute("UPDATE audit_event SET actor_id = 'nobody' WHERE seq = 2")
    database.commit()
    database.close()
    damaged = reception("audit", "verify", data=data)
    assert damaged.returncode == 1
    assert "altered  record 2" in damaged.stdout
    (data / KEY).write_text("gone")
    no_key = reception("audit", "verify", data=data)
    assert (no_key.returncode, no_key.stderr[:20]) == (2, "audit_key_unreadable")


async def test_what_is_wrong_is_said_to_people_and_programs(db: Database) -> None:
    verdict = await verify(db, verifier=None, outside="x\n\n— somebody AAAA\n")
    assert as_text(verdict).startswith("DAMAGED  0 records  0 checkpoints  1 kept elsewhere\n")
    assert as_json(verdict)["problem"] == {
        "code": "no_key",
        "record": 0,
        "says": "there are checkpoints, but no key to check them with",
    }
