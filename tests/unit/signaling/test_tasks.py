"""A supervisor loses no task and no exception."""

import asyncio
import logging

import pytest

from signaling.tasks import Supervisor


async def test_a_task_that_dies_is_logged_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    tasks, going = Supervisor("owner"), asyncio.Event()
    other = tasks.start(going.wait(), "other")
    with caplog.at_level(logging.ERROR, "signaling.tasks"):
        await asyncio.wait([tasks.start(fail(), "first")])
        await asyncio.wait([other], timeout=0)
    assert "owner:first" in caplog.text
    assert "broken" in caplog.text
    assert len(tasks) == 1
    going.set()
    await tasks.drain(1)
    assert len(tasks) == 0


async def test_close_cancels_and_waits() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    tasks = Supervisor("owner")
    task = tasks.start(work(), "work")
    await asyncio.wait([task], timeout=0)
    await tasks.close()
    assert ended == ["work"]
    assert task.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        tasks.start(work(), "late")
