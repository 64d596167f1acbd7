"""Cases, sessions, recordings and rehearsals over the API."""

from datetime import timedelta

from reception.domain.access import Actor
from reception.domain.codes import Role
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionMove
from reception.services import kiosks, records, sessions, tokens
from tests.devices import ADDRESS, Device
from tests.integration.api.conftest import County, booked, draft
from tests.integration.api.contract import ContractClient


async def test_a_case_is_registered_listed_read_and_moved(
    api: ContractClient, county: County
) -> None:
    made = await api.send("clerk", "POST", "/cases", draft())
    assert made["state"] == "registered"
    assert "13800000000" not in str(made)
    page = await api.get("clerk", f"/cases/{made['id']}")
    assert page["case"] == made
    assert [limit["rule"] for limit in page["deadlines"]] == ["D1"]
    assert page["timeline"]
    step = {"move": "assign", "organ_id": county.organ_id, "note": "请住建局办理"}
    moved = await api.send("clerk", "POST", f"/cases/{made['id']}/moves", step)
    assert (moved["state"], moved["owner_organ"]["id"]) == ("assigned", county.organ_id)
    again = await api.refused("clerk", "POST", f"/cases/{made['id']}/moves", step)
    assert again == (409, "move_refused")


async def test_cases_come_in_pages(api: ContractClient) -> None:
    made = [await api.send("clerk", "POST", "/cases", draft(summary=f"第{n}件")) for n in range(3)]
    first = await api.get("clerk", "/cases?limit=2")
    assert (len(first["items"]), first["next_offset"]) == (2, 2)
    last = await api.get("clerk", "/cases?limit=2&offset=2")
    assert (len(last["items"]), last["next_offset"]) == (1, None)
    ids = [case["id"] for page in (first, last) for case in page["items"]]
    assert set(ids) == {case["id"] for case in made}
    (found,) = (await api.get("clerk", f"/cases?search={made[1]['case_no']}"))["items"]
    assert found["id"] == made[1]["id"]


async def test_cases_stay_in_their_area_and_with_staff(api: ContractClient) -> None:
    made = await api.send("clerk", "POST", "/cases", draft())
    path = f"/cases/{made['id']}"
    assert (await api.ask("stranger", "GET", path)).status in (403, 404)
    assert (await api.get("stranger", "/cases"))["items"] == []
    assert await api.refused("sysadmin", "GET", "/cases") == (403, "not_allowed")
    assert await api.refused("kiosk", "GET", path) == (403, "not_allowed")
    assert await api.refused(None, "GET", path) == (401, "not_logged_in")
    assert await api.refused("clerk", "GET", f"/cases/{'0' * 32}") == (404, "not_found")


async def test_whoever_has_the_query_code_sees_how_the_case_stands_without_names(
    api: ContractClient,
) -> None:
    made = await api.send("clerk", "POST", "/cases", draft())
    shown = await api.send(None, "POST", "/queries", {"query_code": made["query_code"]})
    assert (shown["case_no"], shown["state"]) == (made["case_no"], "registered")
    assert "李秀英" not in str(shown)
    assert shown["due"]["rule"] == "D1"
    wrong = {"query_code": "AAAA AAAA AA"}
    assert await api.refused(None, "POST", "/queries", wrong) == (404, "code_unknown")


async def test_a_session_is_prepared_and_its_outcome_waits(
    api: ContractClient, county: County
) -> None:
    made = await booked(api, county)
    path = f"/sessions/{made['session_id']}"
    await api.send("clerk", "PUT", f"{path}/preparation", {"note": "已走访，材料齐全。"})
    shown = await api.get("leader", path)
    assert (shown["state"], shown["preparation"]) == ("prepared", "已走访，材料齐全。")
    assert county.rooms.told == [made["session_id"]]
    assert await api.refused("leader", "GET", f"{path}/outcome") == (404, "not_found")
    assert (await api.get("leader", f"{path}/recordings"))["items"] == []
    refused = await api.refused("leader", "PUT", f"{path}/preparation", {"note": ""})
    assert refused == (403, "not_allowed")
    assert (await api.ask("stranger", "GET", path)).status in (403, 404)


async def test_tickets_are_for_those_who_take_part(api: ContractClient, county: County) -> None:
    made = await booked(api, county)
    path = f"/sessions/{made['session_id']}/tickets"
    await api.send("kiosk", "POST", "/check-ins", {"code": made["code"]})
    tickets = [(await api.send(who, "POST", path))["ticket"] for who in ("kiosk", "leader")]
    assert len(set(tickets)) == 2
    assert (await api.ask("stranger", "POST", path)).status in (403, 404)
    assert await api.refused("sysadmin", "POST", path) == (403, "not_allowed")


