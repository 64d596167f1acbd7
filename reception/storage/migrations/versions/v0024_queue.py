"""Numbers of those who come without a booking."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the table; it says nothing of any person, so there is no wall around it."""
    op.create_table(
        "queue_ticket",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Double(), nullable=False),
        sa.Column("priority", sa.String(length=32), nullable=True),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("called_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'called', 'serving', 'done', 'parked', 'skipped', 'left')",
            name=op.f("ck_queue_ticket_state"),
        ),
        sa.CheckConstraint(
            "priority IN ('urgent_danger', 'let_down', 'came_far', 'needs_help')",
            name=op.f("ck_queue_ticket_priority"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_queue_ticket_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_queue_ticket"),
        sa.UniqueConstraint("site_id", "day", "number", name="uq_queue_ticket_site_id_day_number"),
    )
