"""Tickets for playing the films of one session."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_IS_OPEN = "current_setting('app.wall', true) = 'off' OR reception_open_session(session_id)"


def upgrade() -> None:
    """Add the table, behind the wall as everything that hangs on a session."""
    op.create_table(
        "playback_ticket",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_playback_ticket_session_id"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_playback_ticket"),
    )
    op.create_index("ix_playback_ticket_session_id", "playback_ticket", ["session_id"])
    op.create_index("ix_playback_ticket_ends_at", "playback_ticket", ["ends_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE POLICY wall ON playback_ticket USING ({_IS_OPEN}) WITH CHECK ({_IS_OPEN})"
        )
        op.execute("ALTER TABLE playback_ticket ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE playback_ticket FORCE ROW LEVEL SECURITY")
