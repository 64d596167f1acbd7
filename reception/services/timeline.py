"""A case's timeline: what happened, in Chinese and English, and who did it."""

from dataclasses import dataclass
from datetime import datetime

from reception.domain.access import Actor
from reception.storage.contents import Contents
from reception.storage.database import Transaction
from reception.storage.tables import CaseEvent


@dataclass(frozen=True)
class EventView:
    """One line of a timeline; to the public `actor_name` is empty."""

    at: datetime
    kind: str
    text_zh: str
    text_en: str
    actor_name: str


async def note(
    tx: Transaction,
    case_id: str,
    kind: str,
    *,
    zh: str,
    en: str,
    actor: Actor,
    now: datetime,
    public: bool = True,
    remark: bytes | None = None,
) -> None:
    """Write a line; a `public` one is shown to whoever has the query code and names nobody.

    `zh` and `en` are the program's own words; what somebody typed is the sealed `remark`.
    """
    await tx.put(
        CaseEvent(
            case_id=case_id,
            at=now,
            kind=kind,
            text_zh=zh,
            text_en=en,
            remark=remark,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            public=public,
        )
    )


def event_view(event: CaseEvent, contents: Contents, *, named: bool) -> EventView:
    """Return a line as others see it."""
    remark = contents.open_remark(event)
    return EventView(
        at=event.at,
        kind=event.kind,
        text_zh=event.text_zh + remark,
        text_en=event.text_en + remark,
        actor_name=event.actor_name if named else "",
    )
