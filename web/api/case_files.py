"""A case as a file that leaves the system, for the work or as the petitioner's copy."""

from datetime import datetime

from reception.domain.access import ROLES, Action
from reception.domain.case_files import FilePurpose
from reception.services import case_files
from reception.services.errors import VolumeExceeded
from web.api.cases import CasePage, LooksAt
from web.api.fields import Asked, Given, Nothing
from web.api.operation import Call, Operations

OPERATIONS = Operations("case files")


class FileWish(Asked):
    """What the file is for; `petitioner_copy` only by a clerk."""

    purpose: FilePurpose


class CaseFile(Given):
    """A case at one moment; its `id` is in the audit log.

    Phone and identity number are in full, and `looks` not empty, only in the petitioner's copy.
    """

    id: str
    purpose: FilePurpose
    made_at: datetime
    made_by: str
    page: CasePage
    phone: str | None
    id_number: str | None
    looks: tuple[LooksAt, ...]


@OPERATIONS.operation(
    "POST",
    "/cases/{case_id}/files",
    summary="Take a case out as a file",
    roles=ROLES[Action.EXPORT_CASE],
    errors=(VolumeExceeded,),
    fresh=True,
)
async def make_case_file(call: Call[FileWish, Nothing]) -> CaseFile:
    """Everything of a case as it stands; that it was taken, by whom and what for is written down."""
    made = await case_files.make(
        call.context.db,
        case_id=call.path["case_id"],
        purpose=call.body.purpose,
        actor=call.actor,
        now=call.now,
    )
    return CaseFile.model_validate(made)
