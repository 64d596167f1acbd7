"""Servers that are measured: each a process of its own, awaited and ended."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

ROOT: Final = Path(__file__).parents[1]
_START_S: Final = 60.0


@asynccontextmanager
async def served(
    command: Sequence[str], port: int, folder: Path, *, limit: int = 1
) -> AsyncIterator[aiohttp.ClientSession]:
    """Run `python -m command`, which listens at `port`, for the length of the block.

    Gives a client of it with at most `limit` connections; what it prints goes into `folder`.
    """
    with (folder / f"{port}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, cwd=ROOT, stdout=log, stderr=log
        )
    connector = aiohttp.TCPConnector(limit=limit)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as client:
            await _ready(client)
            yield client
    finally:
        process.terminate()
        await process.wait()


async def _ready(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(_START_S):
        while True:
            try:
                async with client.get("/readyz") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)
