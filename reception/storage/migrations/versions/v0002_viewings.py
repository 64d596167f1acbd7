"""Viewings: when somebody last was written down as looking at a session's recording."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "viewing",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("noted_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_viewing_session_id"),
        sa.PrimaryKeyConstraint("session_id", "actor_kind", "actor_id", name="pk_viewing"),
    )
