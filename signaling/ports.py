"""What live talk asks of the outside: where encoded frames go."""

from typing import Literal, NamedTuple, Protocol

Kind = Literal["audio", "video"]


class Stored(NamedTuple):
    """How a sink is doing: `bytes` are safely stored; `failing` is a code while nothing can be."""

    bytes: int
    failing: str = ""


class FrameSink(Protocol):
    """Receives every encoded frame of one room, in the order the hub reassembled them.

    All methods but `close` are called on the media loop and must return at once: an
    implementation copies into a bounded queue and works elsewhere.
    """

    def frame(
        self,
        *,
        participant: str,
        kind: Kind,
        codec: str,
        clock_rate: int,
        timestamp: int,
        at_ms: int,
        keyframe: bool,
        data: bytes,
    ) -> None:
        """Take one frame.

        `participant` is the seat's person id, `codec` is `VP8` or `opus`, `timestamp` the RTP
        timestamp unwrapped to 64 bits in `clock_rate` units, `at_ms` the capture time as Unix
        milliseconds (from the sender report once there is one, from arrival before), `keyframe`
        whether a decoder can start here (always true for audio).
        """

    def lost(self, *, participant: str, kind: Kind, at_ms: int, cause: str) -> None:
        """Note that frames of this track are missing from `at_ms` on, until the next `frame`.

        `cause` is one word: `loss`, `left`, `muted`, `aside`.
        """

    def stored(self) -> Stored:
        """What is stored by now, and whether storing works."""

    async def close(self) -> None:
        """Write what is queued, seal the track files, return when all is on disk."""
