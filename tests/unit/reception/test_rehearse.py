"""What a rehearsal's report says."""

import json

from reception.app.rehearse import RehearsalReport, RoomReport

GOOD = RoomReport(
    room=1,
    ok=True,
    join_ms=84.0,
    first_frame_ms=420.4,
    packets_lost=0,
    freezes=0,
    recorded_seconds=20.3,
    outcome_saved=True,
    problems=(),
)
BAD = RoomReport(
    room=2,
    ok=False,
    join_ms=None,
    first_frame_ms=None,
    packets_lost=0,
    freezes=0,
    recorded_seconds=0.0,
    outcome_saved=False,
    problems=("entering the room: the server closed the connection with code 4003",),
)


def test_a_rehearsal_is_ok_when_every_room_is_and_nothing_else_went_wrong() -> None:
    assert RehearsalReport(20, (GOOD, GOOD), ()).ok
    assert not RehearsalReport(20, (GOOD, BAD), ()).ok
    assert not RehearsalReport(20, (GOOD,), ("the rehearsal was not removed",)).ok


def test_the_text_has_a_line_per_room_and_every_problem() -> None:
    lines = RehearsalReport(20, (GOOD, BAD), ("the rehearsal was not removed",)).as_text()
    rows = lines.splitlines()
    assert rows[1].split() == ["1", "yes", "84", "420", "0", "0", "20.3", "saved"]
    assert rows[2].split() == ["2", "NO", "-", "-", "0", "0", "0.0", "-"]
    assert "room 2: entering the room" in rows[3]
    assert "the rehearsal was not removed" in rows[4]
    assert rows[-1] == "1 of 2 rooms ok"


def test_the_json_says_the_same() -> None:
    told = json.loads(RehearsalReport(20, (GOOD, BAD), ()).as_json())
    assert (told["rooms_ok"], told["ok"], told["seconds"]) == (1, False, 20)
    assert told["rooms"][0]["first_frame_ms"] == 420.4
    assert told["rooms"][1]["problems"] == list(BAD.problems)
