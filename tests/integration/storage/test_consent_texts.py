"""What was agreed to can be read word by word for as long as the answer is kept."""

import pytest

from reception.domain.access import SYSTEM
from reception.domain.consent import RECORDING_CONSENT
from reception.domain.errors import BadInput
from reception.services import sessions
from reception.storage.database import Database
from reception.storage.tables import ConsentText
from tests.build import NOW, Prefecture, prefecture
from tests.integration.storage.test_reception import talking


async def answer(db: Database, made: Prefecture, session_id: str, version: str) -> None:
    await sessions.consent(
        db,
        session_id=session_id,
        answer=True,
        text_version=version,
        how="button",
        actor=made.kiosk,
        now=NOW,
    )


async def test_the_words_that_were_answered_are_kept_once(db: Database) -> None:
    made = await prefecture(db)
    _, session_id = await talking(db, made)
    for _ in range(2):
        await answer(db, made, session_id, RECORDING_CONSENT.version)
    view = await sessions.session(db, session_id=session_id, actor=made.leader)
    assert view.consent_text is not None
    assert view.consent_text.zh == RECORDING_CONSENT.zh
    assert view.consent_text.en == RECORDING_CONSENT.en


async def test_an_answer_to_a_text_that_is_not_ours_is_refused_and_one_to_an_earlier_text_stands(
    db: Database,
) -> None:
    made = await prefecture(db)
    _, session_id = await talking(db, made)
    with pytest.raises(BadInput):
        await answer(db, made, session_id, "recording-0000000000000000")
    earlier = ConsentText(
        version="recording-0000000000000000", zh=["旧的说法"], en=["old words"], first_used_at=NOW
    )
    async with db.transaction(SYSTEM) as tx:
        await tx.put(earlier)
    await answer(db, made, session_id, earlier.version)
    view = await sessions.session(db, session_id=session_id, actor=made.leader)
    assert view.consent_text is not None
    assert view.consent_text.zh == ("旧的说法",)
