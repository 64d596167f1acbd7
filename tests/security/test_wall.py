"""Row-level security: whatever a query forgets to ask, PostgreSQL shows an actor no other's case."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Table as SqlTable
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from reception.domain.access import PUBLIC, SYSTEM, Action, Actor
from reception.domain.agents import AgentKind
from reception.domain.attachments import Kind
from reception.domain.bookings import DeclineReason
from reception.domain.codes import Role
from reception.domain.declines import ObjectionState
from reception.domain.errors import NotFound
from reception.domain.retention import Cause, HoldReason, Kept
from reception.domain.waiting import WaitState
from reception.services import kiosks, places, retention, sessions, subjects
from reception.services.case_access import require_case
from reception.services.subjects import Subject, SubjectReason
from reception.storage.database import Database, create_engine
from reception.storage.errors import SchemaMissing, WallMissing
from reception.storage.ids import new_id
from reception.storage.schema import require_current, upgrade
from reception.storage.tables import (
    Account,
    Agent,
    Attachment,
    Decline,
    Destruction,
    Organ,
    Party,
    PetitionCase,
    PlaybackTicket,
    Recording,
    RecordingFile,
    RecordingGap,
    Session,
    Slot,
    Table,
    Viewing,
    WaitEntry,
)
from reception.storage.wall import APP_ROLE
from tests.build import CITY, COUNTY, NOW, VAULT, Prefecture, prefecture
from tests.databases import OWNER, PostgresServer, owners
from tests.security.test_petitioners import told

OTHER_COUNTY = "330727"


def hanging_on_a_case() -> list[SqlTable]:
    """Return every table from which foreign keys lead to a case, and the petitioner's."""
    found = {"petition_case", "petitioner"}
    while True:
        more = {
            table.name
            for table in Table.metadata.sorted_tables
            if any(key.column.table.name in found - {"petitioner"} for key in table.foreign_keys)
        }
        if more <= found:
            return [table for table in Table.metadata.sorted_tables if table.name in found]
        found |= more


PROTECTED = hanging_on_a_case()


@dataclass(frozen=True)
class World:
    """A case with at least one row in every protected table."""

    url: str
    made: Prefecture
    case_id: str
    other_organ_id: str
    other_kiosk_id: str


@pytest.fixture
async def world(postgres_server: PostgresServer) -> AsyncIterator[World]:
    url = await postgres_server.create()
    db = Database(url, VAULT)
    made = await prefecture(db)
    await places.add_area(db, code=OTHER_COUNTY, name="别县")
    case_id = await told(db, made)
    other_organ_id = await places.add_organ(db, area_code=OTHER_COUNTY, name="别局")
    await retention.place_hold(
        db, case_id=case_id, reason=HoldReason.REVIEW, actor=made.clerk, now=NOW
    )
    accused = Subject("organ", other_organ_id)
    await subjects.add(
        db,
        case_id=case_id,
        subject=accused,
        reason=SubjectReason.ACCUSED,
        actor=made.clerk,
        now=NOW,
    )
    async with db.transaction(SYSTEM) as tx:
        session_id = (
            await tx.execute(select(Session.id).where(Session.case_id == case_id))
        ).scalar_one()
        slot_id = (await tx.scalars(select(Slot.id))).first()
    rate = {"target": "session", "level": 0, "actor": made.kiosk, "now": NOW}
    await sessions.rate(db, session_id=session_id, **rate)  # type: ignore[arg-type]  # by name
    async with db.transaction(SYSTEM) as tx:
        recording_id = new_id()
        await tx.put(
            Recording(
                id=recording_id,
                session_id=session_id,
                state="ready",
                started_at=NOW,
                progress_at=NOW,
                ended_at=NOW,
                bytes=1,
                cause="",
                rehearsal=False,
            ),
            RecordingFile(
                id=new_id(),
                recording_id=recording_id,
                participant="p",
                role="petitioner",
                name="",
                relative_path="final/p.mp4",
                bytes=1,
                sha256="0" * 64,
                duration_ms=1,
                width=None,
                height=None,
            ),
            RecordingGap(
                recording_id=recording_id,
                participant="p",
                kind="lost",
                from_ms=0,
                to_ms=1,
                cause="",
            ),
            Viewing(session_id=session_id, actor_kind="account", actor_id="x", noted_at=NOW),
            Agent(
                id=new_id(),
                case_id=case_id,
                kind=AgentKind.RELATIVE,
                name=b"x",
                scope=["book"],
                valid_from=NOW.date(),
                valid_to=NOW.date(),
                added_at=NOW,
                added_by="",
            ),
            Decline(
                id=new_id(),
                case_id=case_id,
                slot_id=slot_id,
                alternative_id=slot_id,
                reason=DeclineReason.OUTSIDE_PORTFOLIO,
                declined_at=NOW,
                declined_by="",
                objection=ObjectionState.NONE,
            ),
            WaitEntry(
                id=new_id(),
                case_id=case_id,
                site_id=made.site_id,
                first_day=NOW.date(),
                last_day=NOW.date(),
                asked_at=NOW,
                state=WaitState.WAITING,
                passed=[],
            ),
            Party(case_id=case_id, position=1, name=b"x", speaks=True),
            Attachment(
                id=new_id(),
                case_id=case_id,
                kind=Kind.PDF,
                name=b"x",
                bytes=1,
                sha256="0" * 64,
                content=b"x",
                added_at=NOW,
                added_by="",
                removed_at=None,
            ),
            PlaybackTicket(token_hash="t", session_id=session_id, credential="c", ends_at=NOW),
            Destruction(
                id=new_id(),
                kept=Kept.RECORDING,
                object_id=recording_id,
                case_id=case_id,
                cause=Cause.EXPIRED,
                announced_at=NOW,
                due_at=NOW,
                done_at=None,
            ),
        )
        consent = text(
            "INSERT INTO consent (session_id, answer, text_version, how, at, actor_name)"
            " VALUES (:session, true, 'v', 'button', now(), '')"
        )
        await tx.execute(consent, {"session": session_id})
    yield World(url, made, case_id, other_organ_id, await _other_kiosk(db))
    await db.close()
    await postgres_server.drop(url)


