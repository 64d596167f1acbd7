"""What every handler of the web process is given, and the key it is found under."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp.web import AppKey

from reception.domain.factors import RelyingParty, relying_party
from reception.domain.passwords import Profile
from recordings.errors import KeyMissing

if TYPE_CHECKING:
    from reception.storage.database import Database
    from reception.storage.signing import Verifier
    from scheduler.clock import Clock
    from signaling.engine import MediaEngine
    from signaling.turn import TurnServer
    from web.live import LiveRooms


LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def _no_key(recording_id: str, wrapped: bytes) -> bytes:
    raise KeyMissing(directory=recording_id)


@dataclass(frozen=True)
class WebContext:
    """The running program as the web sees it, made once by the roof.

    `audit_verifier` gives the public half of the audit log's key, once there is one. `base_url` is
    the address people type, without a slash at the end; `secure_cookies` is true exactly when people
    reach it over HTTPS; recordings lie under `data_root`, and `unwrap(recording id, wrapped key)`
    opens the key of one. `turn` is the server that carries media where nothing nearer works, `scanner`
    the socket of a virus scanner. `trusted_proxies` are believed when they say whom they heard from;
    the figures are for `metrics_networks`.
    """

    db: "Database"
    clock: "Clock"
    live: "LiveRooms"
    engine: "MediaEngine"
    data_root: Path
    base_url: str
    secure_cookies: bool
    version: str
    password_profile: Profile = Profile.DJBH3
    second_factor_required: bool = False
    turn: "TurnServer | None" = None
    scanner: Path | None = None
    unwrap: Callable[[str, bytes], bytes] = _no_key
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    metrics_networks: tuple[IPv4Network | IPv6Network, ...] = LOOPBACK
    audit_verifier: Callable[[], "Verifier | None"] = lambda: None

    @property
    def party(self) -> RelyingParty | None:
        """Who we are to a security key; None where browsers have none for our address."""
        return relying_party(self.base_url)


CONTEXT: AppKey[WebContext] = AppKey("context", WebContext)
