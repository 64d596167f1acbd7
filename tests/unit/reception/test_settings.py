"""Settings: read once, refused by name, never shown in clear."""

from dataclasses import fields
from pathlib import Path

import pytest

from reception.app.serve import environment_of, to_environment
from reception.settings import SettingRefused, Settings, from_environment

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def test_the_command_line_wins_over_the_environment() -> None:
    settings = from_environment({"RECEPTION_PORT": "9000", "RECEPTION_HOST": "::1"}, port=9100)
    assert (settings.port, settings.host) == (9100, "::1")


def test_an_option_that_was_not_given_leaves_the_variable() -> None:
    assert from_environment({"RECEPTION_PORT": "9000"}, port=None).port == 9000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECEPTION_PORT", "eighty"),
        ("RECEPTION_PORT", "70000"),
        ("RECEPTION_HTTPS", "maybe"),
        ("RECEPTION_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("RECEPTION_TURN", "stun:relay.example:3478"),
        ("RECEPTION_TURN", "turn:relay.example:3478 turn:b"),
        ("RECEPTION_TURN_POLICY", "never"),
    ],
)
def test_a_value_that_cannot_be_read_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingRefused, match=name):
        from_environment({name: value})


def test_a_misspelt_variable_is_refused_rather_than_ignored() -> None:
    with pytest.raises(SettingRefused, match="RECEPTION_PROT is not a setting"):
        from_environment({"RECEPTION_PROT": "80"})


def test_the_embedded_database_lies_in_the_data_directory(tmp_path: Path) -> None:
    settings = from_environment({"RECEPTION_DATA": str(tmp_path)})
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/reception.sqlite3"


def test_a_database_password_is_not_shown() -> None:
    settings = from_environment(
        {
            "RECEPTION_DATABASE": "postgresql+asyncpg://r:hunter2@db/r?ssl=verify-full",
            "RECEPTION_DATABASE_OWNER": "postgresql+asyncpg://o:hunter3@db/r?ssl=verify-full",
        }
    )
    assert "hunter" not in repr(settings)
    assert settings.database_url.endswith("hunter2@db/r?ssl=verify-full")


def test_a_child_process_reads_the_same_settings(tmp_path: Path) -> None:
    settings = from_environment(
        {}, data=tmp_path, https=True, advertise=("10.0.0.1", "10.0.0.2"), port=8443
    )
    assert from_environment(to_environment(settings)) == settings


def test_who_answers_people_is_not_given_the_owner_of_the_database() -> None:
    settings = from_environment(
        {
            "RECEPTION_DATABASE": "postgresql+asyncpg://r:hunter2@db/r?ssl=verify-full",
            "RECEPTION_DATABASE_OWNER": "postgresql+asyncpg://o:hunter3@db/r?ssl=verify-full",
        }
    )
    # What the supervisor inherited goes on to its children unless it is overridden.
    for process, known in (("web", ["hunter2"]), ("hub", [])):
        given = environment_of(process, settings)  # type: ignore[arg-type]  # one of the two names
        assert given["RECEPTION_DATABASE_OWNER"] == ""
        assert [word for word in ("hunter2", "hunter3") if word in str(given)] == known


def test_the_base_url_names_the_scheme_and_the_port() -> None:
    assert from_environment({}, port=8081).base_url == "http://localhost:8081"
    assert from_environment({}, port=8443, https=True).base_url == "https://localhost:8443"
    chosen = from_environment({"RECEPTION_PUBLIC_URL": "https://jiefang.example/"})
    assert chosen.base_url == "https://jiefang.example"


def test_operations_describes_every_setting() -> None:
    text = OPERATIONS.read_text()
    missing = [
        item.name for item in fields(Settings) if f"`RECEPTION_{item.name.upper()}`" not in text
    ]
    assert missing == []
