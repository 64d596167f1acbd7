"""A recording can be destroyed under the retention rule; its row stays as the certificate."""

from collections.abc import Sequence

from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = "'recording', 'finishing', 'ready', 'failed', 'destroyed'"


def upgrade() -> None:
    """Allow the state."""
    with op.batch_alter_table("recording") as batch:
        batch.drop_constraint(op.f("ck_recording_state"), type_="check")
        batch.create_check_constraint(op.f("ck_recording_state"), f"state IN ({_STATES})")
