"""Checks, paths, handshakes and keys, without a browser."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from aioice import stun
from OpenSSL import SSL

from signaling.hub import stun as checks
from signaling.hub.dtls import Handshake, Identity, State
from signaling.hub.port import MAX_ADDRESSES, Port
from signaling.hub.srtp import PROFILES, Keys, Packet, Srtp, check_binding
from signaling.hub.transport import Transport

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def check(ufrag: str, password: str, *, nominated: bool = False) -> bytes:
    """A browser's connectivity check."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ufrag}:theirs"
    message.attributes["PRIORITY"] = 1
    if nominated:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def test_a_check_is_answered_with_the_address_it_came_from() -> None:
    found = checks.read_check(check("ours", "p" * 22, nominated=True))
    assert found is not None
    ufrag, message = found
    assert ufrag == "ours"
    assert checks.nominates(message)
    reply = checks.accept(message, "p" * 22, ("192.0.2.7", 4000))
    assert reply is not None
    response = stun.parse_message(reply)
    assert response.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.7", 4000)
    assert response.transaction_id == message.transaction_id
    assert response.check_message_integrity(b"p" * 22)


def test_a_check_with_another_password_is_not_answered() -> None:
    found = checks.read_check(check("ours", "q" * 22))
    assert found is not None
    assert checks.accept(found[1], "p" * 22, ("192.0.2.7", 4000)) is None


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00\x01",
        bytes(20),
        check("ours", "p" * 22)[:-1],
        check("u" * 2000, "p" * 22),
        bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)),
        bytes(stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)),
        bytes(stun.Message(stun.Method.BINDING, stun.Class.RESPONSE)),
    ],
    # The default names hold the random transaction ids: no two workers would agree on them.
    ids=["empty", "short", "zeros", "cut", "long name", "unsigned", "allocate", "response"],
)
def test_what_is_no_check_is_nothing(datagram: bytes) -> None:
    assert checks.read_check(datagram) is None


@pytest.fixture
async def port() -> Iterator[Port]:  # type: ignore[misc]  # pytest-asyncio runs it on the loop
    port = Port.open("127.0.0.1", 0)
    yield port
    port.close()


class Client:
    """A UDP socket that speaks STUN with a port."""

    def __init__(self, port: Port) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", port.number))
        self.address: tuple[str, int] = self.socket.getsockname()

    async def ask(self, datagram: bytes) -> bytes:
        """Send a check and read its answer, past any handshake datagrams."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self.socket, datagram)
        async with asyncio.timeout(5):
            while (answer := await loop.sock_recv(self.socket, 2048))[0] > 3:
                continue
        return answer


async def test_the_nominated_path_is_taken_and_a_later_one_replaces_it(port: Port) -> None:
    transport = Transport(port, Identity.create(NOW), bytes(32))
    port.register(transport)
    first, second, third = Client(port), Client(port), Client(port)
    await first.ask(check(transport.ufrag, transport.password))
    assert transport._path == first.address
    await second.ask(check(transport.ufrag, transport.password))
    assert transport._path == first.address
    await second.ask(check(transport.ufrag, transport.password, nominated=True))
    assert transport._path == second.address
    transport._path_heard_at -= 10
    await third.ask(check(transport.ufrag, transport.password))
    assert transport._path == third.address
    for client in (first, second, third):
        client.socket.close()


async def test_an_endpoint_has_few_addresses_and_a_forgotten_one_none(port: Port) -> None:
    transport = Transport(port, Identity.create(NOW), bytes(32))
    port.register(transport)
    clients = [Client(port) for _ in range(MAX_ADDRESSES + 3)]
    for client in clients:
        await client.ask(check(transport.ufrag, transport.password))
        client.socket.close()
    assert len(port._by_address) == MAX_ADDRESSES
    transport.close()
    assert port._by_address == {}
    assert port._by_ufrag == {}


async def test_an_unspecified_host_advertises_loopback_and_this_machine() -> None:
    port = Port.open("0.0.0.0", 0)  # noqa: S104  # what is tested
    assert port.candidates[0] == "127.0.0.1"
    port.close()
    port = Port.open("0.0.0.0", 0, ["192.0.2.1"])  # noqa: S104  # what is tested
    assert port.candidates == ("192.0.2.1",)
    port.close()


class Server:
    """The browser's half of a handshake."""

    def __init__(self, identity: Identity) -> None:
        self.connection = SSL.Connection(identity.context)
        self.connection.set_accept_state()
        self.connection.set_ciphertext_mtu(1200)

    def feed(self, datagrams: list[bytes]) -> list[bytes]:
        for datagram in datagrams:
            self.connection.bio_write(datagram)
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                continue
        answers = []
        while True:
            try:
                answers.append(self.connection.bio_read(16384))
            except SSL.WantReadError:
                return answers


