"""Which case, and whose it is as far as access depends on it."""

from reception.domain.access import Action, Actor, Target
from reception.domain.errors import CodeUnknown, NotFound
from reception.services.permission import require_one
from reception.storage import cases as rows
from reception.storage import subjects
from reception.storage.contents import query_index
from reception.storage.database import Transaction


async def require_case(tx: Transaction, case_id: str, actor: Actor, action: Action) -> rows.CaseRow:
    """Return a case the actor may do this to.

    Raises:
        NotFound: there is none with this id, or the actor is a subject of it.
        NotAllowed: it is none of the actor's.

    """

    async def decide(row: rows.CaseRow) -> str:
        case = row[0]
        leaders = await rows.leaders_of_case(tx, case_id)
        accused = await subjects.names_of_case(tx, case_id)
        require_one(
            actor,
            action,
            [
                Target(
                    area_code=area,
                    organ_id=case.owner_organ_id,
                    leader_id=actor.leader_id if actor.leader_id in leaders else None,
                    subjects=accused,
                )
                for area in (case.area_code, case.problem_area_code)
            ],
            standing=await subjects.standing(tx),
        )
        return case.id

    row = await tx.decided(lambda: rows.case(tx, case_id), decide)
    if row is None:
        raise NotFound(thing="case")
    return row


async def case_of_code(tx: Transaction, code: str) -> rows.CaseRow:
    """Return the case with this query code, and open it: the code is the right to this one case.

    Args:
        code: as `read_query_code` returns it.

    Raises:
        CodeUnknown: no case has it.

    """
    async with tx.as_program():
        row = await rows.case_by_query_index(tx, query_index(tx.vault, code))
    if row is None:
        raise CodeUnknown(kind="query")
    await tx.admit(row[0].id)
    return row
