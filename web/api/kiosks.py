"""Kiosks: their records, one-time codes, approval, limits and end."""

from http import HTTPStatus
from typing import Annotated, Any

from annotated_types import Len

from reception.domain.access import ROLES, Action
from reception.domain.errors import MovedMeanwhile, MoveRefused, NotFound
from reception.domain.kiosks import MOST_NETWORKS, MOST_WINDOWS, KioskState, shown_code
from reception.services import kiosks
from reception.services.kiosks import KioskStanding
from web.api.fields import Asked, Given, Id, Instant, Line, Name, Nothing, Window
from web.api.operation import Call, Operations

OPERATIONS = Operations("kiosks")
_ADMINISTRATORS = ROLES[Action.MANAGE_KIOSKS]


class Kiosk(Given):
    """A machine at a site; `words` are the six of the key it has or waits with, to be compared."""

    id: str
    name: str
    site_id: str
    site_name: str
    state: KioskState
    state_at: Instant
    last_seen_at: Instant | None
    words: tuple[str, ...]
    hours: tuple[Window, ...]
    network: tuple[str, ...]


class Kiosks(Given):
    """Kiosks; those in quarantine and those waiting for approval come first."""

    items: tuple[Kiosk, ...]


class KioskCode(Given):
    """A one-time code, shown this once; `url` is what the kiosk's browser opens."""

    kiosk_id: str
    code: str
    url: str
    ends_at: Instant


class KioskDraft(Asked):
    """A new kiosk at a site."""

    site_id: Id
    name: Name


class Words(Asked):
    """The six words read on the kiosk's own screen."""

    words: Annotated[tuple[Line, ...], Len(6, 6)]


class Limits(Asked):
    """When (in China's time, every day) and from which networks it may be used; empty: no limit."""

    hours: Annotated[tuple[Window, ...], Len(0, MOST_WINDOWS)] = ()
    network: Annotated[tuple[Line, ...], Len(0, MOST_NETWORKS)] = ()


@OPERATIONS.operation("GET", "/kiosks", summary="Kiosks", roles=_ADMINISTRATORS)
async def list_kiosks(call: Call[Nothing, Nothing]) -> Kiosks:
    """The kiosks of the administrator's area."""
    found = await kiosks.kiosks(call.context.db, by=call.actor)
    return Kiosks(items=tuple(_shown(one) for one in found))


@OPERATIONS.operation(
    "POST",
    "/kiosks",
    summary="Make a kiosk",
    roles=_ADMINISTRATORS,
    status=HTTPStatus.CREATED,
    errors=(NotFound,),
)
async def add_kiosk(call: Call[KioskDraft, Nothing]) -> KioskCode:
    """Make the record of a kiosk at a site of the administrator's area, and its first code."""
    draft = call.body
    kiosk_id = await kiosks.create_kiosk(
        call.context.db, site_id=draft.site_id, name=draft.name, by=call.actor, now=call.now
    )
    return await _new_code(call, kiosk_id)


@OPERATIONS.operation("GET", "/kiosks/{kiosk_id}", summary="A kiosk", roles=_ADMINISTRATORS)
async def get_kiosk(call: Call[Nothing, Nothing]) -> Kiosk:
    """A kiosk of the administrator's area."""
    return await _kiosk(call)


@OPERATIONS.operation(
    "POST",
    "/kiosks/{kiosk_id}/code",
    summary="Make a code",
    roles=_ADMINISTRATORS,
    status=HTTPStatus.CREATED,
)
async def make_kiosk_code(call: Call[Nothing, Nothing]) -> KioskCode:
    """Make a one-time code; the kiosk stays what it is until a machine uses it."""
    return await _new_code(call, call.path["kiosk_id"])


@OPERATIONS.operation(
    "POST",
    "/kiosks/{kiosk_id}/approval",
    summary="Approve a kiosk",
    roles=_ADMINISTRATORS,
    errors=(MoveRefused, MovedMeanwhile),
)
async def approve_kiosk(call: Call[Words, Nothing]) -> Kiosk:
    """Let the machine begin whose screen shows these six words."""
    await kiosks.approve(
        call.context.db,
        kiosk_id=call.path["kiosk_id"],
        words=call.body.words,
        by=call.actor,
        now=call.now,
    )
    return await _kiosk(call)


@OPERATIONS.operation(
    "PUT", "/kiosks/{kiosk_id}/limits", summary="Limit a kiosk", roles=_ADMINISTRATORS
)
async def limit_kiosk(call: Call[Limits, Nothing]) -> Kiosk:
    """Say when and from which networks a kiosk may be used."""
    await kiosks.limit(
        call.context.db,
        kiosk_id=call.path["kiosk_id"],
        hours=tuple((window.starts, window.ends) for window in call.body.hours),
        network=call.body.network,
        by=call.actor,
        now=call.now,
    )
    return await _kiosk(call)


@OPERATIONS.operation(
    "POST",
    "/kiosks/{kiosk_id}/revocation",
    summary="Take a kiosk out of service",
    roles=_ADMINISTRATORS,
    errors=(MoveRefused, MovedMeanwhile),
)
async def revoke_kiosk(call: Call[Nothing, Nothing]) -> Kiosk:
    """End every session of a kiosk now; only a new code brings it back."""
    await kiosks.revoke(
        call.context.db, kiosk_id=call.path["kiosk_id"], by=call.actor, now=call.now
    )
    return await _kiosk(call)


async def _kiosk(call: Call[Any, Nothing]) -> Kiosk:
    found = await kiosks.kiosk(call.context.db, kiosk_id=call.path["kiosk_id"], by=call.actor)
    return _shown(found)


async def _new_code(call: Call[Any, Nothing], kiosk_id: str) -> KioskCode:
    made = await kiosks.new_code(call.context.db, kiosk_id=kiosk_id, by=call.actor, now=call.now)
    return KioskCode(
        kiosk_id=kiosk_id,
        code=shown_code(made.code),
        url=f"{call.context.base_url}/kiosk/enrol#code={made.code}",
        ends_at=made.ends_at,
    )


def _shown(standing: KioskStanding) -> Kiosk:
    return Kiosk.model_validate(standing)
