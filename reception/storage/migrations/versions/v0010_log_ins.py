"""Log-ins: what a password needs, a second factor, and log-ins that can be told apart."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add columns and table; whoever is logged in logs in again."""
    with op.batch_alter_table("account") as batch:
        batch.add_column(sa.Column("password_changed_at", Instant(), nullable=True))
        batch.add_column(sa.Column("must_change", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("old_hashes", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("totp_seed", sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("recovery", sa.JSON(), nullable=True))
    op.execute(
        "UPDATE account SET password_changed_at = created_at, must_change = false,"
        " old_hashes = '[]', totp_step = 0, recovery = '[]'"
    )
    with op.batch_alter_table("account") as batch:
        for name, kind in (
            ("password_changed_at", Instant()),
            ("must_change", sa.Boolean()),
            ("old_hashes", sa.JSON()),
            ("totp_step", sa.BigInteger()),
            ("recovery", sa.JSON()),
        ):
            batch.alter_column(name, existing_type=kind, nullable=False)
    op.execute("DELETE FROM auth_session")
    with op.batch_alter_table("auth_session") as batch:
        batch.add_column(sa.Column("id", sa.String(length=32), nullable=False))
        batch.add_column(sa.Column("agent", sa.String(), nullable=False))
        batch.add_column(sa.Column("address", sa.String(), nullable=False))
        batch.create_unique_constraint(op.f("uq_auth_session_id"), ["id"])
    op.create_table(
        "pending_login",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_pending_login_account_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_pending_login"),
    )
    op.create_index("ix_pending_login_account_id", "pending_login", ["account_id"])
