"""Somebody's data, sent to a real server in every way that can go wrong, is in no log and no figure."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.e2e.server import demo

ID_NUMBER, PHONE, NAME = "11010519491231002X", "13987654321", "金丝雀某某"
STORY, PASSWORD = "金丝雀的遭遇只说一次", "Canary-Password-77"
CANARIES = (ID_NUMBER, PHONE, NAME, STORY, PASSWORD)


def ask(url: str, token: str, method: str, path: str, body: object) -> tuple[int, Any]:
    """Ask the API; return status and answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": token}
    request = urllib.request.Request(  # noqa: S310 — http to ourselves
        f"{url}/api/v1{path}", data=data, headers=headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 — as above
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def plain(url: str, path: str, form: bytes = b"") -> tuple[int, str]:
    """Ask for a page, or send a form as a browser of ours does."""
    request = urllib.request.Request(  # noqa: S310 — http to ourselves
        f"{url}{path}", data=form or None, headers={"Sec-Fetch-Site": "same-origin"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 — as above
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_no_log_line_and_no_figure_carries_what_somebody_told(tmp_path: Path) -> None:
    with demo(tmp_path / "data", RECEPTION_LOG_LEVEL="debug") as server:
        key = f"Bearer {server.demo['token']}"
        case = {
            "petitioner_name": NAME,
            "phone": PHONE,
            "id_number": ID_NUMBER,
            "purpose": "enquiry",
            "category": "other",
            "problem_area_code": "330726",
            "summary": STORY,
            "facts": STORY,
        }
        status, made = ask(server.url, key, "POST", "/cases", case)
        assert status == 201
        answers = [
            ask(server.url, key, "GET", f"/cases/{made['id']}", b""),
            ask(server.url, key, "POST", "/cases", case | {"id_number": ID_NUMBER[:-1] + "1"}),
            ask(server.url, key, "POST", "/cases", case | {NAME: STORY}),
            ask(server.url, key, "POST", "/cases", json.dumps(case).encode()[:-1]),
            ask(server.url, f"Bearer {PASSWORD}", "POST", "/cases", case),
            ask(server.url, key, "POST", f"/cases/{made['id']}/moves", {"move": STORY}),
        ]
        assert [status for status, _ in answers] == [200, 400, 400, 400, 401, 400]
        refusals = json.dumps([body for _, body in answers[1:]], ensure_ascii=False)
        assert [word for word in CANARIES if word in refusals] == []
        form = f"login={PHONE}&password={PASSWORD}".encode()
        assert plain(server.url, "/login", form)[0] == 401
        assert plain(server.url, "/query", f"code={made['query_code']}".encode())[0] == 200
        assert plain(server.url, f"/cases?search={ID_NUMBER}")[0] == 200  # the log-in page
        status, figures = plain(server.url, "/metrics")
        assert status == 200
    written = server.log.read_text(encoding="utf-8") + figures
    for word in (*CANARIES, made["query_code"]):
        assert word not in written
