"""A county is set up from the command line: its areas, its staff, its kiosks."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reception.app.setup import area_rows
from reception.domain.codes import Role
from reception.domain.kiosks import KioskState, read_code
from reception.services import accounts, places
from reception.storage.database import Database
from tests.build import NOW, VAULT
from tests.databases import sqlite_url
from tests.devices import Device

AREAS = "代码,名称\n330726,浦江县\n330700,金华市\n\n330726100,测试镇\n"


class Desk:
    """A shell in which somebody types commands against one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def types(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run `reception WORDS`."""
        return subprocess.run(
            [sys.executable, "-m", "reception", *words, "--data", str(self.data)],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.data), "PYTHONUTF8": "1"},
        )

    def says(self, *words: str, typed: str = "") -> dict[str, str]:
        """Run a command that must succeed; return its lines by their first word."""
        done = self.types(*words, typed=typed)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())

    def imports(self, content: str | bytes) -> subprocess.CompletedProcess[str]:
        """Import areas from a file with this content."""
        file = self.data / "areas.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.types("area", "import", str(file))

    @property
    def database(self) -> Database:
        """The database the commands wrote."""
        return Database(sqlite_url(self.data / "reception.sqlite3"), VAULT)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_a_county_is_set_up_without_the_demo(desk: Desk) -> None:
    first = desk.imports(AREAS)
    assert (first.returncode, first.stdout) == (0, "added 3  renamed 0  unchanged 0\n")
    made = desk.says(
        *("account", "create", "--login", "Clerk", "--name", "登记员甲"),
        *("--role", "clerk", "--area", "330726"),
    )
    db = desk.database
    site_id = await places.add_site(
        db, area_code="330726100", name="测试镇接访点", address="一路1号", phone="0579-1"
    )
    kiosk = desk.says("kiosk", "create", "--site", site_id, "--name", "一号终端")

    entered = await accounts.log_in(
        db, login="clerk", password=made["password"], address="192.0.2.1", now=NOW
    )
    assert isinstance(entered, accounts.LoggedIn)
    assert entered.must_change
    assert (entered.actor.id, entered.actor.role, entered.actor.area_code) == (
        made["account"],
        Role.CLERK,
        "330726",
    )
    code = read_code(kiosk["code"])
    assert kiosk["url"].endswith(f"/kiosk/enrol#code={code}")
    device = Device()
    assert (await device.enrol(db, code, now=NOW)).state is KioskState.ENROLLED
    assert (await device.open(db, now=NOW)).actor.id == kiosk["kiosk"]
    again = desk.says("kiosk", "code", "--kiosk", kiosk["kiosk"])
    assert (await device.enrol(db, read_code(again["code"]), now=NOW)).kiosk_id == kiosk["kiosk"]
    await db.close()


async def test_a_password_from_standard_input_is_not_printed(desk: Desk) -> None:
    desk.imports(AREAS)
    words = (
        *("account", "create", "--login", "admin", "--name", "管理员", "--role", "sysadmin"),
        *("--area", "330700", "--password-stdin"),
    )
    made = desk.says(*words, typed="A password of mine 9\n")
    assert set(made) == {"account", "login"}
    db = desk.database
    entered = await accounts.log_in(
        db, login="admin", password="A password of mine 9", address="192.0.2.1", now=NOW
    )
    assert isinstance(entered, accounts.LoggedIn)
    assert not entered.must_change
    assert entered.actor.id == made["account"]
    await db.close()
    for typed, words_said in (
        ("short\n", "密码"),
        ("\n", "密码"),
        ("A password of mine 9\n", "登录名"),
    ):
        again = desk.types(*words, typed=typed)
        assert again.returncode == 2
        assert again.stderr.startswith("bad_input: ")
        assert words_said in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("account", "--role", "leader", "--area", "330726"), "领导（没有填写）"),
        (("account", "--role", "handler", "--area", "330726"), "单位（没有填写）"),
        (
            ("account", "--role", "handler", "--area", "330726", "--organ", "0" * 32),
            "单位（没有登记）",
        ),
        (("account", "--role", "clerk", "--area", "330799"), "地区（没有登记）"),
        (("kiosk", "--site", "0" * 32), "接访点"),
    ],
)
def test_what_is_not_there_is_named(desk: Desk, words: tuple[str, ...], said: str) -> None:
    desk.imports(AREAS)
    who = ("--login", "somebody") if words[0] == "account" else ()
    done = desk.types(words[0], "create", *who, "--name", "某人", *words[1:])
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_importing_areas_again_changes_only_names(desk: Desk) -> None:
    desk.imports(AREAS)
    again = desk.imports(AREAS.replace("测试镇", "新测试镇"))
    assert (again.returncode, again.stdout) == (0, "added 0  renamed 1  unchanged 2\n")
    with sqlite3.connect(desk.data / "reception.sqlite3") as stored:
        found = stored.execute("SELECT path, name FROM area ORDER BY path").fetchall()
    stored.close()
    assert found == [
        ("330700", "金华市"),
        ("330700/330726", "浦江县"),
        ("330700/330726/330726100", "新测试镇"),
    ]


def test_rows_that_are_wrong_are_named_and_the_others_taken(desk: Desk) -> None:
    wrong = "330700,金华市\n12,甲\n330681001,乙镇\n330726\n330726,浦江县\n"
    done = desk.imports(wrong)
    assert done.returncode == 1
    first, *rest = done.stdout.splitlines()
    assert first == "added 2  renamed 0  unchanged 0"
    named = [line.split(": ")[:2] for line in rest]
    assert named == [
        [f"line {line}", code]
        for line, code in ((2, "12"), (3, "330681001"), (4, "330726"))
        for _ in ("zh", "en")
    ]
    assert "不是行政区划代码" in rest[0]
    assert "the area above is not registered" in rest[3]
    missing = desk.types("area", "import", str(desk.data / "absent.csv"))
    assert missing.returncode == 2
    assert "file_unreadable" in missing.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_spreadsheets_of_every_encoding_are_read(encoding: str) -> None:
    rows = [(2, "330726", "浦江县"), (3, "330700", "金华市"), (5, "330726100", "测试镇")]
    assert list(area_rows(AREAS.encode(encoding))) == rows
    windows = AREAS.replace("\n", "\r\n").encode(encoding)
    assert list(area_rows(windows)) == rows


def test_a_file_without_headings_begins_at_its_first_line() -> None:
    assert list(area_rows(b'330700,"Jinhua, city"')) == [(1, "330700", "Jinhua, city")]
