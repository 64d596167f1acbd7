"""Who is a subject of a case is kept away from it; organs form a tree."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column and the table."""
    with op.batch_alter_table("organ") as batch:
        batch.add_column(sa.Column("parent_id", sa.String(length=32), nullable=True))
        batch.create_foreign_key("fk_organ_parent_id", "organ", ["parent_id"], ["id"])
    op.create_index("ix_organ_parent_id", "organ", ["parent_id"])
    op.create_table(
        "case_subject",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=48), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removal_asked_by", sa.String(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.Column("removed_by", sa.String(), nullable=True),
        sa.CheckConstraint("reason IN ('accused', 'recused')", name=op.f("ck_case_subject_reason")),
        sa.CheckConstraint(
            "removed_by IS NULL OR removed_by <> removal_asked_by",
            name=op.f("ck_case_subject_two_persons"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_case_subject_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_subject"),
    )
    op.create_index("ix_case_subject_subject", "case_subject", ["subject"])
    op.create_index(
        "uq_case_subject_standing",
        "case_subject",
        ["case_id", "subject"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
