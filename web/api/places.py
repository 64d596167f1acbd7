"""Areas, sites, organs and leaders."""

from http import HTTPStatus
from typing import Annotated

from annotated_types import Ge, Le, Len

from reception.domain.access import ROLES, Action, Actor, Target, allow
from reception.domain.codes import Level
from reception.domain.errors import NotAllowed, NotFound
from reception.domain.groups import LEGAL_MOST, MOST_PEOPLE
from reception.services import groups, places
from web.api.fields import AreaCode, Asked, Given, Line, Name, Nothing, Phone
from web.api.operation import ANYONE, Call, Operations

OPERATIONS = Operations("places")
_SET_UP = ROLES[Action.MANAGE_KIOSKS]


class Made(Given):
    """The id of what was made."""

    id: str


class Area(Given):
    """An administrative area by its GB/T 2260 code."""

    code: str
    name: str
    level: Level
    parent_code: str | None


class Areas(Given):
    """Areas in the order of their codes."""

    items: tuple[Area, ...]


class Site(Given):
    """A place where petitioners sit down at a kiosk."""

    id: str
    area_code: str
    area_name: str
    name: str
    address: str
    phone: str


class Sites(Given):
    """Sites."""

    items: tuple[Site, ...]


class Organ(Given):
    """An organ that may own a case."""

    id: str
    area_code: str
    name: str


class Organs(Given):
    """Organs."""

    items: tuple[Organ, ...]


class Leader(Given):
    """A leader who receives."""

    id: str
    name: str
    title: str
    portfolio: str
    body: str
    area_code: str
    area_name: str


class Leaders(Given):
    """Leaders."""

    items: tuple[Leader, ...]


class Within(Asked):
    """Only what lies in this area."""

    within: AreaCode | None = None


class WithinArea(Asked):
    """What lies in this area."""

    within: AreaCode


class GroupStep(Asked):
    """Of up to so many `people`, so many may speak."""

    people: Annotated[int, Ge(1), Le(MOST_PEOPLE)]
    speakers: Annotated[int, Ge(1), Le(LEGAL_MOST)]


class GroupRuleDraft(Asked):
    """Rising steps for an area and below; none leaves it to the area above."""

    area_code: AreaCode
    steps: Annotated[tuple[GroupStep, ...], Len(0, 10)]


class GroupRule(Given):
    """Up to the `people` of a step its `speakers` may speak, beyond the last `most`.

    `area_code` says whose rule it is; null is the law's.
    """

    area_code: str | None
    steps: tuple[GroupStep, ...]
    most: int


class AreaDraft(Asked):
    """A new area; its level and parent follow from the code."""

    code: AreaCode
    name: Name


class SiteDraft(Asked):
    """A new site."""

    area_code: AreaCode
    name: Name
    address: Line
    phone: Phone


class OrganDraft(Asked):
    """A new organ."""

    area_code: AreaCode
    name: Name


class LeaderDraft(Asked):
    """A new leader; `body` is the organ the leader belongs to, in words."""

    area_code: AreaCode
    name: Name
    title: Name
    portfolio: Line
    body: Line


@OPERATIONS.operation("GET", "/areas", summary="Areas", roles=ANYONE)
async def list_areas(call: Call[Nothing, Within]) -> Areas:
    """The area tree, or the part of it within one area, that area included."""
    found = await places.areas(call.context.db, within=call.query.within)
    return Areas.model_validate({"items": found})


@OPERATIONS.operation("GET", "/sites", summary="Sites", roles=ANYONE)
async def list_sites(call: Call[Nothing, Within]) -> Sites:
    """Where people can sit down at a kiosk."""
    found = await places.sites(call.context.db, within=call.query.within)
    return Sites.model_validate({"items": found})


@OPERATIONS.operation("GET", "/leaders", summary="Leaders", roles=ANYONE)
async def list_leaders(call: Call[Nothing, Within]) -> Leaders:
    """The leaders who receive, with title and portfolio as on the public calendar."""
    found = await places.leaders(call.context.db, within=call.query.within)
    return Leaders.model_validate({"items": found})


@OPERATIONS.operation("GET", "/organs", summary="Organs", roles=ANYONE)
async def list_organs(call: Call[Nothing, WithinArea]) -> Organs:
    """The organs of an area that may be made responsible for a case."""
    found = await places.organs(call.context.db, within=call.query.within)
    return Organs.model_validate({"items": found})


@OPERATIONS.operation(
    "POST", "/areas", summary="Add an area", roles=_SET_UP, status=HTTPStatus.CREATED
)
async def add_area(call: Call[AreaDraft, Nothing]) -> Made:
    """Add an area below one that is there already."""
    check_area(call.actor, call.body.code)
    draft = call.body
    return Made(id=await places.add_area(call.context.db, code=draft.code, name=draft.name))


@OPERATIONS.operation(
    "POST", "/sites", summary="Add a site", roles=_SET_UP, status=HTTPStatus.CREATED
)
async def add_site(call: Call[SiteDraft, Nothing]) -> Made:
    """Add a site."""
    check_area(call.actor, call.body.area_code)
    return Made(id=await places.add_site(call.context.db, **call.body.model_dump()))


@OPERATIONS.operation(
    "POST", "/organs", summary="Add an organ", roles=_SET_UP, status=HTTPStatus.CREATED
)
async def add_organ(call: Call[OrganDraft, Nothing]) -> Made:
    """Add an organ."""
    check_area(call.actor, call.body.area_code)
    return Made(id=await places.add_organ(call.context.db, **call.body.model_dump()))


@OPERATIONS.operation(
    "POST", "/leaders", summary="Add a leader", roles=_SET_UP, status=HTTPStatus.CREATED
)
async def add_leader(call: Call[LeaderDraft, Nothing]) -> Made:
    """Add a leader."""
    check_area(call.actor, call.body.area_code)
    return Made(id=await places.add_leader(call.context.db, **call.body.model_dump()))


def check_area(actor: Actor, area_code: str) -> None:
    """Let the administrator of an area set up what lies in it; refuse others."""
    decision = allow(actor, Action.MANAGE_KIOSKS, Target(area_code=area_code))
    if not decision.allowed:
        raise NotAllowed(reason=decision.reason)


def _group_rule(found: groups.GroupRuleView) -> GroupRule:
    steps = tuple(GroupStep(people=people, speakers=most) for people, most in found.rule.steps)
    return GroupRule(area_code=found.area_code, steps=steps, most=LEGAL_MOST)


@OPERATIONS.operation(
    "GET",
    "/group-rule",
    summary="How many of a group may speak",
    roles=ANYONE,
)
async def get_group_rule(call: Call[Nothing, WithinArea]) -> GroupRule:
    """The rule that holds in an area: its own, that of an area above, or the law's."""
    return _group_rule(
        await groups.rule_in(call.context.db, area_code=call.query.within, actor=call.actor)
    )


@OPERATIONS.operation(
    "PUT",
    "/group-rule",
    summary="Set how many of a group may speak",
    roles=ROLES[Action.PLAN_DAY],
    errors=(NotFound,),
)
async def set_group_rule(call: Call[GroupRuleDraft, Nothing]) -> GroupRule:
    """Set the rule of an area and those below it; it never allows more than the law."""
    return _group_rule(
        await groups.set_rule(
            call.context.db,
            area_code=call.body.area_code,
            steps=[(step.people, step.speakers) for step in call.body.steps],
            actor=call.actor,
            now=call.now,
        )
    )
