"""A client that holds every answer against the OpenAPI document."""

import json
import re
from typing import Any

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from web.api import OPERATIONS
from web.api.openapi import codes_of, document
from web.api.operation import PREFIX, Operation

DOCUMENT = document(OPERATIONS, "0.0.0")


class Answer:
    """Status and JSON of one answer; `code` is the refusal's, empty when it was done."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body
        self.code: str = body["code"] if status >= 400 else ""


class ContractClient:
    """Asks operations as somebody, and fails when an answer is not as documented."""

    def __init__(self, client: TestClient[Request, Application], keys: dict[str, str]) -> None:
        self.client = client
        self._keys = keys
        self.done: set[str] = set()

    def key(self, who: str) -> dict[str, str]:
        """The header that speaks for somebody."""
        return {"Authorization": self._keys[who]}

    async def ask(
        self,
        who: str | None,
        method: str,
        path: str,
        body: object = None,
        *,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask for an operation as `who` (None: nobody); `data` replaces the JSON body."""
        raw = data if data is not None else _encoded(body)
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = self._keys[who]
        else:
            sent.setdefault("Sec-Fetch-Site", "same-origin")
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.client.request(method, PREFIX + path, data=raw, headers=sent) as response:
            text = await response.text()
            answer = Answer(response.status, json.loads(text) if text else None)
            kind = response.content_type
        operation = operation_of(method, path)
        check(operation, answer, kind)
        if not answer.code:
            self.done.add(operation.name)
        return answer

    async def get(self, who: str | None, path: str) -> Any:
        """GET what must be given."""
        answer = await self.ask(who, "GET", path)
        assert answer.status == 200, answer.body
        return answer.body

    async def send(self, who: str | None, method: str, path: str, body: object = None) -> Any:
        """Ask for a change that must be done."""
        answer = await self.ask(who, method, path, body)
        assert answer.status in (200, 201, 204), answer.body
        return answer.body

    async def refused(
        self, who: str | None, method: str, path: str, body: object = None
    ) -> tuple[int, str]:
        """Ask for what must be refused; returns status and code."""
        answer = await self.ask(who, method, path, body)
        assert answer.code, answer.body
        return answer.status, answer.code


def check(operation: Operation, answer: Answer, kind: str) -> None:
    """Fail unless status, media type `kind` and body are what the document says of the operation."""
    entry = DOCUMENT["paths"][PREFIX + operation.path][operation.method.lower()]
    described = entry["responses"].get(str(answer.status))
    assert described is not None, f"{operation.name}: {answer.status} {answer.body}"
    if answer.code:
        assert answer.code in codes_of(operation), f"{operation.name}: {answer.body}"
    if "content" not in described:
        assert answer.body is None
        return
    ((media_type, content),) = described["content"].items()
    assert kind == media_type
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(answer.body)


def _encoded(body: object) -> bytes | None:
    return None if body is None else json.dumps(body, ensure_ascii=False).encode()


def operation_of(method: str, path: str) -> Operation:
    """The operation a request is for; a fixed path goes before one with an id."""
    bare = path.partition("?")[0]
    matching = [
        operation
        for operation in OPERATIONS
        if operation.method == method
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), bare)
    ]
    return min(matching, key=lambda operation: operation.path.count("{"))
