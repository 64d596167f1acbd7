"""Attempts at what somebody may not do, written into the audit log: once, not each time."""

import re
from datetime import timedelta
from typing import Final

from aiohttp.web import AppKey, Request

from reception.domain.access import Actor
from reception.services import audit
from web.keys import CONTEXT

CODES: Final = frozenset({"not_allowed", "volume_exceeded", "csrf_refused", "origin_refused"})
"""What is somebody's attempt; others are mistakes of the day, and refused log-ins have their own."""

AGAIN_AFTER: Final = timedelta(minutes=10)
MOST_KEPT: Final = 1_000

_ID: Final = re.compile(r"[0-9a-f]{32}")


class TurnedAway:
    """Remembers who was turned away where, so that repeating it does not fill the log."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str, str], float] = {}

    def is_news(self, actor: Actor, place: str, code: str, monotonic: float) -> bool:
        """Tell whether this is to be written down, and take it as written."""
        key = (actor.id, place, code)
        before = self._noted.get(key)
        if before is not None and monotonic - before < AGAIN_AFTER.total_seconds():
            return False
        self._noted.pop(key, None)
        self._noted[key] = monotonic
        while len(self._noted) > MOST_KEPT:
            del self._noted[next(iter(self._noted))]
        return True


TURNED_AWAY: AppKey[TurnedAway] = AppKey("turned_away", TurnedAway)


async def note(request: Request, actor: Actor, code: str) -> None:
    """Write down that somebody known was turned away by one of `CODES`: at which route, from what.

    The route is the pattern of our own code, and only ids of ours are kept of the address.
    """
    context = request.app[CONTEXT]
    resource = request.match_info.route.resource
    place = f"{request.method} {'' if resource is None else resource.canonical}"
    if not request.app[TURNED_AWAY].is_news(actor, place, code, context.clock.monotonic()):
        return
    ids = [value for value in request.match_info.values() if _ID.fullmatch(value)]
    await audit.turned_away(
        context.db,
        actor=actor,
        place=place,
        code=code,
        thing=ids[0] if ids else "",
        now=context.clock.now(),
    )
