"""`reception token create`."""

from reception.app.keys import open_database
from reception.app.serve import prepare
from reception.domain.codes import Role
from reception.services import places, tokens
from reception.settings import Settings
from scheduler.clock import SystemClock


async def create(settings: Settings, name: str, role: Role, area_code: str | None) -> str:
    """Make a bearer token in the settings' database; only its hash is kept."""
    await prepare(settings)
    db = open_database(settings)
    try:
        return await tokens.create_token(
            db,
            name=name,
            role=role,
            area_code=area_code or await places.whole_tree(db),
            now=SystemClock().now(),
        )
    finally:
        await db.close()
