"""The TURN server named by the settings."""

from pathlib import Path
from typing import Literal, cast

from reception.crypto.errors import KeysUnreadable
from reception.crypto.secret_files import read_private
from reception.settings import SettingRefused, Settings
from signaling.turn import TurnServer

SHORTEST_SECRET = 32


def turn_server(settings: Settings) -> TurnServer | None:
    """The server browsers are told of, or None.

    The first line of the secret file signs; more lines may be there while the server is given a new
    one. Raises `SettingRefused` for a file that others may read or that holds no good secret.
    """
    if not settings.turn:
        return None
    path = Path(settings.turn_secret_file)
    try:
        lines = (read_private(path) or "").split()
    except KeysUnreadable as error:
        raise SettingRefused(
            f"RECEPTION_TURN_SECRET_FILE: {path} has to be readable, and by the service's user alone"
            " (chmod 600)"
        ) from error
    if not lines or len(lines[0]) < SHORTEST_SECRET:
        raise SettingRefused(
            f"RECEPTION_TURN_SECRET_FILE: the first line of {path} has to be a secret of"
            f" {SHORTEST_SECRET} characters or more (openssl rand -hex 32)"
        )
    policy = cast(Literal["all", "relay"], settings.turn_policy)
    return TurnServer(settings.turn, lines[0], policy)
