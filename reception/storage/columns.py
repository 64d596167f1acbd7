"""Column types shared by all tables: instants, state words, ids."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

from sqlalchemy import DateTime, Dialect, ForeignKey, String
from sqlalchemy import Enum as EnumType
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime on both engines; SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: it would mean a different instant on each machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the instant back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(members: Iterable[Enum]) -> list[str]:
    return [str(member.value) for member in members]


def word_of(enum: type[Enum], name: str) -> EnumType:
    """Return the type of the column `name`: a member's value, kept true by a CHECK."""
    return EnumType(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=_values,
        length=32,
    )


def word(enum: type[Enum], name: str, **options: Any) -> MappedColumn[Any]:
    """Return the column `name` holding a member of `enum` by its value."""
    return mapped_column(word_of(enum, name), **options)


def reference(target: str, **options: Any) -> MappedColumn[Any]:
    """Return an indexed foreign key column to `table.column`."""
    options.setdefault("index", True)
    return mapped_column(ForeignKey(target), **options)


Id = Annotated[str, mapped_column(String(32), primary_key=True)]
Hash = Annotated[str, mapped_column(String(64), primary_key=True)]
