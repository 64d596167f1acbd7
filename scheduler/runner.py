"""Calls one coroutine again and again; the only door to APScheduler.

What is due is found in the database by the tick itself, so nothing is kept here and a restart
loses nothing. APScheduler brings the timer: late ticks are merged, two never run at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from scheduler.clock import Clock

logger = logging.getLogger(__name__)


class Ticker:
    """Awaits `tick` every `seconds`, from `start` until `close`; an error is logged, no more."""

    def __init__(
        self, clock: Clock, tick: Callable[[], Awaitable[None]], seconds: float = 1.0
    ) -> None:
        self._clock = clock
        self._tick = tick
        self._seconds = seconds
        self._ticking = asyncio.Lock()
        self._scheduler: AsyncIOScheduler | None = None

    def start(self) -> None:
        """Begin; the first tick comes after one interval. Call once, inside a running loop.

        Raises:
            RuntimeError: it is running already.
        """
        if self._scheduler is not None:
            raise RuntimeError("the ticker is running already")
        # A line for every tick, and one for every tick a slow one pushed out, says nothing
        # that `_run` does not say better.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(
            self._run,
            "interval",
            seconds=self._seconds,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._scheduler.start()

    async def close(self) -> None:
        """Start no more ticks and return when the one that is running has ended."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is None:
            return
        scheduler.remove_all_jobs()
        # Shutting down cancels what runs; a tick in the middle of its work ends by itself.
        async with self._ticking:
            scheduler.shutdown(wait=False)
            # The scheduler posts its shutdown to the loop; let it happen before the loop ends.
            await asyncio.sleep(0)

    async def _run(self) -> None:
        async with self._ticking:
            if self._scheduler is None:
                return
            began = self._clock.monotonic()
            try:
                await self._tick()
            except Exception:
                logger.exception("a tick failed")
            lasted = self._clock.monotonic() - began
            if lasted > self._seconds:
                logger.warning("a tick lasted %.1f s, longer than its interval", lasted)
