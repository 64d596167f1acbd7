"""Kiosks as their administrator sees them: who waits, who is in trouble, codes, limits and the end."""

from datetime import time
from typing import TYPE_CHECKING, Final

from aiohttp.web import HTTPSeeOther, Request, Response, StreamResponse, get, post

from reception.domain.access import ROLES, Action
from reception.domain.errors import BadInput
from reception.domain.kiosks import KioskState, Window, shown_code
from reception.services import kiosks, places
from web.auth import require
from web.forms import form_of
from web.keys import CONTEXT
from web.pages.kiosk import qr_path
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

ADMINISTRATORS: Final = tuple(ROLES[Action.MANAGE_KIOSKS])


async def overview(request: Request) -> Response:
    """List the kiosks of the area; those that need somebody come first and are told above."""
    actor = await require(request, *ADMINISTRATORS)
    context = request.app[CONTEXT]
    found = await kiosks.kiosks(context.db, by=actor)
    return await page(
        request,
        "kiosks/overview.html",
        kiosks=found,
        quarantined=[one for one in found if one.state is KioskState.QUARANTINED],
        awaiting=[one for one in found if one.state is KioskState.AWAITING],
        sites=await places.sites(context.db, within=actor.area_code),
    )


async def create(request: Request) -> StreamResponse:
    """Make a kiosk and show its first code."""
    actor = await require(request, *ADMINISTRATORS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    kiosk_id = await kiosks.create_kiosk(
        context.db,
        site_id=form.required("site_id"),
        name=form.required("name")[:80],
        by=actor,
        now=context.clock.now(),
    )
    return await _shown(request, kiosk_id, with_code=True)


async def show(request: Request) -> StreamResponse:
    """Show one kiosk."""
    return await _shown(request, request.match_info["kiosk_id"])


async def code(request: Request) -> StreamResponse:
    """Make a code and show it, this once."""
    return await _shown(request, request.match_info["kiosk_id"], with_code=True)


async def _shown(request: Request, kiosk_id: str, *, with_code: bool = False) -> Response:
    actor = await require(request, *ADMINISTRATORS)
    context = request.app[CONTEXT]
    made = None
    if with_code:
        made = await kiosks.new_code(
            context.db, kiosk_id=kiosk_id, by=actor, now=context.clock.now()
        )
    url = f"{context.base_url}/kiosk/enrol#code={made.code}" if made else ""
    return await page(
        request,
        "kiosks/kiosk.html",
        kiosk=await kiosks.kiosk(context.db, kiosk_id=kiosk_id, by=actor),
        made=made,
        code=shown_code(made.code) if made else "",
        url=url,
        qr=qr_path(url) if made else None,
        states=KioskState,
    )


async def approve(request: Request) -> StreamResponse:
    """Approve the key whose six words were on the form."""
    actor = await require(request, *ADMINISTRATORS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    kiosk_id = request.match_info["kiosk_id"]
    await kiosks.approve(
        context.db,
        kiosk_id=kiosk_id,
        words=form.required("words").split(),
        by=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/kiosks/{kiosk_id}")


async def limit(request: Request) -> StreamResponse:
    """Say when and from where a kiosk may be used."""
    actor = await require(request, *ADMINISTRATORS)
    context = request.app[CONTEXT]
    form = await form_of(request)
    kiosk_id = request.match_info["kiosk_id"]
    await kiosks.limit(
        context.db,
        kiosk_id=kiosk_id,
        hours=_windows(form.text("hours")),
        network=_parts(form.text("network")),
        by=actor,
        now=context.clock.now(),
    )
    raise HTTPSeeOther(f"/kiosks/{kiosk_id}")


async def revoke(request: Request) -> StreamResponse:
    """Take a kiosk out of service."""
    actor = await require(request, *ADMINISTRATORS)
    context = request.app[CONTEXT]
    kiosk_id = request.match_info["kiosk_id"]
    await kiosks.revoke(context.db, kiosk_id=kiosk_id, by=actor, now=context.clock.now())
    raise HTTPSeeOther(f"/kiosks/{kiosk_id}")


def _parts(text: str) -> tuple[str, ...]:
    """Split what was typed at commas of either script, and at spaces."""
    for mark in "，、,;；":
        text = text.replace(mark, " ")
    return tuple(text.split())


def _windows(text: str) -> tuple[Window, ...]:
    windows = []
    for part in _parts(text.replace("–", "-").replace("：", ":")):
        start, _, end = part.partition("-")
        try:
            windows.append((time.fromisoformat(start), time.fromisoformat(end)))
        except ValueError:
            raise BadInput(field="hours", reason="not_hours") from None
    return tuple(windows)


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/kiosks", overview),
        post("/kiosks", create),
        get("/kiosks/{kiosk_id}", show),
        post("/kiosks/{kiosk_id}/code", code),
        post("/kiosks/{kiosk_id}/approval", approve),
        post("/kiosks/{kiosk_id}/limits", limit),
        post("/kiosks/{kiosk_id}/revocation", revoke),
    ]
