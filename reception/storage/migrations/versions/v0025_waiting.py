"""The waiting list."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LIVE = sa.text("state IN ('waiting', 'offered')")
_IS_OPEN = "current_setting('app.wall', true) = 'off' OR reception_open(case_id)"


def upgrade() -> None:
    """Add the table, and the wall around it."""
    op.create_table(
        "wait_entry",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("priority", sa.String(length=32), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("slot_id", sa.String(length=32), nullable=True),
        sa.Column("offered_until", Instant(), nullable=True),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'booked', 'withdrawn')",
            name=op.f("ck_wait_entry_state"),
        ),
        sa.CheckConstraint(
            "priority IN ('urgent_danger', 'let_down', 'came_far', 'needs_help')",
            name=op.f("ck_wait_entry_priority"),
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_wait_entry_span")),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_wait_entry_case_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_wait_entry_site_id"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_wait_entry_leader_id"),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name="fk_wait_entry_slot_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wait_entry"),
    )
    for column in ("case_id", "site_id", "leader_id", "slot_id"):
        op.create_index(f"ix_wait_entry_{column}", "wait_entry", [column])
    op.create_index(
        "uq_wait_entry_live",
        "wait_entry",
        ["case_id"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE POLICY wall ON wait_entry USING ({_IS_OPEN}) WITH CHECK ({_IS_OPEN})")
        op.execute("ALTER TABLE wait_entry ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE wait_entry FORCE ROW LEVEL SECURITY")
