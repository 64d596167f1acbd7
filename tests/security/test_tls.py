"""What our own HTTPS speaks, and that nothing goes to a database over the network in clear."""

import ssl
from pathlib import Path

import pytest

from reception.app.certificates import tls_context
from reception.settings import SettingRefused, from_environment


def spoken(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """Shake hands in memory; returns the version and cipher agreed on."""
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    done = [False, False]
    for _ in range(10):
        for number, end in enumerate(ends):
            try:
                end.do_handshake()
                done[number] = True
            except ssl.SSLWantReadError:
                continue
        if all(done):
            break
    cipher = ends[0].cipher()
    assert all(done)
    assert cipher is not None
    return str(ends[0].version()), cipher[0]


@pytest.fixture
def server(tmp_path: Path) -> ssl.SSLContext:
    return tls_context(from_environment({}, data=tmp_path, https=True))


def client(version: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(server: ssl.SSLContext) -> None:
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        assert spoken(server, client(version))[0] == name
    assert server.minimum_version is ssl.TLSVersion.TLSv1_2


def test_every_cipher_has_forward_secrecy_and_is_authenticated(server: ssl.SSLContext) -> None:
    for cipher in server.get_ciphers():
        assert cipher["aead"], cipher["name"]
        assert cipher["kea"] in ("kx-ecdhe", "kx-any"), cipher["name"]
        assert cipher["strength_bits"] >= 128, cipher["name"]
    for weak in ("AES256-SHA256", "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"):
        with pytest.raises(ssl.SSLError):
            spoken(server, client(ssl.TLSVersion.TLSv1_2, weak))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://app@/reception?host=/run/postgresql",
        "postgresql+asyncpg://app:x@127.0.0.1/reception",
        "postgresql+asyncpg://app:x@localhost:5432/reception",
        "postgresql+asyncpg://app:x@[::1]/reception",
        "postgresql+asyncpg://app:x@db.county.example/reception?ssl=verify-full",
        "sqlite+aiosqlite:////srv/reception.sqlite3",
        "",
    ],
)
def test_a_database_here_or_one_that_proves_itself_is_taken(url: str) -> None:
    assert from_environment({"RECEPTION_DATABASE": url}).database == url


@pytest.mark.parametrize(
    "end", ["", "?ssl=disable", "?ssl=prefer", "?ssl=require", "?ssl=verify-ca"]
)
@pytest.mark.parametrize("name", ["RECEPTION_DATABASE", "RECEPTION_DATABASE_OWNER"])
def test_a_database_elsewhere_has_to_prove_itself(name: str, end: str) -> None:
    url = f"postgresql+asyncpg://app:secret@db.county.example/reception{end}"
    with pytest.raises(SettingRefused, match="verify-full") as refused:
        from_environment({name: url})
    assert "secret" not in str(refused.value)
    chosen = from_environment({name: url, "RECEPTION_DATABASE_TLS": "off"})
    assert url in (chosen.database, chosen.database_owner)
