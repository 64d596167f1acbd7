"""Files of a case, sealed under its key."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_OPEN = "current_setting('app.wall', true) = 'off' OR reception_open(case_id)"


def upgrade() -> None:
    """Add the table, behind the wall as everything that hangs on a case."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('jpg', 'png', 'pdf', 'docx')", name=op.f("ck_attachment_kind")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_attachment_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_case_id", "attachment", ["case_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY wall ON attachment USING ({_IS_OPEN}) WITH CHECK ({_IS_OPEN})")
        op.execute("ALTER TABLE attachment ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE attachment FORCE ROW LEVEL SECURITY")
