"""Log-ins: when a person last proved who they are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add the column; whoever is logged in proved it by logging in."""
    with op.batch_alter_table("auth_session") as batch:
        batch.add_column(sa.Column("verified_at", Instant(), nullable=True))
    op.execute("UPDATE auth_session SET verified_at = created_at")
    with op.batch_alter_table("auth_session") as batch:
        batch.alter_column("verified_at", existing_type=Instant(), nullable=False)
