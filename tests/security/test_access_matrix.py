"""Every role, action and relation against a table written down by hand from the domain's own.

The table says for each action which roles may, and `REACH` how far each role reaches. Nothing
here asks the code for its opinion before it is compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from reception.domain.access import (
    Action,
    Actor,
    Decision,
    Target,
    allow,
    standing_of,
    subject_of_account,
    subject_of_leader,
    subject_of_organ,
)
from reception.domain.codes import Role

CITY, COUNTY, TOWNSHIP, VILLAGE, ELSEWHERE = (
    "530600",
    "530629",
    "530629101",
    "530629101201",
    "530622",
)

# Rows of domain.md 3.2, by hand. Roles without an authority or assignment stand nowhere yet.
MAY = {
    "see_calendar": "everyone",
    "plan_day": "clerk scheduler",
    "publish_day": "clerk scheduler",
    "change_day": "clerk scheduler",
    "book": "clerk scheduler kiosk",
    "move_booking": "clerk scheduler kiosk",
    "cancel_booking": "clerk scheduler kiosk",
    "check_in": "clerk kiosk",
    "take_ticket": "clerk kiosk",
    "call_ticket": "clerk",
    "register_case": "clerk leader handler kiosk",
    "see_case": "clerk leader secretary handler org_head supervisor",
    "move_case": "clerk leader handler org_head",
    "name_subject": "clerk",
    "name_agent": "clerk",
    "decline": "clerk",
    "decide_objection": "supervisor",
    "query_case": "clerk kiosk public",
    "withdraw_case": "kiosk",
    "join_room": "clerk leader kiosk handler org_head",
    "move_session": "clerk leader kiosk system",
    "answer_consent": "kiosk",
    "start_recording": "clerk system",
    "play_recording": "leader handler supervisor",
    "write_record": "clerk leader",
    "prepare": "clerk secretary",
    "draft_outcome": "clerk leader secretary",
    "set_outcome": "leader",
    "rate": "kiosk public",
    "see_rooms": "clerk sysadmin",
    "see_audit": "supervisor",
    "see_audit_log": "auditor",
    "delegate": "leader",
    "manage_users": "secadmin",
    "manage_kiosks": "sysadmin",
    "load_holidays": "sysadmin",
    "reveal": "clerk handler reviewer",
    "add_attachment": "clerk",
    "correct": "clerk",
    "set_period": "secadmin",
    "see_periods": "secadmin auditor supervisor clerk",
    "hold_case": "clerk supervisor",
    "ask_deletion": "clerk kiosk",
    "export_case": "clerk leader handler org_head supervisor",
    "copy_for_petitioner": "clerk",
}

# What a role must have in common with the thing; all others: it lies in their area.
REACH = {
    "leader": "leader",
    "secretary": "leader",
    "handler": "organ",
    "org_head": "organ",
    "kiosk": "kiosk",
    "system": "anything",
}
BY_CODE = {"see_calendar", "query_case", "rate"}
NEAR = {"book", "move_booking", "cancel_booking"}


@dataclass(frozen=True)
class Relation:
    """A thing as it lies to an actor of the county: what of it is the actor's own."""

    name: str
    area: str | None = COUNTY
    leader: bool = True
    organ: bool = True
    kiosk: bool = True
    subject: str = ""


RELATIONS = (
    Relation("own"),
    Relation("below", area=VILLAGE),
    Relation("above", area=CITY),
    Relation("elsewhere", area=ELSEWHERE),
    Relation("area unknown", area=None),
    Relation("another leader's", leader=False),
    Relation("another organ's", organ=False),
    Relation("at another kiosk", kiosk=False),
    Relation("nobody's", leader=False, organ=False, kiosk=False),
    Relation("accuses the person", subject="account"),
    Relation("accuses the leader", subject="leader"),
    Relation("accuses the organ", subject="organ"),
    Relation("accuses the organ above", subject="organ above"),
    Relation("accuses somebody else", subject="else"),
)

KINDS = {"kiosk": "kiosk", "system": "system", "public": "public"}


