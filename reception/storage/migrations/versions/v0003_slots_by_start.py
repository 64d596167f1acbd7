"""Slots by start: the next free ones of a prefecture without sorting all of them."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Replace the index by state, which matches nearly every row to come."""
    op.drop_index("ix_slot_free", table_name="slot")
    op.create_index("ix_slot_starts_at", "slot", ["starts_at", "id"], unique=False)
