"""An operator rehearses five rooms against `reception serve`, from an empty data directory."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import end, free_port, wait_until_ready

ROOMS = 5
SECONDS = 20
LOST_AT_MOST = 10  # of some 15,000 packets: the kernel may drop a few when this machine stalls


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[str]:
    """The address of a bare installation."""
    port = free_port()
    log = tmp_path / "serve.log"
    command = [sys.executable, "-m", "reception", "serve"]
    command += ["--data", str(tmp_path / "data"), "--port", str(port)]
    environment = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
        end(process, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_five_rooms_are_rehearsed_without_loss_and_leave_nothing(
    serving: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "reception", "rehearse", "--url", serving),
            *("--rooms", str(ROOMS), "--seconds", str(SECONDS), "--json"),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["rooms_ok"] == ROOMS
    assert len(report["rooms"]) == ROOMS
    for room in report["rooms"]:
        assert room["outcome_saved"]
        assert room["recorded_seconds"] >= SECONDS - 2
        assert room["join_ms"] > 0
        assert room["first_frame_ms"] > 0
    assert sum(room["packets_lost"] for room in report["rooms"]) <= LOST_AT_MOST
    assert list((tmp_path / "data" / "recordings").iterdir()) == []