def fingerprint_of(identity: Identity) -> bytes:
    return bytes.fromhex(identity.fingerprint.replace(":", ""))


def test_both_ends_of_a_handshake_get_the_same_keys() -> None:
    identity, theirs = Identity.create(NOW), Identity.create(NOW)
    handshake, server = Handshake(identity, fingerprint_of(theirs)), Server(theirs)
    datagrams = handshake.start()
    for _ in range(6):
        datagrams = [d for each in server.feed(datagrams) for d in handshake.feed(each)]
    assert handshake.state is State.CONNECTED
    assert handshake.keys is not None
    assert handshake.keys.profile.openssl_name == b"SRTP_AEAD_AES_256_GCM"
    material = server.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 88)
    assert handshake.keys.material == material


def test_the_goodbye_of_the_other_end_is_noticed() -> None:
    theirs = Identity.create(NOW)
    handshake, server = Handshake(Identity.create(NOW), fingerprint_of(theirs)), Server(theirs)
    datagrams = handshake.start()
    for _ in range(6):
        datagrams = [d for each in server.feed(datagrams) for d in handshake.feed(each)]
    server.connection.shutdown()
    handshake.feed(server.connection.bio_read(2048))
    assert handshake.state is State.CLOSED


def test_another_certificate_than_the_offered_one_fails() -> None:
    theirs = Identity.create(NOW)
    handshake, server = Handshake(Identity.create(NOW), bytes(32)), Server(theirs)
    datagrams = handshake.start()
    for _ in range(6):
        datagrams = [d for each in server.feed(datagrams) for d in handshake.feed(each)]
    assert handshake.state is State.FAILED
    assert handshake.keys is None


def test_garbage_does_not_end_a_handshake() -> None:
    theirs = Identity.create(NOW)
    handshake, server = Handshake(Identity.create(NOW), fingerprint_of(theirs)), Server(theirs)
    datagrams = handshake.start()
    for garbage in (b"", b"\x16", b"\x16" + bytes(200), b"\x17\xfe\xfd" + bytes(40)):
        handshake.feed(garbage)
    for _ in range(6):
        datagrams = [d for each in server.feed(datagrams) for d in handshake.feed(each)]
    assert handshake.state is State.CONNECTED


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.openssl_name.decode())
def test_packets_go_there_and_back_and_not_twice(profile: object) -> None:
    chosen = next(each for each in PROFILES if each is profile)
    keys = Keys(chosen, bytes(range(2 * (chosen.key_length + chosen.salt_length))))
    ours, theirs, packet = Srtp(keys), Srtp(keys, is_client=False), Packet()
    clear = bytes.fromhex("80600001000000010000000a") + b"content"
    packet.data[: len(clear)] = clear
    closed = ours.protect(packet, len(clear))
    sealed = bytes(packet.view[:closed])
    assert theirs.unprotect(packet, closed) == len(clear)
    assert bytes(packet.view[: len(clear)]) == clear
    packet.data[:closed] = sealed
    assert theirs.unprotect(packet, closed) == 0
    packet.data[: len(clear)] = clear
    assert ours.protect(packet, len(clear)) == 0
    packet.data[:closed] = sealed[:-1] + b"x"
    assert theirs.unprotect(packet, closed) == 0


def test_the_installed_library_works_in_place() -> None:
    check_binding()
    assert PROFILES[0].openssl_name == b"SRTP_AEAD_AES_256_GCM"
