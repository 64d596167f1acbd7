"""Keys sealed by a PKCS#11 token (SoftHSM2): without the token the data directory opens nothing."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest

from reception.app.key_commands import OF_TOKEN
from reception.app.keys import KEY, open_vault, token_place
from reception.cli import main
from reception.crypto.errors import KeysUnreadable, TokenMissing
from reception.crypto.token import TokenFiles, make_token_key, opened_token
from reception.domain.access import SYSTEM
from reception.services import cases
from reception.settings import Settings, from_environment
from reception.storage.database import Database
from tests.build import NOW, draft, prefecture

PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)
PIN = "1234-invented"


@pytest.fixture(scope="module")
def soft_token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token in a folder of this test's own; gives the file of its PIN.

    The library reads where its tokens are once in a process, so all tests share one.
    """
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    subprocess.run(
        [
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            "office",
            "--pin",
            PIN,
            "--so-pin",
            PIN,
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    pin.chmod(0o400)
    return pin


@pytest.fixture
def variables(soft_token: Path) -> dict[str, str]:
    return {
        "RECEPTION_KEYS": "pkcs11",
        "RECEPTION_PKCS11_MODULE": next(one for one in PLACES if Path(one).exists()),
        "RECEPTION_PKCS11_TOKEN": "office",
        "RECEPTION_PKCS11_PIN_FILE": str(soft_token),
    }


@pytest.fixture
def settings(variables: dict[str, str], tmp_path: Path) -> Settings:
    """An installation whose keys the token seals."""
    made = from_environment(variables, data=tmp_path / "data")
    made.data.mkdir()
    make_token_key(token_place(made))
    return made


def test_the_key_stays_in_the_token(settings: Settings) -> None:
    make_token_key(token_place(settings))
    with opened_token(token_place(settings)) as session:
        found = list(session.get_objects({pkcs11.Attribute.LABEL: "video-reception"}))
        (key,) = found
        assert key[pkcs11.Attribute.EXTRACTABLE] is False
        assert key[pkcs11.Attribute.SENSITIVE] is True
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            _ = key[pkcs11.Attribute.VALUE]


def test_a_key_that_could_be_taken_out_is_not_taken(settings: Settings) -> None:
    place = replace(token_place(settings), key="loose")
    with opened_token(place, writing=True) as session:
        session.generate_key(
            pkcs11.KeyType.AES,
            256,
            label="loose",
            store=True,
            template={pkcs11.Attribute.EXTRACTABLE: True, pkcs11.Attribute.SENSITIVE: False},
        )
    with pytest.raises(TokenMissing) as refused:
        make_token_key(place)
    assert refused.value.details["reason"] == "extractable"


async def test_an_installation_works_with_its_keys_in_the_token(
    settings: Settings, sqlite_database_url: str
) -> None:
    db = Database(sqlite_database_url, open_vault(settings))
    made = await prefecture(db)
    case = await cases.register(db, draft=draft(), actor=made.clerk, now=NOW)
    await db.close()
    kept = list((settings.data / "keys").iterdir())
    assert [path.name for path in kept] == ["master.key.sealed"]
    again = Database(sqlite_database_url, open_vault(settings))
    page = await cases.case_page(again, case_id=case.id, actor=made.clerk, now=NOW)
    assert page.case.petitioner_name == draft().petitioner_name
    assert again.vault.index("x", "y") == db.vault.index("x", "y")
    await again.close()
    assert SYSTEM.kind == "system"


def test_without_the_token_its_key_or_its_pin_nothing_opens(
    settings: Settings, tmp_path: Path
) -> None:
    open_vault(settings)
    wrong = tmp_path / "wrong"
    wrong.write_text("0000\n")
    wrong.chmod(0o400)
    for missing in (
        replace(settings, pkcs11_token="elsewhere"),
        replace(settings, pkcs11_key="another"),
        replace(settings, pkcs11_module="/nowhere.so"),
        replace(settings, pkcs11_pin_file=str(wrong)),
        replace(settings, pkcs11_pin_file=str(tmp_path / "absent")),
    ):
        with pytest.raises(TokenMissing):
            open_vault(missing)
    wrong.chmod(0o444)
    with pytest.raises(KeysUnreadable):
        open_vault(replace(settings, pkcs11_pin_file=str(wrong)))


def test_a_changed_or_swapped_file_does_not_open(settings: Settings) -> None:
    open_vault(settings)
    path = settings.data / KEY
    files = TokenFiles(token_place(settings))
    sealed = path.with_name("master.key.sealed")
    content = sealed.read_text()
    for broken in (f"{'00' * 4}{content[8:]}", content[:-3], "", "zz"):
        files._disk.replace(sealed, broken or "\n")
        with pytest.raises(KeysUnreadable):
            open_vault(settings)
    files._disk.replace(sealed, content)
    # What was sealed as another file is not taken for this one.
    files.make(path.with_name("recording.key"), "5e" * 32)
    files._disk.replace(sealed, path.with_name("recording.key.sealed").read_text())
    with pytest.raises(KeysUnreadable):
        open_vault(settings)


def test_plain_files_move_to_the_token_and_back_is_not_silently_possible(
    settings: Settings, variables: dict[str, str], tmp_path: Path
) -> None:
    data = str(settings.data)
    plain = {key: value for key, value in variables.items() if key != "RECEPTION_KEYS"}
    environment = {**os.environ, **plain}
    before = open_vault(from_environment({}, data=settings.data)).index("x", "y")

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "reception", *words, "--data", data],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run("db", "upgrade").returncode == 0
    assert run("keys", "recordings").returncode == 0
    moved = run("keys", "move-to-token")
    assert moved.returncode == 0, moved.stderr
    names = {path.name for path in (settings.data / "keys").iterdir()}
    assert names == {"master.key.sealed", "recording.key.sealed"}
    assert open_vault(settings).index("x", "y") == before
    assert run("keys", "list", RECEPTION_KEYS="pkcs11").returncode == 0
    assert run("keys", "rotate", RECEPTION_KEYS="pkcs11").returncode == 0
    # Somebody who forgets the setting would otherwise get new keys, and lose what the old ones seal.
    forgotten = run("keys", "list")
    assert (forgotten.returncode, "keys_unreadable" in forgotten.stderr) == (2, True)
    with pytest.raises(KeysUnreadable):
        open_vault(from_environment({}, data=settings.data))
    assert len(OF_TOKEN) == 4
    assert main(["keys", "list", "--data", data]) == 2
