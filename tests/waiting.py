"""Waiting for what another task or process does, and only as long as it takes."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool], *, within: float = 20) -> None:
    """Wait until `holds()`.

    Raises:
        TimeoutError: it did not in so many seconds.
    """
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - who makes it true does not tell
            await asyncio.sleep(0.01)
