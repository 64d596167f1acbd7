"""The WebSocket door: who is let in, what is refused, and that the server stays up."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError

from signaling.turn import CREDENTIAL_SECONDS
from tests.integration.live.house import RELAY, Client, House, open_house
from tests.waiting import until


@pytest.fixture
async def house(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The running application with one checked-in villager."""
    async with open_house(sqlite_database_url, tmp_path) as opened:
        yield opened


async def still_up(house: House) -> None:
    """Somebody else is let in as if nothing had happened."""
    client = await house.seated(house.leader)
    assert (await client.ask("ping", t=1))["ok"]


def refusal(answer: dict[str, object]) -> str:
    """The code of a refusal that also says in two languages what to do."""
    error = answer["err"]
    assert isinstance(error, dict)
    assert error["zh"]
    assert error["en"]
    assert error["zh"] != error["en"]
    return str(error["code"])


async def test_a_ticket_lets_in_once(house: House) -> None:
    ticket = await house.ticket(house.kiosk)
    first, second = await house.open(), await house.open()
    assert (await first.ask("hello", proto=[1], ticket=ticket))["ok"]
    assert refusal(await second.ask("hello", proto=[1], ticket=ticket)) == "ticket_used"
    assert await second.close_code() == 4003
    await still_up(house)


async def test_who_has_been_let_in_is_told_of_the_relay_and_nobody_else(house: House) -> None:
    stranger = await house.open()
    assert "err" in await stranger.ask("ice")
    client = await house.open()
    welcome = await client.ask("hello", proto=[1], ticket=await house.ticket(house.leader))
    (told,) = welcome["d"]["ice"]["servers"]
    assert told["urls"] == list(RELAY.urls)
    house.clock.advance(timedelta(seconds=CREDENTIAL_SECONDS))
    (anew,) = (await client.ask("ice"))["d"]["servers"]
    me = welcome["d"]["me"]["id"]
    assert (anew["username"], anew["credential"]) == RELAY.credential(me, house.clock.now())
    assert anew["credential"] != told["credential"]


async def test_a_ticket_lives_a_minute(house: House) -> None:
    ticket = await house.ticket(house.kiosk)
    house.clock.advance(timedelta(seconds=61))
    client = await house.open()
    assert refusal(await client.ask("hello", proto=[1], ticket=ticket)) == "ticket_expired"
    await still_up(house)


async def test_an_invented_ticket_or_resume_token_is_refused(house: House) -> None:
    for key in ("ticket", "resume"):
        client = await house.open()
        answer = await client.ask("hello", proto=[1], **{key: "x" * 43})
        assert refusal(answer) == "ticket_invalid"


async def test_the_resume_token_brings_back_to_the_same_seat(house: House) -> None:
    first = await house.open()
    welcome = await first.ask("hello", proto=[1], ticket=await house.ticket(house.kiosk))
    await first.socket.close()
    for _ in range(2):
        again = await house.open()
        back = await again.ask("hello", proto=[1], resume=welcome["d"]["resume"])
        assert back["d"]["me"] == welcome["d"]["me"]


async def test_the_newer_connection_takes_the_seat_and_the_older_is_told(house: House) -> None:
    first = await house.seated(house.kiosk)
    await house.seated(house.kiosk)
    await first.until(lambda event: event["t"] == "moved")
    assert await first.close_code() == 4001


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_message"),
        ('{"id": 1, "t": "dance", "d": {}}', "unknown_type"),
        ('{"id": 1, "t": "offer", "d": {"gen": "x"}}', "bad_message"),
        ('{"id": 1, "t": "move", "d": {"move": "fly"}}', "bad_message"),
    ],
)
async def test_a_faulty_message_is_answered_and_the_connection_goes_on(
    house: House, text: str, code: str
) -> None:
    client = await house.seated(house.kiosk)
    await client.send(text)
    assert refusal(await client.answer()) == code
    assert (await client.ask("ping", t=2))["ok"]


async def test_an_oversized_message_is_refused(house: House) -> None:
    client = await house.seated(house.leader)
    answer = await client.ask("record", text="x" * 70_000)
    assert refusal(answer) == "message_too_large"
    assert (await client.ask("ping", t=2))["ok"]


async def test_a_message_too_large_to_read_at_all_ends_only_that_connection(house: House) -> None:
    client = await house.seated(house.kiosk)
    await client.send("x" * 1_000_000)
    assert await client.close_code() == 1009
    await still_up(house)


