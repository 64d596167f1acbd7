"""Processes that book a slot when told to: `python -m tests.racer URL SITE FD…`.

Everything is imported once, then one process is forked for each socket. Each says `ready` and for
every line `SLOT [IDEMPOTENCY-KEY]` answers one line of JSON: who won, or the refusal, and how
long it took. It ends with its socket; the exit status is 0 when all of them ended well.
"""

import asyncio
import json
import os
import socket
import sys
import time
import traceback

from reception.domain.access import SYSTEM
from reception.domain.errors import Refused
from reception.services.booking import BookRequest, book
from reception.storage.database import Database
from tests.build import CLERK, NOW, VAULT, draft


async def _try(db: Database, site_id: str, slot_id: str, key: str | None) -> dict[str, object]:
    started = time.perf_counter()
    try:
        view = await book(
            db,
            request=BookRequest(slot_id=slot_id, site_id=site_id, draft=draft()),
            actor=CLERK,
            idempotency_key=key,
            now=NOW,
        )
        answer: dict[str, object] = {"booking": view.id}
    except Refused as refusal:
        answer = {"code": refusal.code, "details": refusal.details}
    return {**answer, "ms": round((time.perf_counter() - started) * 1000, 1)}


async def _race(url: str, site_id: str, line: socket.socket) -> None:
    db = Database(url, VAULT)
    async with db.reading(SYSTEM):
        pass
    reader, writer = await asyncio.open_connection(sock=line)
    writer.write(b"ready\n")
    while wanted := await reader.readline():
        slot_id, _, key = wanted.decode().strip().partition(" ")
        answer = await _try(db, site_id, slot_id, key or None)
        writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    writer.close()
    await db.close()


def _fork(url: str, site_id: str, numbers: list[int], own: int) -> int:
    child = os.fork()
    if child:
        return child
    # A socket that another process holds open, too, never ends.
    for number in numbers:
        if number != own:
            os.close(number)
    status = 1
    try:
        asyncio.run(_race(url, site_id, socket.socket(fileno=own)))
        status = 0
    except Exception:  # noqa: BLE001 - a child that failed must not go on as its parent
        traceback.print_exc()
    finally:
        os._exit(status)


def main(url: str, site_id: str, numbers: list[int]) -> int:
    """Fork one racer per socket and wait for all of them."""
    children = [_fork(url, site_id, numbers, own) for own in numbers]
    for number in numbers:
        os.close(number)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], [int(number) for number in sys.argv[3:]]))
