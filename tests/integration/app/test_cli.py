"""The `reception` command as an operator types it: what it prints and with what it ends."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reception.app.hub import RecorderSink
from tests.unit.recordings.locks import LOCK

FIFTEENTHS_OF_2026 = {
    # Sunday in the Spring Festival, rolled forward; weekends are held (domain rules 4.2).
    "2026-02-15": ("2026-02-24", "holiday:春节"),
    "2026-03-15": ("2026-03-15", "weekend"),
    "2026-08-15": ("2026-08-15", "weekend"),
    "2026-11-15": ("2026-11-15", "weekend"),
}


def reception(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "reception", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_fifteenths_of_a_year_are_previewed_with_their_reasons() -> None:
    done = reception(
        *("calendar", "preview", "--rule", "monthly_day 15", "--on-weekend", "hold"),
        *("--on-holiday", "roll_forward", "--from", "2026-01-01", "--to", "2026-12-31", "--json"),
    )
    assert done.returncode == 0, done.stderr
    days = json.loads(done.stdout)
    assert len(days) == 12
    assert {frozenset(day) for day in days} == {
        frozenset({"nominal", "date", "moved", "reason", "provisional"})
    }
    for day in days:
        date, reason = FIFTEENTHS_OF_2026.get(day["nominal"], (day["nominal"], ""))
        assert (day["date"], day["reason"]) == (date, reason)
        assert day["moved"] == (day["nominal"] != day["date"])
        assert day["provisional"] is False


def test_a_year_whose_holidays_are_not_announced_is_shown_as_provisional() -> None:
    done = reception(
        *("calendar", "preview", "--rule", "monthly_day 15", "--json"),
        *("--from", "2031-01-01", "--to", "2031-12-31"),
    )
    assert done.returncode == 0, done.stderr
    assert all(day["provisional"] for day in json.loads(done.stdout))


@pytest.mark.parametrize(
    ("start", "strict", "legal"),
    [
        ("2026-08-02", "2026-10-01", "2026-10-08"),
        ("2026-03-01", "2026-04-30", "2026-04-30"),
    ],
)
def test_a_deadline_has_a_strict_and_a_legal_day(start: str, strict: str, legal: str) -> None:
    done = reception("deadline", "D4", "--from", start, "--json")
    assert json.loads(done.stdout) == {"due_strict": strict, "due_legal": legal}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("calendar", "preview", "--rule", "every full moon"), "rule_unknown"),
        (("deadline", "D4"), "year_not_loaded"),
        (("deadline", "D99"), "bad_input"),
    ],
)
def test_a_refusal_is_a_code_and_a_sentence_in_two_languages(
    arguments: tuple[str, ...], code: str
) -> None:
    dates = ("--from", "2035-01-01", "--to", "2035-02-01")
    done = reception(*arguments, *(dates if arguments[0] == "calendar" else dates[:2]))
    assert done.returncode == 2
    chinese, english = done.stderr.strip().splitlines()
    assert chinese.startswith(f"{code}: ")
    assert english.startswith(f"{code}: ")
    assert chinese != english
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECEPTION_PROT", "80")
    done = reception("db", "upgrade", "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert "RECEPTION_PROT" in done.stderr


def test_a_demo_is_not_made_in_a_directory_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    done = reception("demo", "--data", str(tmp_path), "--port", "0")
    assert done.returncode == 2
    assert "directory_not_empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_recording_is_verified_and_a_changed_byte_is_found(
    whole_recording: Path, tmp_path: Path
) -> None:
    done = reception("recording", "verify", str(whole_recording), "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["ok"] is True

    damaged = tmp_path / "damaged"
    shutil.copytree(whole_recording, damaged)
    segment = next((damaged / "segments").iterdir())
    body = bytearray(segment.read_bytes())
    body[len(body) // 2] ^= 1
    segment.write_bytes(body)
    done = reception("recording", "verify", str(damaged), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["problems"]


@pytest.fixture
async def whole_recording(tmp_path: Path) -> Path:
    """A closed recording of two seconds of one person's sound."""
    root = tmp_path / "recordings"
    root.mkdir()
    sink = RecorderSink(root, "0" * 32, LOCK)
    for number in range(100):
        sink.frame(
            participant="p1",
            kind="audio",
            codec="opus",
            clock_rate=48_000,
            timestamp=number * 960,
            at_ms=1_795_337_934_803 + number * 20,
            keyframe=True,
            data=b"\xf8\xff\xfe",
        )
    await sink.close()
    assert sink.stored().bytes > 0
    return root / ("0" * 32)


def test_a_rehearsal_without_a_token_says_where_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("RECEPTION_TOKEN", raising=False)
    done = reception("rehearse", "--url", "http://127.0.0.1:9", "--rooms", "1", "--seconds", "1")
    assert done.returncode == 2
    assert "reception token create" in done.stderr
