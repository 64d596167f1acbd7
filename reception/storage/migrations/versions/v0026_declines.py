"""Receptions that were not arranged."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_OPEN = "current_setting('app.wall', true) = 'off' OR reception_open(case_id)"


def upgrade() -> None:
    """Add the table, and the wall around it."""
    op.create_table(
        "decline",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("slot_id", sa.String(length=32), nullable=False),
        sa.Column("alternative_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("declined_at", Instant(), nullable=False),
        sa.Column("declined_by", sa.String(), nullable=False),
        sa.Column("objection", sa.String(length=32), nullable=False),
        sa.Column("objected_at", Instant(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("decision", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('outside_portfolio', 'being_handled', 'recheck_final')",
            name=op.f("ck_decline_reason"),
        ),
        sa.CheckConstraint(
            "objection IN ('none', 'made', 'upheld', 'rejected')",
            name=op.f("ck_decline_objection"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_decline_case_id"),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name="fk_decline_slot_id"),
        sa.ForeignKeyConstraint(["alternative_id"], ["slot.id"], name="fk_decline_alternative_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decline"),
    )
    for column in ("case_id", "slot_id"):
        op.create_index(f"ix_decline_{column}", "decline", [column])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY wall ON decline USING ({_IS_OPEN}) WITH CHECK ({_IS_OPEN})")
        op.execute("ALTER TABLE decline ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE decline FORCE ROW LEVEL SECURITY")
