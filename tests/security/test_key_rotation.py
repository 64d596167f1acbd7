"""Keys in versions: made, followed by running processes, taken out of use, and never lost on the way."""

import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from reception.app import key_commands
from reception.app.keys import KEY, open_vault
from reception.app.recordings import open_recording_key
from reception.cli import main
from reception.crypto.errors import KeyInUse, KeysUnreadable, Unopenable
from reception.crypto.keyfile import KeyFile, KeyRing
from reception.crypto.secret_files import PlainFiles
from reception.crypto.vault import Vault, made_with
from reception.domain.access import SYSTEM
from reception.services import cases, key_rotation
from reception.settings import Settings, from_environment
from reception.storage import audit as audit_rows
from reception.storage.contents import DESTROYED, destroy
from reception.storage.database import Database
from reception.storage.schema import upgrade
from reception.storage.tables import PetitionCase
from recordings.suites import GM1, INTL1
from tests.build import NOW, draft, later, prefecture

OLD = "5e" * 32 + "\n"
NAME = draft().petitioner_name


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation with the file of keys of an earlier program."""
    (tmp_path / "keys").mkdir(mode=0o700)
    path = tmp_path / KEY
    path.write_text(OLD)
    path.chmod(0o400)
    return from_environment({}, data=tmp_path)


async def opened(settings: Settings) -> Database:
    vault = open_vault(settings)
    await upgrade(settings.database_url, vault)
    return Database(settings.database_url, vault)


async def sealed_key(db: Database, case_id: str) -> bytes:
    async with db.reading(SYSTEM) as tx:
        found = (await tx.get_one(PetitionCase, case_id)).data_key
    assert found is not None
    return found


async def test_a_rotation_from_the_first_version_to_its_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = await opened(settings)
    made = await prefecture(db)
    first = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    assert made_with(await sealed_key(db, first.id)) == (INTL1, 1)

    assert await key_commands.rotate(settings) == "version 2"
    # The running process follows, without having been told.
    second = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    assert made_with(await sealed_key(db, second.id)) == (INTL1, 2)
    shown = await key_commands.listed(settings)
    assert [line.split()[0] for line in shown.splitlines()] == ["index", "1", "2"]
    assert "1 intl1" in shown
    with pytest.raises(KeyInUse) as refused:
        await key_commands.retire(settings, 1)
    assert refused.value.details["values"] == 1

    told: list[str] = []
    assert await key_commands.reseal(settings, told=told.append) == "1 sealed anew"
    assert told == ["1 …"]
    assert made_with(await sealed_key(db, first.id)) == (INTL1, 2)
    # For an hour a process might still be sealing with the one before.
    with pytest.raises(KeyInUse) as refused:
        await key_commands.retire(settings, 1)
    assert 0 < int(str(refused.value.details["minutes"])) <= 60
    monkeypatch.setattr("reception.crypto.keyfile.LONGEST_USE", timedelta(0))
    await key_commands.retire(settings, 1)
    with pytest.raises(KeyInUse):
        await key_commands.retire(settings, 2)
    with pytest.raises(Unopenable):
        await key_commands.retire(settings, 7)

    for case in (first, second):
        page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
        assert page.case.petitioner_name == NAME
    assert (await cases.query(db, query_code=first.query_code, now=NOW)).case_no == first.case_no
    async with db.reading(SYSTEM) as tx:
        events = [event.action for event in await audit_rows.events_after(tx, 0, 1000)]
    for action in ("keys_rotated", "keys_resealed", "keys_retired"):
        assert events.count(action) == 1
    await db.close()
    # And the same after a restart.
    again = await opened(settings)
    page = await cases.case_page(again, case_id=first.id, actor=made.clerk, now=NOW)
    assert page.case.petitioner_name == NAME
    await again.close()


async def test_a_backup_from_before_a_destruction_opens_no_more_once_its_version_is_gone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reception.crypto.keyfile.LONGEST_USE", timedelta(0))
    db = await opened(settings)
    made = await prefecture(db)
    gone = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    await db.close()
    file = tmp_path / "reception.sqlite3"
    shutil.copy(file, tmp_path / "backup")
    db = await opened(settings)
    async with db.transaction(SYSTEM) as tx:
        await destroy(tx, gone.id)
    await db.close()

    async def restored() -> Database:
        for end in ("", "-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(tmp_path / "backup", file)
        return await opened(settings)

    db = await restored()
    page = await cases.case_page(db, case_id=gone.id, actor=made.clerk, now=NOW)
    assert page.case.petitioner_name == NAME  # what the version before protects from nothing
    async with db.transaction(SYSTEM) as tx:
        await destroy(tx, gone.id)
    await key_commands.rotate(settings)
    await key_commands.reseal(settings, told=lambda _: None)
    await key_commands.retire(settings, 1)
    page = await cases.case_page(db, case_id=gone.id, actor=made.clerk, now=NOW)
    assert page.case.petitioner_name == DESTROYED
    await db.close()
    db = await restored()
    with pytest.raises(Unopenable):
        await cases.case_page(db, case_id=gone.id, actor=made.clerk, now=NOW)
    await db.close()


async def test_another_suite_takes_over_and_what_the_first_sealed_still_opens(
    settings: Settings, tmp_path: Path
) -> None:
    db = await opened(settings)
    made = await prefecture(db)
    first = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    await db.close()
    chinese = from_environment({"RECEPTION_CRYPTO_SUITE": "gm1"}, data=tmp_path)
    db = await opened(chinese)
    second = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    assert made_with(await sealed_key(db, second.id)) == (GM1, 1)
    assert await key_commands.reseal(chinese, told=lambda _: None) == "1 sealed anew"
    assert await key_rotation.used(db) == {("gm1", 1): 2}
    for case in (first, second):
        page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=NOW)
        assert page.case.petitioner_name == NAME
    found = await cases.list_cases(db, actor=made.clerk, search=NAME)
    assert {one.id for one in found} == {first.id, second.id}
    await db.close()


async def test_resealing_stopped_anywhere_goes_on_and_loses_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "AT_ONCE", 2)
    made = await prefecture(db)
    held = [await cases.register(db, draft=draft(), actor=made.clerk, now=NOW) for _ in range(5)]
    first = db.vault._keys.secret(1)
    keys = KeyFile({1: first, 2: b"b" * 32}, {1: None, 2: NOW}, b"i" * 32, INTL1)
    monkeypatch.setattr(db, "vault", Vault(keys))
    steps = 0
    async for done in key_rotation.reseal(db, now=NOW):
        steps += 1
        assert done == 2
        break
    assert await key_rotation.used(db) == {("intl1", 1): 3, ("intl1", 2): 2}
    async for _ in key_rotation.reseal(db, now=NOW):
        steps += 1
    assert steps == 3
    assert await key_rotation.used(db) == {("intl1", 2): 5}
    for case in held:
        page = await cases.case_page(db, case_id=case.id, actor=made.clerk, now=later(1))
        assert page.case.petitioner_name == NAME


def test_a_file_of_keys_is_written_whole_and_read_back(settings: Settings) -> None:
    path = settings.data / KEY
    keys = KeyFile.from_text(OLD)
    assert (keys.current, keys.index_suite) == (1, INTL1)
    newer = keys.with_new(NOW)
    assert KeyFile.from_text(newer.text()) == newer
    assert (newer.current, newer.index_key) == (2, keys.index_key)
    PlainFiles().replace(path, newer.text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    for secret in newer.versions.values():
        assert secret.hex() not in repr(newer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "5e" * 31,
        "index intl1 " + "5e" * 32,
        "index intl9 " + "5e" * 32 + "\n1 " + "5e" * 32 + " -",
        "index intl1 " + "5e" * 32 + "\n1 " + "5e" * 32 + " -\n1 " + "6e" * 32 + " -",
        "index intl1 " + "5e" * 32 + "\n0 " + "5e" * 32 + " -",
        "index intl1 " + "5e" * 32 + "\n70000 " + "5e" * 32 + " -",
        "index intl1 " + "5e" * 32 + "\n1 " + "5e" * 32,
        "index intl1 " + "5e" * 32 + "\n1 " + "5e" * 32 + " yesterday",
    ],
)
def test_what_is_no_file_of_keys_is_refused(settings: Settings, text: str) -> None:
    path = settings.data / KEY
    path.unlink()
    PlainFiles().make(path, text or "\n")
    with pytest.raises(KeysUnreadable):
        open_vault(settings)
    assert path.read_text() == (text or "\n")


def test_a_running_process_goes_on_when_the_file_is_taken_away(settings: Settings) -> None:
    ring = KeyRing(settings.data / KEY, PlainFiles(), INTL1, NOW)
    (settings.data / KEY).unlink()
    assert (ring.current, ring.secret(1)) == (1, bytes.fromhex(OLD))
    with pytest.raises(Unopenable):
        ring.secret(2)


def test_of_two_who_make_the_keys_at_once_one_wins(tmp_path: Path) -> None:
    first, second = (
        KeyRing(tmp_path / "keys" / "master.key", PlainFiles(), INTL1, NOW) for _ in range(2)
    )
    assert first.secret(1) == second.secret(1)
    assert first.index() == second.index()


@pytest.mark.parametrize(
    "words", [["list"], ["rotate"], ["reseal"], ["recordings"]], ids=lambda words: words[0]
)
def test_each_command_runs_as_it_is_typed(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade", "--data", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["keys", *words, "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out
    assert main(["keys", "retire", "1", "--data", str(tmp_path)]) == 2
    assert "key_in_use" in capsys.readouterr().err


def test_a_new_key_for_recordings_leaves_the_older_ones_openable(settings: Settings) -> None:
    before = open_recording_key(settings)
    wrapped = before.public.wrap("r1", b"k" * 32)
    key_commands.new_recording_key(settings)
    after = open_recording_key(settings)
    assert after.public != before.public
    assert after.unwrap("r1", wrapped) == b"k" * 32
