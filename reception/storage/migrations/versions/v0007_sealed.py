"""What is personal of a case is sealed under a key of its own."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import context, op

from reception.crypto.vault import Place, Sealer, Vault, sealer_of
from recordings.suites import INTL1

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Of each table: its key, how its case is found, and the columns that are sealed.
_SEALED: Final = (
    (
        "petitioner",
        "id",
        "SELECT petition_case.id FROM petition_case WHERE petition_case.petitioner_id = t.id",
        ("name", "phone"),
    ),
    ("petition_case", "id", "t.id", ("query_code", "summary", "facts")),
    ("session", "id", "t.case_id", ("preparation",)),
    (
        "record_version",
        "id",
        "SELECT session.case_id FROM session WHERE session.id = t.session_id",
        ("text",),
    ),
    (
        "outcome",
        "id",
        "SELECT session.case_id FROM session WHERE session.id = t.session_id",
        ("text",),
    ),
    (
        "signature",
        "session_id",
        "SELECT session.case_id FROM session WHERE session.id = t.session_id",
        ("strokes",),
    ),
)
_REQUIRED: Final = {
    ("petitioner", "name"),
    ("petition_case", "query_code"),
    ("petition_case", "summary"),
    ("record_version", "text"),
    ("outcome", "text"),
    ("signature", "strokes"),
}

Row = Mapping[str, Any]


def upgrade() -> None:
    """Read everything, change the columns, and write it back sealed."""
    vault: Vault = context.config.attributes["vault"]
    cases = [row["id"] for row in _rows("SELECT id FROM petition_case")]
    keys = {case_id: vault.new_key(_key_place(case_id)) for case_id in cases}
    sealers = {case_id: vault.sealer(_key_place(case_id), key) for case_id, key in keys.items()}
    read = {table: _read(table, key, case, columns) for table, key, case, columns in _SEALED}
    remarks = _rows("SELECT id, case_id, text_zh FROM case_event WHERE kind = 'remark'")
    for table, _key, _case, columns in _SEALED:
        _change(table, columns)
    _add_columns()
    for table, key, _case, columns in _SEALED:
        _write(table, key, columns, read[table], sealers)
    _write_indexes(vault, read, keys)
    _write_remarks(remarks, sealers)
    _forget_names()
    _require()


def _key_place(case_id: str) -> Place:
    return Place("petition_case", "data_key", case_id)


def _rows(query: str, **values: object) -> Sequence[Row]:
    return [dict(row) for row in op.get_bind().execute(sa.text(query), values).mappings()]


def _read(table: str, key: str, case: str, columns: Iterable[str]) -> Sequence[Row]:
    names = ", ".join(f"t.{column}" for column in columns)
    return _rows(f"SELECT t.{key} AS key, ({case}) AS case_id, {names} FROM {table} t")  # noqa: S608  # our own names


def _change(table: str, columns: Iterable[str]) -> None:
    # Dropped and added, since text cannot become bytes in place on both engines.
    if (table, "query_code") in _REQUIRED:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f("uq_petition_case_query_code"), type_="unique")
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.drop_column(column)
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.add_column(sa.Column(column, sa.LargeBinary(), nullable=True))


def _add_columns() -> None:
    for table, columns in (
        ("petitioner", ("name_index", "id_number", "id_index")),
        ("petition_case", ("data_key", "query_index")),
        ("case_event", ("remark",)),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(sa.Column(column, sa.LargeBinary(), nullable=True))
    op.create_index("ix_petitioner_name_index", "petitioner", ["name_index"])
    op.create_index("ix_petitioner_id_index", "petitioner", ["id_index"])


def _write(
    table: str, key: str, columns: Sequence[str], rows: Iterable[Row], sealers: Mapping[str, Sealer]
) -> None:
    sets = ", ".join(f"{column} = :{column}" for column in columns)
    statement = sa.text(f"UPDATE {table} SET {sets} WHERE {key} = :key")  # noqa: S608  # our own names
    for row in rows:
        seal = _sealing(table, row["key"], sealers.get(row["case_id"]))
        sealed = {column: seal(column, row[column]) for column in columns}
        op.get_bind().execute(statement, {"key": row["key"], **sealed})


def _sealing(
    table: str, key: str, sealer: Sealer | None
) -> Callable[[str, str | None], bytes | None]:
    def seal(column: str, text: str | None) -> bytes | None:
        if not text and (table, column) not in _REQUIRED:
            return None
        # A petitioner without a case has no key: nothing can open it, so nothing is kept.
        one = sealer or sealer_of(secrets.token_bytes(32), INTL1)
        return one.seal(Place(table, column, key), text or "")

    return seal


def _write_indexes(
    vault: Vault, read: Mapping[str, Sequence[Row]], keys: Mapping[str, bytes]
) -> None:
    bind = op.get_bind()
    for row in read["petitioner"]:
        bind.execute(
            sa.text("UPDATE petitioner SET name_index = :index WHERE id = :key"),
            {"index": vault.index("name", row["name"])[:2], "key": row["key"]},
        )
    for row in read["petition_case"]:
        bind.execute(
            sa.text(
                "UPDATE petition_case SET query_index = :index, data_key = :data WHERE id = :key"
            ),
            {
                "index": vault.index("query_code", row["query_code"]),
                "data": keys[row["key"]],
                "key": row["key"],
            },
        )


def _write_remarks(remarks: Iterable[Row], sealers: Mapping[str, Sealer]) -> None:
    for row in remarks:
        place = Place("case_event", "remark", row["case_id"])
        op.get_bind().execute(
            sa.text(
                "UPDATE case_event SET remark = :remark, text_zh = '', text_en = '' WHERE id = :id"
            ),
            {"id": row["id"], "remark": sealers[row["case_id"]].seal(place, row["text_zh"])},
        )


def _forget_names() -> None:
    """A petitioner's name stands with the case alone; what people typed as a reason nowhere."""
    op.execute("UPDATE participant SET name = '' WHERE role = 'petitioner'")
    op.execute("UPDATE recording_file SET name = '' WHERE role = 'petitioner'")
    op.execute(
        "UPDATE session_event SET reason = '' WHERE reason NOT IN "
        "('danger', 'petitioner_wish', 'booking_cancelled', 'too_long', 'absent')"
    )


def _require() -> None:
    by_table: dict[str, list[str]] = {}
    for table, column in (
        *_REQUIRED,
        ("petitioner", "name_index"),
        ("petition_case", "query_index"),
    ):
        by_table.setdefault(table, []).append(column)
    for table, columns in by_table.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.alter_column(column, existing_type=sa.LargeBinary(), nullable=False)
            if table == "petition_case":
                batch.create_unique_constraint(
                    op.f("uq_petition_case_query_index"), ["query_index"]
                )
