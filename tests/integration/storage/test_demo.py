"""The demo prefecture is ready for a reception at once, whatever the time of day."""

from datetime import UTC, datetime, timedelta

import pytest

from reception.domain.codes import Role
from reception.domain.errors import NotFound
from reception.domain.sessions import SessionState
from reception.services import accounts, booking, calendar, demo, tokens
from reception.storage.database import Database
from tests.devices import Device

# A Sunday afternoon, the minutes before midnight, and the 15th in the morning, by China's clocks.
MOMENTS = [
    datetime(2026, 11, 22, 8, 13, tzinfo=UTC),
    datetime(2026, 3, 10, 15, 57, tzinfo=UTC),
    datetime(2026, 4, 15, 1, 2, tzinfo=UTC),
]


@pytest.mark.parametrize("now", MOMENTS)
async def test_everybody_of_the_demo_can_start_at_once(db: Database, now: datetime) -> None:
    made = await demo.seed(db, now=now)

    for one in made.logins:
        logged_in = await accounts.log_in(
            db, login=one.login, password=one.password, address="127.0.0.1", now=now
        )
        assert isinstance(logged_in, accounts.LoggedIn)
        assert logged_in.actor.role is one.role
    token = await tokens.actor_of_token(db, token=made.token, now=now)
    assert token.role is Role.CLERK

    assert len(made.bookings) == 2
    first = made.bookings[0]
    assert first.starts_at <= now < first.starts_at + demo.TALK
    kiosk = next(one for one in made.kiosks if one.site == first.site)
    device = Device()
    await device.enrol(db, kiosk.code, now=now)
    actor = (await device.open(db, now=now)).actor
    shown = await booking.check_in(db, code=first.code, actor=actor, now=now)
    assert shown.session_state is SessionState.LOBBY


async def test_the_demo_is_planned_and_published_sixty_days_ahead(db: Database) -> None:
    now = MOMENTS[0]
    await demo.seed(db, now=now)
    today = now.date()
    days = await calendar.public_days(db, first=today, last=today + timedelta(days=60), now=now)
    assert {day.leader.title for day in days} >= {"县委副书记、县长", "副县长", "副市长"}
    assert all(day.published_at == now for day in days)
    assert days[0].date == today
    assert any(day.provisional for day in days)


async def test_taking_the_demo_up_again_opens_and_books_slots_for_now(db: Database) -> None:
    now = MOMENTS[0]
    await demo.seed(db, now=now)
    for later in (timedelta(minutes=50), timedelta(days=1), timedelta(days=23)):
        again = await demo.open_now(db, now=now + later)
        assert len(again) == 2
        assert again[0].starts_at < now + later + timedelta(hours=1)


async def test_a_database_without_the_demo_is_left_alone(db: Database) -> None:
    with pytest.raises(NotFound):
        await demo.open_now(db, now=MOMENTS[0])
