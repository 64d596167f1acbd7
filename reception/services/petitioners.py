"""What is known of a petitioner: shown in full for a purpose, put right, and copied for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from reception.domain.access import Action, Actor
from reception.domain.audit import AuditAction
from reception.domain.cases import FINAL_STATES
from reception.domain.codes import Code, Role
from reception.domain.errors import BadInput, NotAllowed, NotFound
from reception.domain.identity import read_id_number
from reception.services import audit
from reception.services.case_access import require_case
from reception.services.timeline import note
from reception.services.volumes import require_volume
from reception.storage.contents import Contents, id_index, name_index
from reception.storage.database import Database
from scheduler.calendar import local_day

Shown = Literal["id_number", "phone"]

REVEALS_AN_HOUR: Final = 30
LONGEST_NAME: Final = 60
LONGEST_PHONE: Final = 24


class Purpose(Code):
    """What a number is needed for; asked each time, and written down."""

    IDENTITY = "identity", "核对身份", "to check identity"
    CONTACT = "contact", "联系信访人", "to reach the petitioner"
    DOCUMENT = "document", "制作文书", "for a document"
    CORRECTION = "correction", "更正信息", "to put data right"


@dataclass(frozen=True)
class Correction:
    """What is to be put right; None stays as it is, an empty text removes."""

    name: str | None = None
    phone: str | None = None
    id_number: str | None = None


async def reveal(
    db: Database, *, case_id: str, what: Shown, purpose: Purpose, actor: Actor, now: datetime
) -> str:
    """Return a number in full; who saw it, when and what for is in the audit log before that.

    A clerk sees numbers while the case is open, a handler and a reviewer those of cases assigned
    to them (domain.md 3.2).

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.
        VolumeExceeded: more than 30 in the last hour.

    """
    async with db.transaction(actor) as tx:
        case, petitioner, _, _ = await require_case(tx, case_id, actor, Action.REVEAL)
        if actor.role is Role.CLERK and case.state in FINAL_STATES:
            raise NotAllowed(action=Action.REVEAL.value, reason="case_over")
        await require_volume(
            tx,
            actor,
            AuditAction.REVEALED,
            most=REVEALS_AN_HOUR,
            within=timedelta(hours=1),
            now=now,
        )
        audit.record(
            tx, AuditAction.REVEALED, actor, "case", case_id, now, purpose=purpose.value, what=what
        )
        found = Contents(tx.vault, case).open(petitioner, what)
    if not found:
        raise NotFound(thing=what)
    return found


async def correct(
    db: Database, *, case_id: str, correction: Correction, actor: Actor, now: datetime
) -> None:
    """Put a petitioner's data right (PIPL art. 46); the timeline tells which, not what.

    Raises:
        NotFound, NotAllowed: there is no such case, or it is none of the actor's.
        BadInput: the name is empty, something is too long, or no identity number.

    """
    name, phone = correction.name, correction.phone
    if name is not None and not 0 < len(name.strip()) <= LONGEST_NAME:
        raise BadInput(field="petitioner_name", reason="length", least=1, most=LONGEST_NAME)
    if phone is not None and len(phone.strip()) > LONGEST_PHONE:
        raise BadInput(field="phone", reason="length", least=0, most=LONGEST_PHONE)
    async with db.transaction(actor) as tx:
        case, petitioner, _, _ = await require_case(tx, case_id, actor, Action.CORRECT)
        contents = Contents(tx.vault, case)
        if contents.destroyed:
            raise NotFound(thing="petitioner")
        changed = []
        if name is not None:
            contents.put(petitioner, name=name.strip())
            petitioner.name_index = name_index(tx.vault, name.strip())
            changed.append("name")
        if phone is not None:
            contents.put(petitioner, phone=phone.strip())
            changed.append("phone")
        if correction.id_number is not None:
            number = correction.id_number.strip()
            checked = read_id_number(number, local_day(now)) if number else ""
            contents.put(petitioner, id_number=checked)
            petitioner.id_index = id_index(tx.vault, checked) if checked else None
            changed.append("id_number")
        if not changed:
            raise BadInput(field="petitioner_name", reason="missing")
        audit.record(tx, AuditAction.CORRECTED, actor, "case", case_id, now, what=",".join(changed))
        await note(
            tx,
            case_id,
            "corrected",
            zh="信访人的登记信息已更正。",
            en="What is registered of the petitioner was put right.",
            actor=actor,
            now=now,
        )
