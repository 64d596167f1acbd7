"""Everybody sends the API whatever its document allows and forbids: it never fails otherwise than it says.

Requests are made by schemathesis from the OpenAPI document; half of the ids in them are real ones,
so that handlers are reached. The same requests are made each time.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from yarl import URL

from reception.domain.codes import Role
from reception.services import cases, tokens
from tests.build import COUNTY, TOWNSHIP
from tests.integration.api.contract import DOCUMENT, Answer, check, operation_of
from tests.integration.web.site import Browser, open_site, prove
from tests.security.world import World, world_of
from web.api import OPERATIONS
from web.api.operation import PREFIX, Operation

PEOPLE: Final = sorted(set(Role) - {Role.KIOSK, Role.PUBLIC, Role.SYSTEM})
EVERYBODY: Final = (*(role.value for role in PEOPLE), "kiosk", "token", "nobody")
EXAMPLES: Final = 8
EXAMPLES_OF_OTHERS: Final = 2
REACHED: Final = 0.6
"""Of the operations meant for somebody so many must be done at least once, or nothing is shown."""

SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@dataclass
class Sender:
    """Somebody who sends requests; `done` are the operations that were carried out."""

    browser: Browser
    headers: dict[str, str]
    ids: dict[str, str]
    done: set[str] = field(default_factory=set)

    async def send(self, case: Case[Any], real: list[bool]) -> None:
        """Send one request and hold the answer against the document."""
        choices = iter(real)
        path = case.path
        for name, made in (case.path_parameters or {}).items():
            value = quote(self._id(name, str(made), choices), safe="")
            if value in ("", ".", ".."):
                return  # an address of something else
            path = path.replace(f"{{{name}}}", value)
        body = self._with_ids(case.body, choices) if isinstance(case.body, dict) else case.body
        options: dict[str, Any] = {}
        if isinstance(body, bytes):
            options = {"data": body, "headers": {"Content-Type": case.media_type}}
        elif case.media_type is not None:
            text = json.dumps(body, ensure_ascii=True, default=str)
            options = {"data": text.encode(), "headers": {"Content-Type": case.media_type}}
        headers = options.pop("headers", {}) | self.headers
        query = {
            name: str(value)
            for name, value in (case.query or {}).items()
            if value is not None and isinstance(value, str | int | float)
        }
        answer = await self.browser.raw(
            case.method.upper(),
            URL(path, encoded=True).update_query(query),
            headers=headers,
            **options,
        )
        text = await answer.text()
        operation = operation_of(case.method.upper(), case.path.removeprefix(PREFIX))
        told = Answer(answer.status, json.loads(text) if text else None)
        assert told.status < 500, (operation.name, body, query, text)
        check(operation, told, answer.content_type)
        if not told.code:
            self.done.add(operation.name)

    def _with_ids(self, body: dict[str, Any], choices: Any) -> dict[str, Any]:
        return {
            name: self._id(name, value, choices) if isinstance(value, str) else value
            for name, value in body.items()
        }

    def _id(self, name: str, made: str, choices: Any) -> str:
        known = self.ids.get(name)
        return known if known is not None and next(choices, True) else made


@pytest.fixture
async def world(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A county at work."""
    async with open_site(sqlite_database_url, tmp_path) as site:
        yield await world_of(site, tmp_path)


async def sender_of(world: World, who: str) -> Sender:
    """Seat somebody of the county, with what they need to be heard."""
    site = world.site
    clerk, now = site.place.clerk, site.clock.now()
    codes = {
        "query_code": (
            await cases.case_page(site.db, case_id=world.ids["case_id"], actor=clerk, now=now)
        ).case.query_code,
        "area_code": COUNTY,
        "problem_area_code": TOWNSHIP,
    }
    ids = {**world.ids, **codes}
    browser = await site.browser()
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    if who == "kiosk":
        headers |= {"X-CSRF": await prove(browser, site.place.device), "X-Kiosk": "1"}
    elif who == "token":
        token = await tokens.create_token(
            site.db, name="program", role=Role.CLERK, area_code=COUNTY, now=now
        )
        headers["Authorization"] = f"Bearer {token}"
    elif who != "nobody":
        role = Role(who)
        browser = world.insiders.get(role) or await site.staff(role)
        headers["X-CSRF"] = browser.csrf
    return Sender(browser, headers, ids)


def is_meant_for(operation: Operation, who: str) -> bool:
    role = {"token": "clerk", "nobody": ""}.get(who, who)
    return not operation.roles or role in {one.value for one in operation.roles}


def fuzz(sender: Sender, who: str, loop: asyncio.AbstractEventLoop) -> None:
    """Send everything, one request after another, from a thread beside the server's loop."""
    for found in SCHEMA.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        ours = operation_of(operation.method.upper(), operation.path.removeprefix(PREFIX))
        many = EXAMPLES if is_meant_for(ours, who) else EXAMPLES_OF_OTHERS
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            made = operation.as_strategy(generation_mode=mode)

            @settings(
                max_examples=many,
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(made, st.lists(st.booleans(), max_size=6))
            def send(case: Case[Any], real: list[bool]) -> None:
                asyncio.run_coroutine_threadsafe(sender.send(case, real), loop).result()

            with suppress(Unsatisfiable):  # nothing of this operation can be wrong
                send()


@pytest.mark.parametrize("who", EVERYBODY)
async def test_the_api_keeps_to_its_document_whatever_is_sent(world: World, who: str) -> None:
    sender = await sender_of(world, who)
    await asyncio.to_thread(fuzz, sender, who, asyncio.get_running_loop())
    meant = {operation.name for operation in OPERATIONS if is_meant_for(operation, who)}
    assert sender.done <= meant
    assert len(sender.done) >= REACHED * len(meant), sorted(meant - sender.done)
