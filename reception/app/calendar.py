"""`reception calendar preview` and `reception deadline`: the calendar rules without a database."""

from dataclasses import asdict
from datetime import date, timedelta

from reception.domain import deadlines
from scheduler.calendar import DaySpan
from scheduler.rules import Occurrence, RestPolicy, expand, parse_rule
from scheduler.seed import seed_table

_NATIONAL = "000000"
_WEEKDAYS = "一二三四五六日"


def preview(
    text: str, *, on_weekend: RestPolicy, on_holiday: RestPolicy, first: date, last: date
) -> tuple[Occurrence, ...]:
    """The days a rule gives from `first` to `last`, both included, by the national day table.

    Raises `RuleUnknown`.
    """
    window = DaySpan(first, max(first, last + timedelta(days=1)))
    return expand(parse_rule(text), on_weekend, on_holiday, seed_table(_NATIONAL), window)


def as_json(day: Occurrence) -> dict[str, object]:
    """One day as the command prints it."""
    return asdict(day) | {"nominal": day.nominal.isoformat(), "date": day.date.isoformat()}


def as_text(day: Occurrence) -> str:
    """One day as a line for people."""
    line = f"{day.date} 星期{_WEEKDAYS[day.date.weekday()]}"
    if day.moved:
        line += f"  （原定 {day.nominal} 星期{_WEEKDAYS[day.nominal.weekday()]}，{day.reason}）"
    elif day.reason:
        line += f"  （{day.reason}，照常）"
    return line + ("  〔节假日安排未公布，暂定〕" if day.provisional else "")


def deadline(name: str, start: date) -> dict[str, str]:
    """When a deadline that starts on `start` falls due, by the national day table.

    Raises `BadInput` for an unknown id and `YearNotLoaded` outside the loaded years.
    """
    due = deadlines.due(name, start, seed_table(_NATIONAL))
    return {"due_strict": due.strict.isoformat(), "due_legal": due.legal.isoformat()}
