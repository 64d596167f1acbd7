"""The administrator's view of the area: places, machines and people who run the receptions."""

from typing import TYPE_CHECKING

from aiohttp.web import Request, Response, get

from reception.domain.codes import Role
from reception.domain.kiosks import KioskState
from reception.services import kiosks, places
from web.auth import require
from web.keys import CONTEXT
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef


async def overview(request: Request) -> Response:
    """List leaders, organs, sites and kiosks of the area."""
    actor = await require(request, Role.SYSADMIN)
    context = request.app[CONTEXT]
    return await page(
        request,
        "admin/overview.html",
        leaders=await places.leaders(context.db, within=actor.area_code),
        sites=await places.sites(context.db, within=actor.area_code),
        organs=await places.organs(context.db, within=actor.area_code),
        troubled=[
            one
            for one in await kiosks.kiosks(context.db, by=actor)
            if one.state in (KioskState.QUARANTINED, KioskState.AWAITING)
        ],
    )


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [get("/admin", overview)]
