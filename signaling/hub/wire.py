"""The engine's interface as lines of JSON between the web process and a hub process.

A request is `{"id", "call", "args"}`, its reply `{"id", "result"}` or `{"id", "refused",
"details"}`; an event is `{"event", ...its fields}`. Both ends are the same release.
"""

import json
from dataclasses import asdict
from typing import Any

from signaling import engine, errors
from signaling.engine import EngineEvent

# an offer of 48 KiB grows by its escapes; a room list of 200 rooms stays below as well
MAX_LINE = 1024 * 1024

_EVENTS: dict[str, type[EngineEvent]] = {
    each.__name__: each
    for each in (
        engine.HubUp,
        engine.HubDown,
        engine.PeerConnected,
        engine.PeerLost,
        engine.RecordingProgress,
        engine.RecordingFailed,
        engine.RecordingClosed,
    )
}
_REFUSALS: dict[str, type[errors.Refused]] = {
    each.code: each
    for each in (
        engine.NoSuchSeat,
        engine.HubFull,
        errors.NoSuchRoom,
        errors.SeatTaken,
        errors.StaleGeneration,
        errors.SdpRefused,
        errors.EngineDown,
    )
}

Line = dict[str, Any]


def line(message: Line) -> bytes:
    """One message as it goes over the socket."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def read(data: bytes) -> Line:
    """The message of a line.

    Raises:
        ValueError: it is not a JSON object.
    """
    try:
        message = json.loads(data)
    except RecursionError:
        raise ValueError("a line must not be nested that deep") from None
    if not isinstance(message, dict):
        raise ValueError("a line must be an object")
    return message


def event_line(event: EngineEvent) -> bytes:
    """An event as a line."""
    return line({"event": type(event).__name__, **asdict(event)})


def read_event(message: Line) -> EngineEvent:
    """The event of a message that has an `event`."""
    fields = {name: value for name, value in message.items() if name != "event"}
    return _EVENTS[message["event"]](**fields)


def refusal(code: str, details: Line) -> errors.Refused:
    """The refusal a hub answered with."""
    return _REFUSALS.get(code, errors.EngineDown)(**details)


def joined(result: Line) -> engine.Joined:
    """The result of `join`."""
    views = tuple(engine.View(**view) for view in result["views"])
    return engine.Joined(sdp=result["sdp"], views=views)


def stats(result: Line) -> engine.RoomStats:
    """The result of `stats`."""
    people = tuple(engine.PersonStats(**person) for person in result.pop("people"))
    return engine.RoomStats(people=people, **result)


def rooms(result: list[Line]) -> tuple[engine.RoomState, ...]:
    """The result of `rooms`."""
    return tuple(
        engine.RoomState(
            people=tuple(engine.PersonState(**person) for person in room.pop("people")), **room
        )
        for room in result
    )
