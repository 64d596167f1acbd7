"""A process that dies by SIGKILL in the middle of a booking: `… URL SITE SLOT STATEMENT`.

It kills itself right after the given statement of the booking's write transaction.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

from reception.services.booking import BookRequest, book
from reception.storage.database import Database
from tests.build import CLERK, NOW, draft


async def main(url: str, site_id: str, slot_id: str, statement: int) -> None:
    db = Database(url)
    seen = 0

    @event.listens_for(Engine, "after_cursor_execute")
    def count(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        nonlocal seen
        # Counting starts with the claim, the first statement that writes.
        if seen or sql.lstrip().startswith("UPDATE slot"):
            seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    await book(
        db,
        request=BookRequest(slot_id=slot_id, site_id=site_id, draft=draft()),
        actor=CLERK,
        idempotency_key="key",
        now=NOW,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
