"""The wire: what is read, what is refused, and that the document tells the same story."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import BadMessage, MessageTooLarge, Refused, UnknownType
from signaling.messages import (
    CLIENT_MESSAGES,
    MAX_MESSAGE_BYTES,
    SERVER_EVENTS,
    Hello,
    Outcome,
    Ping,
    event_text,
    parse,
    refusal_text,
    reply_text,
)

PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_a_hello_is_read() -> None:
    request = parse('{"id": 1, "t": "hello", "d": {"proto": [1, 2], "ticket": "0123456789abcdef"}}')
    assert request.id == 1
    assert request.message == Hello(proto=(1, 2), ticket="0123456789abcdef")


def test_unknown_fields_are_ignored() -> None:
    assert parse('{"id": 0, "t": "ping", "d": {"t": 1.5, "new": true}, "x": 1}').message == Ping(
        1.5
    )


def test_a_due_date_is_read_as_a_day() -> None:
    text = json.dumps(
        {"id": 3, "t": "outcome", "d": {"type": "assigned", "text": "修路", "due_on": "2026-12-01"}}
    )
    message = parse(text).message
    assert isinstance(message, Outcome)
    assert str(message.due_on) == "2026-12-01"


def test_an_unknown_type_is_refused_with_its_id() -> None:
    with pytest.raises(UnknownType) as refused:
        parse('{"id": 9, "t": "dance", "d": {}}')
    assert refused.value.details == {"type": "dance", "id": 9}


def test_a_message_over_the_limit_is_refused_by_bytes_not_characters() -> None:
    text = json.dumps({"id": 1, "t": "record", "d": {"text": "信" * 30_000}}, ensure_ascii=False)
    assert len(text) < MAX_MESSAGE_BYTES < len(text.encode())
    with pytest.raises(MessageTooLarge):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"id": true, "t": "ping", "d": {"t": 1}}',
        '{"id": -1, "t": "ping", "d": {"t": 1}}',
        '{"id": 1, "t": 5, "d": {}}',
        '{"id": 1, "t": "ping", "d": []}',
        '{"id": 1, "t": "ping", "d": {}}',
        '{"id": 1, "t": "offer", "d": {"gen": 0, "sdp": ""}}',
        '{"id": 1, "t": "hello", "d": {"proto": []}}',
        '{"id": 1, "t": "consent", "d": {"answer": true, "text_version": "v", "how": "nod"}}',
        '{"id": 1, "t": "ping", "d": ' + '{"d": ' * 30 + "1" + "}" * 30 + "}",
        '{"id": 1, "t": "ping", "d": {"t": "' + "[" * 20_000 + '"}}',
        "[" * 50_000,
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.text()
    | st.builds(
        lambda number, kind, body: json.dumps({"id": number, "t": kind, "d": body}),
        json_values,
        st.sampled_from([*CLIENT_MESSAGES, "other"]),
        st.dictionaries(
            st.sampled_from(
                ["proto", "ticket", "gen", "sdp", "t", "move", "text", "level", "due_on"]
            ),
            json_values,
        ),
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert _code_of(text) in {"read", "bad_message", "unknown_type", "message_too_large"}


def _code_of(text: str) -> str:
    try:
        parse(text)
    except Refused as refusal:
        return refusal.code
    return "read"


def test_answers_have_the_documented_shape() -> None:
    assert json.loads(reply_text(4, {"a": 1})) == {"re": 4, "ok": True, "d": {"a": 1}}
    refusal = json.loads(refusal_text(None, code="c", zh="请", en="do", details={}))
    assert refusal == {"re": None, "err": {"code": "c", "zh": "请", "en": "do", "details": {}}}
    assert json.loads(event_text(2, "moved", {})) == {"seq": 2, "t": "moved", "d": {}}


def test_the_document_lists_exactly_the_messages_there_are() -> None:
    text = PROTOCOL.read_text()
    listed = re.search(r"Client messages: (.+?)\. Events: (.+?)\.", text, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(CLIENT_MESSAGES)
    assert set(re.findall(r"`(\w+)`", listed[2])) == set(SERVER_EVENTS)
