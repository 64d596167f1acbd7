"""The same matter told again: likely earlier cases are shown, a clerk asks, the petitioner decides.

A match never refuses anybody (domain.md scenario 9): the talk joins the case that is there, so that
no clock starts anew and nobody is called a repeater; and who is joined wrongly says so and gets a
number of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal

from reception.domain.access import Action, Actor, Target
from reception.domain.audit import AuditAction
from reception.domain.cases import CaseState
from reception.domain.identity import read_id_number
from reception.domain.likeness import ALIKE_FROM, likeness
from reception.services import audit
from reception.services.permission import require
from reception.services.registration import CaseDraft
from reception.services.timeline import note
from reception.storage import cases as rows
from reception.storage.contents import Contents, id_index, name_index
from reception.storage.database import Database, Transaction
from reception.storage.tables import PetitionCase
from scheduler.calendar import local_day

LOOKED_AT: Final = 50
SUGGESTED: Final = 3


@dataclass(frozen=True)
class Match:
    """An earlier case that may be the same matter; `by` says what the petitioner is known by."""

    case_id: str
    case_no: str
    state: CaseState
    registered_at: datetime
    summary: str
    by: Literal["id_number", "name"]


async def suggest(
    db: Database, *, draft: CaseDraft, actor: Actor, now: datetime
) -> tuple[Match, ...]:
    """Return up to three cases of the same person that read alike, the most alike first.

    A person is the same by identity number where the draft has one, or by the whole name. Only
    cases the actor may see are looked at.

    Raises:
        NotAllowed: the actor may not see cases.
        BadInput: the identity number is none.

    """
    require(actor, Action.SEE_CASE, Target(area_code=actor.area_code))
    told = f"{draft.summary} {draft.facts}"
    name = draft.petitioner_name.strip()
    number = read_id_number(draft.id_number, local_day(now)) if draft.id_number else None
    found: dict[str, tuple[int, Match]] = {}
    async with db.reading(actor) as tx:
        for row in await _of_person(tx, actor, name, number):
            case, petitioner, _, _ = row
            contents = Contents(tx.vault, case)
            known = contents.open(petitioner, "id_number")
            if contents.destroyed or (number and known and known != number):
                continue
            by_number = bool(number) and known == number
            if not by_number and contents.open(petitioner, "name") != name:
                continue
            summary = contents.open(case, "summary")
            alike = likeness(told, f"{summary} {contents.open(case, 'facts')}")
            if alike >= ALIKE_FROM:
                match = Match(
                    case_id=case.id,
                    case_no=case.case_no,
                    state=case.state,
                    registered_at=case.registered_at,
                    summary=summary,
                    by="id_number" if by_number else "name",
                )
                found[case.id] = (alike, match)
    best = sorted(found.values(), key=lambda one: (-one[0], one[1].case_no))
    return tuple(match for _, match in best[:SUGGESTED])


async def join(tx: Transaction, case: PetitionCase, told: str, actor: Actor, now: datetime) -> None:
    """Write on a case that the petitioner confirmed it is the same matter, and what was told now."""
    audit.record(tx, AuditAction.MATTER_JOINED, actor, "case", case.id, now)
    await note(
        tx,
        case.id,
        "joined",
        zh="信访人确认是同一件事，并入本件接谈，不另行登记；不同意可以要求单独登记。",
        en="The petitioner confirmed that it is the same matter; the talk joins this case. Who"
        " disagrees gets a number of their own.",
        actor=actor,
        now=now,
        remark=Contents(tx.vault, case).seal_remark(told),
    )


async def _of_person(
    tx: Transaction, actor: Actor, name: str, number: str | None
) -> Sequence[rows.CaseRow]:
    """Return the newest cases of the actor's area whose petitioner may be this person."""
    find = partial(
        rows.cases, tx, within=actor.area_code, organ_id=None, leader_id=None, limit=LOOKED_AT
    )
    by_name = await find(name_index=name_index(tx.vault, name))
    if number is None:
        return by_name
    return [*await find(id_index=id_index(tx.vault, number)), *by_name]
