"""What one receiver's line can take, judged from what its browser reports.

A browser's estimate (REMB) never says more than one and a half times what it receives, so on a
good line with a calm picture it is small without meaning anything. It counts as a limit only
from the moment the line shows congestion: losses, or a round trip well above its best.
"""

# a line without congestion loses less; retransmission repairs this much unnoticed
LOSS = 0.05
# a queue of this length is heard as delay (seconds)
QUEUE = 0.1
# Chromium repeats its estimate every second
LIFETIME = 5.0
# an estimate this far above what is sent is no limit any more, if it stays so
SLACK = 1.3
RELEASE = 10.0


class Downlink:
    """Turns reports into a cap in bit/s, or None."""

    __slots__ = ("_best_trip", "_cap", "_congested", "_estimate", "_estimate_at", "_slack_since")

    def __init__(self) -> None:
        self._best_trip: float | None = None
        self._cap: int | None = None
        self._congested = False
        self._estimate = 0
        self._estimate_at = float("-inf")
        self._slack_since: float | None = None

    def on_report(self, fraction_lost: float, round_trip: float | None) -> None:
        """A receiver report on one stream: loss as 0..1, round trip in seconds."""
        if round_trip is not None:
            best = self._best_trip
            self._best_trip = round_trip if best is None else min(best, round_trip)
            if round_trip > self._best_trip + QUEUE:
                self._congested = True
        if fraction_lost > LOSS:
            self._congested = True

    def on_estimate(self, bitrate: int, now: float) -> None:
        """The browser's own estimate, in bit/s."""
        self._estimate, self._estimate_at = bitrate, now

    def cap(self, sent: int, now: float) -> int | None:
        """What to stay below; called every second with the bit/s sent in the last one."""
        congested, self._congested = self._congested, False
        if now - self._estimate_at > LIFETIME:
            self._cap = self._slack_since = None
            return None
        if self._cap is None and not congested:
            return None
        self._cap = self._estimate
        if congested or self._estimate < SLACK * sent:
            self._slack_since = None
        elif self._slack_since is None:
            self._slack_since = now
        elif now - self._slack_since > RELEASE:
            self._cap = self._slack_since = None
        return self._cap