async def _actor(county: County, who: str) -> Actor:
    scheme, key = county.keys[who].split()
    now = county.clock.now()
    if scheme == "Kiosk":
        return await kiosks.actor_of_session(county.db, token=key, address=ADDRESS, now=now)
    return await tokens.actor_of_token(county.db, token=key, now=now)


async def _hold_talk(county: County, session_id: str) -> str:
    """A talk from the notice to the end; returns the id of its recording."""
    db, now = county.db, county.clock.now()
    kiosk, leader = await _actor(county, "kiosk"), await _actor(county, "leader")

    async def move(move: SessionMove, actor: Actor) -> None:
        await sessions.move(db, session_id=session_id, move=move, actor=actor, now=now)

    await move(SessionMove.BEGIN_NOTICE, leader)
    await sessions.consent(
        db,
        session_id=session_id,
        answer=True,
        text_version=RECORDING_CONSENT.version,
        how="button",
        actor=kiosk,
        now=now,
    )
    await move(SessionMove.CONFIRM, kiosk)
    recording_id = await records.begin(db, session_id=session_id, now=now)
    await sessions.save_record(db, session_id=session_id, text="记录", actor=leader, now=now)
    await move(SessionMove.READ_BACK, leader)
    await sessions.sign(db, session_id=session_id, strokes="M 1 1 L 2 2", actor=kiosk, now=now)
    outcome = sessions.OutcomeDraft(
        type=OutcomeType.ASSIGNED,
        text="三十日内办结审批",
        owner_organ_id=county.organ_id,
        due_on=county.today + timedelta(days=30),
    )
    await sessions.save_outcome(db, session_id=session_id, draft=outcome, actor=leader, now=now)
    await move(SessionMove.CLOSE, leader)
    await records.ended(db, recording_id=recording_id, now=now + timedelta(seconds=90))
    return recording_id


async def test_what_was_promised_and_recorded_is_found_again(
    api: ContractClient, county: County
) -> None:
    made = await booked(api, county)
    await api.send("kiosk", "POST", "/check-ins", {"code": made["code"]})
    recording_id = await _hold_talk(county, made["session_id"])
    path = f"/sessions/{made['session_id']}"
    outcome = await api.get("leader", f"{path}/outcome")
    assert (outcome["type"], outcome["owner_organ"]["id"]) == ("assigned", county.organ_id)
    assert outcome["due_on"] == "2026-05-15"
    session = await api.get("clerk", path)
    assert session["state"] == "closed"
    assert session["consent"]["answer"] is True
    assert session["record"]["text"] == "记录"
    (listed,) = (await api.get("leader", f"{path}/recordings"))["items"]
    assert (listed["id"], listed["state"]) == (recording_id, "finishing")
    assert await api.get("leader", f"/recordings/{recording_id}") == listed
    assert (await api.ask("stranger", "GET", f"/recordings/{recording_id}")).status in (403, 404)
    page = await api.get("leader", f"/cases/{made['case_id']}")
    assert page["case"]["state"] == "assigned"
    assert [one["outcome"]["text"] for one in page["sessions"]] == ["三十日内办结审批"]
    assert await api.refused("leader", "POST", f"{path}/tickets") == (409, "session_over")
    shown = await api.send(None, "POST", "/queries", {"query_code": page["case"]["query_code"]})
    assert [one["text"] for one in shown["outcomes"]] == ["三十日内办结审批"]


async def test_a_rehearsal_has_its_own_people_and_leaves_nothing(
    api: ContractClient, county: County
) -> None:
    robot = Device()
    key = {"public_key": robot.public_key.hex()}
    made = await api.send("clerk", "POST", "/rehearsals", {"rooms": 2} | key)
    assert len(made["slots"]) == 2
    assert made["slots"][0]["id"] not in {
        slot["id"] for slot in (await api.get(None, "/slots/free?limit=200"))["items"]
    }
    robot.kiosk_id = made["kiosk_id"]
    assert (await robot.open(county.db, now=county.clock.now())).actor.role is Role.KIOSK
    await api.send("clerk", "DELETE", f"/rehearsals/{made['id']}")
    assert await api.refused("clerk", "DELETE", f"/rehearsals/{made['id']}") == (404, "not_found")
    wish = {"rooms": 1} | key
    assert await api.refused("leader", "POST", "/rehearsals", wish) == (403, "not_allowed")
    for wrong in (key | {"rooms": 0}, wish | {"public_key": "04" + "0" * 128}, {"rooms": 1}):
        assert await api.refused("clerk", "POST", "/rehearsals", wrong) == (400, "bad_input")
