"""What browsers are told of a relay."""

from datetime import UTC, datetime

from signaling.turn import TurnServer, ice_of

NOW = datetime(2026, 3, 15, 1, 0, tzinfo=UTC)


def test_a_credential_is_the_name_and_its_mac() -> None:
    # openssl dgst -sha1 -hmac north -binary | base64 of the name
    name, password = TurnServer(("turn:a",), "north").credential("person", NOW)
    assert name == "1773536700:person"
    assert password == "cCngaSMX41pt1yBg3phUdOxpEU8="


def test_browsers_are_told_of_our_server_alone() -> None:
    ice = ice_of(TurnServer(("turn:a", "turns:b"), "north", "relay"), "person", NOW)
    assert ice["policy"] == "relay"
    name, password = TurnServer(("turn:a",), "north").credential("person", NOW)
    assert ice["servers"] == [
        {"urls": ["turn:a", "turns:b"], "username": name, "credential": password}
    ]
    assert ice_of(None, "person", NOW) == {"servers": [], "policy": "all", "seconds": 300}
