"""Refusals of the calendar: each has a `code` that never changes; sentences live in the catalogue above."""

from typing import ClassVar


class Refused(Exception):
    """Something asked of the calendar was not done; `code` is stable, `details` say why."""

    code: ClassVar[str] = "refused"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code, details)
        self.details = details


class YearNotLoaded(Refused):
    """The holidays of `year` are not loaded, and a holiday is never guessed."""

    code = "year_not_loaded"


class RuleUnknown(Refused):
    """A rule's `text` is not understood; `part` is the piece that is not."""

    code = "rule_unknown"
