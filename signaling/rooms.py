"""Who is connected to a room, in which generation, and the number of its next event."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

ConnectionT = TypeVar("ConnectionT")


@dataclass(slots=True)
class Room(Generic[ConnectionT]):
    """One room's connections. A person has at most one: the newest wins."""

    id: str
    session: str
    _connections: dict[str, ConnectionT] = field(default_factory=dict)
    _generations: dict[str, int] = field(default_factory=dict)
    _connected_media: dict[str, int] = field(default_factory=dict)
    _seq: int = 0

    def enter(self, person: str, connection: ConnectionT) -> ConnectionT | None:
        """Seat `connection`; returns the one it displaces, to be told `moved`."""
        displaced = self._connections.get(person)
        self._connections[person] = connection
        return displaced

    def leave(self, person: str, connection: ConnectionT) -> bool:
        """Forget `connection`; False when a newer one already sits there."""
        if self._connections.get(person) is not connection:
            return False
        del self._connections[person]
        return True

    def is_online(self, person: str) -> bool:
        """Whether the person has a connection now."""
        return person in self._connections

    def connections(self) -> Iterator[tuple[str, ConnectionT]]:
        """Everyone connected, as (person, connection); safe against changes while iterating."""
        yield from list(self._connections.items())

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected."""
        return not self._connections

    def next_seq(self) -> int:
        """The number of the next event of this room."""
        self._seq += 1
        return self._seq

    def generation(self, person: str) -> int:
        """The last generation this person offered; 0 before the first."""
        return self._generations.get(person, 0)

    def offered(self, person: str, generation: int) -> None:
        """Note an answered offer."""
        self._generations[person] = max(generation, self.generation(person))

    def media_connected(self, person: str, generation: int) -> None:
        """Note that this generation's media flows."""
        self._connected_media[person] = max(generation, self._connected_media.get(person, 0))

    def media_lost(self, person: str, generation: int) -> None:
        """Note that this generation's media stopped; a newer one is not touched."""
        if self._connected_media.get(person, 0) <= generation:
            self._connected_media.pop(person, None)

    def has_media(self, person: str) -> bool:
        """Whether the hub sees this person's media now."""
        return person in self._connected_media

    def media_gone(self) -> None:
        """Note that the hub, and everyone's media with it, is gone."""
        self._connected_media.clear()
