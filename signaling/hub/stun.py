"""Answers connectivity checks: the whole of ICE that a lite agent speaks (RFC 8445 section 2.5)."""

import secrets
import string
import struct

from aioice import stun

_HEADER = struct.Struct("!HHI")
_BINDING_REQUEST = 0x0001
# a check carries six short attributes; ufrags may take 2 x 256 characters
MAX_CHECK = 1024
_ALPHABET = string.ascii_letters + string.digits


def credentials() -> tuple[str, str]:
    """A fresh user fragment and password (RFC 8445 section 5.3), both from a secure source."""
    return (
        "".join(secrets.choice(_ALPHABET) for _ in range(12)),
        "".join(secrets.choice(_ALPHABET) for _ in range(32)),
    )


def read_check(datagram: bytes) -> tuple[str, stun.Message] | None:
    """A binding request and the user fragment of ours that it names; None for anything else.

    Nothing is authenticated yet: see `accept`.
    """
    if not stun.HEADER_LENGTH <= len(datagram) <= MAX_CHECK:
        return None
    kind, _, cookie = _HEADER.unpack_from(datagram)
    if kind != _BINDING_REQUEST or cookie != stun.COOKIE:
        return None
    try:
        message = stun.parse_message(datagram)
    except (ValueError, struct.error):
        return None
    username = message.attributes.get("USERNAME")
    if not isinstance(username, str):
        return None
    return username.partition(":")[0], message


def accept(message: stun.Message, password: str, source: tuple[str, int]) -> bytes | None:
    """The reply to an authenticated check, or None if its integrity does not hold."""
    key = password.encode()
    if not message.check_message_integrity(key):
        return None
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=message.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": source},
    )
    response.add_message_integrity(key)
    return bytes(response)


def nominates(message: stun.Message) -> bool:
    """Whether the controlling agent chooses the path this check came on."""
    return "USE-CANDIDATE" in message.attributes
