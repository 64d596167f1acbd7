"""What people typed into a form or put into an address, read as values or refused."""

from datetime import date
from enum import Enum
from typing import TypeVar

from aiohttp.web import Request
from multidict import MultiMapping

from reception.domain.errors import BadInput

Choice = TypeVar("Choice", bound=Enum)


class Form:
    """The fields of one form; every text comes without the spaces around it."""

    def __init__(self, fields: MultiMapping[object]) -> None:
        self._fields = fields

    def text(self, name: str, otherwise: str = "") -> str:
        """Give the text of a field, `otherwise` when it is absent or empty.

        Raises:
            BadInput: it is there twice, and different readers would take different ones.
        """
        return self.exact(name).strip() or otherwise

    def exact(self, name: str) -> str:
        """Give the text of a field to the last space, as passwords are; empty when it is absent.

        Raises:
            BadInput: it is there twice.
        """
        values = self._fields.getall(name, [""])
        if len(values) > 1:
            raise BadInput(field=name, reason="repeated")
        (value,) = values
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Give all texts of a field that may be there several times (checkboxes)."""
        return tuple(value for value in self._fields.getall(name, []) if isinstance(value, str))

    def required(self, name: str) -> str:
        """Give the text of a field that must be filled.

        Raises:
            BadInput: it is absent or empty.
        """
        text = self.text(name)
        if not text:
            raise BadInput(field=name, reason="missing")
        return text

    def day(self, name: str) -> date:
        """Give the day in a field (`2026-11-22`).

        Raises:
            BadInput: it is not a day.
        """
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise BadInput(field=name, reason="not_a_date") from None

    def number(self, name: str, lowest: int, highest: int) -> int:
        """Give the whole number in a field.

        Raises:
            BadInput: it is none, or outside the two limits.
        """
        text = self.text(name)
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise BadInput(field=name, reason="not_in_range", lowest=lowest, highest=highest)
        return int(text)

    def choice(self, name: str, choices: type[Choice]) -> Choice:
        """Give the chosen member of a list of codes.

        Raises:
            BadInput: nothing of the list was chosen.
        """
        text = self.text(name)
        for member in choices:
            if member.value == text:
                return member
        raise BadInput(field=name, reason="not_in_list")


async def form_of(request: Request) -> Form:
    """Read the form a person has sent."""
    return Form(await request.post())


def query_of(request: Request) -> Form:
    """Read the part of the address behind the question mark."""
    return Form(request.query)
