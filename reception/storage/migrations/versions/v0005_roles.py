"""All roles of the domain; the one administrator becomes the system administrator."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ROLES = (
    "clerk",
    "scheduler",
    "leader",
    "secretary",
    "handler",
    "org_head",
    "village_agent",
    "interpreter",
    "lawyer",
    "mediator",
    "supervisor",
    "reviewer",
    "auditor",
    "sysadmin",
    "secadmin",
    "kiosk",
    "system",
    "public",
)


def upgrade() -> None:
    """Rewrite the CHECK of both tables that hold a role."""
    allowed = ", ".join(f"'{role}'" for role in _ROLES)
    for table in ("account", "api_token"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_role"), type_="check")
        op.execute(
            sa.text(f"UPDATE {table} SET role = 'sysadmin' WHERE role = 'admin'")  # noqa: S608  # our own names
        )
        with op.batch_alter_table(table) as batch:
            batch.create_check_constraint(op.f(f"ck_{table}_role"), f"role IN ({allowed})")