async def _other_kiosk(db: Database) -> str:
    site_id = await places.add_site(
        db, area_code=OTHER_COUNTY, name="别处", address="", phone="", rooms=1
    )
    return await kiosks.create_kiosk(db, site_id=site_id, name="别处终端", now=NOW)


async def counts(db: Database, actor: Actor) -> dict[str, int]:
    """Count the rows of every protected table with plain SQL, as `actor`."""
    async with db.reading(actor) as tx:
        return {
            table.name: await tx.scalar(select(func.count()).select_from(table)) or 0
            for table in PROTECTED
        }


NOTHING = {table.name: 0 for table in PROTECTED}


def account(role: Role, area: str = COUNTY, **more: str) -> Actor:
    return Actor(kind="account", id=new_id(), role=role, area_code=area, name="某", **more)


def outsiders(world: World) -> dict[str, Actor]:
    """Return one of every role to whom the case is nothing."""
    made = world.made
    own = {"leader_id": made.other_leader_id, "organ_id": world.other_organ_id}
    other_leader = {"leader_id": made.other_leader_id}
    return {
        "public": PUBLIC,
        "clerk of another county": account(Role.CLERK, OTHER_COUNTY),
        "supervisor of another county": account(Role.SUPERVISOR, OTHER_COUNTY),
        "another leader": account(Role.LEADER, **other_leader),
        "another leader's secretary": account(Role.SECRETARY, **other_leader),
        "handler of another organ": account(Role.HANDLER, organ_id=world.other_organ_id),
        "head of another organ": account(Role.ORG_HEAD, organ_id=world.other_organ_id),
        "kiosk elsewhere": replace(made.kiosk, id=world.other_kiosk_id),
        "clerk of no area": account(Role.CLERK, ""),
        "leader of nobody": account(Role.LEADER),
        "handler of no organ": account(Role.HANDLER),
        **{
            role.value: account(role, CITY, **own)
            for role in Role
            if role
            not in {
                Role.SYSTEM,
                Role.PUBLIC,
                Role.KIOSK,
                Role.CLERK,
                Role.SUPERVISOR,
                Role.LEADER,
                Role.SECRETARY,
                Role.HANDLER,
                Role.ORG_HEAD,
            }
        },
    }


def insiders(world: World) -> dict[str, Actor]:
    """Return one of every role that has the case by the decision."""
    made = world.made
    return {
        "system": SYSTEM,
        "clerk": made.clerk,
        "clerk of the city": account(Role.CLERK, CITY),
        "clerk of the site's township": account(Role.CLERK, "330726100"),
        "supervisor": account(Role.SUPERVISOR),
        "leader": made.leader,
        "secretary": replace(made.leader, id=new_id(), role=Role.SECRETARY),
        "handler": made.handler,
        "head": replace(made.handler, id=new_id(), role=Role.ORG_HEAD),
        "kiosk": made.kiosk,
    }


