"""Which session, and whose it is as far as access depends on it."""

from collections.abc import Sequence

from reception.domain.access import Action, Actor, Target
from reception.domain.codes import Role
from reception.domain.errors import NotFound
from reception.services.permission import require_one
from reception.storage import places, subjects
from reception.storage import sessions as rows
from reception.storage.database import Transaction
from reception.storage.tables import PetitionCase


async def require_session(tx: Transaction, session_id: str) -> rows.SessionRow:
    """Return a session, without asking whose it is.

    Raises:
        NotFound: there is none with this id.

    """
    found = await rows.session(tx, session_id)
    if found is None:
        raise NotFound(thing="session")
    return found


async def require_for_session(
    tx: Transaction, session_id: str, actor: Actor, action: Action
) -> rows.SessionRow:
    """Return a session the actor may do this to.

    Raises:
        NotFound: there is none with this id, or the actor is a subject of its case.
        NotAllowed: it is none of the actor's.

    """

    async def decide(row: rows.SessionRow) -> str:
        require_one(
            actor,
            action,
            await _sides(tx, row, actor),
            standing=await subjects.standing(tx),
            thing="session",
        )
        return row[0].case_id

    found = await tx.decided(lambda: rows.session(tx, session_id), decide)
    if found is None:
        raise NotFound(thing="session")
    return found


async def _sides(tx: Transaction, row: rows.SessionRow, actor: Actor) -> Sequence[Target]:
    """Return the sides of a session: the site's, the leader's, the case's.

    A kiosk counts as the session's own when it stands at the session's site.
    """
    session, _, leader, _, site, _ = row
    case = await tx.get_one(PetitionCase, session.case_id)
    accused = await subjects.names_of_case(tx, session.case_id)
    at_site = False
    if actor.role is Role.KIOSK:
        kiosk = await places.kiosk(tx, actor.id)
        at_site = kiosk is not None and kiosk[0].site_id == site.id
    return [
        Target(
            area_code=area,
            organ_id=case.owner_organ_id,
            leader_id=session.leader_id,
            kiosk_id=actor.id if at_site else None,
            subjects=accused,
        )
        for area in (
            site.area_code,
            leader.area_code,
            case.area_code,
            case.problem_area_code,
        )
    ]
