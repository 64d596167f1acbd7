"""Rows of rehearsals, and how every row one made is found and deleted."""

from collections.abc import Sequence

from sqlalchemy import Select, delete, select

from reception.storage import tables as t
from reception.storage.database import Transaction


async def rehearsal(tx: Transaction, rehearsal_id: str) -> t.Rehearsal | None:
    """Return the rehearsal with this id."""
    return await tx.get(t.Rehearsal, rehearsal_id)


async def recording_ids(tx: Transaction, leader_id: str) -> Sequence[str]:
    """Return the recordings of a rehearsal's sessions."""
    query = select(t.Recording.id).where(t.Recording.session_id.in_(_sessions(leader_id)))
    return (await tx.scalars(query)).all()


async def remove(tx: Transaction, rehearsal: t.Rehearsal) -> None:
    """Delete a rehearsal and everything that hangs on its leader and its site.

    Only rows marked as rehearsal can hang there. A case becomes one by its booking alone, so
    cases and petitioners are found through the bookings.
    """
    leader_id, site_id = rehearsal.leader_id, rehearsal.site_id
    recordings = select(t.Recording.id).where(t.Recording.session_id.in_(_sessions(leader_id)))
    participants = select(t.Participant.id).where(
        t.Participant.session_id.in_(_sessions(leader_id))
    )
    bookings = select(t.Booking.id).where(t.Booking.leader_id == leader_id)
    cases = (
        await tx.scalars(select(t.Booking.case_id).where(t.Booking.leader_id == leader_id))
    ).all()
    petitioners = (
        await tx.scalars(select(t.PetitionCase.petitioner_id).where(t.PetitionCase.id.in_(cases)))
    ).all()
    for statement in (
        delete(t.Job).where(t.Job.key.in_(recordings)),
        delete(t.RecordingGap).where(t.RecordingGap.recording_id.in_(recordings)),
        delete(t.RecordingFile).where(t.RecordingFile.recording_id.in_(recordings)),
        delete(t.Recording).where(t.Recording.session_id.in_(_sessions(leader_id))),
        delete(t.Ticket).where(t.Ticket.participant_id.in_(participants)),
        delete(t.ResumeToken).where(t.ResumeToken.participant_id.in_(participants)),
        *(
            delete(table).where(table.session_id.in_(_sessions(leader_id)))
            for table in (
                t.Participant,
                t.SessionEvent,
                t.Consent,
                t.Signature,
                t.RecordVersion,
                t.Outcome,
                t.Rating,
                t.Viewing,
                t.PlaybackTicket,
            )
        ),
        delete(t.Session).where(t.Session.leader_id == leader_id),
        delete(t.Idempotency).where(t.Idempotency.booking_id.in_(bookings)),
        delete(t.Booking).where(t.Booking.leader_id == leader_id),
        delete(t.Attachment).where(t.Attachment.case_id.in_(cases)),
        delete(t.CaseEvent).where(t.CaseEvent.case_id.in_(cases)),
        delete(t.Deadline).where(t.Deadline.case_id.in_(cases)),
        delete(t.PetitionCase).where(t.PetitionCase.id.in_(cases)),
        delete(t.Petitioner).where(t.Petitioner.id.in_(petitioners)),
        delete(t.Slot).where(t.Slot.leader_id == leader_id),
        delete(t.ReceptionDay).where(t.ReceptionDay.leader_id == leader_id),
        delete(t.ApiToken).where(t.ApiToken.leader_id == leader_id),
        delete(t.KioskSession).where(t.KioskSession.kiosk_id.in_(_kiosks(site_id))),
        delete(t.Kiosk).where(t.Kiosk.site_id == site_id),
        delete(t.Rehearsal).where(t.Rehearsal.id == rehearsal.id),
        delete(t.Site).where(t.Site.id == site_id),
        delete(t.Leader).where(t.Leader.id == leader_id),
    ):
        await tx.execute(statement.execution_options(synchronize_session=False))


def _kiosks(site_id: str) -> Select[str]:
    return select(t.Kiosk.id).where(t.Kiosk.site_id == site_id)


def _sessions(leader_id: str) -> Select[str]:
    return select(t.Session.id).where(t.Session.leader_id == leader_id)
