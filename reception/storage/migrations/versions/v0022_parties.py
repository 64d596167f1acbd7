"""Who comes with the petitioner, and how many of a group may speak."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_OPEN = "current_setting('app.wall', true) = 'off' OR reception_open(case_id)"


def upgrade() -> None:
    """Add the column and the table, and the wall around what hangs on a case."""
    op.add_column("area", sa.Column("group_rule", sa.JSON(), nullable=True))
    op.create_table(
        "party",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("speaks", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_party_case_id"),
        sa.PrimaryKeyConstraint("case_id", "position", name="pk_party"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY wall ON party USING ({_IS_OPEN}) WITH CHECK ({_IS_OPEN})")
        op.execute("ALTER TABLE party ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE party FORCE ROW LEVEL SECURITY")
