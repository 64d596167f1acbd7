"""Row-level security on everything that hangs on a case; PostgreSQL only."""

from collections.abc import Sequence

from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What each table hangs on: the case by its column, or a row of another table by its.
_OF_CASE = (
    "case_event",
    "case_subject",
    "deadline",
    "booking",
    "session",
    "legal_hold",
    "destruction",
)
_OF_OTHERS = {
    "session": (
        "session_event",
        "participant",
        "consent",
        "record_version",
        "signature",
        "outcome",
        "rating",
        "recording",
        "viewing",
    ),
    "booking": ("idempotency",),
    "participant": ("ticket", "resume_token"),
    "recording": ("recording_file", "recording_gap"),
}

_IS_OFF = "current_setting('app.wall', true) = 'off'"
# A setting that was never made is null, one of an earlier transaction ''.
_OWN = "nullif(current_setting('app.own', true), '')"

# The names an actor could be a subject under: `reception.domain.access.standing_of` in SQL.
_NAMES = """
CREATE FUNCTION reception_names() RETURNS text[] LANGUAGE sql STABLE AS $$
  WITH RECURSIVE above(id) AS (
    SELECT nullif(current_setting('app.organ', true), '')
    UNION
    SELECT o.parent_id FROM organ o JOIN above ON o.id = above.id
  )
  SELECT array_agg(name) FROM (
    SELECT 'organ:' || id AS name FROM above
    UNION ALL SELECT 'account:' || nullif(current_setting('app.account', true), '')
    UNION ALL SELECT 'leader:' || nullif(current_setting('app.leader', true), '')
  ) AS named WHERE name IS NOT NULL
$$
"""

# These three look at tables that have policies themselves, so they look past the wall.
_CLOSED = """
CREATE FUNCTION reception_closed() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE before text := current_setting('app.wall', true);
BEGIN
  PERFORM set_config('app.wall', 'off', true);
  RETURN QUERY SELECT s.case_id::text FROM case_subject s
   WHERE s.removed_at IS NULL AND s.subject = ANY (reception_names());
  PERFORM set_config('app.wall', before, true);
END $$
"""

_REACHED = """
CREATE FUNCTION reception_reached() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
  before text := current_setting('app.wall', true);
  own text := nullif(current_setting('app.own', true), '');
BEGIN
  PERFORM set_config('app.wall', 'off', true);
  CASE current_setting('app.scope', true)
  WHEN 'area' THEN RETURN QUERY
    SELECT b.case_id::text FROM booking b JOIN site s ON s.id = b.site_id
     WHERE starts_with(s.area_code, own)
    UNION SELECT b.case_id::text FROM booking b JOIN leader l ON l.id = b.leader_id
     WHERE starts_with(l.area_code, own);
  WHEN 'leader' THEN RETURN QUERY SELECT b.case_id::text FROM booking b WHERE b.leader_id = own;
  WHEN 'kiosk' THEN RETURN QUERY
    SELECT b.case_id::text FROM booking b JOIN kiosk k ON k.site_id = b.site_id WHERE k.id = own;
  ELSE NULL;
  END CASE;
  PERFORM set_config('app.wall', before, true);
END $$
"""

_OPEN = """
CREATE FUNCTION reception_open(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  before text := current_setting('app.wall', true);
  own text := nullif(current_setting('app.own', true), '');
  is_open boolean;
BEGIN
  IF wanted = current_setting('app.case', true) THEN RETURN true; END IF;
  IF own IS NULL THEN RETURN false; END IF;
  PERFORM set_config('app.wall', 'off', true);
  is_open := CASE current_setting('app.scope', true)
    WHEN 'area' THEN
      EXISTS (SELECT FROM petition_case c WHERE c.id = wanted
                 AND (starts_with(c.area_code, own) OR starts_with(c.problem_area_code, own)))
      OR EXISTS (SELECT FROM booking b JOIN site s ON s.id = b.site_id
                   JOIN leader l ON l.id = b.leader_id WHERE b.case_id = wanted
                    AND (starts_with(s.area_code, own) OR starts_with(l.area_code, own)))
    WHEN 'organ' THEN
      EXISTS (SELECT FROM petition_case c WHERE c.id = wanted AND c.owner_organ_id = own)
    WHEN 'leader' THEN
      EXISTS (SELECT FROM booking b WHERE b.case_id = wanted AND b.leader_id = own)
    WHEN 'kiosk' THEN
      EXISTS (SELECT FROM booking b JOIN kiosk k ON k.site_id = b.site_id
               WHERE b.case_id = wanted AND k.id = own)
    ELSE false END;
  -- The names cost a walk up the organs, and few cases have a subject.
  IF is_open AND EXISTS (SELECT FROM case_subject s
                          WHERE s.case_id = wanted AND s.removed_at IS NULL) THEN
    is_open := NOT EXISTS (SELECT FROM case_subject s WHERE s.case_id = wanted
      AND s.removed_at IS NULL AND s.subject = ANY (reception_names()));
  END IF;
  PERFORM set_config('app.wall', before, true);
  RETURN is_open;
END $$
"""

# By the function for one case: the policy of the table, made for lists, gathers all it reaches.
_OPEN_PETITIONER = """
CREATE FUNCTION reception_open_petitioner(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  before text := current_setting('app.wall', true);
  is_open boolean;
BEGIN
  PERFORM set_config('app.wall', 'off', true);
  is_open := EXISTS (SELECT FROM petition_case c
                      WHERE c.petitioner_id = wanted AND reception_open(c.id));
  PERFORM set_config('app.wall', before, true);
  RETURN is_open;
END $$
"""

_CASE_IS_OPEN = f"""
  {_IS_OFF} OR id = current_setting('app.case', true)
  OR (CASE current_setting('app.scope', true)
      WHEN 'area' THEN starts_with(area_code, {_OWN}) OR starts_with(problem_area_code, {_OWN})
        OR id IN (SELECT reception_reached())
      WHEN 'organ' THEN owner_organ_id = {_OWN}
      ELSE id IN (SELECT reception_reached()) END
    AND id NOT IN (SELECT reception_closed()))
"""

_ROW_IS_OPEN = """
CREATE FUNCTION reception_open_{table}(wanted text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN RETURN EXISTS (SELECT FROM {table} WHERE id = wanted); END $$
"""


def upgrade() -> None:
    """Make the functions, then a policy for each table."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for function in (_NAMES, _CLOSED, _REACHED, _OPEN, _OPEN_PETITIONER):
        op.execute(function)
    _protect("petition_case", _CASE_IS_OPEN)
    # A petitioner is written right before the case, which is admitted by then.
    is_open = f"{_IS_OFF} OR reception_open_petitioner(id)"
    _protect("petitioner", is_open, f"current_setting('app.case', true) <> '' OR {is_open}")
    for table in _OF_CASE:
        _protect(table, f"{_IS_OFF} OR reception_open(case_id)")
    for parent, children in _OF_OTHERS.items():
        op.execute(_ROW_IS_OPEN.format(table=parent))
        for table in children:
            _protect(table, f"{_IS_OFF} OR reception_open_{parent}({parent}_id)")


def _protect(table: str, using: str, check: str = "") -> None:
    op.execute(f"CREATE POLICY wall ON {table} USING ({using}) WITH CHECK ({check or using})")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
