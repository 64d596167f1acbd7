"""A whole reception held through the services, with a recording, for pages that show its result."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from reception.domain.consent import RECORDING_CONSENT
from reception.domain.outcomes import OutcomeType
from reception.domain.sessions import SessionMove
from reception.services import admission, booking, outcomes, records, sessions
from reception.services.booking import BookRequest
from reception.services.outcomes import OutcomeDraft
from reception.storage.database import Database
from tests.build import CLERK, draft, open_day
from tests.integration.web.site import Site
from tests.unit.recordings.locks import write_film

SECONDS = 8
BYTES = bytes(range(256)) * 40
PROMISE = "水务局一个月内修好水渠。"


@dataclass(frozen=True)
class Talk:
    """What a held reception left behind."""

    session_id: str
    case_id: str
    query_code: str
    recording_id: str
    file_id: str


async def hold(site: Site, data_root: Path, *, content: bytes = BYTES) -> Talk:
    """Book, check in, talk, promise, sign and close; both participants' files hold `content`."""
    db, place = site.db, site.place
    slots = await open_day(db, place.leader_id)
    made = await booking.book(
        db,
        request=BookRequest(slot_id=slots[0].id, site_id=place.site_id, draft=draft()),
        actor=CLERK,
        idempotency_key=None,
        now=site.clock.now(),
    )
    await booking.check_in(db, code=made.code, actor=place.kiosk, now=site.clock.now())
    session_id = made.session_id
    assert session_id is not None
    people = await _sit_down(db, session_id, site)
    recording_id = await _talk(db, session_id, site)
    for person in people:
        write_film(data_root / "recordings" / recording_id, person, content)
    await records.finished(
        db, recording_id=recording_id, result=_result(people), now=site.clock.now()
    )
    view = await sessions.session(db, session_id=session_id, actor=place.leader)
    slip = await sessions.receipt(
        db, session_id=session_id, actor=place.kiosk, now=site.clock.now()
    )
    return Talk(
        session_id, view.case_id, slip.query_code, recording_id, view.recordings[0].files[0].id
    )


async def _sit_down(db: Database, session_id: str, site: Site) -> list[str]:
    ids = []
    for actor in (site.place.kiosk, site.place.leader):
        ticket = await admission.issue_ticket(
            db, session_id=session_id, actor=actor, now=site.clock.now()
        )
        entered = await admission.redeem_ticket(db, ticket=ticket, now=site.clock.now())
        ids.append(entered.person.id)
    return ids


async def _talk(db: Database, session_id: str, site: Site) -> str:
    leader, kiosk = site.place.leader, site.place.kiosk

    async def move(step: SessionMove, actor: object = leader) -> None:
        assert actor in (leader, kiosk)
        await sessions.move(
            db,
            session_id=session_id,
            move=step,
            actor=kiosk if actor is kiosk else leader,
            now=site.clock.now(),
        )

    await move(SessionMove.BEGIN_NOTICE)
    await sessions.consent(
        db,
        session_id=session_id,
        answer=True,
        text_version=RECORDING_CONSENT.version,
        how="button",
        actor=kiosk,
        now=site.clock.now(),
    )
    await move(SessionMove.CONFIRM, kiosk)
    recording_id = await records.begin(db, session_id=session_id, now=site.clock.now())
    site.clock.advance(timedelta(seconds=SECONDS))
    await sessions.save_record(
        db, session_id=session_id, text="水渠断水三个月。", actor=leader, now=site.clock.now()
    )
    await outcomes.save_outcome(
        db,
        session_id=session_id,
        draft=OutcomeDraft(
            type=OutcomeType.ASSIGNED,
            text=PROMISE,
            owner_organ_id=site.place.organ_id,
            due_on=date(2026, 4, 9),
        ),
        actor=leader,
        now=site.clock.now(),
    )
    await move(SessionMove.READ_BACK)
    await sessions.sign(
        db, session_id=session_id, strokes="M0 0L10 10", actor=kiosk, now=site.clock.now()
    )
    await move(SessionMove.CLOSE)
    await records.ended(db, recording_id=recording_id, now=site.clock.now())
    return recording_id


def _result(people: list[str]) -> dict[str, object]:
    # The test's clock starts at 2026-03-10 01:00 UTC; gaps come in Unix milliseconds.
    zero = 1773104400000
    return {
        "head": "0" * 64,
        "started_at_ms": zero,
        "duration_ms": SECONDS * 1000,
        "files": [
            {
                "participant": person,
                "file": f"{person}.sealed.webm",
                "bytes": len(BYTES),
                "sha256": "0" * 64,
                "duration_ms": SECONDS * 1000,
                "width": 640,
                "height": 360,
            }
            for person in people
        ],
        "gaps": [
            {
                "participant": people[0],
                "kind": "video",
                "from_ms": zero + 2000,
                "to_ms": zero + 4000,
                "cause": "loss",
            }
        ],
    }
