"""Who may do what, role by role."""

import pytest

from reception.domain.access import PUBLIC, ROLES, SYSTEM, Action, Actor, Decision, Target, allow
from reception.domain.codes import Role

CITY, COUNTY, OTHER_COUNTY = "530600", "530629", "530622"
VILLAGE = "530629101001"

CLERK = Actor("account", "u1", Role.CLERK, area_code=COUNTY)
LEADER = Actor("account", "u2", Role.LEADER, area_code=CITY, leader_id="l1")
HANDLER = Actor("account", "u3", Role.HANDLER, area_code=COUNTY, organ_id="water")
ADMIN = Actor("account", "u4", Role.SYSADMIN, area_code=CITY)
KIOSK = Actor("kiosk", "k1", Role.KIOSK, area_code=VILLAGE)
ACTORS = (CLERK, LEADER, HANDLER, ADMIN, KIOSK, SYSTEM, PUBLIC)
OWN = Target(area_code=COUNTY, organ_id="water", leader_id="l1", kiosk_id="k1")

YES = Decision(allowed=True)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.role)
@pytest.mark.parametrize("action", list(Action))
def test_a_role_outside_the_table_is_refused_and_one_inside_acts_on_its_own(
    action: Action, actor: Actor
) -> None:
    in_table = actor.role in ROLES[action]
    assert allow(actor, action, OWN) == (YES if in_table else Decision(False, "role"))


@pytest.mark.parametrize("action", list(Action))
def test_knowing_nothing_of_the_target_refuses_all_but_public_things(action: Action) -> None:
    open_to_all = {Action.SEE_CALENDAR, Action.QUERY_CASE, Action.RATE}
    for actor in (CLERK, LEADER, HANDLER, ADMIN, KIOSK):
        if action not in open_to_all:
            assert not allow(actor, action, Target()).allowed


def test_the_administrator_sees_no_case_and_no_recording() -> None:
    for action in (Action.SEE_CASE, Action.PLAY_RECORDING, Action.JOIN_ROOM, Action.SET_OUTCOME):
        assert allow(ADMIN, action, OWN) == Decision(False, "role")


def test_only_the_petitioner_side_rates_consents_and_withdraws() -> None:
    for action in (Action.RATE, Action.ANSWER_CONSENT, Action.WITHDRAW_CASE):
        for actor in (CLERK, LEADER, HANDLER, ADMIN, SYSTEM):
            assert allow(actor, action, OWN) == Decision(False, "role")


def test_a_clerk_acts_inside_the_own_area_only() -> None:
    assert allow(CLERK, Action.PLAN_DAY, Target(area_code="530629101")) == YES
    for area in (OTHER_COUNTY, CITY):
        assert allow(CLERK, Action.PLAN_DAY, Target(area_code=area)) == Decision(False, "area")


def test_a_day_of_the_city_is_booked_from_a_village_in_it() -> None:
    for actor in (CLERK, KIOSK):
        assert allow(actor, Action.BOOK, Target(area_code=CITY)) == YES
        assert allow(actor, Action.BOOK, Target(area_code=OTHER_COUNTY)) == Decision(False, "area")


def test_leader_handler_and_kiosk_act_on_what_is_their_own() -> None:
    other = Target(area_code=COUNTY, organ_id="land", leader_id="l2", kiosk_id="k2")
    for actor, action in (
        (LEADER, Action.SET_OUTCOME),
        (LEADER, Action.JOIN_ROOM),
        (HANDLER, Action.SEE_CASE),
        (KIOSK, Action.JOIN_ROOM),
        (KIOSK, Action.CHECK_IN),
    ):
        assert allow(actor, action, other) == Decision(False, "not_own")


def test_an_account_without_a_leader_owns_no_day_without_a_leader() -> None:
    nobody = Actor("account", "u9", Role.LEADER, area_code=CITY)
    assert allow(nobody, Action.JOIN_ROOM, Target(area_code=CITY)) == Decision(False, "not_own")
