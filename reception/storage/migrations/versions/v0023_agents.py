"""Who acts for a petitioner."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_OPEN = "current_setting('app.wall', true) = 'off' OR reception_open(case_id)"


def upgrade() -> None:
    """Add the table, and the wall around it."""
    op.create_table(
        "agent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('relative', 'village_agent', 'lawyer')", name=op.f("ck_agent_kind")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_agent_span")),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_agent_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
    )
    op.create_index("ix_agent_case_id", "agent", ["case_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY wall ON agent USING ({_IS_OPEN}) WITH CHECK ({_IS_OPEN})")
        op.execute("ALTER TABLE agent ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE agent FORCE ROW LEVEL SECURITY")