def actor_of(role: Role) -> Actor:
    kind = KINDS.get(role.value, "account")
    actor = Actor("account", "person", role, area_code=COUNTY)
    if role in {Role.LEADER, Role.SECRETARY}:
        actor = replace(actor, leader_id="leader")
    if role in {Role.HANDLER, Role.ORG_HEAD}:
        actor = replace(actor, organ_id="organ")
    return replace(actor, kind=kind)  # type: ignore[arg-type]  # one of the kinds


def target_of(relation: Relation) -> Target:
    names = {
        "": (),
        "account": (subject_of_account("person"),),
        "leader": (subject_of_leader("leader"),),
        "organ": (subject_of_organ("organ"),),
        "organ above": (subject_of_organ("above"),),
        "else": (subject_of_account("x"), subject_of_leader("x"), subject_of_organ("x")),
    }
    return Target(
        area_code=relation.area,
        leader_id="leader" if relation.leader else "x",
        organ_id="organ" if relation.organ else "x",
        kiosk_id="person" if relation.kiosk else "x",
        subjects=frozenset(names[relation.subject]),
    )


def blocked(role: str, relation: Relation) -> bool:
    if relation.subject == "account":
        return role not in KINDS
    if relation.subject == "leader":
        return role in {"leader", "secretary"}
    return relation.subject in {"organ", "organ above"} and role in {"handler", "org_head"}


def expected(role: str, action: str, relation: Relation) -> bool:
    if blocked(role, relation):
        return False
    if MAY[action] != "everyone" and role not in MAY[action].split():
        return False
    reach = REACH.get(role, "area")
    if reach == "anything" or action in BY_CODE:
        return True
    inside = relation.area in {COUNTY, TOWNSHIP, VILLAGE}
    if action in NEAR or (action == "register_case" and role != "handler"):
        return inside or relation.area == CITY
    return {
        "leader": relation.leader,
        "organ": relation.organ,
        "kiosk": relation.kiosk,
        "area": inside,
    }[reach]


def cases() -> Iterator[tuple[Role, Action, Relation]]:
    for role in Role:
        for action in Action:
            for relation in RELATIONS:
                yield role, action, relation


def test_the_table_by_hand_names_every_action_and_only_roles_there_are() -> None:
    assert set(MAY) == {action.value for action in Action}
    named = {role for roles in MAY.values() for role in roles.split()} - {"everyone"}
    assert named <= {role.value for role in Role}


def test_every_role_action_and_relation_is_decided_as_the_domain_says() -> None:
    wrong = []
    count = 0
    for role, action, relation in cases():
        actor = actor_of(role)
        standing = standing_of(actor, ("organ", "above") if actor.organ_id else ())
        decision = allow(actor, action, target_of(relation), standing)
        count += 1
        if decision.allowed != expected(role.value, action.value, relation):
            wrong.append((role.value, action.value, relation.name, decision))
    assert wrong == []
    assert count >= 8000


@pytest.mark.parametrize("action", list(Action))
def test_an_accused_is_blocked_before_anything_else_is_asked(action: Action) -> None:
    for role in Role:
        actor = actor_of(role)
        for relation in RELATIONS:
            if blocked(role.value, relation):
                standing = standing_of(actor, ("organ", "above") if actor.organ_id else ())
                decision = allow(actor, action, target_of(relation), standing)
                assert decision == Decision(allowed=False, reason="blocked")


def test_the_three_administrators_share_no_right_and_none_of_them_sees_a_case() -> None:
    shared = {
        (one, other)
        for roles in MAY.values()
        for one in ("sysadmin", "secadmin", "auditor")
        for other in ("sysadmin", "secadmin", "auditor")
        if one < other and one in roles.split() and other in roles.split()
    }
    # Both read how long things are kept; it names no person.
    assert shared == {("auditor", "secadmin")}
    content = ("see_case", "join_room", "play_recording", "write_record", "set_outcome", "reveal")
    for role in (Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR):
        for action in content:
            decision = allow(actor_of(role), Action(action), target_of(RELATIONS[0]))
            assert decision == Decision(allowed=False, reason="role")
