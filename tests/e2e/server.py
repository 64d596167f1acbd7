"""`reception demo` as a real process: started, awaited, and ended by SIGTERM."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 120.0
STOP_SECONDS = 15.0
GONE_SECONDS = 2.0
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class DemoServer:
    """A running demo prefecture.

    ``demo`` is what the process wrote to ``demo.json`` in its data folder: logins, passwords,
    kiosk keys, check-in codes and the API token.
    """

    url: str
    data: Path
    demo: dict[str, Any]
    process: subprocess.Popen[bytes]
    log: Path


def free_port() -> int:
    """Return a TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def demo(
    data: Path, *, port: int | None = None, https: bool = False, **environment: str
) -> Iterator[DemoServer]:
    """Run ``reception demo`` for the length of the block and assert that it ends cleanly.

    ``data`` is a folder that does not exist, is empty, or is a demo's. ``environment`` is added to this process's, for ``RECEPTION_...`` settings.
    """
    port = port or free_port()
    # Beside the folder, which the demo wants empty or its own.
    log = data.with_suffix(".log")
    command = [sys.executable, "-m", "reception", "demo", "--data", str(data)]
    command += ["--port", str(port), *(["--https"] if https else [])]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
            start_new_session=True,
        )
    url = f"{'https' if https else 'http'}://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process, log)
        people = json.loads((data / "demo.json").read_text(encoding="utf-8"))
        yield DemoServer(url, data, people, process, log)
        end(process, log)
    finally:
        # Only what is left when a test went wrong; the group is ours alone.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Poll ``/readyz`` until it says 200; raise with the log when it never does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode}:\n{log.read_text()}")
        if answers(f"{url}/readyz"):
            return
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"not ready after {START_SECONDS} s:\n{log.read_text()}")


def answers(url: str) -> bool:
    """Say whether a URL of our own server answers 200 now."""
    # The demo's certificate is self-signed, made a moment ago.
    trusting = ssl._create_unverified_context()  # noqa: S323 — only ever asks 127.0.0.1
    try:
        with urllib.request.urlopen(url, timeout=2, context=trusting) as response:  # noqa: S310 — http to ourselves
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def end(process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask the process to stop by SIGTERM; assert exit code 0 and no traceback in its log."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"alive {STOP_SECONDS} s after SIGTERM:\n{log.read_text()}") from error
    written = log.read_text(encoding="utf-8", errors="replace")
    assert code == 0, f"ended with {code}:\n{written}"
    assert "Traceback (most recent call last)" not in written, written
    # A process that has ended is in the group until the system has taken note of it.
    deadline = time.monotonic() + GONE_SECONDS
    while alive(process.pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    assert not alive(process.pid), "processes of the program are left behind"


def alive(group: int) -> bool:
    """Say whether a process of this process group runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
