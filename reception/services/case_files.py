"""A case as it leaves the system on paper or as a file: for the work, or as the petitioner's copy."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from reception.domain.access import Action, Actor
from reception.domain.audit import AuditAction
from reception.domain.case_files import FilePurpose
from reception.domain.errors import NotFound
from reception.services import audit
from reception.services.audit_views import Look, looks_at
from reception.services.case_access import require_case
from reception.services.cases import CasePage, read_page
from reception.services.timeline import note
from reception.services.volumes import require_volume
from reception.storage.contents import Contents
from reception.storage.database import Database
from reception.storage.ids import new_id

EXPORTS_A_DAY: Final = 20


@dataclass(frozen=True)
class CaseFile:
    """A case as it stood at `made_at`; `id` is printed on it and in the audit log.

    In the petitioner's copy the numbers are in full, `looks` says who looked at the data, and
    what staff wrote for one another (names in the timeline, preparation notes) is left out. In
    every other both numbers are None and `looks` is empty.
    """

    id: str
    purpose: FilePurpose
    made_at: datetime
    made_by: str
    page: CasePage
    phone: str | None
    id_number: str | None
    looks: tuple[Look, ...]


async def make(
    db: Database, *, case_id: str, purpose: FilePurpose, actor: Actor, now: datetime
) -> CaseFile:
    """Return a case to be printed or handed over; the audit log has it before it is returned.

    The petitioner's copy (PIPL art. 45) is made by a clerk, at the counter, and the timeline
    tells of it.

    Raises:
        NotFound: there is none with this id, or its texts are destroyed.
        NotAllowed: it is none of the actor's.
        VolumeExceeded: the actor made 20 in the last day.

    """
    for_petitioner = purpose is FilePurpose.PETITIONER_COPY
    action = Action.COPY_FOR_PETITIONER if for_petitioner else Action.EXPORT_CASE
    async with db.transaction(actor) as tx:
        row = await require_case(tx, case_id, actor, action)
        case, petitioner, _, _ = row
        contents = Contents(tx.vault, case)
        if contents.destroyed:
            raise NotFound(thing="case_file")
        await require_volume(
            tx,
            actor,
            AuditAction.CASE_EXPORTED,
            most=EXPORTS_A_DAY,
            within=timedelta(days=1),
            now=now,
        )
        page = await read_page(tx, row, now, for_public=for_petitioner)
        made = CaseFile(
            id=new_id(),
            purpose=purpose,
            made_at=now,
            made_by=actor.name,
            page=_without_notes(page) if for_petitioner else page,
            phone=contents.open(petitioner, "phone") if for_petitioner else None,
            id_number=contents.open(petitioner, "id_number") if for_petitioner else None,
            looks=await looks_at(tx, case_id) if for_petitioner else (),
        )
        audit.record(
            tx,
            AuditAction.CASE_EXPORTED,
            actor,
            "case",
            case_id,
            now,
            purpose=purpose.value,
            file_id=made.id,
        )
        if for_petitioner:
            await note(
                tx,
                case_id,
                "copied",
                zh="信访人取得了本件的副本。",
                en="The petitioner was given a copy of the case.",
                actor=actor,
                now=now,
            )
    return made


def _without_notes(page: CasePage) -> CasePage:
    sessions = tuple(replace(session, preparation="") for session in page.sessions)
    return replace(page, sessions=sessions)
