"""Which packets of a stream are missing, and when to ask for them again."""

RETRY = 0.05
MAX_TRIES = 10
# more holes than this are not repaired one by one; the receiver asks for a keyframe
MAX_HOLES = 256


class Holes:
    """The missing numbers of one stream, by unwrapped sequence number.

    A hole is asked for at once, then every 50 ms or round trip, whichever is longer, up to ten
    times within `patience` seconds.
    """

    __slots__ = ("_holes", "_patience", "next")

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._holes: dict[int, _Hole] = {}
        self.next: int | None = None

    def __len__(self) -> int:
        return len(self._holes)

    def arrived(self, number: int, now: float) -> bool:
        """Take note of a packet; true if it opened holes, which are then `due`."""
        if self.next is None or number == self.next:
            self.next = number + 1
            return False
        if number < self.next:
            self._holes.pop(number, None)
            return False
        if number - self.next > MAX_HOLES:
            self._holes.clear()
        else:
            for missing in range(self.next, number):
                self._holes[missing] = _Hole(now)
            while len(self._holes) > MAX_HOLES:
                del self._holes[next(iter(self._holes))]
        self.next = number + 1
        return bool(self._holes)

    def due(self, now: float, round_trip: float) -> list[int]:
        """The numbers to ask for now, ascending; gives up those asked for long enough."""
        asked: list[int] = []
        for number, hole in list(self._holes.items()):
            if hole.tries >= MAX_TRIES or now - hole.since > self._patience:
                del self._holes[number]
            elif now >= hole.next_at:
                hole.tries += 1
                hole.next_at = now + max(RETRY, round_trip)
                asked.append(number)
        return asked


class _Hole:
    __slots__ = ("next_at", "since", "tries")

    def __init__(self, now: float) -> None:
        self.since = now
        self.next_at = now
        self.tries = 0