async def test_every_table_that_hangs_on_a_case_has_a_policy_that_binds_its_owner_too(
    world: World,
) -> None:
    engine = create_engine(world.url)
    async with engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
                " WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polcmd = '*'"
            )
        )
        assert set(found.scalars()) == set(NOTHING)
    await engine.dispose()
    assert len(NOTHING) >= 22


async def test_who_has_the_case_sees_all_of_it_and_nobody_else_any(world: World) -> None:
    db = Database(world.url, VAULT)
    everything = await counts(db, SYSTEM)
    assert min(everything.values()) > 0  # or nothing would be hidden
    for name, actor in insiders(world).items():
        assert (name, await counts(db, actor)) == (name, everything)
    for name, actor in outsiders(world).items():
        assert (name, await counts(db, actor)) == (name, NOTHING)
    await db.close()


async def test_a_connection_that_says_for_nobody_sees_nothing(world: World) -> None:
    for url in (world.url, owners(world.url)):
        engine = create_engine(url)
        async with engine.connect() as connection:
            for table in PROTECTED:
                query = select(func.count()).select_from(table)
                assert (table.name, await connection.scalar(query)) == (table.name, 0)
        await engine.dispose()


async def test_what_a_transaction_said_is_forgotten_with_it(world: World) -> None:
    db = Database(world.url, VAULT)
    engine = db._engine
    async with db.reading(SYSTEM) as tx:
        assert await tx.scalar(select(func.count()).select_from(PetitionCase)) == 1
    async with engine.connect() as connection:  # the pool's only one
        query = select(func.count()).select_from(PetitionCase)
        assert await connection.scalar(query) == 0
    await db.close()


async def test_a_subject_of_the_case_sees_none_of_it(world: World) -> None:
    db = Database(world.url, VAULT)
    made = world.made
    below = Organ(id=new_id(), parent_id=made.organ_id, area_code=COUNTY, name="下属单位")
    async with db.transaction(SYSTEM) as tx:
        await tx.put(below)
    named = {
        Subject("account", made.clerk.id): [made.clerk],
        Subject("leader", made.leader_id): [
            made.leader,
            account(Role.SECRETARY, leader_id=made.leader_id),
        ],
        # Also a clerk of the county who works under the organ.
        Subject("organ", made.organ_id): [made.handler, account(Role.CLERK, organ_id=below.id)],
    }
    by = account(Role.CLERK)
    for subject in named:
        # An account that is there, so that it can be named.
        if subject.kind == "account":
            await _put_account(db, made.clerk)
        await subjects.add(
            db,
            case_id=world.case_id,
            subject=subject,
            reason=SubjectReason.ACCUSED,
            actor=by,
            now=NOW,
        )
    for subject, kept_away in named.items():
        for actor in kept_away:
            assert (subject, await counts(db, actor)) == (subject, NOTHING)
    assert (await counts(db, by))["petition_case"] == 1
    await db.close()


async def _put_account(db: Database, who: Actor) -> None:
    made = Account(
        id=who.id,
        login="who",
        name=who.name,
        role=who.role,
        area_code=who.area_code,
        organ_id=None,
        leader_id=None,
        password_hash="",
        password_changed_at=NOW,
        must_change=False,
        old_hashes=[],
        totp_seed=None,
        totp_step=0,
        recovery=[],
        factor_reset_at=None,
        created_at=NOW,
        disabled_at=None,
    )
    async with db.transaction(SYSTEM) as tx:
        await tx.put(made)


async def test_who_recuses_themselves_still_writes_it_down(world: World) -> None:
    db = Database(world.url, VAULT)
    clerk = world.made.clerk
    await _put_account(db, clerk)
    await subjects.add(
        db,
        case_id=world.case_id,
        subject=Subject("account", clerk.id),
        reason=SubjectReason.RECUSED,
        actor=clerk,
        now=NOW,
    )
    assert await counts(db, clerk) == NOTHING
    await db.close()


async def test_nobody_changes_deletes_or_adds_to_what_they_do_not_see(world: World) -> None:
    db = Database(world.url, VAULT)
    stranger = outsiders(world)["clerk of another county"]
    before = await counts(db, SYSTEM)
    for table in PROTECTED:
        key = next(iter(table.primary_key))
        for change in (table.update().values({key: key}), table.delete()):
            async with db.transaction(stranger) as tx:
                touched = await tx.execute(change.returning(key))
                assert (table.name, len(touched.all())) == (table.name, 0)
    assert await counts(db, SYSTEM) == before
    for table in PROTECTED:
        # A copy of a row that is there: the wall refuses it before any constraint does.
        async with db.reading(SYSTEM) as tx:
            row = dict((await tx.execute(select(table).limit(1))).one()._mapping)
        with pytest.raises(DBAPIError, match="row-level security"):
            async with db.transaction(stranger) as tx:
                await tx.execute(table.insert().values(**row))
    await db.close()


