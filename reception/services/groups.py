"""Groups with one matter: how many of them speak in an area, and who came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reception.domain.access import Action, Actor, Target
from reception.domain.areas import path_of
from reception.domain.audit import AuditAction
from reception.domain.errors import NotFound
from reception.domain.groups import Companion, GroupRule, check_group, people_of
from reception.services import audit
from reception.services.permission import require
from reception.storage import parties as rows
from reception.storage import places
from reception.storage.contents import Contents
from reception.storage.database import Database, Transaction
from reception.storage.tables import Party, PetitionCase


@dataclass(frozen=True)
class GroupRuleView:
    """The rule that holds in an area, and whose it is: its own, one above, or the law's."""

    rule: GroupRule
    area_code: str | None


@dataclass(frozen=True)
class PartyView:
    """Somebody who comes with the petitioner."""

    name: str
    speaks: bool


async def rule_in(db: Database, *, area_code: str, actor: Actor) -> GroupRuleView:
    """Return the rule that holds in an area."""
    async with db.reading(actor) as tx:
        return await _rule_in(tx, area_code)


async def set_rule(
    db: Database,
    *,
    area_code: str,
    steps: Sequence[Sequence[int]],
    actor: Actor,
    now: datetime,
) -> GroupRuleView:
    """Set how many of a group may speak in an area and below; no steps leaves it to the area above.

    Raises:
        BadInput: see `GroupRule.read`; a rule never allows more than the law.
        NotAllowed: the actor may not plan receptions there.
        NotFound: there is no such area.

    """
    require(actor, Action.PLAN_DAY, Target(area_code=area_code))
    rule = GroupRule.read(steps)
    async with db.transaction(actor) as tx:
        area = await places.area(tx, area_code)
        if area is None:
            raise NotFound(thing="area")
        area.group_rule = [list(step) for step in rule.steps] or None
        await tx.flush()
        audit.record(
            tx,
            AuditAction.GROUP_RULE_SET,
            actor,
            "area",
            area_code,
            now,
            steps=" ".join(f"{people}:{speakers}" for people, speakers in rule.steps),
        )
        return await _rule_in(tx, area_code)


async def check(
    tx: Transaction, area_code: str, persons_present: int, companions: Sequence[Companion]
) -> int:
    """Return how many people there are, when the group is in order there.

    Raises:
        BadInput: see `check_group`.

    """
    check_group((await _rule_in(tx, area_code)).rule, persons_present, companions)
    return people_of(persons_present, companions)


async def put(tx: Transaction, case: PetitionCase, companions: Sequence[Companion]) -> None:
    """Write down who comes with the petitioner of a case that was just registered."""
    contents = Contents(tx.vault, case)
    for position, one in enumerate(companions, 1):
        party = Party(case_id=case.id, position=position, speaks=one.speaks)
        contents.put(party, name=one.name.strip())
        await tx.put(party)


async def of_case(tx: Transaction, case_id: str, contents: Contents) -> tuple[PartyView, ...]:
    """Return who comes with the petitioner, in the order they were named."""
    return tuple(
        PartyView(name=contents.open(party, "name"), speaks=party.speaks)
        for party in await rows.of_case(tx, case_id)
    )


async def _rule_in(tx: Transaction, area_code: str) -> GroupRuleView:
    found = await rows.group_rule(tx, path_of(area_code))
    if found is None:
        return GroupRuleView(rule=GroupRule(), area_code=None)
    return GroupRuleView(rule=GroupRule.read(found[1]), area_code=found[0])