async def test_a_malformed_sdp_is_refused_with_its_reason(house: House) -> None:
    kiosk, leader = await house.seated(house.kiosk), await house.seated(house.leader)
    assert (await leader.ask("move", move="begin_notice"))["ok"]
    await kiosk.until_state("notice")
    for sdp in ("", "v=0", "v=0\r\n" + "a=ssrc:1 x:y\r\n" * 2_000, "m=audio 9 x 0\r\n" * 30):
        answer = await kiosk.ask("offer", gen=1, sdp=sdp)
        assert refusal(answer) == "sdp_refused"
        assert answer["err"]["details"]["reason"]
    assert (await kiosk.ask("ping", t=2))["ok"]
    await still_up(house)


async def test_nobody_sends_media_before_the_notice_begins(house: House) -> None:
    kiosk = await house.seated(house.kiosk)
    assert refusal(await kiosk.ask("offer", gen=1, sdp="v=0")) == "not_admitted"


async def test_the_petitioner_cannot_make_the_leaders_moves(house: House) -> None:
    kiosk = await house.seated(house.kiosk)
    assert refusal(await kiosk.ask("move", move="begin_notice")) == "not_allowed"
    outcome = await kiosk.ask("outcome", type="answered", text="都办好了")
    assert refusal(outcome) == "not_allowed"


async def test_only_our_own_pages_open_the_socket(house: House) -> None:
    ours = str(house.server.make_url("").origin())
    elsewhere = (
        "https://evil.example",
        ours.replace("http:", "https:"),
        f"{ours}1",
        ours.removeprefix("http://"),
        "null",
        "",
    )
    for origin in elsewhere:
        with pytest.raises(WSServerHandshakeError) as refused:
            await house.open(Origin=origin)
        assert refused.value.status == 403, origin
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.http.ws_connect(house.server.make_url("/ws"))
    assert refused.value.status == 403
    await still_up(house)


async def test_one_person_is_in_few_rooms_at_once_and_the_newest_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.live.MOST_SOCKETS", 1)
    first = await house.seated(house.leader)
    second = await house.seated(house.leader, await house.next_talk())
    await first.until(lambda event: event["t"] == "moved")
    assert await first.close_code() == 4001
    assert (await second.ask("ping", t=1))["ok"]
    # One that has gone counts no longer.
    await second.socket.close()
    await until(lambda: house.live.connected == 0)
    third = await house.seated(house.leader)
    assert (await third.ask("ping", t=1))["ok"]


async def test_a_kiosk_is_in_fewer_rooms_still(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.live.MOST_SOCKETS_OF_KIOSK", 1)
    first = await house.seated(house.kiosk)
    second = await house.seated(house.kiosk, await house.next_talk())
    assert await first.close_code() == 4001
    assert (await second.ask("ping", t=1))["ok"]


async def test_connections_that_never_say_who_they_are_are_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.socket.MAX_GREETING", 3)
    strangers = [await house.open() for _ in range(3)]
    with pytest.raises(WSServerHandshakeError) as refused:
        await house.open()
    assert refused.value.status == 429
    await strangers[0].send("{")
    assert await strangers[0].close_code() == 1008
    await still_up(house)


async def test_a_flood_is_cut_off_and_others_are_not_disturbed(house: House) -> None:
    client = await house.seated(house.kiosk)
    for number in range(100):
        await client.send(json.dumps({"id": number, "t": "ping", "d": {"t": 0}}))
    assert await client.close_code() == 1008
    await still_up(house)


async def test_a_client_that_never_reads_is_cut_off(house: House) -> None:
    sleeper = await house.seated(house.kiosk)
    leader = await house.seated(house.leader)
    assert sleeper.socket._conn is not None
    transport = sleeper.socket._conn.transport
    assert transport is not None
    transport.pause_reading()
    assert (await leader.ask("move", move="begin_notice"))["ok"]
    text = "水" * 19_000
    for number in range(200):
        answer = await record(house, leader, f"{number} {text}")
        assert answer.get("ok"), answer
        if not any(person["online"] for person in await others(house)):
            break
    assert not any(person["online"] for person in await others(house))
    assert (await leader.ask("ping", t=3))["ok"]
    transport.abort()


async def record(house: House, client: Client, text: str) -> dict[str, object]:
    """Save a record at the pace a client may."""
    house.clock.advance(timedelta(seconds=0.1))
    return await client.ask("record", text=text)


async def others(house: House) -> list[dict[str, object]]:
    """The petitioner's seat as the live rooms see it."""
    shown = await house.live.picture(house.session_id)
    room = house.live._rooms[shown.room_id]
    return [
        {"online": room.is_online(person.id)}
        for person in shown.people
        if person.role == "petitioner"
    ]
