"""Which second factor whom: a security key where the stakes are highest, else an app or a key."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from reception.domain.codes import Role

KEY_ROLES: Final = frozenset({Role.LEADER, Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR})
"""Who is worth phishing: a code can be asked for on a false page, a key answers only ours."""

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Us, as security keys know us: the host, and the address its pages come from."""

    id: str
    origin: str


def relying_party(base_url: str) -> RelyingParty | None:
    """Return who we are to a security key at the address people type.

    None where browsers have no security keys: without HTTPS (but for localhost), and at a bare IP
    address (WebAuthn level 3, 5.1.3 and 13.4.9).
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return None
    if parts.scheme != "https" and host != "localhost":
        return None
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return RelyingParty(id=host, origin=f"{parts.scheme}://{host}{port}")


def needs_key(role: Role, party: RelyingParty | None) -> bool:
    """Return whether only a security key is a second factor for this role here."""
    return party is not None and role in KEY_ROLES
