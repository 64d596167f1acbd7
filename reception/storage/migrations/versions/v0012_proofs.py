"""Security keys, when a person last proved who they are, and who works for a leader."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Add columns and tables; whoever is logged in proved it by logging in."""
    with op.batch_alter_table("auth_session") as batch:
        batch.add_column(sa.Column("verified_at", Instant(), nullable=True))
    op.execute("UPDATE auth_session SET verified_at = created_at")
    with op.batch_alter_table("auth_session") as batch:
        batch.alter_column("verified_at", existing_type=Instant(), nullable=False)
    with op.batch_alter_table("account") as batch:
        batch.add_column(sa.Column("factor_reset_at", Instant(), nullable=True))
    op.create_table(
        "security_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_security_key_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_security_key"),
        sa.UniqueConstraint("credential_id", name="uq_security_key_credential_id"),
    )
    op.create_index("ix_security_key_account_id", "security_key", ["account_id"])
    op.create_table(
        "key_challenge",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('enrol', 'log_in', 'confirm')", name=op.f("ck_key_challenge_purpose")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_key_challenge_account_id"),
        sa.PrimaryKeyConstraint("challenge_hash", name="pk_key_challenge"),
    )
    op.create_index("ix_key_challenge_account_id", "key_challenge", ["account_id"])
    op.create_table(
        "delegation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("given_by", sa.String(length=32), nullable=False),
        sa.Column("given_at", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("until > given_at", name=op.f("ck_delegation_span")),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_delegation_leader_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_delegation_account_id"),
        sa.ForeignKeyConstraint(["given_by"], ["account.id"], name="fk_delegation_given_by"),
        sa.PrimaryKeyConstraint("id", name="pk_delegation"),
    )
    for column in ("leader_id", "account_id", "given_by"):
        op.create_index(f"ix_delegation_{column}", "delegation", [column])
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_delegation_live",
        "delegation",
        ["account_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
