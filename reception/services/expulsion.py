"""Who is connected to a room and may no longer be: asked every second of those who are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reception.domain.access import SYSTEM, Actor
from reception.services import kiosks
from reception.services.accounts import SEEN_EVERY
from reception.storage import accounts, subjects
from reception.storage import sessions as rows
from reception.storage.database import Database, Transaction
from reception.storage.tables import Participant


@dataclass(frozen=True)
class Expelled:
    """Somebody connected to a room who may no longer be there."""

    session_id: str
    person_id: str


async def expelled(
    db: Database, *, online: Mapping[str, Sequence[str]], now: datetime
) -> tuple[Expelled, ...]:
    """Return who has become a subject of the case, or whose log-in, token or kiosk is no longer good.

    Being in a talk counts as using the log-in: nobody grows idle by listening.

    Args:
        online: for each session the ids of the people connected now.

    """
    found: list[Expelled] = []
    used: list[str] = []
    async with db.reading(SYSTEM) as tx:
        for session_id, people in online.items():
            row = await rows.session(tx, session_id)
            if row is None:
                continue
            accused = await subjects.names_of_case(tx, row[0].case_id)
            for person_id in people:
                person = await tx.get(Participant, person_id)
                if person is None:
                    continue
                actor = rows.actor_of(person)
                named = (
                    (await subjects.standing_of_actor(tx, actor)).names if accused else frozenset()
                )
                if named & accused or not await _is_good(tx, actor, used, now):
                    found.append(Expelled(session_id, person_id))
    if used:
        async with db.transaction(SYSTEM) as tx:
            for token_hash in used:
                await accounts.see_session(tx, token_hash, now)
    return tuple(found)


async def _is_good(tx: Transaction, actor: Actor, used: list[str], now: datetime) -> bool:
    """Return whether what let somebody in still would; collects the log-ins to note as used."""
    if actor.kind == "kiosk":
        # By the machine, not by its session: a session that is renewed ends no talk.
        return actor.id in await kiosks.good(tx, [actor.id])
    kind, _, thing_id = actor.credential.partition(":")
    if kind == "session":
        known = await accounts.session_by_id(tx, thing_id)
        if known is None:
            return False
        session, account = known
        if now - session.seen_at >= SEEN_EVERY:
            used.append(session.token_hash)
        return account.disabled_at is None and account.role is actor.role
    if kind == "token":
        token = await accounts.token(tx, thing_id)
        return token is not None and token.revoked_at is None
    return True
