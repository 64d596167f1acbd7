"""Taking a case out of the system: as a PDF for paper, or as a file for the petitioner."""

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp.web import Request, Response, get, post

from reception.domain.access import ROLES, Action
from reception.domain.case_files import FilePurpose
from reception.services import case_files, cases
from web.api.case_files import CaseFile
from web.auth import require_fresh
from web.case_pdf import case_pdf
from web.forms import form_of
from web.keys import CONTEXT
from web.paper import WRITER
from web.render import page

if TYPE_CHECKING:
    from aiohttp.web_routedef import RouteDef

STAFF: Final = tuple(sorted(ROLES[Action.EXPORT_CASE]))


async def form(request: Request) -> Response:
    """Ask what the file is for."""
    actor = await require_fresh(request, *STAFF)
    case_id = request.match_info["case_id"]
    may_copy = actor.role in ROLES[Action.COPY_FOR_PETITIONER]
    return await page(
        request,
        "cases/file.html",
        case_id=case_id,
        case_no=await cases.number_of(request.app[CONTEXT].db, case_id=case_id, actor=actor),
        may_copy=may_copy,
        purposes=[one for one in FilePurpose if one is not FilePurpose.PETITIONER_COPY],
        copy=FilePurpose.PETITIONER_COPY,
        most=case_files.EXPORTS_A_DAY,
    )


async def download(request: Request) -> Response:
    """Send the file: a PDF, or JSON where `format` says so."""
    actor = await require_fresh(request, *STAFF)
    context = request.app[CONTEXT]
    fields = await form_of(request)
    made = await case_files.make(
        context.db,
        case_id=request.match_info["case_id"],
        purpose=fields.choice("purpose", FilePurpose),
        actor=actor,
        now=context.clock.now(),
    )
    name = made.page.case.case_no
    if fields.text("format") == "json":
        body = CaseFile.model_validate(made).model_dump_json(indent=1).encode()
        return _attachment(body, "application/json", f"{name}.json")
    body = await asyncio.get_running_loop().run_in_executor(WRITER, case_pdf, made)
    return _attachment(body, "application/pdf", f"{name}.pdf")


def _attachment(body: bytes, media_type: str, name: str) -> Response:
    return Response(
        body=body,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def routes() -> "list[RouteDef]":
    """List the routes of this module."""
    return [
        get("/cases/{case_id}/file", form),
        post("/cases/{case_id}/file", download),
    ]
