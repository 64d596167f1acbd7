"""How long what is kept: periods, legal holds, destructions; and the texts of consents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEPT = ("recording", "case")
_HELD = (
    "EXISTS (SELECT 1 FROM legal_hold WHERE legal_hold.case_id = {row}.case_id"
    " AND legal_hold.lifted_at IS NULL)"
)


def _word(name: str, *words: str) -> sa.Column[str]:
    kind = sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Add the tables and the trigger that refuses what a hold forbids."""
    op.create_table(
        "retention_period",
        sa.Column("id", sa.String(length=32), nullable=False),
        _word("kept", *_KEPT),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("set_at", Instant(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.CheckConstraint("days >= 30", name=op.f("ck_retention_period_days")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_retention_period_area_code"),
        sa.PrimaryKeyConstraint("id", name="pk_retention_period"),
    )
    op.create_index("ix_retention_period_area_code", "retention_period", ["area_code"])
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        _word("reason", "review", "litigation", "supervision", "discipline", "petitioner"),
        sa.Column("placed_at", Instant(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("lift_asked_by", sa.String(), nullable=True),
        sa.Column("lifted_at", Instant(), nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "lifted_by IS NULL OR lifted_by <> lift_asked_by",
            name=op.f("ck_legal_hold_two_persons"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_legal_hold_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    op.create_index("ix_legal_hold_case_id", "legal_hold", ["case_id"])
    op.create_table(
        "destruction",
        sa.Column("id", sa.String(length=32), nullable=False),
        _word("kept", *_KEPT),
        sa.Column("object_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        _word("cause", "expired", "asked"),
        sa.Column("announced_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("done_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_destruction_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_destruction"),
        sa.UniqueConstraint("kept", "object_id", name="uq_destruction_kept_object_id"),
    )
    op.create_index("ix_destruction_case_id", "destruction", ["case_id"])
    op.create_index("ix_destruction_due_at", "destruction", ["due_at"])
    op.create_table(
        "consent_text",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("zh", sa.JSON(), nullable=False),
        sa.Column("en", sa.JSON(), nullable=False),
        sa.Column("first_used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_consent_text"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _stop_on_postgresql()
    else:
        _stop_on_sqlite()


def _stop_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_HELD.format(row='NEW')} THEN "
        "RAISE EXCEPTION 'legal_hold' USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER destruction_held BEFORE UPDATE OF done_at ON destruction "
        "FOR EACH ROW EXECUTE FUNCTION refuse_held()"
    )


def _stop_on_sqlite() -> None:
    op.execute(
        "CREATE TRIGGER destruction_held BEFORE UPDATE OF done_at ON destruction "
        f"WHEN {_HELD.format(row='NEW')} BEGIN SELECT RAISE(ABORT, 'legal_hold'); END"
    )
