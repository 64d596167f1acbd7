"""Rehearsals: practice receptions of their own leader and site, hidden from everybody else."""

import asyncio
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from reception.domain.codes import Role
from reception.services import rehearsals
from web.api.calendar import Slot
from web.api.fields import Asked, Given, Nothing, PublicKey
from web.api.operation import Call, Operations
from web.api.places import Site

OPERATIONS = Operations("rehearsals")
_REHEARSERS = frozenset({Role.CLERK, Role.SYSADMIN})
MOST_ROOMS = 50


class RehearsalWish(Asked):
    """How many receptions at once, and the key the robots at the kiosk sign with.

    `public_key` is an uncompressed point of P-256 in hex.
    """

    rooms: Annotated[int, Ge(1), Le(MOST_ROOMS)]
    public_key: PublicKey


class Rehearsal(Given):
    """One slot for each room, its kiosk, and the token of its leader, shown this once."""

    id: str
    slots: tuple[Slot, ...]
    site: Site
    kiosk_id: str
    leader_token: str


@OPERATIONS.operation(
    "POST",
    "/rehearsals",
    summary="Start a rehearsal",
    roles=_REHEARSERS,
    status=HTTPStatus.CREATED,
)
async def create_rehearsal(call: Call[RehearsalWish, Nothing]) -> Rehearsal:
    """Make a leader, a site, a kiosk and slots to practise with; no list shows them."""
    made = await rehearsals.create(
        call.context.db,
        rooms=call.body.rooms,
        public_key=bytes.fromhex(call.body.public_key),
        actor=call.actor,
        now=call.now,
    )
    return Rehearsal.model_validate(made)


@OPERATIONS.operation(
    "DELETE", "/rehearsals/{rehearsal_id}", summary="Remove a rehearsal", roles=_REHEARSERS
)
async def remove_rehearsal(call: Call[Nothing, Nothing]) -> None:
    """Delete every row and every recording the rehearsal made."""
    removed = await rehearsals.remove(
        call.context.db, rehearsal_id=call.path["rehearsal_id"], actor=call.actor, now=call.now
    )
    await asyncio.to_thread(_delete, call.context.data_root, removed)


def _delete(root: Path, recording_ids: tuple[str, ...]) -> None:
    for recording_id in recording_ids:
        shutil.rmtree(root / "recordings" / recording_id, ignore_errors=True)
