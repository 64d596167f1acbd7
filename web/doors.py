"""How a county's kiosks get in when they come all at once: together, one transaction for many."""

import asyncio
from datetime import datetime
from typing import Final

from aiohttp.web import AppKey

from reception.domain.errors import Refused
from reception.services import kiosks
from reception.services.kiosks import DeviceSession, Proof
from reception.storage.database import Database
from reception.storage.errors import Contended

TOGETHER: Final = 64
"""As many as begin in one transaction; the others wait for the next, in the order they came."""

_Waiting = tuple[Proof, "asyncio.Future[DeviceSession]"]


class Doors:
    """Collects the proofs that arrive while others are being looked at."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def open(self, db: Database, proof: Proof, now: datetime) -> DeviceSession:
        """Do as `kiosks.open_session`."""
        done: asyncio.Future[DeviceSession] = asyncio.get_running_loop().create_future()
        self._waiting.append((proof, done))
        async with self._turn:
            # Whoever gets the turn and was not served by the one before serves those who wait.
            if not done.done():
                batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await self._serve(db, batch, now)
        return await done

    async def _serve(self, db: Database, batch: list[_Waiting], now: datetime) -> None:
        try:
            proofs = tuple(proof for proof, _ in batch)
            answers = await kiosks.open_sessions(db, proofs=proofs, now=now)
        except BaseException as error:
            # Nobody may wait for ever because somebody else's request was broken off.
            refused = error if isinstance(error, Refused) else Contended(reason="busy")
            for _, done in batch:
                if not done.done():
                    done.set_exception(refused)
            if not isinstance(error, Refused):
                raise
            return
        for (_, done), answer in zip(batch, answers, strict=True):
            if done.done():
                continue
            if isinstance(answer, Refused):
                done.set_exception(answer)
            else:
                done.set_result(answer)


DOORS: Final[AppKey[Doors]] = AppKey("doors", Doors)
