"""The supervisor: a process that dies comes back, one that is told to stop ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from reception.app.processes import Process, run_processes

CHILD = """
import os, sys, pathlib
log = pathlib.Path(sys.argv[1])
with log.open("a") as file:
    file.write(f"{os.getpid()}\\n")
sys.stdin.buffer.read()
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Process, Path]:
    """A process that notes its pid and lives until its standard input ends."""
    package = tmp_path / "reception"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(CHILD)
    notes = tmp_path / "pids"
    monkeypatch.chdir(tmp_path)
    return Process("child", [str(notes)], {"PYTHONPATH": str(tmp_path)}), notes


async def pids(notes: Path, count: int) -> list[int]:
    async with asyncio.timeout(20):
        while not (notes.exists() and len(notes.read_text().split()) >= count):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    return [int(pid) for pid in notes.read_text().split()]


async def test_a_killed_process_is_started_again_and_all_end_on_stop(
    child: tuple[Process, Path],
) -> None:
    process, notes = child
    stop = asyncio.Event()
    running = asyncio.get_running_loop().create_task(run_processes([process], stop))
    (first,) = await pids(notes, 1)
    os.kill(first, signal.SIGKILL)
    _, second = await pids(notes, 2)
    assert second != first
    assert process.pid == second
    stop.set()
    await asyncio.wait_for(running, 20)
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


async def test_processes_end_when_their_supervisor_is_killed(
    child: tuple[Process, Path],
) -> None:
    _, notes = child
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, sys\n"
        f"sys.path.insert(0, {os.fspath(Path(__file__).parents[3])!r})\n"
        "from reception.app.processes import Process, run_processes\n"
        f"asyncio.run(run_processes([Process('child', [{os.fspath(notes)!r}],"
        f" {{'PYTHONPATH': {os.fspath(notes.parent)!r}}})], asyncio.Event()))\n",
    )
    (pid,) = await pids(notes, 1)
    parent.kill()
    await parent.wait()
    assert await has_ended(pid, within=20)


async def has_ended(pid: int, *, within: float) -> bool:
    """Whether a process that is not our child ends in time; a zombie has ended."""
    status = Path(f"/proc/{pid}/status")
    for _ in range(int(within / 0.02)):
        if not status.exists() or "State:\tZ" in status.read_text():
            return True
        await asyncio.sleep(0.02)
    return False
