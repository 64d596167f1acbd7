"""Every knob an operator has, in one frozen value, read once from the environment and the command line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PREFIX = "RECEPTION_"
_HERE = frozenset({None, "", "localhost", "127.0.0.1", "::1"})


class SettingRefused(Exception):
    """A setting cannot be used; the text names the variable and says what it takes."""


def _path(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError("a port is between 0 and 65535")
    return number


def _flag(text: str) -> bool:
    return {
        "1": True,
        "true": True,
        "yes": True,
        "0": False,
        "false": False,
        "no": False,
        "": False,
    }[text.lower()]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[str, ...]:
    listed = _list(text)
    for one in listed:
        ip_network(one)
    return listed


def _turn_urls(text: str) -> tuple[str, ...]:
    listed = _list(text)
    for one in listed:
        if not _TURN_URL.fullmatch(one):
            raise ValueError("a TURN address begins with turn: or turns: and names a host")
    return listed


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return read


_profile = _one_of("djbh3", "asvs")
_factor = _one_of("required", "offered")
_tls = _one_of("required", "off")
_suite = _one_of("intl1", "gm1")
_keys = _one_of("file", "pkcs11")
_turn_policy = _one_of("all", "relay")
# RFC 7065; a bracketed IPv6 address is a host as well.
_TURN_URL = re.compile(r"turns?:(\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?")


@dataclass(frozen=True, slots=True)
class Settings:
    """One program's settings. Each field is the variable `RECEPTION_<NAME>` of the environment."""

    data: Path = field(
        default_factory=lambda: _path("var"),
        metadata={"read": _path, "says": "directory of database, recordings and certificates"},
    )
    database: str = field(
        default="",
        metadata={
            "read": str,
            "secret": True,
            "says": "database URL: postgresql+asyncpg://…; empty means SQLite in the data directory",
        },
    )
    database_owner: str = field(
        default="",
        metadata={
            "read": str,
            "secret": True,
            "says": "database URL of the owner, for `reception db upgrade` alone; empty means RECEPTION_DATABASE",
        },
    )
    database_tls: str = field(
        default="required",
        metadata={
            "read": _tls,
            "says": "required: a database on another machine has to prove who it is (ssl=verify-full); off: the network is trusted",
        },
    )
    host: str = field(
        default="127.0.0.1", metadata={"read": str, "says": "address the web server listens on"}
    )
    port: int = field(
        default=8080,
        metadata={"read": _port, "says": "TCP port of the web server; 0 picks a free one"},
    )
    media_host: str = field(
        default="",
        metadata={
            "read": str,
            "says": "address the media hub listens on; empty means the web server's",
        },
    )
    media_port: int = field(
        default=0,
        metadata={
            "read": _port,
            "says": "UDP port of the media hub; 0 means the number of the TCP port",
        },
    )
    advertise: tuple[str, ...] = field(
        default=(),
        metadata={
            "read": _list,
            "says": "addresses browsers reach the media hub at, comma-separated; empty means this machine's",
        },
    )
    turn: tuple[str, ...] = field(
        default=(),
        metadata={
            "read": _turn_urls,
            "says": "addresses of a TURN server of your own (turn:host:3478, turns:host:443?transport=tcp), comma-separated; empty means none",
        },
    )
    turn_secret_file: str = field(
        default="",
        metadata={
            "read": str,
            "says": "file with the secret shared with the TURN server, readable by the service alone",
        },
    )
    turn_policy: str = field(
        default="all",
        metadata={
            "read": _turn_policy,
            "says": "all: the TURN server where nothing nearer works; relay: always, so that the hub's port need not be open to browsers",
        },
    )
    public_url: str = field(
        default="",
        metadata={
            "read": str,
            "says": "address people type; empty means http(s)://localhost:<port>",
        },
    )
    https: bool = field(
        default=False,
        metadata={
            "read": _flag,
            "says": "serve HTTPS; a self-signed certificate is made when none is named",
        },
    )
    certificate: str = field(
        default="", metadata={"read": str, "says": "PEM file of the certificate chain for HTTPS"}
    )
    private_key: str = field(
        default="", metadata={"read": str, "says": "PEM file of the private key for HTTPS"}
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(),
        metadata={
            "read": _networks,
            "says": "networks of proxies whose X-Forwarded-For is believed, comma-separated; empty means nobody's",
        },
    )
    metrics_from: tuple[str, ...] = field(
        default=("127.0.0.0/8", "::1/128"),
        metadata={
            "read": _networks,
            "says": "networks that may read /metrics, comma-separated; empty means nobody",
        },
    )
    scanner: str = field(
        default="",
        metadata={
            "read": str,
            "says": "Unix socket of a virus scanner (clamd) that looks at files added to cases; empty means none",
        },
    )
    crypto_suite: str = field(
        default="intl1",
        metadata={
            "read": _suite,
            "says": "what new values and recordings are sealed by: intl1 (AES-256-GCM, SHA-256) or gm1 (SM4-GCM, SM3, SM2); both are always read",
        },
    )
    keys: str = field(
        default="file",
        metadata={
            "read": _keys,
            "says": "file: the keys lie in files of the data directory; pkcs11: these files are sealed by a token",
        },
    )
    pkcs11_module: str = field(
        default="", metadata={"read": str, "says": "library of the token's maker"}
    )
    pkcs11_token: str = field(default="", metadata={"read": str, "says": "label of the token"})
    pkcs11_key: str = field(
        default="video-reception", metadata={"read": str, "says": "label of the key in the token"}
    )
    pkcs11_pin_file: str = field(
        default="",
        metadata={"read": str, "says": "file with the token's PIN, readable by the service alone"},
    )
    password_profile: str = field(
        default="djbh3",
        metadata={
            "read": _profile,
            "says": "whose rules passwords follow: djbh3 (three kinds of characters, changed every 90 days) or asvs (neither)",
        },
    )
    second_factor: str = field(
        default="required",
        metadata={
            "read": _factor,
            "says": "required: nobody works before a second factor is set up; offered: whoever wants one",
        },
    )
    log_level: str = field(
        default="info", metadata={"read": str, "says": "debug, info, warning or error"}
    )

    @property
    def database_url(self) -> str:
        """The database's URL, with the embedded default filled in."""
        return self.database or f"sqlite+aiosqlite:///{self.data / 'reception.sqlite3'}"

    @property
    def owner_url(self) -> str:
        """The URL by which the schema is upgraded."""
        return self.database_owner or self.database_url

    @property
    def base_url(self) -> str:
        """The address people type, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::", "") else self.host  # noqa: S104 - compared, not bound
        return f"{'https' if self.https else 'http'}://{host}:{self.port}"

    @property
    def recordings(self) -> Path:
        """Where recordings lie."""
        return self.data / "recordings"

    def __repr__(self) -> str:
        shown = (
            f"{item.name}={'***' if item.metadata.get('secret') and getattr(self, item.name) else getattr(self, item.name)!r}"
            for item in fields(self)
        )
        return f"Settings({', '.join(shown)})"


def from_environment(environment: Mapping[str, str], **overrides: Any) -> Settings:
    """Settings from `RECEPTION_*` variables, then from `overrides` that are not None.

    Raises `SettingRefused` for a value that cannot be read or a variable that is no setting.
    """
    known = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    chosen: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in _OTHER_VARIABLES:
            continue
        if name not in known:
            raise SettingRefused(f"{name} is not a setting; known are {', '.join(sorted(known))}")
        item = known[name]
        try:
            chosen[item.name] = item.metadata["read"](text)
        except (ValueError, KeyError) as error:
            raise SettingRefused(
                f"{name}={text!r} cannot be used: {item.metadata['says']}"
            ) from error
    chosen |= {name: value for name, value in overrides.items() if value is not None}
    settings = replace(Settings(), **chosen)
    if bool(settings.turn) != bool(settings.turn_secret_file):
        raise SettingRefused(
            f"{PREFIX}TURN and {PREFIX}TURN_SECRET_FILE go together: without the secret nobody could"
            " use the server, and without its address nobody would find it"
        )
    if settings.turn_policy == "relay" and not settings.turn:
        raise SettingRefused(f"{PREFIX}TURN_POLICY=relay needs a server to relay: set {PREFIX}TURN")
    if settings.database_tls == "required":
        _require_proof("DATABASE", settings.database)
        _require_proof("DATABASE_OWNER", settings.database_owner)
    return settings


def _require_proof(name: str, url: str) -> None:
    """Refuse a database that somebody on the network between could stand in for."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("postgresql") or parts.hostname in _HERE:
        return
    if dict(parse_qsl(parts.query)).get("ssl") != "verify-full":
        raise SettingRefused(
            f"{PREFIX}{name}: the database at {parts.hostname} has to prove who it is: end the URL"
            " with ?ssl=verify-full (its certificate has to be one this machine trusts), or, on a"
            f" network of your own, set {PREFIX}DATABASE_TLS=off"
        )


# Read by other parts of the program, not settings of the server.
_OTHER_VARIABLES = frozenset({"RECEPTION_TOKEN", "RECEPTION_TEST_POSTGRESQL"})
