"""What looks like somebody's is hidden from the log, and what an operator needs stays."""

import pytest

from reception.app.logs import HIDDEN, scrub
from reception.domain.people import new_query_code


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002X",
        "11010519491231002x",
        "13800001234",
        "Zm9vYmFyYmF6cXV4LWZvb2Jhci1iYXpxdXhfMTIzNDU",
        new_query_code(bytes(range(16))),
        "ABCDE FGHJK",
    ],
)
@pytest.mark.parametrize("around", ["{}", "got {} from a form", "[{}]", "“{}”", "x={};"])
def test_what_looks_like_somebodys_is_hidden_wherever_it_stands(text: str, around: str) -> None:
    assert text not in scrub(around.format(text))
    assert HIDDEN in scrub(around.format(text))


@pytest.mark.parametrize(
    "line",
    [
        "password=hunter2 and more",
        '{"password": "hunter2", "x": 1}',
        "{'phone': '0579-hunter2'}",
        "Authorization: Bearer hunter2",
        "Cookie: hunter2; y",
        "petitioner_name='hunter2'",
        "login=hunter2, role=clerk",
        '{"event": "bad \\"password\\": \\"hunter2\\""}',
    ],
)
def test_values_of_telling_names_are_hidden(line: str) -> None:
    assert "hunter2" not in scrub(line)


@pytest.mark.parametrize(
    "line",
    [
        "web server listens on 127.0.0.1:8080 (pid 123456)",
        "unhandled error at GET /cases/62489c82df15c7889b758b3daa862240",
        "2026-11-26T20:29:58.123456Z",
        "1767225600123 ms",
        "slot_taken",
        "Traceback (most recent call last)",
    ],
)
def test_what_an_operator_needs_stays(line: str) -> None:
    assert scrub(line) == line
