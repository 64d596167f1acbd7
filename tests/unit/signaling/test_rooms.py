"""Who is connected to a room."""

from signaling.rooms import Room


def test_the_newest_connection_of_a_person_takes_the_seat() -> None:
    room: Room[str] = Room("r", "s")
    assert room.enter("wu", "first") is None
    assert room.enter("wu", "second") == "first"
    assert not room.leave("wu", "first")
    assert room.is_online("wu")
    assert room.leave("wu", "second")
    assert not room.is_online("wu")
    assert room.is_empty


def test_events_are_numbered_one_by_one() -> None:
    room: Room[str] = Room("r", "s")
    assert [room.next_seq() for _ in range(3)] == [1, 2, 3]


def test_generations_only_grow() -> None:
    room: Room[str] = Room("r", "s")
    assert room.generation("wu") == 0
    room.offered("wu", 4)
    room.offered("wu", 2)
    assert room.generation("wu") == 4


def test_the_loss_of_an_older_generation_does_not_take_the_newer_ones_media() -> None:
    room: Room[str] = Room("r", "s")
    room.media_connected("wu", 1)
    room.media_connected("wu", 2)
    room.media_lost("wu", 1)
    assert room.has_media("wu")
    room.media_lost("wu", 2)
    assert not room.has_media("wu")


def test_everyones_media_is_gone_with_the_hub() -> None:
    room: Room[str] = Room("r", "s")
    room.media_connected("wu", 1)
    room.media_connected("lin", 1)
    room.media_gone()
    assert not room.has_media("wu")
    assert not room.has_media("lin")
