"""The load: participants who talk for a while, and what reached the others.

Every participant sends 720p-sized VP8 at 30 pictures a second, 0.99 Mbit/s, and Opus at 32 kbit/s,
made once and only encrypted anew, so that one core carries the load of more than a hundred. Nobody
decodes. The pacing is a browser's: sound each 20 ms, a picture's packets at once, reports each second.
"""

import heapq
import os
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

from bench.link import AUDIO_PER_SECOND, FRAMES_PER_SECOND, Link, Received

REPORT_EVERY_S: Final = 1.0
CHECK_EVERY_S: Final = 2.5
_SETTLE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Participant:
    """Who sends by `up` and receives by `down`; both are one link where the server can do that."""

    up: Link
    down: Link


@dataclass(frozen=True, slots=True)
class Passed:
    """What a load was and what came through, over `seconds`; latencies in seconds."""

    seconds: float
    sent_ratio: float
    received: int
    lost: int
    latencies: tuple[float, ...]

    def latency(self, percent: int) -> float:
        """A percentile of the latencies, in milliseconds."""
        return quantiles(self.latencies, n=100)[percent - 1] * 1000


def cores() -> tuple[int, int]:
    """The core a server is measured on, and the core its load runs on; one and the same at need."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[-1]


class Talk:
    """All participants talking, from one thread."""

    def __init__(self, participants: Sequence[Participant]) -> None:
        self._links = list({id(end): end for p in participants for end in (p.up, p.down)}.values())
        self._by_fileno = {link.fileno(): link for link in self._links}
        self._senders = [participant.up for participant in participants]
        self._poll = select.epoll()
        for link in self._links:
            self._poll.register(link.fileno(), select.EPOLLIN)
        self._sent = 0
        self._due: list[tuple[float, int, float, Callable[[], int]]] = []

    def run(self, warm_up: float, seconds: float, on_warm: Callable[[], None]) -> Passed:
        """Talk for `warm_up` seconds, call `on_warm`, then measure for `seconds`. Blocks."""
        os.sched_setaffinity(0, {cores()[1]})
        self._plan(time.monotonic())
        self._go_on(warm_up)
        for link in self._links:
            link.received = Received()
        on_warm()
        self._sent = 0
        began = time.monotonic()
        self._go_on(seconds)
        elapsed = time.monotonic() - began
        sent = self._sent
        self._settle()
        return self._passed(elapsed, sent)

    def _passed(self, elapsed: float, sent: int) -> Passed:
        a_second = AUDIO_PER_SECOND + FRAMES_PER_SECOND * 23 / 6
        return Passed(
            seconds=elapsed,
            sent_ratio=sent / (a_second * elapsed * len(self._senders)),
            received=sum(link.received.packets for link in self._links),
            lost=sum(link.received.lost for link in self._links),
            latencies=tuple(x for link in self._links for x in link.received.latencies),
        )

    def _plan(self, now: float) -> None:
        """Give everyone a place of their own in the second, as people have."""
        count = len(self._senders)
        plan: list[tuple[float, float, Callable[[], int]]] = []
        for place, link in enumerate(self._senders):
            share = place / count
            plan.append((share / FRAMES_PER_SECOND, 1 / FRAMES_PER_SECOND, link.send_frame))
            plan.append((share / AUDIO_PER_SECOND, 1 / AUDIO_PER_SECOND, link.send_audio))
        for place, link in enumerate(self._links):
            share = place / len(self._links)
            plan.append((share * REPORT_EVERY_S, REPORT_EVERY_S, self._reporter(link)))
            plan.append((share * CHECK_EVERY_S, CHECK_EVERY_S, _checker(link)))
        self._due = [(now + at, n, every, act) for n, (at, every, act) in enumerate(plan)]
        heapq.heapify(self._due)

    def _reporter(self, link: Link) -> Callable[[], int]:
        is_sender = link in self._senders

        def report() -> int:
            link.send_reports(is_sender=is_sender)
            return 0

        return report

    def _go_on(self, seconds: float) -> None:
        due, clock = self._due, time.monotonic
        end = clock() + seconds
        while (now := clock()) < end:
            while due[0][0] <= now:
                at, number, every, act = due[0]
                heapq.heapreplace(due, (at + every, number, every, act))
                self._sent += act()
            self._read(max(0.0, due[0][0] - clock()))

    def _read(self, patience: float) -> None:
        for fileno, _ in self._poll.poll(patience):
            self._by_fileno[fileno].drain()

    def _settle(self) -> None:
        """Let what is under way arrive."""
        end = time.monotonic() + _SETTLE_S
        while time.monotonic() < end:
            self._read(0.05)
        self._poll.close()


def _checker(link: Link) -> Callable[[], int]:
    def check() -> int:
        link.send_check()
        return 0

    return check
