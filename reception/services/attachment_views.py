"""What a page says of a file of a case, without opening it."""

from dataclasses import dataclass
from datetime import datetime

from reception.domain.attachments import Kind
from reception.storage.contents import Contents
from reception.storage.tables import Attachment


@dataclass(frozen=True)
class AttachmentView:
    """A file of a case; of a removed one the `name` is empty, for the public `added_by`."""

    id: str
    kind: Kind
    name: str
    bytes: int
    added_at: datetime
    added_by: str
    removed_at: datetime | None


def attachment_view(row: Attachment, contents: Contents, *, named: bool) -> AttachmentView:
    """Return a file as pages show it."""
    return AttachmentView(
        id=row.id,
        kind=row.kind,
        name=contents.open(row, "name"),
        bytes=row.bytes,
        added_at=row.added_at,
        added_by=row.added_by if named else "",
        removed_at=row.removed_at,
    )
