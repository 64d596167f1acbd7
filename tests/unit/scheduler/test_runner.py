"""The ticker: goes on after errors, never runs twice at once, ends cleanly."""

import asyncio
import logging

import pytest

from scheduler.clock import SystemClock
from scheduler.runner import Ticker

SOON = 10.0


async def test_a_ticker_ticks_until_it_is_closed() -> None:
    ticks, three = 0, asyncio.Event()

    async def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            three.set()

    ticker = Ticker(SystemClock(), tick, seconds=0.01)
    ticker.start()
    await asyncio.wait_for(three.wait(), SOON)
    await ticker.close()
    after_close = ticks
    # Long enough for several more ticks, were there any.
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.1)
    assert ticks == after_close


async def test_an_error_is_logged_and_the_ticker_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ticks, again = 0, asyncio.Event()

    async def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            raise RuntimeError("the database is away")
        again.set()

    ticker = Ticker(SystemClock(), tick, seconds=0.01)
    ticker.start()
    await asyncio.wait_for(again.wait(), SOON)
    await ticker.close()
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in logged] == ["a tick failed"]
    assert "the database is away" in caplog.text


async def test_a_slow_tick_is_never_joined_by_another_and_is_awaited_on_close(
    caplog: pytest.LogCaptureFixture,
) -> None:
    running, most, started, finish = 0, 0, asyncio.Event(), asyncio.Event()
    ended = False

    async def tick() -> None:
        nonlocal running, most, ended
        running += 1
        most = max(most, running)
        started.set()
        await finish.wait()
        running -= 1
        ended = True

    ticker = Ticker(SystemClock(), tick, seconds=0.01)
    ticker.start()
    await asyncio.wait_for(started.wait(), SOON)
    closing = asyncio.get_running_loop().create_task(ticker.close())
    done, _ = await asyncio.wait({closing}, timeout=0.1)
    assert not done
    finish.set()
    await asyncio.wait_for(closing, SOON)
    assert ended
    assert most == 1
    assert "longer than its interval" in caplog.text


async def test_starting_twice_is_a_mistake_and_closing_twice_is_not() -> None:
    async def tick() -> None:
        return

    ticker = Ticker(SystemClock(), tick)
    ticker.start()
    with pytest.raises(RuntimeError, match="already"):
        ticker.start()
    await ticker.close()
    await ticker.close()
