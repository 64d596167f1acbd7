"""Credentials for a TURN server that last a few minutes (draft-uberti-behave-turn-rest-00).

The server (coturn with `use-auth-secret`) knows the secret and nobody's password: the name says
until when it is good, and the password proves that we wrote that name.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

CREDENTIAL_SECONDS: Final = 300
"""How long a credential opens new allocations; one that is open goes on past it."""

TransportPolicy = Literal["all", "relay"]


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A TURN server of our own, under one or more addresses (RFC 7065)."""

    urls: tuple[str, ...]
    secret: str
    policy: TransportPolicy = "all"

    def credential(self, person: str, now: datetime) -> tuple[str, str]:
        """A user name and password for `person`, good from `now` for `CREDENTIAL_SECONDS`.

        The server counts allocations by what follows the colon.
        """
        name = f"{int(now.timestamp()) + CREDENTIAL_SECONDS}:{person}"
        # SHA-1 is what the server computes; as a MAC it is not broken (RFC 6194 section 3.3).
        digest = hmac.digest(self.secret.encode(), name.encode(), hashlib.sha1)
        return name, base64.b64encode(digest).decode("ascii")


def ice_of(turn: TurnServer | None, person: str, now: datetime) -> dict[str, object]:
    """What a client makes its RTCConfiguration of, as `docs/protocol.md` describes it."""
    if turn is None:
        return {"servers": [], "policy": "all", "seconds": CREDENTIAL_SECONDS}
    name, password = turn.credential(person, now)
    server = {"urls": list(turn.urls), "username": name, "credential": password}
    return {"servers": [server], "policy": turn.policy, "seconds": CREDENTIAL_SECONDS}
