"""A kiosk is one machine with one key: enrolled by a code, proved by signatures, stopped when copied."""

from datetime import time, timedelta

import pytest
from sqlalchemy import select, text

from reception.domain import kiosks as rules
from reception.domain.access import SYSTEM, Actor
from reception.domain.bookings import BookingState
from reception.domain.codes import Role
from reception.domain.errors import (
    BadInput,
    MovedMeanwhile,
    MoveRefused,
    NotAllowed,
    NotFound,
    NotLoggedIn,
)
from reception.domain.kiosks import (
    KioskAwaiting,
    KioskClosed,
    KioskCodeRefused,
    KioskMisplaced,
    KioskProofRefused,
    KioskQuarantined,
    KioskRevoked,
    KioskState,
    KioskUnenrolled,
)
from reception.services import booking, kiosks
from reception.services.booking import BookRequest
from reception.services.kiosks import Proof
from reception.storage.database import Database, create_engine
from reception.storage.schema import upgrade
from reception.storage.tables import AuditEvent, Booking, KioskCode
from tests.build import ADMIN, CLERK, NOW, VAULT, Prefecture, draft, later, open_day, prefecture
from tests.devices import ADDRESS, ORIGIN, Device, enrolled

A_WHILE = timedelta(seconds=20)
"""As long as an idle kiosk takes to ask for something: longer than any request is in flight."""


async def another(db: Database, made: Prefecture, name: str = "二号终端") -> str:
    """One more kiosk nobody has enrolled."""
    return await kiosks.create_kiosk(db, site_id=made.site_id, name=name, now=NOW)


async def state_of(db: Database, kiosk_id: str) -> KioskState:
    """How the kiosk stands for its administrator."""
    return (await kiosks.kiosk(db, kiosk_id=kiosk_id, by=ADMIN)).state


async def events(db: Database, kiosk_id: str) -> list[tuple[str, str, str]]:
    """What the audit log says of a kiosk: action, by whom, decision."""
    async with db.reading(SYSTEM) as tx:
        found = await tx.scalars(
            select(AuditEvent).where(AuditEvent.object_id == kiosk_id).order_by(AuditEvent.seq)
        )
        return [(one.action, one.actor_role, one.decision) for one in found]


# Enrolment


async def test_a_code_puts_a_key_on_the_record_and_an_administrator_approves_it(
    db: Database,
) -> None:
    made = await prefecture(db)
    kiosk_id = await another(db, made)
    code = await kiosks.new_code(db, kiosk_id=kiosk_id, by=ADMIN, now=NOW)
    device = Device()
    done = await device.enrol(db, code.code, now=later(9))
    assert (done.kiosk_id, done.state) == (kiosk_id, KioskState.AWAITING)
    with pytest.raises(KioskAwaiting):
        await device.open(db, now=later(9))

    seen = await kiosks.kiosk(db, kiosk_id=kiosk_id, by=ADMIN)
    assert seen.words == done.words == rules.fingerprint(device.public_key)
    await kiosks.approve(db, kiosk_id=kiosk_id, words=seen.words, by=ADMIN, now=later(9))
    await device.open(db, now=later(9))
    assert (await device.use(db, now=later(9))).id == kiosk_id
    assert await events(db, kiosk_id) == [
        ("kiosk_created", "system", "allowed"),
        ("kiosk_code_made", "sysadmin", "allowed"),
        ("kiosk_enrolled", "kiosk", "allowed"),
        ("kiosk_approved", "sysadmin", "allowed"),
    ]