async def test_what_was_decided_of_one_case_opens_that_case_only(world: World) -> None:
    db = Database(world.url, VAULT)
    reviewer = account(Role.REVIEWER)
    async with db.transaction(SYSTEM) as tx:
        copied = text(
            "INSERT INTO petition_case (id, case_no, query_code, query_index, state,"
            " petitioner_id, channel, purpose, category, area_code, problem_area_code, summary,"
            " persons_present, registered_at, first_responsible, rehearsal)"
            " SELECT 'other', 'other', query_code, 'other', state, petitioner_id, channel,"
            " purpose, category, area_code, problem_area_code, summary, persons_present,"
            " registered_at, first_responsible, rehearsal FROM petition_case"
        )
        await tx.execute(copied)
    async with db.reading(reviewer) as tx:
        everything = select(PetitionCase.id)
        assert (await tx.scalars(everything)).all() == []
        await require_case(tx, world.case_id, reviewer, Action.REVEAL)
        assert (await tx.scalars(everything)).all() == [world.case_id]
        with pytest.raises(NotFound):
            await require_case(tx, "none", reviewer, Action.REVEAL)
        assert (await tx.scalars(everything)).all() == [world.case_id]
    await db.close()


async def test_a_superuser_or_the_owner_is_switched_down(world: World) -> None:
    for role in ("reception", OWNER):
        db = Database(world.url.replace(f"{APP_ROLE}@", f"{role}@"), VAULT)
        await require_current(db)
        assert await counts(db, outsiders(world)["another leader"]) == NOTHING
        await db.close()


async def test_only_the_owner_upgrades(postgres_server: PostgresServer) -> None:
    url = (await postgres_server.create(migrated=False)).replace(f"{OWNER}@", f"{APP_ROLE}@")
    with pytest.raises(SchemaMissing):
        await upgrade(url, VAULT)
    await upgrade(owners(url), VAULT)
    await upgrade(url, VAULT)  # nothing is lacking
    await postgres_server.drop(url)


async def test_an_owner_who_may_make_roles_makes_the_programs(
    postgres_server: PostgresServer,
) -> None:
    url = await postgres_server.create(migrated=False)
    engine = create_engine(postgres_server.url("postgres"))

    async def administer(*statements: str) -> None:
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    await administer(f"ALTER ROLE {APP_ROLE} RENAME TO aside")
    try:
        with pytest.raises(WallMissing):
            await upgrade(url, VAULT)
        await administer(f"ALTER ROLE {OWNER} CREATEROLE")
        await upgrade(url, VAULT)
        db = Database(url, VAULT)
        await require_current(db)
        await db.close()
    finally:
        await postgres_server.drop(url)
        await administer(
            f"ALTER ROLE {OWNER} NOCREATEROLE",
            f"DROP ROLE IF EXISTS {APP_ROLE}",
            f"ALTER ROLE aside RENAME TO {APP_ROLE}",
        )
        await engine.dispose()


@pytest.mark.parametrize("right", ["BYPASSRLS", "SUPERUSER"])
async def test_a_role_that_passes_the_wall_is_refused(
    world: World, postgres_server: PostgresServer, right: str
) -> None:
    db = Database(world.url, VAULT)
    engine = create_engine(postgres_server.url("postgres"))
    await require_current(db)
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER ROLE {APP_ROLE} {right}"))
    try:
        with pytest.raises(WallMissing):
            await require_current(db)
    finally:
        async with engine.begin() as connection:
            await connection.execute(text(f"ALTER ROLE {APP_ROLE} NO{right}"))
        await engine.dispose()
        await db.close()


async def test_a_login_that_may_not_become_the_programs_role_is_told_so(
    world: World, postgres_server: PostgresServer
) -> None:
    engine = create_engine(postgres_server.url("postgres"))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE ROLE somebody LOGIN"))
    db = Database(world.url.replace(f"{APP_ROLE}@", "somebody@"), VAULT)
    with pytest.raises(WallMissing):
        await require_current(db)
    await db.close()
    async with engine.begin() as connection:
        await connection.execute(text("DROP ROLE somebody"))
    await engine.dispose()
