"""Booking over the API: one winner, alternatives for the rest, safe retries."""

import asyncio
import json

from tests.integration.api.conftest import (
    COUNTY,
    TOWNSHIP,
    County,
    booked,
    draft,
    free_slot,
)
from tests.integration.api.contract import ContractClient


async def test_a_slot_is_booked_once_and_the_loser_is_offered_others(
    api: ContractClient, county: County
) -> None:
    slot_id = await free_slot(api)
    wish = {"slot_id": slot_id, "site_id": county.site_id, "draft": draft()}
    answers = await asyncio.gather(*(api.ask("clerk", "POST", "/bookings", wish) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    for answer in answers:
        if answer.status == 201:
            assert answer.body["slot"]["id"] == slot_id
            assert answer.body["session_state"] == "scheduled"
            continue
        assert answer.code == "slot_taken"
        assert answer.body["zh"] != answer.body["en"]
        alternatives = answer.body["details"]["alternatives"]
        assert len(alternatives) >= 3
        assert slot_id not in {other["slot_id"] for other in alternatives}


async def test_the_same_key_and_body_give_the_stored_booking(
    api: ContractClient, county: County
) -> None:
    wish = {"slot_id": await free_slot(api), "site_id": county.site_id, "draft": draft()}
    key = {"Idempotency-Key": "form-1"}
    first = await api.ask("clerk", "POST", "/bookings", wish, headers=key)
    again = await api.ask("clerk", "POST", "/bookings", wish, headers=key)
    assert first.status == again.status == 201
    assert again.body == first.body
    other = wish | {"draft": draft(summary="另一件事")}
    refused = await api.ask("clerk", "POST", "/bookings", other, headers=key)
    assert (refused.status, refused.code) == (422, "idempotency_mismatch")


async def test_an_idempotency_key_must_be_printable(api: ContractClient, county: County) -> None:
    wish = {"slot_id": await free_slot(api), "site_id": county.site_id, "draft": draft()}
    answer = await api.ask(
        "clerk", "POST", "/bookings", wish, headers={"Idempotency-Key": "k" * 201}
    )
    assert (answer.code, answer.body["details"]["field"]) == ("bad_input", "Idempotency-Key")


async def test_a_held_slot_is_kept_for_its_holder(api: ContractClient, county: County) -> None:
    slot_id = await free_slot(api)
    held = await api.send("clerk", "POST", f"/slots/{slot_id}/hold")
    assert held["state"] == "held"
    wish = {"slot_id": slot_id, "site_id": county.site_id, "draft": draft()}
    assert await api.refused("kiosk", "POST", "/bookings", wish) == (409, "slot_taken")
    assert await api.refused("kiosk", "POST", f"/slots/{slot_id}/hold") == (409, "slot_taken")
    await api.send("clerk", "DELETE", f"/slots/{slot_id}/hold")
    made = await api.send("kiosk", "POST", "/bookings", wish)
    assert made["slot"]["id"] == slot_id


async def test_a_booking_is_read_moved_and_cancelled(api: ContractClient, county: County) -> None:
    made = await booked(api, county)
    assert await api.get("clerk", f"/bookings/{made['id']}") == made
    assert [one["id"] for one in (await api.get("clerk", "/bookings"))["items"]] == [made["id"]]
    listed = await api.get("leader", f"/bookings?day={county.today}")
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    assert (await api.get("clerk", "/bookings?day=2026-04-16"))["items"] == []
    other = await free_slot(api, 1)
    wish = {"slot_id": other, "by": "petitioner"}
    moved = await api.send("clerk", "POST", f"/bookings/{made['id']}/move", wish)
    assert moved["slot"]["id"] == other
    assert moved["case_id"] == made["case_id"]
    ended = {"by": "government", "reason": "领导临时外出"}
    cancelled = await api.send("clerk", "DELETE", f"/bookings/{moved['id']}", ended)
    assert cancelled["state"] == "cancelled_by_gov"
    assert other in {slot["id"] for slot in (await api.get(None, "/slots/free"))["items"]}
    assert await api.refused("clerk", "DELETE", f"/bookings/{moved['id']}", ended) == (
        409,
        "move_refused",
    )


async def test_the_government_cancels_with_a_reason_only(
    api: ContractClient, county: County
) -> None:
    made = await booked(api, county)
    ended = {"by": "government"}
    assert await api.refused("clerk", "DELETE", f"/bookings/{made['id']}", ended) == (
        400,
        "bad_input",
    )


async def test_a_stranger_sees_and_changes_no_booking(api: ContractClient, county: County) -> None:
    made = await booked(api, county)
    path = f"/bookings/{made['id']}"
    assert (await api.ask("stranger", "GET", path)).status in (403, 404)
    assert (await api.ask("stranger", "DELETE", path, {"by": "petitioner"})).status in (403, 404)
    assert await api.refused("sysadmin", "GET", path) == (403, "not_allowed")
    assert await api.refused(None, "GET", path) == (401, "not_logged_in")


async def test_check_in_by_code_tells_the_room_and_can_be_repeated(
    api: ContractClient, county: County
) -> None:
    made = await booked(api, county)
    done = await api.send("kiosk", "POST", "/check-ins", {"code": made["code"]})
    assert (done["state"], done["session_state"]) == ("checked_in", "lobby")
    assert county.rooms.told == [made["session_id"]]
    again = await api.send("kiosk", "POST", "/check-ins", {"code": made["code"]})
    assert again["state"] == "checked_in"


async def test_a_wrong_code_or_a_wrong_time_is_refused(api: ContractClient, county: County) -> None:
    made = await booked(api, county, number=8)
    assert await api.refused("kiosk", "POST", "/check-ins", {"code": "000 000"}) == (
        404,
        "code_unknown",
    )
    early = await api.ask("kiosk", "POST", "/check-ins", {"code": made["code"]})
    assert early.code == "check_in_closed"
    assert "opens_at" in early.body["details"]


async def test_a_slot_that_is_not_there_is_not_found(api: ContractClient, county: County) -> None:
    wish = {"slot_id": "0" * 32, "site_id": county.site_id, "draft": draft()}
    assert await api.refused("clerk", "POST", "/bookings", wish) == (404, "not_found")
    assert await api.refused("clerk", "POST", f"/slots/{'0' * 32}/hold") == (404, "not_found")
    assert await api.refused("clerk", "POST", "/slots/none/hold") == (404, "not_found")


async def test_faults_name_their_fields_and_echo_nothing(
    api: ContractClient, county: County
) -> None:
    wish = {
        "slot_id": await free_slot(api),
        "site_id": county.site_id,
        "draft": draft(phone="call 110!", surprise="secret", persons_present=0),
    }
    answer = await api.ask("clerk", "POST", "/bookings", wish)
    assert answer.code == "bad_input"
    fields = {fault["field"] for fault in answer.body["details"]["faults"]}
    assert fields == {"draft.phone", "draft.surprise", "draft.persons_present"}
    assert "call 110!" not in json.dumps(answer.body)
    both = {"slot_id": wish["slot_id"], "site_id": county.site_id}
    assert await api.refused("clerk", "POST", "/bookings", both) == (400, "bad_input")


async def test_a_body_that_is_not_json_is_refused(api: ContractClient) -> None:
    for data, kind, code in (
        (b"slot_id=1", "application/x-www-form-urlencoded", "unsupported_media"),
        (b"{", "application/json", "bad_input"),
        (b'{"slot_id": "\\ud800"}', "application/json", "bad_input"),
        (b"[" * 5000, "application/json", "bad_input"),
        (b'"' + b"a" * 300_000 + b'"', "application/json", "message_too_large"),
    ):
        answer = await api.ask(
            "clerk", "POST", "/bookings", data=data, headers={"Content-Type": kind}
        )
        assert answer.code == code, data[:40]


async def test_a_village_case_can_be_booked_again_by_its_id(
    api: ContractClient, county: County
) -> None:
    first = await booked(api, county)
    wish = {
        "slot_id": await free_slot(api, 2),
        "site_id": county.site_id,
        "case_id": first["case_id"],
    }
    await api.send("clerk", "DELETE", f"/bookings/{first['id']}", {"by": "petitioner"})
    again = await api.send("clerk", "POST", "/bookings", wish)
    assert again["case_no"] == first["case_no"]
    assert again["site"]["area_code"] == TOWNSHIP


async def test_a_group_names_who_comes_and_the_area_says_how_many_speak(
    api: ContractClient, county: County
) -> None:
    law = await api.ask("clerk", "GET", f"/group-rule?within={COUNTY}")
    assert law.body == {"area_code": None, "steps": [], "most": 5}
    steps = [{"people": 10, "speakers": 3}]
    rule = {"area_code": COUNTY, "steps": steps}
    assert (await api.ask("clerk", "PUT", "/group-rule", rule)).body["area_code"] == COUNTY
    refused = await api.ask("clerk", "PUT", "/group-rule", rule | {"steps": steps * 2})
    assert refused.code == "bad_input"
    companions = [{"name": f"村民{number}", "speaks": number < 4} for number in range(1, 7)]
    wish = {"slot_id": await free_slot(api), "site_id": county.site_id}
    many = await api.ask(
        "clerk", "POST", "/bookings", wish | {"draft": draft(companions=companions)}
    )
    assert (many.code, many.body["details"]["reason"]) == ("bad_input", "too_many_speakers")
    companions[2]["speaks"] = False
    made = await api.ask(
        "clerk", "POST", "/bookings", wish | {"draft": draft(companions=companions)}
    )
    page = await api.ask("clerk", "GET", f"/cases/{made.body['case_id']}")
    assert page.body["parties"] == companions


async def test_an_agent_is_named_books_and_is_revoked(api: ContractClient, county: County) -> None:
    case = (await api.ask("clerk", "POST", "/cases", draft())).body
    authority = {
        "name": "代办员甲",
        "kind": "village_agent",
        "scope": ["book"],
        "valid_from": "2026-03-01",
        "valid_to": "2026-12-31",
        "seen": True,
    }
    named = await api.ask("clerk", "POST", f"/cases/{case['id']}/agents", authority)
    wish = {
        "slot_id": await free_slot(api),
        "site_id": county.site_id,
        "case_id": case["id"],
        "agent_id": named.body["id"],
    }
    public = await api.ask(None, "POST", "/queries", {"query_code": case["query_code"]})
    assert [(one["name"], one["stands"]) for one in public.body["agents"]] == [("", True)]
    gone = {"query_code": case["query_code"], "agent_id": named.body["id"]}
    assert (await api.ask(None, "POST", "/queries/revocations", gone)).status == 204
    refused = await api.ask("clerk", "POST", "/bookings", wish)
    assert (refused.status, refused.code) == (409, "agent_not_authorised")
    second = await api.ask("clerk", "POST", f"/cases/{case['id']}/agents", authority)
    made = await api.ask("clerk", "POST", "/bookings", wish | {"agent_id": second.body["id"]})
    assert made.status == 201
    path = f"/cases/{case['id']}/agents/{second.body['id']}"
    assert (await api.ask("clerk", "DELETE", path)).status == 204


async def test_likely_earlier_cases_are_shown_joined_and_left(
    api: ContractClient, county: County
) -> None:
    case = (await api.ask("clerk", "POST", "/cases", draft())).body
    shown = await api.ask("clerk", "POST", "/matches", draft())
    assert [one["case_id"] for one in shown.body["items"]] == [case["id"]]
    wish = {"slot_id": await free_slot(api), "site_id": county.site_id, "case_id": case["id"]}
    booked = (await api.ask("clerk", "POST", "/bookings", wish | {"told": "还是那件事"})).body
    matter = {
        "purpose": "enquiry",
        "category": "land",
        "problem_area_code": TOWNSHIP,
        "summary": "宅基地审批",
    }
    own = await api.ask("clerk", "POST", f"/bookings/{booked['id']}/separation", matter)
    assert own.status == 200
    assert own.body["case_no"] != booked["case_no"]
    again = await api.ask("clerk", "POST", f"/bookings/{booked['id']}/separation", matter)
    assert (again.status, again.code) == (409, "move_refused")


async def test_a_walk_in_takes_a_number_and_is_called(api: ContractClient, county: County) -> None:
    shown = await api.ask("clerk", "GET", f"/queue?site_id={county.site_id}")
    assert shown.status == 200
    assert (shown.body["opens"], shown.body["tickets"]) == (True, [])
    taken = await api.ask("kiosk", "POST", "/queue", {})
    assert (taken.status, taken.body["number"]) == (201, "B001")
    path = f"/queue/{taken.body['id']}"
    assert (await api.ask("kiosk", "POST", f"{path}/moves", {"move": "call"})).status == 403
    preferred = await api.ask("clerk", "PUT", f"{path}/priority", {"reason": "needs_help"})
    assert preferred.body["tickets"][0]["priority"] == "needs_help"
    called = await api.ask("clerk", "POST", f"{path}/moves", {"move": "call"})
    assert [(one["state"], one["calls"]) for one in called.body["tickets"]] == [("called", 1)]
    again = await api.ask("clerk", "POST", f"{path}/moves", {"move": "call"})
    assert (again.status, again.code) == (409, "move_refused")


async def test_somebody_joins_the_waiting_list_and_leaves_it(
    api: ContractClient, county: County
) -> None:
    wish = {
        "draft": draft(),
        "site_id": county.site_id,
        "first_day": county.today.isoformat(),
        "last_day": "2026-05-15",
    }
    joined = await api.ask("clerk", "POST", "/waiting", wish)
    assert (joined.status, joined.body["state"]) == (201, "waiting")
    shown = await api.ask("clerk", "GET", "/waiting")
    assert [one["id"] for one in shown.body["items"]] == [joined.body["id"]]
    path = f"/waiting/{joined.body['id']}"
    early = await api.ask("clerk", "POST", f"{path}/booking")
    assert (early.status, early.code) == (409, "move_refused")
    assert (await api.ask("clerk", "POST", f"{path}/moves", {"move": "withdraw"})).status == 204
    assert (await api.ask("clerk", "GET", "/waiting")).body["items"] == []


async def test_a_refusal_over_the_api_and_an_objection_by_code(
    api: ContractClient, county: County
) -> None:
    case = (await api.ask("clerk", "POST", "/cases", draft())).body
    free = (await api.get("clerk", "/slots/free"))["items"]
    wish = {"slot_id": free[0]["id"], "alternative_id": free[1]["id"]}
    path = f"/cases/{case['id']}/declines"
    for reason, told in (
        ("outside_portfolio", "same_leader"),
        ("being_handled", "not_handled_now"),
    ):
        refused = await api.ask("clerk", "POST", path, wish | {"reason": reason})
        assert (refused.code, refused.body["details"]["reason"]) == ("bad_input", told)
    moved = {"move": "assign", "organ_id": county.organ_id}
    assert (await api.ask("clerk", "POST", f"/cases/{case['id']}/moves", moved)).status == 200
    made = await api.ask("clerk", "POST", path, wish | {"reason": "being_handled"})
    assert (made.status, made.body["objection"]) == (201, "none")
    objection = {"query_code": case["query_code"], "decline_id": made.body["id"]}
    assert (await api.ask(None, "POST", "/queries/objections", objection)).status == 204
    again = await api.ask("clerk", "POST", f"/declines/{made.body['id']}/objection", {})
    assert (again.status, again.code) == (409, "move_refused")
    assert (await api.ask("clerk", "GET", "/objections")).status == 403
