"""What happened to published days, and who stands in for whom."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add both tables; they hold nothing of any case, so there is no wall around them."""
    op.create_table(
        "day_change",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("day_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("before_leader_id", sa.String(length=32), nullable=False),
        sa.Column("after_leader_id", sa.String(length=32), nullable=True),
        sa.Column("makeup_day_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "kind IN ('substituted', 'cancelled', 'missed')", name=op.f("ck_day_change_kind")
        ),
        sa.ForeignKeyConstraint(["day_id"], ["reception_day.id"], name="fk_day_change_day_id"),
        sa.ForeignKeyConstraint(
            ["before_leader_id"], ["leader.id"], name="fk_day_change_before_leader_id"
        ),
        sa.ForeignKeyConstraint(
            ["after_leader_id"], ["leader.id"], name="fk_day_change_after_leader_id"
        ),
        sa.ForeignKeyConstraint(
            ["makeup_day_id"], ["reception_day.id"], name="fk_day_change_makeup_day_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_day_change"),
        sa.UniqueConstraint("day_id", "version", name="uq_day_change_day_id_version"),
    )
    op.create_table(
        "stand_in",
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stand_in_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_stand_in_leader_id"),
        sa.ForeignKeyConstraint(["stand_in_id"], ["leader.id"], name="fk_stand_in_stand_in_id"),
        sa.PrimaryKeyConstraint("leader_id", "position", name="pk_stand_in"),
        sa.UniqueConstraint("leader_id", "stand_in_id", name="uq_stand_in_leader_id_stand_in_id"),
    )
