"""Processes that die by SIGKILL in the middle of a booking: `… URL SITE SLOT STATEMENTS`.

One after the other they book the same slot; the first kills itself right after statement 1 of
the booking's write transaction, the last after statement STATEMENTS. Prints how each ended.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from sqlalchemy import Engine, event

from reception.services.booking import BookRequest, book
from reception.storage.database import Database
from tests.build import CLERK, NOW, VAULT, draft


async def _book(url: str, site_id: str, slot_id: str, statement: int) -> None:
    db = Database(url, VAULT)
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


def main(url: str, site_id: str, slot_id: str, statements: int) -> None:
    """Fork one booker after the other; everything is imported once."""
    for statement in range(1, statements + 1):
        child = os.fork()
        if not child:
            try:
                asyncio.run(_book(url, site_id, slot_id, statement))
            finally:
                os._exit(1)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
