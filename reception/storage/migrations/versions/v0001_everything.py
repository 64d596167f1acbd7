"""Everything: the first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from reception.storage.columns import Instant

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_LIVE = "state IN ('requested', 'under_check', 'confirmed', 'reminded', 'checked_in', 'in_session')"


def upgrade() -> None:
    """Build the tables and the guard against overlapping bookings."""
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _exclude_overlaps()
    else:
        _forbid_overlaps_by_trigger()


def _exclude_overlaps() -> None:
    # The claim of the slot decides every ordinary race; these constraints catch every other
    # path to the table. Adding them later would lock it, so they are here from the start.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(
        "ALTER TABLE booking ADD COLUMN during tstzrange NOT NULL "
        "GENERATED ALWAYS AS (tstzrange(starts_at, ends_at, '[)')) STORED"
    )
    for name, held in (("leader", "leader_id WITH ="), ("room", "site_id WITH =, room WITH =")):
        op.execute(
            f"ALTER TABLE booking ADD CONSTRAINT ex_booking_{name} "
            f"EXCLUDE USING gist ({held}, during WITH &&) WHERE ({_LIVE})"
        )


def _forbid_overlaps_by_trigger() -> None:
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"""
            CREATE TRIGGER booking_overlap_{event.lower()} BEFORE {event} ON booking
            WHEN NEW.{_LIVE} AND EXISTS (
                SELECT 1 FROM booking
                WHERE booking.id <> NEW.id AND booking.{_LIVE}
                AND booking.starts_at < NEW.ends_at AND booking.ends_at > NEW.starts_at
                AND (booking.leader_id = NEW.leader_id
                     OR (booking.site_id = NEW.site_id AND booking.room = NEW.room))
            )
            BEGIN SELECT RAISE(ABORT, 'booking_overlap'); END
            """  # noqa: S608  # built from the two constants of this file
        )


def _create_tables() -> None:
    op.create_table(
        "area",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "city",
                "county",
                "township",
                "village",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["parent_code"], ["area.code"], name="fk_area_parent_code"),
        sa.PrimaryKeyConstraint("code", name="pk_area"),
        sa.UniqueConstraint("path", name="uq_area_path"),
    )
    op.create_index("ix_area_parent_code", "area", ["parent_code"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("leased_until", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("name", "key", name="uq_job_name_key"),
    )
    op.create_index(
        "ix_job_due", "job", ["due_at"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "login_failure",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_login_failure"),
    )
    op.create_table(
        "petitioner",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petitioner"),
    )
    op.create_table(
        "case_serial",
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_case_serial_area_code"),
        sa.PrimaryKeyConstraint("area_code", "year", name="pk_case_serial"),
    )
    op.create_table(
        "day_table",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("loaded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_day_table_area_code"),
        sa.PrimaryKeyConstraint("id", name="pk_day_table"),
        sa.UniqueConstraint(
            "area_code", "year", "version", name="uq_day_table_area_code_year_version"
        ),
    )
    op.create_index("ix_day_table_area_code", "day_table", ["area_code"], unique=False)
    op.create_table(
        "leader",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("portfolio", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_leader_area_code"),
        sa.PrimaryKeyConstraint("id", name="pk_leader"),
    )
    op.create_index("ix_leader_area_code", "leader", ["area_code"], unique=False)
    op.create_table(
        "organ",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_organ_area_code"),
        sa.PrimaryKeyConstraint("id", name="pk_organ"),
    )
    op.create_index("ix_organ_area_code", "organ", ["area_code"], unique=False)
    op.create_table(
        "site",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.CheckConstraint("rooms >= 1", name=op.f("ck_site_rooms")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_site_area_code"),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
    )
    op.create_index("ix_site_area_code", "site", ["area_code"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "clerk",
                "leader",
                "handler",
                "admin",
                "kiosk",
                "system",
                "public",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("organ_id", sa.String(length=32), nullable=True),
        sa.Column("leader_id", sa.String(length=32), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_account_area_code"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_account_leader_id"),
        sa.ForeignKeyConstraint(["organ_id"], ["organ.id"], name="fk_account_organ_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("login", name="uq_account_login"),
    )
    op.create_index("ix_account_area_code", "account", ["area_code"], unique=False)
    op.create_index("ix_account_leader_id", "account", ["leader_id"], unique=False)
    op.create_index("ix_account_organ_id", "account", ["organ_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "clerk",
                "leader",
                "handler",
                "admin",
                "kiosk",
                "system",
                "public",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_api_token_area_code"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_api_token_leader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_area_code", "api_token", ["area_code"], unique=False)
    op.create_index("ix_api_token_leader_id", "api_token", ["leader_id"], unique=False)
    op.create_table(
        "day_row",
        sa.Column("table_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("holiday", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('workday', 'rest', 'makeup')", name=op.f("ck_day_row_kind")),
        sa.ForeignKeyConstraint(["table_id"], ["day_table.id"], name="fk_day_row_table_id"),
        sa.PrimaryKeyConstraint("table_id", "day", name="pk_day_row"),
    )
    op.create_table(
        "kiosk",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=True),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_kiosk_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_kiosk"),
        sa.UniqueConstraint("key_hash", name="uq_kiosk_key_hash"),
    )
    op.create_index("ix_kiosk_site_id", "kiosk", ["site_id"], unique=False)
    op.create_table(
        "petition_case",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("query_code", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "registered",
                "forwarded",
                "assigned",
                "diverted",
                "redirected",
                "sealed_transfer",
                "disputed",
                "accepted",
                "not_accepted",
                "no_longer",
                "handling",
                "legal_path",
                "mediated",
                "opinion",
                "served",
                "performing",
                "closed",
                "review",
                "review_served",
                "recheck",
                "terminated",
                "reopened",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("petitioner_id", sa.String(length=32), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "video",
                "online",
                "letter",
                "visit",
                "phone",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "purpose",
            sa.Enum(
                "suggestion",
                "accusation",
                "appeal_or_request",
                "enquiry",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "category",
            sa.Enum(
                "agriculture",
                "land",
                "construction",
                "labour",
                "health",
                "education",
                "civil_affairs",
                "justice",
                "environment",
                "transport",
                "economy",
                "commerce",
                "technology",
                "personnel",
                "discipline",
                "party_and_government",
                "other",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("area_code", sa.String(length=12), nullable=False),
        sa.Column("problem_area_code", sa.String(length=12), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("persons_present", sa.Integer(), nullable=False),
        sa.Column("registered_at", Instant(), nullable=False),
        sa.Column("owner_organ_id", sa.String(length=32), nullable=True),
        sa.Column("first_responsible", sa.String(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.CheckConstraint("persons_present >= 1", name=op.f("ck_petition_case_persons_present")),
        sa.ForeignKeyConstraint(["area_code"], ["area.code"], name="fk_petition_case_area_code"),
        sa.ForeignKeyConstraint(
            ["owner_organ_id"], ["organ.id"], name="fk_petition_case_owner_organ_id"
        ),
        sa.ForeignKeyConstraint(
            ["petitioner_id"], ["petitioner.id"], name="fk_petition_case_petitioner_id"
        ),
        sa.ForeignKeyConstraint(
            ["problem_area_code"], ["area.code"], name="fk_petition_case_problem_area_code"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_petition_case"),
        sa.UniqueConstraint("case_no", name="uq_petition_case_case_no"),
        sa.UniqueConstraint("query_code", name="uq_petition_case_query_code"),
    )
    op.create_index("ix_petition_case_area_code", "petition_case", ["area_code"], unique=False)
    op.create_index(
        "ix_petition_case_owner_organ_id", "petition_case", ["owner_organ_id"], unique=False
    )
    op.create_index(
        "ix_petition_case_petitioner_id", "petition_case", ["petitioner_id"], unique=False
    )
    op.create_index(
        "ix_petition_case_problem_area_code", "petition_case", ["problem_area_code"], unique=False
    )
    op.create_index(
        "ix_petition_case_registered_at", "petition_case", ["registered_at"], unique=False
    )
    op.create_table(
        "reception_rule",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("on_weekend", sa.String(), nullable=False),
        sa.Column("on_holiday", sa.String(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("lead_days", sa.Integer(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "announced_reception",
                "invited_talk",
                "case_visit",
                "duty_reception",
                "follow_up_visit",
                "themed_reception",
                "joint_reception",
                "video_reception",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_reception_rule_leader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reception_rule"),
    )
    op.create_index("ix_reception_rule_leader_id", "reception_rule", ["leader_id"], unique=False)
    op.create_table(
        "rehearsal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("rooms", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_rehearsal_leader_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_rehearsal_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rehearsal"),
    )
    op.create_index("ix_rehearsal_leader_id", "rehearsal", ["leader_id"], unique=False)
    op.create_index("ix_rehearsal_site_id", "rehearsal", ["site_id"], unique=False)
    op.create_table(
        "auth_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_auth_session_account_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_auth_session"),
    )
    op.create_index("ix_auth_session_account_id", "auth_session", ["account_id"], unique=False)
    op.create_table(
        "case_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text_zh", sa.String(), nullable=False),
        sa.Column("text_en", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_case_event_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_event"),
    )
    op.create_index("ix_case_event_case_id", "case_event", ["case_id"], unique=False)
    op.create_table(
        "deadline",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("due_strict", sa.Date(), nullable=False),
        sa.Column("due_legal", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("met_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_deadline_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deadline"),
        sa.UniqueConstraint(
            "case_id", "rule", "started_on", name="uq_deadline_case_id_rule_started_on"
        ),
    )
    op.create_table(
        "reception_day",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("rule_id", sa.String(length=32), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("nominal_date", sa.Date(), nullable=False),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "approved",
                "published",
                "booking_open",
                "in_progress",
                "completed",
                "changed",
                "substituted",
                "cancelled",
                "missed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum(
                "announced_reception",
                "invited_talk",
                "case_visit",
                "duty_reception",
                "follow_up_visit",
                "themed_reception",
                "joint_reception",
                "video_reception",
                name="mode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_reception_day_leader_id"),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["reception_rule.id"], name="fk_reception_day_rule_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reception_day"),
        sa.UniqueConstraint(
            "rule_id", "nominal_date", name="uq_reception_day_rule_id_nominal_date"
        ),
    )
    op.create_index("ix_reception_day_day", "reception_day", ["day"], unique=False)
    op.create_index("ix_reception_day_leader_id", "reception_day", ["leader_id"], unique=False)
    op.create_table(
        "slot",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("day_id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "held",
                "booked",
                "done",
                "freed",
                "lost",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("held_until", Instant(), nullable=True),
        sa.Column("held_by", sa.String(), nullable=True),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_slot_span")),
        sa.ForeignKeyConstraint(["day_id"], ["reception_day.id"], name="fk_slot_day_id"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_slot_leader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_slot"),
    )
    op.create_index("ix_slot_day_id", "slot", ["day_id"], unique=False)
    op.create_index("ix_slot_free", "slot", ["state", "starts_at"], unique=False)
    op.create_index(
        "uq_slot_leader_id_starts_at",
        "slot",
        ["leader_id", "starts_at"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('freed', 'lost')"),
        postgresql_where=sa.text("state NOT IN ('freed', 'lost')"),
    )
    op.create_table(
        "booking",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "under_check",
                "waitlisted",
                "confirmed",
                "reminded",
                "checked_in",
                "in_session",
                "completed",
                "declined",
                "moved",
                "cancelled_by_petitioner",
                "cancelled_by_gov",
                "no_show",
                "leader_absent",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("slot_id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("room", sa.Integer(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("kiosk_id", sa.String(length=32), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_booking_span")),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_booking_case_id"),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosk.id"], name="fk_booking_kiosk_id"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_booking_leader_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_booking_site_id"),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name="fk_booking_slot_id"),
        sa.PrimaryKeyConstraint("id", name="pk_booking"),
    )
    op.create_index("ix_booking_case_id", "booking", ["case_id"], unique=False)
    op.create_index("ix_booking_code", "booking", ["code"], unique=False)
    op.create_index("ix_booking_kiosk_id", "booking", ["kiosk_id"], unique=False)
    op.create_index("ix_booking_leader_id", "booking", ["leader_id"], unique=False)
    op.create_index("ix_booking_site_id", "booking", ["site_id"], unique=False)
    op.create_index("ix_booking_slot_id", "booking", ["slot_id"], unique=False)
    op.create_index("ix_booking_starts_at", "booking", ["starts_at"], unique=False)
    op.create_index(
        "uq_booking_live_code",
        "booking",
        ["code"],
        unique=True,
        sqlite_where=sa.text(_LIVE),
        postgresql_where=sa.text(_LIVE),
    )
    op.create_index(
        "uq_booking_live_slot",
        "booking",
        ["slot_id"],
        unique=True,
        sqlite_where=sa.text(_LIVE),
        postgresql_where=sa.text(_LIVE),
    )
    op.create_table(
        "idempotency",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("booking_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name="fk_idempotency_booking_id"),
        sa.PrimaryKeyConstraint("key_hash", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_booking_id", "idempotency", ["booking_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("booking_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("leader_id", sa.String(length=32), nullable=False),
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("room_id", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "scheduled",
                "prepared",
                "lobby",
                "notice",
                "active",
                "consult",
                "reconnecting",
                "readback",
                "signed",
                "sign_refused",
                "closed",
                "adjourned",
                "stopped",
                "broken_off",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "resumes",
            sa.Enum(
                "scheduled",
                "prepared",
                "lobby",
                "notice",
                "active",
                "consult",
                "reconnecting",
                "readback",
                "signed",
                "sign_refused",
                "closed",
                "adjourned",
                "stopped",
                "broken_off",
                name="resumes",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("lost_at", Instant(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("slot_starts_at", Instant(), nullable=False),
        sa.Column("slot_ends_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("preparation", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name="fk_session_booking_id"),
        sa.ForeignKeyConstraint(["case_id"], ["petition_case.id"], name="fk_session_case_id"),
        sa.ForeignKeyConstraint(["leader_id"], ["leader.id"], name="fk_session_leader_id"),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name="fk_session_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("booking_id", name="uq_session_booking_id"),
        sa.UniqueConstraint("room_id", name="uq_session_room_id"),
    )
    op.create_index("ix_session_case_id", "session", ["case_id"], unique=False)
    op.create_index("ix_session_leader_id", "session", ["leader_id"], unique=False)
    op.create_index("ix_session_site_id", "session", ["site_id"], unique=False)
    op.create_index("ix_session_state", "session", ["state"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(), nullable=False),
        sa.Column("how", sa.String(length=8), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.CheckConstraint("how IN ('button', 'voice')", name=op.f("ck_consent_how")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_consent_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_session_id", "consent", ["session_id"], unique=False)
    op.create_table(
        "outcome",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "on_spot",
                "answered",
                "assigned",
                "joint",
                "legal_channel",
                "mediation",
                "relief",
                "redirect",
                "adjourned",
                "withdrawn",
                name="type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("owner_organ_id", sa.String(length=32), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_strict", sa.Date(), nullable=True),
        sa.Column("due_legal", sa.Date(), nullable=True),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("saved_at", Instant(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["owner_organ_id"], ["organ.id"], name="fk_outcome_owner_organ_id"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_outcome_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outcome"),
        sa.UniqueConstraint("session_id", "version", name="uq_outcome_session_id_version"),
    )
    op.create_index("ix_outcome_owner_organ_id", "outcome", ["owner_organ_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("joined_at", Instant(), nullable=True),
        sa.Column("left_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "role IN ('petitioner', 'leader', 'clerk', 'department')",
            name=op.f("ck_participant_role"),
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_participant_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_participant"),
    )
    op.create_index("ix_participant_session_id", "participant", ["session_id"], unique=False)
    op.create_index(
        "uq_participant_seat",
        "participant",
        ["session_id", "seat"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )
    op.create_table(
        "rating",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "target IN ('session', 'petition_office', 'organ')", name=op.f("ck_rating_target")
        ),
        sa.CheckConstraint("level IN (0, 1, 3)", name=op.f("ck_rating_level")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_rating_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rating"),
        sa.UniqueConstraint("session_id", "target", name="uq_rating_session_id_target"),
    )
    op.create_table(
        "record_version",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_record_version_session_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_record_version"),
        sa.UniqueConstraint("session_id", "version", name="uq_record_version_session_id_version"),
    )
    op.create_table(
        "recording",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("progress_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('recording', 'finishing', 'ready', 'failed')",
            name=op.f("ck_recording_state"),
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_recording_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
    )
    op.create_index("ix_recording_session_id", "recording", ["session_id"], unique=False)
    op.create_index(
        "uq_recording_live",
        "recording",
        ["session_id"],
        unique=True,
        sqlite_where=sa.text("state = 'recording'"),
        postgresql_where=sa.text("state = 'recording'"),
    )
    op.create_table(
        "session_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_session_event_session_id"),
        sa.PrimaryKeyConstraint("id", name="pk_session_event"),
    )
    op.create_index("ix_session_event_session_id", "session_event", ["session_id"], unique=False)
    op.create_table(
        "signature",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("strokes", sa.String(), nullable=True),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_signature_session_id"),
        sa.PrimaryKeyConstraint("session_id", name="pk_signature"),
    )
    op.create_table(
        "recording_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("recording_id", sa.String(length=32), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("relative_path", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name="fk_recording_file_recording_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recording_file"),
    )
    op.create_index(
        "ix_recording_file_recording_id", "recording_file", ["recording_id"], unique=False
    )
    op.create_table(
        "recording_gap",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("recording_id", sa.String(length=32), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("from_ms", sa.Integer(), nullable=False),
        sa.Column("to_ms", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], name="fk_recording_gap_recording_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recording_gap"),
    )
    op.create_index(
        "ix_recording_gap_recording_id", "recording_gap", ["recording_id"], unique=False
    )
    op.create_table(
        "resume_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name="fk_resume_token_participant_id"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_resume_token"),
    )
    op.create_index(
        "ix_resume_token_participant_id", "resume_token", ["participant_id"], unique=False
    )
    op.create_table(
        "ticket",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name="fk_ticket_participant_id"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_ticket"),
    )
    op.create_index("ix_ticket_participant_id", "ticket", ["participant_id"], unique=False)