async def test_a_key_with_other_words_is_not_approved(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = await another(db, made)
    code = await kiosks.new_code(db, kiosk_id=kiosk_id, by=ADMIN, now=NOW)
    thief = Device()
    await thief.enrol(db, code.code, now=NOW)
    words = rules.fingerprint(Device().public_key)
    with pytest.raises(MovedMeanwhile):
        await kiosks.approve(db, kiosk_id=kiosk_id, words=words, by=ADMIN, now=NOW)
    with pytest.raises(KioskAwaiting):
        await thief.open(db, now=NOW)


async def test_a_code_is_good_once_for_ten_minutes_and_only_as_it_was_made(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = await another(db, made)
    code = await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=NOW)
    for wrong in ("", "ABCD", code.code[:-1] + ("2" if code.code[-1] != "2" else "3")):
        with pytest.raises(KioskCodeRefused):
            await Device().enrol(db, wrong, now=NOW)
    with pytest.raises(KioskCodeRefused):
        await Device().enrol(db, code.code, now=later(10))
    await Device().enrol(db, code.code, now=later(9.9))
    with pytest.raises(KioskCodeRefused):
        await Device().enrol(db, code.code, now=later(9.9))


async def test_a_code_may_be_typed_with_its_hyphens_and_in_small_letters(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = await another(db, made)
    code = await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=NOW)
    typed = rules.shown_code(code.code).lower()
    assert rules.read_code(f" {typed} ") == code.code


async def test_the_sixth_try_is_refused_though_it_is_right(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = await another(db, made)
    code = (await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=NOW)).code
    guesses = [rules.handle_of(code) + ten * 10 for ten in "ABCDE"]
    for guess in guesses:
        with pytest.raises(KioskCodeRefused):
            await Device().enrol(db, guess, now=NOW)
    with pytest.raises(KioskCodeRefused):
        await Device().enrol(db, code, now=NOW)
    refused = [event for event in await events(db, kiosk_id) if event[2] == "refused"]
    assert refused == [("kiosk_enrolled", "kiosk", "refused")] * 6


async def test_the_code_of_another_kiosk_makes_the_machine_that_other_kiosk(db: Database) -> None:
    made = await prefecture(db)
    one, other = await another(db, made), await another(db, made, "三号终端")
    for_one = (await kiosks.new_code(db, kiosk_id=one, approved=True, now=NOW)).code
    for_other = (await kiosks.new_code(db, kiosk_id=other, approved=True, now=NOW)).code
    mixed = rules.handle_of(for_one) + for_other[len(rules.handle_of(for_other)) :]
    with pytest.raises(KioskCodeRefused):
        await Device().enrol(db, mixed, now=NOW)
    assert (await Device().enrol(db, for_other, now=NOW)).kiosk_id == other
    assert await state_of(db, one) is KioskState.UNENROLLED


async def test_a_new_code_makes_the_one_before_worthless(db: Database) -> None:
    made = await prefecture(db)
    first = await kiosks.new_code(db, kiosk_id=made.device.kiosk_id, by=ADMIN, now=NOW)
    await kiosks.new_code(db, kiosk_id=made.device.kiosk_id, by=ADMIN, now=NOW)
    with pytest.raises(KioskCodeRefused):
        await Device().enrol(db, first.code, now=NOW)
    await made.device.use(db, now=NOW)  # a code that is not used changes nothing


async def test_a_code_needs_a_signature_made_at_our_address_by_the_key_it_brings(
    db: Database,
) -> None:
    made = await prefecture(db)
    kiosk_id = await another(db, made)
    code = (await kiosks.new_code(db, kiosk_id=kiosk_id, approved=True, now=NOW)).code
    with pytest.raises(KioskProofRefused):
        await Device("https://evil.example").enrol(db, code, now=NOW)
    device, other = Device(), Device()
    signature = other.sign(rules.enrolment_text(ORIGIN, code, "n"))
    wrong = {"code": code, "nonce": "n", "origins": (ORIGIN,), "now": NOW}
    with pytest.raises(KioskProofRefused):
        await kiosks.enrol(db, **wrong, public_key=device.public_key, signature=signature)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(BadInput):
        await kiosks.enrol(db, **wrong, public_key=b"\x04" * 65, signature=signature)  # type: ignore[arg-type]  # fields by name
    await device.enrol(db, code, now=NOW)


async def test_enrolling_anew_ends_the_machine_before(db: Database) -> None:
    made = await prefecture(db)
    code = await kiosks.new_code(db, kiosk_id=made.device.kiosk_id, approved=True, now=NOW)
    await Device().enrol(db, code.code, now=NOW)
    with pytest.raises(NotLoggedIn):
        await made.device.use(db, now=NOW)
    with pytest.raises(KioskProofRefused):
        await made.device.open(db, now=NOW)


async def test_only_the_program_itself_approves_beforehand(db: Database) -> None:
    made = await prefecture(db)
    with pytest.raises(ValueError, match="beforehand"):
        await kiosks.new_code(db, kiosk_id=made.device.kiosk_id, approved=True, by=ADMIN, now=NOW)


async def test_no_secret_of_a_kiosk_is_stored(db: Database) -> None:
    made = await prefecture(db)
    code = await kiosks.new_code(db, kiosk_id=made.device.kiosk_id, by=ADMIN, now=NOW)
    async with db.reading(SYSTEM) as tx:
        stored = " ".join(
            [
                str(dict(row))
                for table in ("kiosk", "kiosk_code", "kiosk_session", "audit_event")
                for row in (await tx.execute(text(f"SELECT * FROM {table}"))).mappings()  # noqa: S608  # our own names
            ]
        )
    assert made.device.token is not None
    for secret in (code.code, code.code[4:], made.device.token):
        assert secret not in stored


# Proving


async def test_a_session_lasts_ten_minutes_and_ends_with_the_next(db: Database) -> None:
    made = await prefecture(db)
    await made.device.use(db, now=later(9.9))
    with pytest.raises(NotLoggedIn):
        await made.device.use(db, now=later(10))
    await made.device.open(db, now=later(11))
    await made.device.use(db, now=later(20.9))
    with pytest.raises(NotLoggedIn):
        await kiosks.actor_of_session(db, token="made up", address=ADDRESS, now=NOW)


async def test_a_challenge_is_taken_once_for_a_minute_and_from_its_kiosk_only(
    db: Database,
) -> None:
    made = await prefecture(db)
    device = made.device

    async def prove(challenge: str, now: int = 0, origin: str = ORIGIN) -> None:
        signed = rules.proof_text(origin, device.kiosk_id, challenge)
        await kiosks.open_session(
            db,
            proof=Proof(
                kiosk_id=device.kiosk_id,
                challenge=challenge,
                signature=device.sign(signed),
                origins=(ORIGIN,),
                address=ADDRESS,
            ),
            now=NOW + timedelta(seconds=now),
        )

    fresh = kiosks.challenge(db.vault, kiosk_id=device.kiosk_id, now=NOW)
    await prove(fresh, 59)
    for replay in (fresh, fresh.upper(), fresh + "0", "", "..", "a.b.c"):
        with pytest.raises(KioskProofRefused):
            await prove(replay, 59)
    with pytest.raises(KioskProofRefused):
        await prove(kiosks.challenge(db.vault, kiosk_id=device.kiosk_id, now=NOW), 60)
    with pytest.raises(KioskProofRefused):
        await prove(kiosks.challenge(db.vault, kiosk_id="0" * 32, now=NOW))
    with pytest.raises(KioskProofRefused):
        await prove(
            kiosks.challenge(db.vault, kiosk_id=device.kiosk_id, now=NOW),
            origin="https://evil.example",
        )


async def test_a_signature_is_good_for_its_own_challenge_only(db: Database) -> None:
    made = await prefecture(db)
    device = made.device
    first, second = [
        kiosks.challenge(db.vault, kiosk_id=device.kiosk_id, now=NOW) for _ in range(2)
    ]
    old = device.sign(rules.proof_text(ORIGIN, device.kiosk_id, first))
    for signature in (old, b"", b"\x00" * 64, b"\xff" * 64, old + b"\x00"):
        with pytest.raises(KioskProofRefused):
            await kiosks.open_session(
                db,
                proof=Proof(
                    kiosk_id=device.kiosk_id,
                    challenge=second,
                    signature=signature,
                    origins=(ORIGIN,),
                    address=ADDRESS,
                ),
                now=NOW,
            )


async def test_of_many_proofs_at_once_only_the_wrong_ones_are_refused(db: Database) -> None:
    made = await prefecture(db)
    one, stranger = made.device, Device()
    other = await enrolled(db, await another(db, made), now=NOW)

    def proof(device: Device, signer: Device, challenge: str = "") -> Proof:
        given = challenge or kiosks.challenge(db.vault, kiosk_id=device.kiosk_id, now=NOW)
        text = rules.proof_text(ORIGIN, device.kiosk_id, given)
        return Proof(device.kiosk_id, given, signer.sign(text), (ORIGIN,), ADDRESS, device.token)

    first = proof(one, one)
    wanted = [first, proof(one, one, first.challenge), proof(other, stranger), proof(other, other)]
    answers = await kiosks.open_sessions(db, proofs=wanted, now=NOW)
    refused = [isinstance(answer, KioskProofRefused) for answer in answers]
    assert refused == [False, True, True, False]
    again = await kiosks.open_sessions(db, proofs=[first, proof(other, other)], now=later(0.5))
    assert [isinstance(answer, KioskProofRefused) for answer in again] == [True, False]
    assert await kiosks.open_sessions(db, proofs=(), now=NOW) == []


# Two machines with one key


async def test_two_machines_with_one_key_are_both_stopped(db: Database) -> None:
    made = await prefecture(db)
    clone = made.device.copy()
    await clone.open(db, now=later(1))
    with pytest.raises(KioskQuarantined):
        await made.device.use(db, now=later(1) + A_WHILE)
    with pytest.raises(KioskQuarantined):
        await clone.use(db, now=later(1) + A_WHILE)
    for machine in (made.device, clone):
        with pytest.raises(KioskQuarantined):
            await machine.open(db, now=later(2), bare=True)
    assert await state_of(db, made.device.kiosk_id) is KioskState.QUARANTINED
    assert (await kiosks.kiosks(db, by=ADMIN))[0].state is KioskState.QUARANTINED
    assert (await events(db, made.device.kiosk_id))[-1][0] == "kiosk_quarantined"

    code = await kiosks.new_code(db, kiosk_id=made.device.kiosk_id, approved=True, now=later(5))
    anew = Device()
    await anew.enrol(db, code.code, now=later(5))
    await anew.open(db, now=later(5))
    await anew.use(db, now=later(5))


async def test_a_clone_of_the_whole_browser_is_caught_by_the_second_renewal(db: Database) -> None:
    made = await prefecture(db)
    clone = made.device.copy()
    clone.token = made.device.token  # the cookie was copied along
    await made.device.open(db, now=later(1))
    await clone.open(db, now=later(2))
    with pytest.raises(KioskQuarantined):
        await made.device.use(db, now=later(2) + A_WHILE)


async def test_a_clone_is_caught_when_it_renews_and_not_only_when_it_asks(db: Database) -> None:
    made = await prefecture(db)
    clone = made.device.copy()
    await clone.open(db, now=later(1))
    with pytest.raises(KioskQuarantined):
        await made.device.open(db, now=later(1) + A_WHILE)


async def test_renewing_reloading_and_requests_in_flight_are_no_clone(db: Database) -> None:
    made = await prefecture(db)
    device, before = made.device, made.device.token
    assert before is not None
    await device.open(db, now=later(1))
    # what was under way when the session was renewed is still answered …
    in_flight = later(1) + rules.IN_FLIGHT
    await kiosks.actor_of_session(db, token=before, address=ADDRESS, now=in_flight)
    # … and a browser that lost the answer is asked to prove itself again, no more
    with pytest.raises(NotLoggedIn):
        await kiosks.actor_of_session(db, token=before, address=ADDRESS, now=later(2))
    device.token = before
    await device.open(db, now=later(2))
    await device.use(db, now=later(2) + A_WHILE)
    assert await state_of(db, device.kiosk_id) is KioskState.ENROLLED


async def test_a_page_loaded_anew_while_it_renewed_is_no_clone(db: Database) -> None:
    made = await prefecture(db)
    device, before = made.device, made.device.token
    twice = later(1) + timedelta(seconds=1)
    first = await device.open(db, now=later(1))
    device.token = before
    await device.open(db, now=twice)
    device.token = first.token  # the answers came in the other order
    with pytest.raises(NotLoggedIn):
        await device.use(db, now=later(2))
    await device.open(db, now=later(2))
    await device.use(db, now=later(2) + A_WHILE)


async def test_a_machine_that_crashed_and_lost_its_session_is_no_clone(db: Database) -> None:
    made = await prefecture(db)
    for minute in (1, 2, 30):
        await made.device.open(db, now=later(minute), bare=True)
        await made.device.use(db, now=later(minute) + A_WHILE)
    assert await state_of(db, made.device.kiosk_id) is KioskState.ENROLLED


# What stops a kiosk


async def test_revoking_ends_it_at_once_and_for_its_connections_too(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = made.device.kiosk_id
    async with db.reading(SYSTEM) as tx:
        assert await kiosks.good(tx, {kiosk_id, "0" * 32}) == {kiosk_id}
    code = await kiosks.new_code(db, kiosk_id=kiosk_id, by=ADMIN, now=NOW)
    await kiosks.revoke(db, kiosk_id=kiosk_id, by=ADMIN, now=NOW)
    with pytest.raises(KioskRevoked) as refused:
        await made.device.use(db, now=NOW)
    assert refused.value.details["phone"] == "0579-1"
    with pytest.raises(KioskRevoked):
        await made.device.open(db, now=NOW)
    with pytest.raises(KioskCodeRefused):
        await Device().enrol(db, code.code, now=NOW)
    async with db.reading(SYSTEM) as tx:
        assert await kiosks.good(tx, {kiosk_id}) == frozenset()
        assert await kiosks.good(tx, ()) == frozenset()
    with pytest.raises(MoveRefused):
        await kiosks.revoke(db, kiosk_id=kiosk_id, by=ADMIN, now=NOW)


async def test_a_kiosk_is_closed_outside_of_its_hours_but_for_whoever_has_checked_in(
    db: Database,
) -> None:
    made = await prefecture(db)
    kiosk_id = made.device.kiosk_id
    hours = ((time(13), time(17)), (time(8, 30), time(9, 30)))  # it is 09:00 in China
    await kiosks.limit(db, kiosk_id=kiosk_id, hours=hours, network=(), by=ADMIN, now=NOW)
    await made.device.use(db, now=NOW)
    slots = await open_day(db, made.leader_id)
    view = await booking.book(
        db,
        request=BookRequest(slot_id=slots[0].id, site_id=made.site_id, draft=draft()),
        actor=CLERK,
        idempotency_key=None,
        now=NOW,
    )
    await made.device.open(db, now=later(29))
    with pytest.raises(KioskClosed) as refused:
        await made.device.use(db, now=later(30))
    assert refused.value.details == {"phone": "0579-1", "hours": "08:30–09:30、13:00–17:00"}
    with pytest.raises(KioskClosed):
        await made.device.open(db, now=later(30))
    await booking.check_in(db, code=view.code, actor=made.kiosk, now=later(20))
    await made.device.use(db, now=later(30))
    await made.device.open(db, now=later(31))
    async with db.transaction(SYSTEM) as tx:
        (await tx.get_one(Booking, view.id)).state = BookingState.COMPLETED
    with pytest.raises(KioskClosed):
        await made.device.use(db, now=later(32))


async def test_a_kiosk_is_answered_in_its_network_only(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = made.device.kiosk_id
    network = ("10.20.0.0/16", "2001:db8::/32")
    await kiosks.limit(db, kiosk_id=kiosk_id, hours=(), network=network, by=ADMIN, now=NOW)
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "2001:db8::7"):
        await made.device.use(db, now=NOW, address=address)
        await made.device.open(db, now=NOW, address=address)
    for address in ("10.21.0.1", "2001:db9::7", "::ffff:10.21.0.1", "", "nonsense"):
        with pytest.raises(KioskMisplaced):
            await made.device.use(db, now=NOW, address=address)
        with pytest.raises(KioskMisplaced):
            await made.device.open(db, now=NOW, address=address)


async def test_hours_and_networks_that_are_none_are_refused(db: Database) -> None:
    made = await prefecture(db)
    wrong = (
        {"hours": ((time(9), time(9)),), "network": ()},
        {"hours": ((time(9), time(12)), (time(11), time(13))), "network": ()},
        {"hours": (), "network": ("10.20.0.1/16",)},
        {"hours": (), "network": ("the office",)},
        {"hours": (), "network": ("10.0.0.0/8",) * 21},
    )
    for limits in wrong:
        with pytest.raises(BadInput):
            await kiosks.limit(
                db,
                kiosk_id=made.device.kiosk_id,
                by=ADMIN,
                now=NOW,
                **limits,
            )


async def test_only_the_administrator_of_the_area_manages_a_kiosk(db: Database) -> None:
    made = await prefecture(db)
    kiosk_id = made.device.kiosk_id
    elsewhere = Actor(kind="account", id="e" * 32, role=Role.SYSADMIN, area_code="330800")
    for by in (CLERK, made.leader, made.kiosk, elsewhere):
        who = {"kiosk_id": kiosk_id, "by": by, "now": NOW}
        for act in (
            kiosks.new_code(db, **who),  # type: ignore[arg-type]  # fields by name
            kiosks.revoke(db, **who),  # type: ignore[arg-type]  # as above
            kiosks.approve(db, words=(), **who),  # type: ignore[arg-type]  # as above
            kiosks.limit(db, hours=(), network=(), **who),  # type: ignore[arg-type]  # as above
            kiosks.kiosk(db, kiosk_id=kiosk_id, by=by),
            kiosks.create_kiosk(db, site_id=made.site_id, name="别的", by=by, now=NOW),
        ):
            with pytest.raises(NotAllowed):
                await act
    with pytest.raises(NotFound):
        await kiosks.revoke(db, kiosk_id="0" * 32, by=ADMIN, now=NOW)
    assert await kiosks.kiosks(db, by=elsewhere) == ()


async def test_a_kiosk_is_noted_as_seen_once_a_minute(db: Database) -> None:
    made = await prefecture(db)

    async def seen_at(minutes: float) -> object:
        await made.device.use(db, now=later(minutes))
        return (await kiosks.kiosk(db, kiosk_id=made.device.kiosk_id, by=ADMIN)).last_seen_at

    assert [await seen_at(minutes) for minutes in (0.5, 1, 1.5)] == [NOW, later(1), later(1)]


async def test_kiosks_of_an_older_database_have_to_be_enrolled(empty_url: str) -> None:
    await upgrade(empty_url, VAULT, revision="0012")
    engine = create_engine(empty_url)
    no = "false" if engine.dialect.name == "postgresql" else "0"
    async with engine.begin() as connection:
        for statement in (
            "INSERT INTO area VALUES ('330700', '甲市', 'city', NULL, '330700')",
            "INSERT INTO site VALUES ('s', '330700', '接访点', '一路', '0579', 1, {no})",
            "INSERT INTO kiosk (id, site_id, name, key_hash, created_at, last_seen_at, rehearsal)"
            " VALUES ('{id}', 's', '一号', 'h', '2026-01-01 00:00:00', NULL, {no})",
        ):
            await connection.execute(text(statement.format(no=no, id="a" * 32)))
    await engine.dispose()
    await upgrade(empty_url, VAULT)
    db = Database(empty_url, VAULT)
    standing = await kiosks.kiosk(db, kiosk_id="a" * 32, by=ADMIN)
    assert (standing.state, standing.name, standing.hours, standing.network) == (
        KioskState.UNENROLLED,
        "一号",
        (),
        (),
    )
    device = Device()
    device.kiosk_id = "a" * 32
    with pytest.raises(KioskProofRefused):
        await device.open(db, now=NOW)
    code = await kiosks.new_code(db, kiosk_id="a" * 32, approved=True, now=NOW)
    assert (await Device().enrol(db, code.code, now=NOW)).state is KioskState.ENROLLED
    async with db.reading(SYSTEM) as tx:
        assert (await tx.scalars(select(KioskCode))).all() == []
    await db.close()


def test_each_state_has_its_refusal() -> None:
    refusals = {
        KioskState.UNENROLLED: KioskUnenrolled,
        KioskState.AWAITING: KioskAwaiting,
        KioskState.QUARANTINED: KioskQuarantined,
        KioskState.REVOKED: KioskRevoked,
    }
    for state in KioskState:
        if state is KioskState.ENROLLED:
            rules.refuse_unless_enrolled(state, "")
            continue
        with pytest.raises(refusals[state]):
            rules.refuse_unless_enrolled(state, "")


def test_the_words_are_told_apart_and_change_with_the_key() -> None:
    from reception.domain.fingerprint_words import FINGERPRINT_WORDS

    assert len(set(FINGERPRINT_WORDS)) == len(FINGERPRINT_WORDS) == 256
    assert {len(word) for word in FINGERPRINT_WORDS} == {2}
    shown = rules.fingerprint(Device().public_key)
    assert len(shown) == 6
    assert rules.fingerprint(Device().public_key) != shown
