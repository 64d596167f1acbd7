"""The relay shipped as configuration is no way into the network behind it, and opens for nobody else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aioice import stun

from scheduler.clock import SystemClock
from signaling.turn import CREDENTIAL_SECONDS, TurnServer
from tests.relay import NEXT_SECRET, SECRET, Relay, relay

HUB = "192.0.2.10"  # of a network for documentation (RFC 5737): nothing is sent there
UNAUTHORIZED, FORBIDDEN, FAMILY_MISMATCH, QUOTA = 401, 403, 443, 486


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Relay]:
    async with relay(tmp_path, hub=HUB) as started:
        yield started


def credential(
    secret: str = SECRET, *, person: str = "p1", age: timedelta = timedelta(0)
) -> tuple[str, str]:
    return TurnServer(("turn:relay",), secret).credential(person, SystemClock().now() - age)


async def permissions(on: Relay, *peers: str) -> list[int]:
    """Ask to send to each of `peers`; 0 where allowed, else the code of the refusal."""
    transport = await on.open(*credential())
    # aioice asks for a permission only on the way to sending.
    protocol = transport._TurnTransport__inner_protocol  # type: ignore[attr-defined]
    codes = []
    for peer in peers:
        request = stun.Message(stun.Method.CREATE_PERMISSION, stun.Class.REQUEST)
        request.attributes["XOR-PEER-ADDRESS"] = (peer, 9)
        try:
            await protocol.request_with_retry(request)
        except stun.TransactionFailed as refused:
            codes.append(_code(refused))
        else:
            codes.append(0)
    transport.close()
    return codes


def _code(refused: stun.TransactionFailed) -> int:
    code = refused.response.error_code
    assert code is not None
    return code


async def refusal(on: Relay, name: str, password: str) -> int:
    with pytest.raises(stun.TransactionFailed) as refused:
        await on.open(name, password)
    return _code(refused.value)


async def test_the_relay_reaches_the_hub_and_no_inner_address(running: Relay) -> None:
    inner = ("127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "0.0.0.0", "192.0.2.11")  # noqa: S104 - asked for, not bound
    assert await permissions(running, HUB, *inner, HUB) == [0, *[FORBIDDEN] * len(inner), 0]


async def test_the_relay_has_no_way_around_through_ipv6(running: Relay) -> None:
    inner = ("::ffff:10.0.0.1", "::ffff:127.0.0.1", f"::ffff:{HUB}", "::1", "fd00::1")
    refused = await permissions(running, *inner)
    assert set(refused) <= {FORBIDDEN, FAMILY_MISMATCH}, refused


async def test_an_expired_or_invented_credential_opens_nothing(running: Relay) -> None:
    opened = await running.open(*credential())
    opened.close()
    for bad in (
        credential(age=timedelta(seconds=CREDENTIAL_SECONDS + 2)),
        credential("0" * 64),
        ("9999999999:p1", credential()[1]),
        ("p1", "password"),
    ):
        assert await refusal(running, *bad) == UNAUTHORIZED


async def test_two_secrets_are_good_while_one_is_changed(running: Relay) -> None:
    (await running.open(*credential(SECRET))).close()
    (await running.open(*credential(NEXT_SECRET))).close()


async def test_one_person_holds_twelve_relays_and_takes_none_from_another(running: Relay) -> None:
    held = [await running.open(*credential(person="p1")) for _ in range(12)]
    assert await refusal(running, *credential(person="p1")) == QUOTA
    other = await running.open(*credential(person="p2"))
    for transport in (*held, other):
        transport.close()
