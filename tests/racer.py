"""A process that books a slot when told to: `python -m tests.racer URL SITE`.

It prints `ready`, then for every line `SLOT [IDEMPOTENCY-KEY]` on its input one line of JSON:
who won, or the refusal, and how long it took.
"""

import asyncio
import json
import sys
import time

from reception.domain.errors import Refused
from reception.services.booking import BookRequest, book
from reception.storage.database import Database
from tests.build import CLERK, NOW, draft


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


async def main(url: str, site_id: str) -> None:
    db = Database(url)
    async with db.reading():
        pass
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        slot_id, _, key = line.strip().partition(" ")
        answer = await _try(db, site_id, slot_id, key or None)
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
