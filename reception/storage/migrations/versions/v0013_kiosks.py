"""Kiosks prove who they are with a key of their browser; the key in the address is gone."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Make every kiosk that is there one that has to be enrolled."""
    with op.batch_alter_table("kiosk") as batch:
        batch.add_column(sa.Column("state", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("state_at", Instant(), nullable=True))
        batch.add_column(sa.Column("public_key", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("session_hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("hours", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("network", sa.JSON(), nullable=True))
    op.execute(
        sa.text(
            "UPDATE kiosk SET state = 'unenrolled', state_at = created_at,"
            " hours = '[]', network = '[]'"
        )
    )
    with op.batch_alter_table("kiosk") as batch:
        batch.drop_constraint(op.f("uq_kiosk_key_hash"), type_="unique")
        batch.drop_column("key_hash")
        batch.alter_column("state", existing_type=sa.String(length=32), nullable=False)
        batch.alter_column("state_at", existing_type=Instant(), nullable=False)
        batch.alter_column("hours", existing_type=sa.JSON(), nullable=False)
        batch.alter_column("network", existing_type=sa.JSON(), nullable=False)
        batch.create_check_constraint(
            op.f("ck_kiosk_state"),
            "state IN ('unenrolled', 'awaiting', 'enrolled', 'quarantined', 'revoked')",
        )
    op.create_table(
        "kiosk_code",
        sa.Column("kiosk_id", sa.String(length=32), nullable=False),
        sa.Column("handle", sa.String(length=4), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosk.id"], name="fk_kiosk_code_kiosk_id"),
        sa.PrimaryKeyConstraint("kiosk_id", name="pk_kiosk_code"),
        sa.UniqueConstraint("handle", name="uq_kiosk_code_handle"),
    )
    op.create_table(
        "kiosk_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kiosk_id", sa.String(length=32), nullable=False),
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("replaces", sa.String(length=64), nullable=True),
        sa.Column("asked_with", sa.String(length=64), nullable=True),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosk.id"], name="fk_kiosk_session_kiosk_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_kiosk_session"),
        sa.UniqueConstraint("challenge_hash", name="uq_kiosk_session_challenge_hash"),
    )
    op.create_index("ix_kiosk_session_kiosk_id", "kiosk_session", ["kiosk_id"])
    op.create_index("ix_kiosk_session_replaces", "kiosk_session", ["replaces"])
