"""At most one live booking for a matter."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LIVE = "state IN ('requested', 'under_check', 'confirmed', 'reminded', 'checked_in', 'in_session')"
_DOUBLES = (
    "SELECT c.case_no FROM booking b JOIN petition_case c ON c.id = b.case_id"  # noqa: S608  # our own words
    f" WHERE b.{_LIVE} GROUP BY c.case_no HAVING count(*) > 1 ORDER BY c.case_no"
)


def upgrade() -> None:
    """Add the index, unless a case has two live bookings: which of them stays is not ours to say.

    Raises:
        RuntimeError: names the cases; cancel all but one booking of each with the version before.

    """
    doubles = op.get_bind().execute(sa.text(_DOUBLES)).scalars().all()
    if doubles:
        raise RuntimeError(
            "these cases have more than one live booking; cancel all but one of each with the"
            f" version before this one, then upgrade again: {', '.join(doubles)}"
        )
    op.create_index(
        "uq_booking_live_case",
        "booking",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text(_LIVE),
        postgresql_where=sa.text(_LIVE),
    )
