"""One connection's protocol, without a network."""

import json

from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import Refused
from signaling.session import (
    CLOSE_NO_HELLO,
    CLOSE_NOT_ADMITTED,
    CLOSE_POLICY,
    FAULTS_BEFORE_CLOSE,
    HELLO_WITHIN_SECONDS,
    RATE_BURST,
    Act,
    Admit,
    Close,
    Effect,
    Negotiate,
    Phase,
    Refuse,
    Send,
    Session,
)

TICKET = "0123456789abcdef"


def said(number: int, kind: str, **body: object) -> str:
    return json.dumps({"id": number, "t": kind, "d": body})


def admitted(now: float = 0.0) -> Session:
    session = Session(now)
    session.receive(said(1, "hello", proto=[1], ticket=TICKET), now)
    session.admitted(1, {"resume": "r"})
    return session


def codes(effects: list[Effect]) -> list[object]:
    return [effect.refusal.code for effect in effects if isinstance(effect, Refuse)] + [
        effect.code for effect in effects if isinstance(effect, Close)
    ]


def test_a_hello_asks_for_admission_and_the_welcome_carries_the_limits() -> None:
    session = Session(0.0)
    assert session.receive(said(1, "hello", proto=[1], ticket=TICKET), 0.1) == [
        Admit(1, TICKET, None)
    ]
    (sent,) = session.admitted(1, {"resume": "r"})
    assert isinstance(sent, Send)
    body = json.loads(sent.text)["d"]
    assert (body["proto"], body["resume"], body["limits"]) == (1, "r", {"message_bytes": 65536})


def test_nothing_is_done_before_the_hello() -> None:
    session = Session(0.0)
    assert codes(session.receive(said(1, "move", move="close"), 0.1)) == [
        "bad_message",
        CLOSE_NO_HELLO,
    ]
    assert session.receive(said(2, "hello", proto=[1], ticket=TICKET), 0.2) == []


def test_nothing_is_done_while_the_ticket_is_being_redeemed() -> None:
    session = Session(0.0)
    session.receive(said(1, "hello", proto=[1], ticket=TICKET), 0.1)
    assert codes(session.receive(said(2, "ping", t=1), 0.1)) == ["bad_message", CLOSE_NO_HELLO]


def test_a_client_of_another_version_is_told_which_are_spoken() -> None:
    session = Session(0.0)
    effects = session.receive(said(1, "hello", proto=[7], ticket=TICKET), 0.1)
    assert codes(effects) == ["bad_version", CLOSE_NO_HELLO]


def test_ticket_and_resume_together_or_neither_are_refused() -> None:
    for keys in ({}, {"ticket": TICKET, "resume": TICKET}):
        effects = Session(0.0).receive(said(1, "hello", proto=[1], **keys), 0.1)
        assert codes(effects) == ["bad_message", CLOSE_NO_HELLO]


def test_a_bad_ticket_is_answered_and_the_connection_closed() -> None:
    class TicketUsed(Refused):
        code = "ticket_used"

    session = Session(0.0)
    session.receive(said(1, "hello", proto=[1], ticket=TICKET), 0.1)
    assert codes(session.not_admitted(1, TicketUsed())) == ["ticket_used", CLOSE_NOT_ADMITTED]
    assert session.phase is Phase.CLOSED


def test_who_never_says_hello_is_closed_after_ten_seconds() -> None:
    session = Session(100.0)
    assert session.tick(100.0 + HELLO_WITHIN_SECONDS) == []
    assert codes(session.tick(100.1 + HELLO_WITHIN_SECONDS)) == [CLOSE_NO_HELLO]
    assert admitted().tick(1_000.0) == []


def test_offers_and_actions_come_through_in_order() -> None:
    session = admitted()
    (offer,) = session.receive(said(2, "offer", gen=1, sdp="v=0"), 0.2)
    (move,) = session.receive(said(3, "move", move="confirm"), 0.3)
    assert isinstance(offer, Negotiate)
    assert isinstance(move, Act)
    assert (offer.id, move.id) == (2, 3)


def test_a_ping_is_answered_at_once() -> None:
    (sent,) = admitted().receive(said(5, "ping", t=2.25), 0.2)
    assert isinstance(sent, Send)
    assert json.loads(sent.text) == {"re": 5, "ok": True, "d": {"t": 2.25}}


def test_an_admitted_client_survives_a_faulty_message_but_not_twenty() -> None:
    session = admitted()
    for count in range(1, FAULTS_BEFORE_CLOSE):
        assert codes(session.receive("{", 0.2 * count)) == ["bad_message"]
    assert codes(session.receive("{", 10.0)) == ["bad_message", CLOSE_POLICY]


def test_a_flood_is_cut_off_and_ordinary_speed_is_not() -> None:
    session = admitted()
    at_once = [session.receive(said(n, "ping", t=0), 0.0) for n in range(int(RATE_BURST) + 1)]
    # The hello was one of the sixty.
    assert codes(at_once[int(RATE_BURST) - 2]) == []
    assert codes(at_once[int(RATE_BURST) - 1]) == ["rate_limited", CLOSE_POLICY]
    steady = admitted()
    for n in range(2_000):
        assert codes(steady.receive(said(n, "ping", t=0), n / 20)) == []


@given(st.lists(st.text() | st.sampled_from([said(1, "ping", t=1), said(2, "hello", proto=[1])])))
def test_no_sequence_of_texts_breaks_the_session(texts: list[str]) -> None:
    session = Session(0.0)
    for number, text in enumerate(texts):
        for effect in session.receive(text, number * 0.01):
            assert isinstance(effect, Send | Refuse | Admit | Negotiate | Act | Close)
