"""The second wall, on PostgreSQL: row-level security, and a role that cannot pass it.

Migration 14 has the policies. They ask the settings that each transaction makes for its actor
first of all; without them no row of a case is there.
"""

from typing import Final

from sqlalchemy import Connection, text

from reception.domain.access import Actor, reach_of
from reception.domain.codes import Role
from reception.storage.errors import WallMissing

APP_ROLE: Final = "reception_app"
"""As whom the program works, whoever it logs in as; it owns nothing."""

ENTER: Final = text(
    "SELECT set_config('role', :role, true), set_config('app.wall', :wall, true),"
    " set_config('app.scope', :scope, true), set_config('app.own', :own, true),"
    " set_config('app.account', :account, true), set_config('app.leader', :leader, true),"
    " set_config('app.organ', :organ, true), set_config('app.case', '', true)"
)
LIFT: Final = text("SELECT set_config('app.wall', 'off', true)")
RAISE: Final = text("SELECT set_config('app.wall', 'on', true)")
ADMIT: Final = text("SELECT set_config('app.case', :case, true)")

_APPEND_ONLY: Final = ("audit_event", "audit_checkpoint")


def settings_of(actor: Actor) -> dict[str, str]:
    """Return what a transaction for `actor` tells the policies."""
    reach = reach_of(actor)
    return {
        "role": APP_ROLE,
        "wall": "off" if actor.role is Role.SYSTEM else "on",
        "scope": reach.kind,
        "own": reach.own,
        "account": actor.id if actor.kind == "account" else "",
        "leader": actor.leader_id or "",
        "organ": actor.organ_id or "",
    }


def may_upgrade(connection: Connection) -> bool:
    """Return whether this login owns the schema, or the database as long as that is empty."""
    return bool(
        connection.execute(
            text(
                "SELECT pg_has_role(current_user, coalesce("
                " (SELECT relowner FROM pg_class WHERE oid = to_regclass('alembic_version')),"
                " (SELECT datdba FROM pg_database WHERE datname = current_database())), 'MEMBER')"
            )
        ).scalar_one()
    )


def prepare(connection: Connection) -> None:
    """Make the program's role, unless it is there, and let the migrations see every row.

    Raises:
        WallMissing: it is not there, and whoever upgrades may not make roles.

    """
    connection.execute(LIFT)
    found = connection.execute(
        text(
            "SELECT (SELECT true FROM pg_roles WHERE rolname = :role),"
            " (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)"
        ),
        {"role": APP_ROLE},
    ).one()
    if found[0]:
        return
    if not found[1]:
        raise WallMissing(role=APP_ROLE)
    connection.execute(text(f"CREATE ROLE {APP_ROLE} NOLOGIN"))
    connection.execute(text(f"GRANT {APP_ROLE} TO CURRENT_USER"))


def grant(connection: Connection) -> None:
    """Give the program's role what it needs and no more: rows, but neither schema nor log."""
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}",
        *(f"REVOKE UPDATE, DELETE ON {table} FROM {APP_ROLE}" for table in _APPEND_ONLY),
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE}",
    ):
        connection.execute(text(statement))


def require(connection: Connection) -> None:
    """Go on only when row-level security holds for whoever this transaction works as.

    Raises:
        WallMissing: the role may pass it: a superuser, one with BYPASSRLS, or the tables' owner.

    """
    passes = connection.execute(
        text(
            "SELECT r.rolsuper OR r.rolbypassrls OR pg_has_role(current_user, c.relowner, 'MEMBER')"
            " FROM pg_roles r, pg_class c"
            " WHERE r.rolname = current_user AND c.oid = 'petition_case'::regclass"
        )
    ).scalar_one()
    if passes:
        raise WallMissing(role=APP_ROLE)
